"""card: what a model is for, who stands behind it, and what was not told."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from explainers.card import ModelCard, model_card
from explainers.card.chai import to_xml
from explainers.card.document import one_line, sources_words, to_html, to_json
from explainers.card.measured import measure
from explainers.commands.sources import open_bundle

__all__ = ["card"]


def card(args: argparse.Namespace) -> str:
    """The card of a bundle as text, JSON, HTML or XML; measured on its training patients where asked."""
    bundle = open_bundle(args.bundle)
    measured = None if args.no_audit or bundle.training is None else measure(bundle, progress=_say)
    found = model_card(bundle, measured=measured)
    if args.xml:
        content = to_xml(found)
    elif args.html:
        content = to_html(found, made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M"))
    elif args.json:
        content = to_json(found)
    else:
        content = _text(found)
    for problem in found.problems:
        print(f"card: {problem}", file=sys.stderr)
    if args.out is None:
        return content.rstrip("\n")
    Path(args.out).write_text(content, encoding="utf-8")
    return f"Wrote {args.out}. {found.validation}. {found.completeness.words()}"


def _say(share: float, words: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"{share:4.0%} {words}\n")


def _text(found: ModelCard) -> str:
    lines = [
        f"{found.title}, version {found.version} · {found.origin}",
        f"{found.validation}. {found.completeness.words()}",
        "",
        *(f"{c.title}: {c.words}" for c in found.claims),
    ]
    for section in found.checklist.sections:
        lines += ["", section.title.upper()]
        for entry in found.section(section):
            kind = "required" if entry.field.required else "not required"
            lines.append(f"{entry.field.number}. {entry.field.title} ({entry.state}; {kind})")
            lines += [f"    {p.part.title}: {one_line(p)}" for p in entry.parts]
    return "\n".join([*lines, "", sources_words(found)])
