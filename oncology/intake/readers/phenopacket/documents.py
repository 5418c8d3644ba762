"""Phenopackets as they come: JSON or YAML, one packet, a list, a family, a cohort."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from oncology.intake.errors import BrokenFileError
from oncology.intake.opening import GivenFile
from oncology.intake.tree import LeafTale, Path, load_json, many

__all__ = ["document_of", "packets_of"]

_TODO = "Export it again as a Phenopacket of version 2."


class _NoAliases(yaml.SafeLoader):
    """YAML without aliases: nested ones grow without bound ("billion laughs")."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("it uses aliases (*name), which are not expanded here")
        return super().compose_node(parent, index)


_NoAliases.yaml_implicit_resolvers = {
    # Dates stay text: they are turned into ages and removed.
    key: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for key, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def document_of(file: GivenFile) -> Any:
    """The document of a file, with its keys as JSON writes them.

    Raises
    ------
    BrokenFileError
    """
    return _camel(_parsed(file))


def _parsed(file: GivenFile) -> Any:
    text, _ = file.text()
    if text.lstrip("\ufeff \t\r\n").startswith(("{", "[")):
        return load_json(file.name, text.lstrip("\ufeff \t\r\n"), "a Phenopacket")
    if len(text) > 10_000_000:
        raise BrokenFileError(
            file.name, "a Phenopacket in YAML", "it is larger than 10 MB", "Export it as JSON."
        )
    try:
        return yaml.load(text, Loader=_NoAliases)  # a SafeLoader without aliases
    except (yaml.YAMLError, RecursionError, ValueError, OverflowError) as error:
        words = " ".join(str(error).split())[:120]
        raise BrokenFileError(
            file.name, "a Phenopacket in YAML", f"it cannot be parsed ({words})", _TODO
        ) from None


def _camel(node: Any, depth: int = 0) -> Any:
    """Keys as JSON writes them, also where a file has those of the protocol (``time_at_last_encounter``)."""
    if depth > 150:
        raise BrokenFileError("the file", "a Phenopacket", "it is nested too deeply", _TODO)
    if isinstance(node, dict):
        return {
            re.sub(r"_([a-z])", lambda m: m.group(1).upper(), str(k)): _camel(v, depth + 1)
            for k, v in node.items()
        }
    if isinstance(node, list):
        return [_camel(v, depth + 1) for v in node]
    return node


def packets_of(name: str, document: Any, tale: LeafTale) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Single packets with their path in the document: one, those of a list or cohort, the proband of a family."""
    if isinstance(document, list):
        for i, item in enumerate(document):
            if isinstance(item, dict):
                yield (i,), item
        return
    if not isinstance(document, dict):
        raise BrokenFileError(name, "a Phenopacket", "it is no object", _TODO)
    if "phenopacket" in document and isinstance(document["phenopacket"], dict):
        yield ("phenopacket",), document["phenopacket"]
    elif "proband" in document and isinstance(document["proband"], dict):
        tale.take(
            ("relatives",), "dropped", "relatives", "persons of the family other than the patient; removed"
        )
        yield ("proband",), document["proband"]
    elif "members" in document:
        for place, item in many(document, "members"):
            if isinstance(item, dict):
                yield ("members", place), item
    elif "subject" in document or "interpretations" in document:
        yield (), document
