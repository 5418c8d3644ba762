"""Measure a drawn cohort against `targets.csv`: one estimate, one standard error and one verdict per row."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from sample_data.generator.cohort import SyntheticCohort
from sample_data.generator.contexts import in_context
from sample_data.generator.vocabulary import THERAPIES

__all__ = ["Finding", "Target", "measure", "read_targets", "within_standard_errors", "within_tolerance"]

TARGETS = Path(__file__).parent / "targets.csv"
POINTS = {"response": 3.0, "prevalence": 2.0}
ODDS_RATIO_FACTOR = 1.5
DISTRIBUTION_SHARE = 0.10
STANDARD_ERRORS = 3.0
_FIELDS = {
    "age": "age_years", "tmb": "tmb_per_mb", "albumin": "albumin_g_dl", "nlr": "nlr", "pdl1": "pdl1",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Target:
    """One published figure the cohort is held to; percentages from 0 to 100."""

    id: str
    kind: str
    tumour: str
    therapy: str
    event: str
    event_2: str
    condition: str
    value: float
    unit: str
    ci_low: float
    ci_high: float
    confidence: str

    @property
    def is_ceiling(self) -> bool:
        """An odds ratio that must not be exceeded: mutually exclusive alterations."""
        return self.unit.endswith("at most")


@dataclass(frozen=True, slots=True)
class Finding:
    """What a cohort says of a target: `estimate` in the target's unit, over `n` patients.

    `standard_error` is in the target's unit, on the log scale for odds ratios; `table` holds the four counts of
    an odds ratio (both, first only, second only, neither).
    """

    target: Target
    estimate: float
    n: int
    standard_error: float
    table: tuple[int, int, int, int] | None = None


def _number(text: str) -> float:
    return float(text) if text else math.nan


def read_targets(path: Path = TARGETS) -> tuple[Target, ...]:
    """All targets, in the order of the file."""
    names = [f for f in Target.__slots__ if f not in ("value", "ci_low", "ci_high")]
    with path.open(newline="", encoding="utf-8") as file:
        return tuple(
            Target(
                **{name: row[name] for name in names},
                value=float(row["value"]),
                ci_low=_number(row["ci_low"]),
                ci_high=_number(row["ci_high"]),
            )
            for row in csv.DictReader(file)
        )


def _share_error(percent: float, n: int) -> float:
    p = min(max(percent / 100, 0.01), 0.99)
    return 100 * math.sqrt(p * (1 - p) / n) if n else math.inf


def measure(cohort: SyntheticCohort, target: Target) -> Finding:
    """The cohort's value of one target, from the truth (not from what was recorded)."""
    truth = cohort.truth
    rows = in_context(truth, target.condition, target.tumour)
    n = int(rows.sum())
    if target.kind == "response":
        k = [t.key for t in THERAPIES].index(target.therapy)
        estimate = 100 * float(cohort.p_star[rows, k].mean()) if n else math.nan
        return Finding(target, estimate, n, _share_error(target.value, n))
    if target.kind == "prevalence":
        estimate = 100 * float(in_context(truth, target.event)[rows].mean()) if n else math.nan
        return Finding(target, estimate, n, _share_error(target.value, n))
    if target.kind == "odds_ratio":
        return _odds_ratio(cohort, target, rows)
    return _distribution(cohort, target, rows)


def _odds_ratio(cohort: SyntheticCohort, target: Target, rows: np.ndarray) -> Finding:
    first, second = (in_context(cohort.truth, e)[rows] for e in (target.event, target.event_2))
    table = tuple(int(x.sum()) for x in (first & second, first & ~second, ~first & second, ~first & ~second))
    # Haldane's half keeps empty cells finite; it does not matter in a large draw.
    both, only1, only2, neither = (c + 0.5 for c in table)
    error = math.sqrt(1 / both + 1 / only1 + 1 / only2 + 1 / neither)
    return Finding(target, both * neither / (only1 * only2), int(rows.sum()), error, table)  # type: ignore[arg-type]


def _distribution(cohort: SyntheticCohort, target: Target, rows: np.ndarray) -> Finding:
    what, _, names = target.event.partition(":")
    values = [getattr(cohort.truth, _FIELDS[name.strip()])[rows] for name in names.split("|")]
    n = int(rows.sum())
    if what == "median":
        middle = float(np.median(values[0]))
        low, high = np.quantile(values[0], (0.5 - 0.5 / math.sqrt(n), 0.5 + 0.5 / math.sqrt(n)))
        return Finding(target, middle, n, float(high - low) / 2)
    return Finding(target, float(spearmanr(values[0], values[1]).statistic), n, 1 / math.sqrt(n))


def within_tolerance(finding: Finding) -> bool:
    """Whether a large draw holds the target: 3 points or the interval, 2 points, a factor of 1.5, a tenth."""
    target, estimate = finding.target, finding.estimate
    if not math.isfinite(estimate):
        return False
    if target.kind in POINTS:
        return abs(estimate - target.value) <= POINTS[target.kind] or (
            target.ci_low <= estimate <= target.ci_high
        )
    if target.is_ceiling:
        return estimate <= target.value
    if target.kind == "odds_ratio":
        return 1 / ODDS_RATIO_FACTOR <= estimate / target.value <= ODDS_RATIO_FACTOR
    if target.unit == "rho":
        return abs(estimate - target.value) <= 0.1
    return abs(estimate / target.value - 1) <= DISTRIBUTION_SHARE


def within_standard_errors(finding: Finding) -> bool:
    """Whether a small draw agrees with the target within three standard errors (distributions: and a tenth)."""
    target, estimate, error = finding.target, finding.estimate, STANDARD_ERRORS * finding.standard_error
    if finding.n == 0:
        return False
    if target.kind in POINTS:
        return abs(estimate - target.value) <= error
    if target.is_ceiling:
        return math.log(estimate / target.value) <= error
    if target.kind == "odds_ratio":
        return abs(math.log(estimate / target.value)) <= error
    slack = 0.1 if target.unit == "rho" else DISTRIBUTION_SHARE * target.value
    return abs(estimate - target.value) <= slack + error
