"""FHIR as it comes: a Bundle, one resource, lines of resources, a folder, JSON or XML, as plain resources."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from oncology.intake.errors import BrokenFileError, EmptyFileError
from oncology.intake.opening import GivenFile
from oncology.intake.tree import MAX_DEPTH, load_json

__all__ = ["documents_of"]

Resource = dict[str, Any]
_TODO = "Export it again as FHIR R4."


def documents_of(file: GivenFile) -> Iterator[Resource]:
    """Documents of a file: one of JSON or XML, many of NDJSON.

    Raises
    ------
    BrokenFileError
        Where the file breaks off, entities are declared in XML, or what it holds is no resource.
    """
    head = file.head().lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith(b"<") or (head[:2] in (b"\xff\xfe", b"\xfe\xff") and b"<" in head[:4]):
        yield _xml(file)
        return
    text, _ = file.text()
    stripped = text.lstrip("\ufeff \t\r\n")
    if not stripped:
        raise EmptyFileError(file.name)
    end = stripped.find("\n")
    first = stripped if end < 0 else stripped[:end].strip()
    if end > 0 and first.startswith("{") and first.endswith("}") and stripped[end:].lstrip().startswith("{"):
        for line_number, line in enumerate(stripped.splitlines(), start=1):
            if line.strip():
                yield _resource(
                    file.name, load_json(f"{file.name}, line {line_number}", line, "a FHIR resource")
                )
        return
    document = load_json(file.name, stripped, "FHIR")
    for item in document if isinstance(document, list) else [document]:
        yield _resource(file.name, item)


def _resource(name: str, document: Any) -> Resource:
    if not isinstance(document, dict) or not isinstance(document.get("resourceType"), str):
        raise BrokenFileError(name, "FHIR", "it holds something without a resourceType", _TODO)
    return document


def _xml(file: GivenFile) -> Resource:
    try:
        root = fromstring(file.content(), forbid_dtd=True)
    except DefusedXmlException:
        raise BrokenFileError(
            file.name,
            "FHIR XML",
            "it declares a document type or entities, which are not expanded here",
            "Remove the DOCTYPE.",
        ) from None
    except (ParseError, ValueError, LookupError, RecursionError) as error:
        raise BrokenFileError(
            file.name, "FHIR XML", f"it cannot be parsed ({str(error)[:80]})", _TODO
        ) from None
    content = _element(root, file.name, 0)
    if not isinstance(content, dict):
        raise BrokenFileError(file.name, "FHIR XML", "its root holds nothing", _TODO)
    return {"resourceType": _tag(root), **content}


def _tag(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _element(element: Element, name: str, depth: int) -> Any:
    """An element in the shape FHIR's JSON gives it; what occurs once is no list, and readers take both."""
    if depth > MAX_DEPTH:
        raise BrokenFileError(name, "FHIR XML", "it is nested too deeply", _TODO)
    if "xhtml" in str(element.tag):
        return "".join(element.itertext())[:100]
    content: dict[str, Any] = {
        k: v for k, v in element.attrib.items() if k in ("url", "id") and "value" not in element.attrib
    }
    for child in element:
        tag = _tag(child)
        value = _element(child, name, depth + 1)
        if tag in ("resource", "contained"):
            inner = next(iter(child), None)
            value = (
                {"resourceType": _tag(inner), **value[_tag(inner)]}
                if inner is not None and isinstance(value.get(_tag(inner)), dict)
                else {}
            )
        if tag in content:
            known = content[tag]
            content[tag] = [*known, value] if isinstance(known, list) else [known, value]
        else:
            content[tag] = value
    if "value" in element.attrib and not content:
        return element.attrib["value"]
    return content
