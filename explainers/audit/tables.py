"""Rows of an audit: a group, a metric, its estimate with an interval, or the reason why there is none."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from oncology.counts import shown

__all__ = ["ALL", "AuditRow", "AuditTable"]

ALL = "all patients"


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One metric of one option in one group of patients.

    Parameters
    ----------
    option : str
        Key of the option.
    group : str
        `ALL`, or a group in words: "sex: female".
    n, n_events : int
        Patients with a known outcome of that option, and those with the event (responders).
    metric : str
        In words: "AUC", "calibration slope".
    estimate, ci_low, ci_high : float
        NaN where it cannot be computed; `reason` then says why.
    reason : str
        Empty where there is an estimate with an interval; the row of a group that is too small stays, with this.
    method : str
        How the interval was made: "DeLong", "Wilson", "bootstrap, 500 rounds".
    """

    option: str
    group: str
    n: int
    n_events: int
    metric: str
    estimate: float
    ci_low: float
    ci_high: float
    reason: str = ""
    method: str = ""

    @property
    def is_known(self) -> bool:
        """Whether there is an estimate."""
        return math.isfinite(self.estimate)

    def excludes(self, value: float) -> bool:
        """Whether the interval is known and lies wholly on one side of a value."""
        return self.ci_low > value or self.ci_high < value

    def words(self, digits: int = 2) -> str:
        """Estimate and interval in a cell: "0.74 (0.71 to 0.78)"; the reason where there is none.

        Examples
        --------
        >>> AuditRow("a", ALL, 90, 30, "AUC", 0.741, 0.71, 0.78).words()
        '0.74 (0.71 to 0.78)'
        """
        if not self.is_known:
            return self.reason
        if not (math.isfinite(self.ci_low) and math.isfinite(self.ci_high)):
            return f"{self.estimate:.{digits}f}"
        return f"{self.estimate:.{digits}f} ({self.ci_low:.{digits}f} to {self.ci_high:.{digits}f})"


@dataclass(frozen=True, slots=True)
class AuditTable:
    """Rows in the order they are read; lookups by option, group and metric."""

    entries: tuple[AuditRow, ...] = ()

    def __iter__(self) -> Iterator[AuditRow]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def __add__(self, other: AuditTable) -> AuditTable:
        return AuditTable(self.entries + other.entries)

    @classmethod
    def of(cls, entries: Iterable[AuditRow]) -> AuditTable:
        """A table of any iterable of rows."""
        return cls(tuple(entries))

    def where(
        self, *, option: str | None = None, group: str | None = None, metric: str | None = None
    ) -> AuditTable:
        """The rows of one option, group or metric."""
        wanted = {"option": option, "group": group, "metric": metric}
        asked = {k: v for k, v in wanted.items() if v is not None}
        return AuditTable(tuple(r for r in self.entries if all(getattr(r, k) == v for k, v in asked.items())))

    def get(self, option: str, metric: str, group: str = ALL) -> AuditRow | None:
        """The first row of that option, metric and group."""
        return next(iter(self.where(option=option, group=group, metric=metric)), None)

    def rows(self, labels: dict[str, str] | None = None) -> list[dict[str, Any]]:
        """One dictionary a row for a table or CSV; counts of 1 to 4 patients are withheld, NaN is None.

        labels : words for the options' keys.
        """
        return [
            {
                "option": (labels or {}).get(r.option, r.option),
                "group": r.group,
                "patients": shown(r.n),
                "responders": None if shown(r.n) is None else shown(r.n_events, of=r.n),
                "metric": r.metric,
                "estimate": _number(r.estimate),
                "low": _number(r.ci_low),
                "high": _number(r.ci_high),
                "remark": r.reason,
                "interval": r.method,
            }
            for r in self.entries
        ]


def _number(value: float) -> float | None:
    return round(value, 4) if math.isfinite(value) else None
