"""What came out of comparing groups with the rest: the gaps, and how many were looked at."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from oncology.counts import shown

__all__ = ["Gap", "Gaps", "more_words", "signed"]

_CALIBRATION = "observed minus predicted"
# What a first screen calls a figure, its name behind.
_CALLED = {
    "AUC": "how often the number picks the right one of two patients with different outcomes (AUC)",
    "calibration slope": "how far apart the outcomes lie where the numbers do (calibration slope)",
    "sensitivity": "the share of responders whose number reaches the threshold (sensitivity)",
    "false negative rate": "the share of responders whose number stays below the threshold (false negative rate)",
    "Brier score": "the mean squared distance of number and outcome (Brier score)",
    "net benefit": "what acting on the number is worth (net benefit)",
}


@dataclass(frozen=True, slots=True)
class Gap:
    """One metric of one option in a group, less the same in the rest of the patients who had it.

    Parameters
    ----------
    option, group, metric : str
        `option` may be `POOLED`.
    n, n_events, n_rest : int
    here, rest : float
        The metric in the group and in the rest; NaN where counts of 1 to 4 would be given away.
    expected : float
        Here minus rest if the number meant the same for everybody: what the mix of patients alone brings.
    excess, low, high : float
        Here minus rest minus expected, with an interval that holds for all comparisons together.
    statistic : float
        Excess in standard errors.
    p_family : float
        Chance that the largest statistic of all comparisons is this large where the number means the same for all.
    is_finding : bool
        The interval excludes zero.
    """

    option: str
    label: str
    attribute: str
    group: str
    metric: str
    n: int
    n_events: int
    n_rest: int
    here: float
    rest: float
    expected: float
    excess: float
    low: float = math.nan
    high: float = math.nan
    statistic: float = math.nan
    p_family: float = math.nan
    is_finding: bool = False
    responded: str = "responded"

    @property
    def is_withheld(self) -> bool:
        """Whether the estimate is left out because it would give away a count of 1 to 4."""
        return math.isnan(self.here)

    def words(self, *, with_option: bool = True) -> str:
        """The gap in a sentence or two, without statistics."""
        where = f"{self.group} ({self.n:,} patients)"
        where = f"{self.label}, {where}" if with_option else where
        side = "higher" if self.excess > 0 else "lower"
        called = _CALLED.get(self.metric, self.metric)
        if self.is_withheld:
            return f"{where}: {called} is {side} than in the rest; withheld, too few to show."
        if self.metric == _CALIBRATION:
            return (
                f"{where}: of 100, {more_words(self.here)} {self.responded} than the numbers said; in the rest {more_words(self.rest)}. "
                f"Beyond what the mix of patients explains: {more_words(self.excess)} ({signed(self.low)} to {signed(self.high)})."
            )
        if self.metric == "AUC":
            return (
                f"{where}: of two patients with different outcomes the number picks the right one in {100 * self.here:.0f} of 100 "
                f"pairs (50 would be chance), in the rest in {100 * self.rest:.0f}. Beyond what the mix of patients explains: "
                f"{more_words(self.excess)} ({signed(self.low)} to {signed(self.high)})."
            )
        return (
            f"{where}: {called} is {self.here:.2f}, in the rest {self.rest:.2f}; {abs(self.excess):.2f} {side} than the mix of "
            f"patients explains ({_plain(self.low)} to {_plain(self.high)})."
        )


@dataclass(frozen=True, eq=False, slots=True)
class Gaps:
    """Every comparison made, and how the false alarms were kept in check.

    Parameters
    ----------
    level : float
        Chance of any false alarm among all of them where the number means the same for everybody.
    critical : float
        How many standard errors a gap must exceed to count.
    not_compared : tuple of (option, group, reason)
    left_out : tuple of str
        Descriptions that were not compared, with the reason.
    """

    entries: tuple[Gap, ...]
    level: float
    critical: float
    n_draws: int
    seed: int
    threshold: float
    not_compared: tuple[tuple[str, str, str], ...]
    left_out: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Gap]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    @property
    def findings(self) -> tuple[Gap, ...]:
        """Gaps whose interval excludes zero, the surest first; of two groups that are each other's rest, the smaller."""
        found = sorted((g for g in self.entries if g.is_finding), key=lambda g: -abs(g.statistic))
        return tuple(g for g in found if not any(_is_mirror(g, other) for other in found))

    def where(
        self, *, option: str | None = None, group: str | None = None, metric: str | None = None
    ) -> tuple[Gap, ...]:
        """The gaps of one option, group or metric."""
        wanted = {"option": option, "group": group, "metric": metric}
        asked = {k: v for k, v in wanted.items() if v is not None}
        return tuple(g for g in self.entries if all(getattr(g, k) == v for k, v in asked.items()))

    @property
    def words(self) -> str:
        """How many comparisons were made, and what an alarm is worth."""
        return (
            f"{len(self.entries):,} comparisons of a group with the rest. Outcomes were drawn {self.n_draws:,} times as if the "
            f"number meant the same for everybody; in {self.level:.0%} of these draws any gap at all exceeded "
            f"{self.critical:.2f} standard errors, and only larger ones are reported. The intervals hold together, not one by one."
        )

    def rows(self, only: Sequence[Gap] | None = None) -> list[dict[str, Any]]:
        """One row a comparison, all or some of them, the surest first; withheld numbers are None."""
        return [
            {
                "option": g.label, "group": g.group, "figure": g.metric, "patients": g.n,
                "responders": shown(g.n_events, of=g.n), "rest": g.n_rest, "here": _number(g.here), "in the rest": _number(g.rest),
                "by mix of patients": _number(g.expected), "beyond that": _number(g.excess) if not g.is_withheld else None,
                "low": _number(g.low) if not g.is_withheld else None, "high": _number(g.high) if not g.is_withheld else None,
                "standard errors": round(g.statistic, 2), "p of the family": round(g.p_family, 4), "finding": g.is_finding,
            }
            for g in sorted(self.entries if only is None else only, key=lambda g: -abs(g.statistic))
        ]  # fmt: skip


def _is_mirror(gap: Gap, other: Gap) -> bool:
    """Whether a gap is that of the rest of a smaller group: the same patients seen from the other side."""
    same = (gap.option, gap.metric, gap.attribute) == (other.option, other.metric, other.attribute)
    return same and gap.group != other.group and gap.n == other.n_rest and gap.n > other.n


def more_words(share: float) -> str:
    """A share as patients of a hundred, more or fewer.

    Examples
    --------
    >>> more_words(0.151), more_words(-0.02), more_words(0.001)
    ('15 more', '2 fewer', 'as many')
    """
    count = round(100 * share)
    return "as many" if count == 0 else f"{abs(count)} {'more' if count > 0 else 'fewer'}"


def signed(share: float) -> str:
    """Patients of a hundred with their sign; a minus as typographers write it."""
    return f"{100 * share:+.0f}".replace("-", "−")


def _plain(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")


def _number(value: float) -> float | None:
    return round(value, 4) if math.isfinite(value) else None
