"""Ways to break a file: every mutation is drawn from a seeded generator, so that a failure can be repeated."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from typing import Any

from oncology.errors import OncologyError
from oncology.intake import read_bytes, write_profile
from oncology.intake.writers import write_fhir, write_phenopacket

__all__ = ["MUTATIONS", "broken", "verdict"]

_ODD: tuple[Any, ...] = (
    None, True, False, [], {}, [[]], "", " ", "\ud800", "x" * 5000, -1, 0, 1e308, 10**40, "NaN", "1e999", "9" * 400,
    "p.Val600Glu", "12,5", "<script>", "=1+1", "\u202e\u0000", [None], [{}], {"coding": None}, {"value": {"value": []}}, "1960-01-01",
)  # fmt: skip


def _truncate(data: bytes, draw: random.Random) -> bytes:
    return data[: draw.randrange(len(data) + 1)]


def _flip(data: bytes, draw: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(draw.choice([1, 2, 8, 64])):
        out[draw.randrange(len(out))] ^= 1 << draw.randrange(8)
    return bytes(out)


def _insert(data: bytes, draw: random.Random) -> bytes:
    at = draw.randrange(len(data) + 1)
    extra = draw.choice(
        [
            b"\x00",
            b"\xff\xfe",
            b"\xed\xa0\x80",
            b'"',
            b"\t\t\t",
            b"\n\n",
            b",",
            b"{" * 300,
            b"[" * 3000,
            b"A" * 100_000,
            b"&lol;",
            b"%s%n",
        ]
    )
    return data[:at] + extra + data[at:]


def _encode(data: bytes, draw: random.Random) -> bytes:
    text = data.decode("utf-8", errors="replace")
    way = draw.choice(["utf-16", "utf-16-le", "utf-8-sig", "cp1252", "utf-32", "cp037"])
    return text.encode(way, errors="replace")


def _line_ends(data: bytes, draw: random.Random) -> bytes:
    return data.replace(b"\n", draw.choice([b"\r\n", b"\r", b"\n\n", b"\x0b"]))


def _lines(data: bytes, draw: random.Random) -> bytes:
    lines = data.split(b"\n")
    for _ in range(draw.choice([1, 3])):
        i = draw.randrange(len(lines))
        change = draw.randrange(4)
        if change == 0 and len(lines) > 1:
            del lines[i]
        elif change == 1:
            lines.insert(i, lines[draw.randrange(len(lines))])
        elif change == 2:
            draw.shuffle(lines)
        else:
            cells = lines[i].split(draw.choice([b"\t", b",", b"|", b":"]))
            cells[draw.randrange(len(cells))] = draw.choice(
                [b"", b"-1", b"NaN", b"1e999", b"9" * 999, b"p.X0Y", b"=cmd", b"\xc3\x28", b"../../etc"]
            )
            lines[i] = draw.choice([b"\t", b","]).join(cells)
    return b"\n".join(lines)


def _tree(data: bytes, draw: random.Random) -> bytes:
    """A JSON document with some nodes replaced by others of another kind; other formats lose a slice."""
    try:
        document = json.loads(data)
        if not isinstance(document, (dict, list)):
            raise ValueError
    except (ValueError, RecursionError):
        a, b = sorted((draw.randrange(len(data) + 1), draw.randrange(len(data) + 1)))
        return data[:a] + data[b : b + 5000]
    for _ in range(draw.choice([1, 2, 5, 20])):
        places: list[tuple[Any, Any]] = []
        waiting = [document]
        while waiting:
            node = waiting.pop()
            for key, value in node.items() if isinstance(node, dict) else enumerate(node):
                places.append((node, key))
                if isinstance(value, (dict, list)):
                    waiting.append(value)
        if not places:
            break
        node, key = draw.choice(places)
        other, other_key = draw.choice(places)
        twin = json.dumps(other[other_key])
        # A branch copied into itself again and again would double each time.
        odd = copy.deepcopy(draw.choice(_ODD))
        node[key] = json.loads(twin) if len(twin) < 3000 and draw.random() < 0.3 else odd
    return json.dumps(document).encode("utf-8", errors="surrogatepass")


def _nest(data: bytes, draw: random.Random) -> bytes:
    depth = draw.choice([50, 500, 5000, 100_000])
    return draw.choice(
        [b"[" * depth + data + b"]" * depth, b'{"resourceType":' * depth + data, b"<a>" * depth + data]
    )


def _twin_keys(data: bytes, draw: random.Random) -> bytes:
    return data.replace(b'{"', b'{"patient_id": 3, "id": [], "').replace(
        b"{\n", b'{"subject": 1, "subject": 2,\n', draw.choice([1, 99])
    )


MUTATIONS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _truncate, _flip, _insert, _encode, _line_ends, _lines, _tree, _tree, _tree, _nest, _twin_keys
)  # fmt: skip


def broken(data: bytes, seed: int) -> bytes:
    """A file with one to three mutations."""
    draw = random.Random(seed)
    for _ in range(draw.choice([1, 1, 2, 3])):
        if data:
            data = draw.choice(MUTATIONS)(data, draw)
    return data


def verdict(name: str, data: bytes) -> str:
    """ "read" or "refused"; anything else is raised.

    Raises
    ------
    AssertionError
        Where counts do not add up, nobody was read, or a refusal has no useful words.
    """
    try:
        result = read_bytes(name, data)
    except OncologyError as error:
        text = str(error)
        assert len(text) > 30 and len(text) < 1500, text
        text.encode("utf-8", errors="strict")
        return "refused"
    assert result.profiles
    assert result.report.unaccounted() == {}, result.report.unaccounted()
    result.report.to_rows()
    for profile in result.profiles:
        for text in (
            write_profile(profile),
            write_fhir(profile),
            write_phenopacket(profile),
            repr(result.report),
        ):
            text.encode("utf-8")
    return "read"
