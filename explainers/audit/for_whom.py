"""For whom a model works best, for whom otherwise, and for whom nobody can tell: text that follows from the numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.stats import norm

from explainers.audit.gap_table import Gaps
from explainers.audit.subgroups import POOLED
from explainers.audit.tables import ALL, AuditRow, AuditTable

__all__ = ["ForWhom", "for_whom"]

_MOST_BEST = 3
_NEARLY_ALL = 0.9
_OFF = 0.05  # of the share observed
_CALIBRATION = "observed minus predicted"


@dataclass(frozen=True, slots=True)
class ForWhom:
    """One option's answer, each part a tuple of sentences or phrases.

    Parameters
    ----------
    best : tuple of str
        Groups with signal and numbers that hold, the surest first, at most three.
    otherwise : tuple of str
        Groups that differ from the rest by more than chance and the mix of patients explain.
    unknown : tuple of str
        Groups too small to be judged, each with "too few".
    n_alike : int
        Groups in which no difference was found.
    off_for_all : str
        Where the numbers are off for all patients together: then no group is called the best.
    """

    option: str
    label: str
    best: tuple[str, ...]
    otherwise: tuple[str, ...]
    unknown: tuple[str, ...]
    n_alike: int
    off_for_all: str = ""

    @property
    def words(self) -> tuple[str, ...]:
        """The answer in whole sentences."""
        said = []
        if self.off_for_all:
            said.append(self.off_for_all)
        elif self.best:
            said.append(f"Works best, as far as can be told, in {_joined(self.best)}.")
        else:
            said.append("No group stands out in which it is known to work well.")
        if self.otherwise:
            said.append("Works otherwise for: " + " ".join(self.otherwise))
        said.append(
            f"Unknown: {'; '.join(self.unknown)}." if self.unknown else "No group is too small to be judged."
        )
        if self.n_alike:
            said.append(
                f"In {self.n_alike} further group{'s' if self.n_alike > 1 else ''} no difference was found, which is no proof that there is none."
            )
        return tuple(said)


def for_whom(table: AuditTable, gaps: Gaps, option: str, label: str) -> ForWhom:
    """The answer for one option, or `POOLED`.

    Parameters
    ----------
    table : AuditTable
        Of `subgroups`, with observed minus predicted and, for single options, AUC.
    gaps : Gaps
        Of the same data.
    """
    rows = [r for r in table.where(option=option, metric=_CALIBRATION) if r.group != ALL]
    auc = {r.group: r for r in table.where(option=option, metric="AUC")}
    everybody = table.get(option, _CALIBRATION)
    differs = {g.group for g in gaps.where(option=option) if g.is_finding}
    findings = tuple(g.words(with_option=False) for g in gaps.findings if g.option == option)
    known = [r for r in rows if r.is_known and r.group not in differs]
    # The best of many groups is partly luck: each is ranked by an interval that holds for all of them together.
    reach = float(norm.ppf(1 - 0.025 / max(len(known), 1))) / 1.96
    ranked = [(_rank(r, auc.get(r.group), option, reach), r) for r in known if not _nearly_all(r, everybody)]
    off = _off_for_all(everybody)
    if off:
        ranked = []
    standing = sorted(((rank, r) for rank, r in ranked if rank is not None), key=lambda c: c[0])
    best = tuple(_best_words(r, auc.get(r.group)) for _, r in standing[:_MOST_BEST])
    return ForWhom(option, label, best, findings, _unknown(rows), len(known) - len(best), off)


def _off_for_all(everybody: AuditRow | None) -> str:
    if (
        everybody is None
        or not everybody.is_known
        or not everybody.excludes(0.0)
        or abs(everybody.estimate) < _OFF
    ):
        return ""
    side = "more" if everybody.estimate > 0 else "fewer"
    return (
        f"Its numbers are off for all patients together (of 100, {abs(100 * everybody.estimate):.0f} {side} than they say), so no group "
        "is named in which it works best; what follows compares groups after setting that right for everybody."
    )


def _unknown(rows: Sequence[AuditRow]) -> tuple[str, ...]:
    """Groups that cannot be judged, gathered by what they are about, each list with "too few"."""
    found: dict[str, list[str]] = {}
    for row in rows:
        if not row.is_known:
            about, _, level = row.group.partition(": ")
            found.setdefault(about, []).append(level)
    return tuple(f"{about}: {', '.join(levels)} (too few)" for about, levels in found.items())


def _nearly_all(row: AuditRow, everybody: AuditRow | None) -> bool:
    return everybody is not None and row.n > _NEARLY_ALL * everybody.n


def _rank(row: AuditRow, auc: AuditRow | None, option: str, reach: float) -> float | None:
    """Where a group stands among the best, lower is better; None where it is not known to work there."""
    if row.excludes(0.0):
        return None
    if option == POOLED:
        return abs(row.estimate) + reach * (row.ci_high - row.ci_low) / 2
    if auc is None or not auc.is_known:
        return None
    surely = auc.estimate - reach * (auc.estimate - auc.ci_low)
    return -surely if surely > 0.5 else None


def _best_words(row: AuditRow, auc: AuditRow | None) -> str:
    n = f"{row.n:,} patients"
    off = f"of 100, {_span(row)} more or fewer than predicted"
    if auc is None or not auc.is_known or not math.isfinite(auc.ci_low):
        return f"{row.group} ({n}; {off})"
    return f"{row.group} ({n}; AUC {auc.estimate:.2f}, {auc.ci_low:.2f} to {auc.ci_high:.2f}; {off})"


def _span(row: AuditRow) -> str:
    return f"at most {math.ceil(100 * max(abs(row.ci_low), abs(row.ci_high)))}"


def _joined(parts: tuple[str, ...]) -> str:
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]
