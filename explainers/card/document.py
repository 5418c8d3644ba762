"""The card as plain data and as one HTML document."""

from __future__ import annotations

import json
from typing import Any

from explainers.card.entries import Entry, ModelCard, PartEntry
from explainers.report import Block, Facts, Heading, Points, Table, Text, document

__all__ = ["FORMAT", "field_words", "one_line", "sources_words", "to_html", "to_json", "words_of"]

# Version of the JSON document.
FORMAT = 1


def to_json(card: ModelCard) -> str:
    """Every field with its state, its parts, and for each statement who made it."""
    return json.dumps(_plain(card), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _plain(card: ModelCard) -> dict[str, Any]:
    done = card.completeness
    return {
        "glassboard_card": FORMAT,
        "checklist": {
            "name": card.checklist.name,
            "version": card.checklist.version,
            "date": card.checklist.date,
            "note": card.checklist.note,
            "sources": {s.key: f"{s.title}: {s.reference} ({s.date})" for s in card.checklist.sources},
        },
        "model": {
            "title": card.title, "name": card.name, "version": card.version, "sha256": card.sha256,
            "origin": card.origin, "external_validation": card.validation,
        },
        "developer_card": {"sha256": card.card_sha256, "covered_by_the_bundle": card.card_sha256 is not None and not card.uncovered_card},
        "completeness": {
            "required": done.required, "complete": done.complete, "in_part": done.in_part, "empty": done.empty,
            "words": done.words(),
        },
        "claims": [{"key": c.key, "title": c.title, "words": c.words, "shown": c.shown} for c in card.claims],
        "fields": [
            {
                "number": e.field.number, "key": e.field.key, "title": e.field.title, "required": e.field.required,
                "sources": list(e.field.sources), "state": e.state,
                "parts": [
                    {
                        "key": p.part.key, "title": p.part.title, "words": p.words,
                        "statements": [{"text": s.text, "by": s.by} for s in p.statements],
                    }
                    for p in e.parts
                ],
            }
            for e in card.entries
        ],
        "metrics": [
            {"kind": m.kind, "label": m.label, "estimate": m.estimate, "low": m.low, "high": m.high, "level": m.level}
            for m in card.metrics
        ],
        "measured": card.measured,
        "problems": list(card.problems),
    }  # fmt: skip


def words_of(part: PartEntry) -> tuple[str, ...]:
    """The words of a part, statement by statement."""
    return tuple(line for line in part.words.split("\n") if line)


def one_line(part: PartEntry) -> str:
    """The words of a part as running text: sentences follow each other, single words stand in a list."""
    lines = words_of(part)
    if len(lines) == 1:
        return lines[0]
    if not any(line[-1:] in ".!?" for line in lines):
        return "; ".join(lines)
    return " ".join(line if line[-1:] in ".!?;:" else f"{line}." for line in lines)


def field_words(card: ModelCard, entry: Entry) -> str:
    """What is asked, how urgently, and by whom: the small print of a field's heading."""
    kind = "required" if entry.field.required else "not required"
    titles = {s.key: s.title for s in card.checklist.sources}
    asked = ", ".join(titles[k] for k in entry.field.sources)
    state = {"complete": "complete", "in part": "filled in part", "empty": "empty"}[entry.state]
    # Five fields stand in no source: the list's makers added them.
    return f"{state}; {kind}; {f'asked for by {asked}' if asked else 'asked for by none of the sources, added here'}"


def sources_words(card: ModelCard) -> str:
    """Version and date of the list, with what it is not."""
    c = card.checklist
    return f"List of fields, version {c.version} of {c.date}. {c.note}"


def to_html(card: ModelCard, *, made: str = "") -> str:
    """The card as one HTML document; all texts are escaped.

    Parameters
    ----------
    made : str
        When, in UTC.
    """
    blocks: list[Block] = [
        Text(f"{card.validation}. {card.completeness.words()}"),
        *(Text(words) for words in card.problems),
        Heading("What was not told"),
        _not_told(card),
        Heading("Claims beside evidence"),
        Facts(tuple((c.title, c.words) for c in card.claims)),
    ]
    for section in card.checklist.sections:
        blocks.append(Heading(section.title))
        for entry in card.section(section):
            blocks.append(Heading(f"{entry.field.number}. {entry.field.title}", 3))
            blocks.append(Text(f"{field_words(card, entry)}.".capitalize(), soft=True))
            blocks.append(Facts(tuple((p.part.title, one_line(p)) for p in entry.parts)))
    blocks += [
        Heading("Where the list of fields comes from"),
        Text(sources_words(card)),
        Table([{"letter": s.key, "source": s.title, "reference": s.reference, "date": s.date, "looked up in": s.checked} for s in card.checklist.sources], "Sources of the list"),
    ]  # fmt: skip
    if card.measured:
        blocks.append(Text(card.measured, soft=True))
    return document(
        f"Model card: {card.title}",
        blocks,
        origin=(card.origin,),
        subtitle=card.words("intended_use", "use"),
        model=f"{card.title}, version {card.version}",
        model_sha256=card.sha256,
        made=made,
    )


def _not_told(card: ModelCard) -> Block:
    if not card.not_told:
        return Text("Every required field is filled.")
    return Points(tuple(f"{e.field.title}: {_lacking(e)}" for e in card.not_told))


def _lacking(entry: Entry) -> str:
    return "nothing" if entry.state == "empty" else f"not told: {', '.join(entry.missing)}"
