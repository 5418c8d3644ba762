"""Short-hands of the intake tests: reading text, and the folder of real files beside the checkout."""

from __future__ import annotations

from pathlib import Path

import pytest

from oncology.intake import ReadResult, read_bytes

REAL = Path(__file__).resolve().parents[3] / "shared" / "real"


def real(relative: str) -> Path:
    """A real file, or a visible skip where the folder is absent."""
    path = REAL / relative
    if not path.exists():
        pytest.skip(f"{relative} of ../shared/real is not here")
    return path


def reading(text: str, name: str = "given.csv", **more: object) -> ReadResult:
    """What a reader makes of a text; the counts of its report must add up."""
    result = read_bytes(name, text.encode(), **more)  # type: ignore[arg-type]
    assert result.report.unaccounted() == {}
    return result


def told(result: ReadResult, element: str) -> list[tuple[str, str]]:
    """Fate and reason of every line about an element."""
    return [(e.fate, e.reason) for e in result.report.entries if e.element == element]
