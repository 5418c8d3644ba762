"""Whether two groups of patients look alike to a model: what is known of them, what it says, what it leans on."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from explainers.audit.errors import AuditError, StoppedError
from explainers.audit.group_metrics import MIN_PATIENTS
from explainers.importance import shapley_sample
from explainers.players import CannotExplainError
from oncology.counts import rate

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle
    from oncology.feature_specs import FeatureSpec

__all__ = ["Change", "Drift", "drift", "holm"]

FloatVector = NDArray[np.float64]
Kind = Literal["missing", "value", "score", "attribution"]

_MOST_EXPLAINED = 300
_SAMPLED = 6000
_MOST_SAID = 12
# Distances (of shares, or of two distributions: the largest gap between their curves) below which nobody need look.
_SMALL, _LARGE = 0.05, 0.15


@dataclass(frozen=True, slots=True)
class Change:
    """One thing compared between two cohorts.

    Parameters
    ----------
    kind : "missing" (share not known), "value", "score" (the model's number), "attribution" (mean |Shapley value|)
    name : str
        The input or option, in words.
    before, now : float
        Share, median or mean in the first and in the second cohort; NaN where it would give a count of 1 to 4 away.
    unit : str
        Of these two: "share", the input's unit, "probability".
    distance : float in [0, 1]
        Difference of shares, or the largest gap between the two distributions; NaN for attributions.
    p, p_corrected : float
        Of the test, and after Holm's correction over everything compared.
    option : str
        In words, of an attribution; empty of anything else.
    """

    kind: Kind
    name: str
    before: float
    now: float
    unit: str
    distance: float
    p: float
    p_corrected: float
    is_drift: bool
    test: str
    option: str = ""

    @property
    def is_withheld(self) -> bool:
        """Whether a share is left out because it would give a count of 1 to 4 away; so would its distance and its p."""
        return math.isnan(self.before) or math.isnan(self.now)

    @property
    def size(self) -> str:
        """How large the change is, whatever its p: with many patients even a trifle is sure."""
        if math.isnan(self.distance):
            return ""
        return "large" if self.distance >= _LARGE else "small" if self.distance < _SMALL else "moderate"

    def words(self) -> str:
        """The change in a sentence."""
        if self.is_withheld:
            figures = "figures withheld, too few to show"
        elif self.unit == "share":
            figures = f"{100 * self.before:.0f} of 100 before, {100 * self.now:.0f} now"
        else:
            figures = f"{self.before:.3g} before, {self.now:.3g} now{f' ({self.unit})' if self.unit else ''}"
        what = {
            "missing": f"{self.name} not known",
            "value": self.name,
            "score": f"The model's number for {self.name}, median",
            "attribution": f"What the model leans on, {self.name}",
        }[self.kind]
        return f"{what}: {figures}{f'; {self.size} change' if self.size else ''}."


@dataclass(frozen=True, eq=False, slots=True)
class Drift:
    """Every comparison, the surest first.

    Parameters
    ----------
    level : float
        Chance of any false alarm among all comparisons, by Holm.
    notes : tuple of str
        What could not be compared.
    """

    changes: tuple[Change, ...]
    n_before: int
    n_now: int
    level: float
    notes: tuple[str, ...] = ()

    @property
    def found(self) -> tuple[Change, ...]:
        """Changes that chance does not explain, the largest first."""
        return tuple(
            sorted((c for c in self.changes if c.is_drift), key=lambda c: -np.nan_to_num(c.distance))
        )

    @property
    def words(self) -> tuple[str, ...]:
        """What changed, in plain sentences."""
        made = f"{len(self.changes):,} things were compared between {self.n_before:,} patients before and {self.n_now:,} now"
        if not self.found:
            return (
                f"{made}; no change was found that chance does not explain ({self.level:.0%} for all together).",
                *self.notes,
            )
        # What it leans on has no size of its own: by option, and line by line in the table.
        large = [c for c in self.found if c.size not in ("small", "")]
        said = [
            f"{made}; {len(self.found)} differ by more than chance explains ({self.level:.0%} for all together), {len(large)} of them by "
            "more than a trifle. The numbers of the audit were measured on the first group; how well they hold in the second is not "
            "known until its outcomes are."
        ]
        said += [c.words() for c in large[:_MOST_SAID]]
        if len(large) > _MOST_SAID:
            said.append(f"And {len(large) - _MOST_SAID} more, in the table.")
        return (*said, *self._leaning(), *self.notes)

    def _leaning(self) -> tuple[str, ...]:
        """For which options the model leans on other inputs than before."""
        compared = {c.option for c in self.changes if c.option}
        moved = Counter(c.option for c in self.found if c.option)
        if not moved:
            return ()
        listed = ", ".join(f"{o} ({n} input{'' if n == 1 else 's'})" for o, n in moved.most_common())
        of = f"{len(moved)} of {len(compared)} options: {listed}" if len(compared) > 1 else listed
        return (f"What the model leans on differs for {of}.",)

    def rows(self, option: str = "") -> list[dict[str, Any]]:
        """One row a comparison; of what the model leans on, that for one option alone where its words are given."""
        asked = [c for c in self.changes if c.option in ("", option) or not option]
        order = sorted(asked, key=lambda c: (c.p_corrected, -np.nan_to_num(c.distance)))
        return [
            {
                "what": {"missing": "not known", "value": "value", "score": "model's number", "attribution": "leans on"}[c.kind],
                "input or option": c.name, "before": _number(c.before), "now": _number(c.now), "unit": c.unit,
                "distance": None if c.is_withheld else _number(c.distance), "size": c.size,
                "p": None if c.is_withheld else _p(c.p), "p, corrected": None if c.is_withheld else _p(c.p_corrected),
                "more than chance": c.is_drift, "test": c.test,
            }
            for c in order
        ]  # fmt: skip


def holm(p: Sequence[float]) -> FloatVector:
    """Holm's correction: p values that may each be held against the level of the whole family.

    Examples
    --------
    >>> [round(float(v), 3) for v in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    values = np.asarray(p, dtype=np.float64)
    order = np.argsort(values)
    steps = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    corrected = np.empty(len(values))
    corrected[order] = np.minimum(steps, 1.0)
    return corrected


def drift(
    bundle: ModelBundle,
    before: pd.DataFrame,
    now: pd.DataFrame,
    *,
    options: Sequence[str] | None = None,
    explained: Sequence[str] = (),
    level: float = 0.01,
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Drift:
    """Compare two cohorts in every input, in what the model says of them, and in what it leans on.

    Parameters
    ----------
    before, now : DataFrames (n, c), (m, c)
        Encoded patients in the model's columns; outcomes are not needed.
    options : sequence of str, optional
        Whose numbers are compared; default: all.
    explained : sequence of str
        Options whose Shapley values are compared as well, on at most 300 patients of each cohort.

    Raises
    ------
    AuditError
        If either cohort has fewer than 30 patients.
    SchemaMismatchError
        If the columns are not the model's.
    StoppedError

    Notes
    -----
    Shares by Fisher's exact test (chi-square for several levels), numbers and scores by Kolmogorov and Smirnov's,
    attributions by Welch's t test on their size; all of them corrected together by Holm.
    """
    for name, table in (("first", before), ("second", now)):
        bundle.schema.check_table(table)
        if len(table) < MIN_PATIENTS:
            raise AuditError(
                f"The {name} cohort has {len(table)} patients; {MIN_PATIENTS} are needed to compare."
            )
    made: list[Change] = []
    notes: list[str] = []
    for feature in bundle.schema.features:
        made += _of_feature(bundle, feature, before, now)
    for i, option in enumerate(bundle.options if options is None else options):
        if stop is not None and stop():
            raise StoppedError
        made += _of_score(bundle, option, before, now, seed)
        if progress is not None:
            progress(0.5 * (i + 1) / len(bundle.options if options is None else options))
    for i, option in enumerate(explained):
        if stop is not None and stop():
            raise StoppedError
        try:
            made += _of_attributions(bundle, option, before, now, seed)
        except CannotExplainError as error:
            notes.append(f"What the model leans on for {bundle.label(option)} was not compared: {error}")
        if progress is not None:
            progress(0.5 + 0.5 * (i + 1) / len(explained))
    corrected = holm([c.p for c in made])
    changes = tuple(
        replace(c, p_corrected=float(q), is_drift=bool(q < level))
        for c, q in zip(made, corrected, strict=True)
    )
    return Drift(changes, len(before), len(now), level, tuple(notes))


def _change(
    kind: Kind,
    name: str,
    before: float,
    now: float,
    unit: str,
    distance: float,
    p: float,
    test: str,
    option: str = "",
) -> Change:
    return Change(kind, name, before, now, unit, distance, p, p, False, test, option)


def _of_feature(
    bundle: ModelBundle, feature: FeatureSpec, before: pd.DataFrame, now: pd.DataFrame
) -> list[Change]:
    at = bundle.schema.columns_of(feature.name)
    a, b = (t.iloc[:, at].to_numpy(dtype=np.float64) for t in (before, now))
    known_a, known_b = ~np.isnan(a[:, 0]), ~np.isnan(b[:, 0])
    made = _shares("missing", feature.label, ~known_a, ~known_b)
    a, b = a[known_a], b[known_b]
    if not len(a) or not len(b):
        return made
    if a.shape[1] > 1:
        counts = np.array([a.sum(axis=0), b.sum(axis=0)])
        counts = counts[:, counts.sum(axis=0) > 0]
        if counts.shape[1] < 2:
            return made
        share = counts / counts.sum(axis=1, keepdims=True)
        distance = float(np.abs(share[0] - share[1]).sum() / 2)
        p = float(stats.chi2_contingency(counts, correction=False).pvalue)
        made.append(
            _change(
                "value",
                f"{feature.label} (patients of another kind)",
                0.0,
                distance,
                "share",
                distance,
                p,
                "chi-square",
            )
        )
    elif set(np.unique(np.concatenate([a[:, 0], b[:, 0]])).tolist()) <= {0.0, 1.0}:
        level = (
            feature.levels[1] if len(feature.levels) == 2 else "altered" if feature.is_alteration else "yes"
        )
        made += _shares("value", f"{feature.label} {level}", a[:, 0] == 1, b[:, 0] == 1)
    else:
        made.append(_numbers("value", f"{feature.label}, median", a[:, 0], b[:, 0], feature.unit or ""))
    return made


def _shares(kind: Kind, name: str, a: NDArray[np.bool_], b: NDArray[np.bool_]) -> list[Change]:
    """Two shares; nothing where it is nobody, or everybody, in both."""
    hits = int(a.sum()), int(b.sum())
    if sum(hits) in (0, len(a) + len(b)):
        return []
    p = float(stats.fisher_exact([[hits[0], len(a) - hits[0]], [hits[1], len(b) - hits[1]]]).pvalue)
    shown = [_share(h, len(x)) for h, x in zip(hits, (a, b), strict=True)]
    distance = abs(hits[0] / len(a) - hits[1] / len(b))
    return [_change(kind, name, shown[0], shown[1], "share", distance, p, "Fisher")]


def _share(hits: int, n: int) -> float:
    if hits in (0, n):
        return hits / n
    known = rate(hits, n)
    return math.nan if known is None else known


def _numbers(kind: Kind, name: str, a: FloatVector, b: FloatVector, unit: str) -> Change:
    found = stats.ks_2samp(a, b)
    return _change(
        kind, name, float(np.median(a)), float(np.median(b)), unit, float(found.statistic), float(found.pvalue), "Kolmogorov-Smirnov"
    )  # fmt: skip


def _of_score(
    bundle: ModelBundle, option: str, before: pd.DataFrame, now: pd.DataFrame, seed: int
) -> list[Change]:
    j = bundle.option_index(option)
    said = []
    for table in (before, now):
        rows = table
        if len(rows) > _SAMPLED:
            chosen = np.sort(np.random.default_rng(seed).permutation(len(rows))[:_SAMPLED])
            rows = rows.iloc[chosen]
        margin = np.full((len(rows), len(bundle.options)), np.nan)
        margin[:, j] = bundle.option_margin(rows, option)
        said.append(np.asarray(bundle.probability(margin), dtype=np.float64)[:, j])
    a, b = (s[~np.isnan(s)] for s in said)
    if min(len(a), len(b)) < MIN_PATIENTS:
        return []
    return [_numbers("score", bundle.label(option), a, b, "score" if bundle.is_score else "probability")]


def _of_attributions(
    bundle: ModelBundle, option: str, before: pd.DataFrame, now: pd.DataFrame, seed: int
) -> list[Change]:
    samples = []
    for table in (before, now):
        chosen = np.sort(np.random.default_rng(seed).permutation(len(table))[:_MOST_EXPLAINED])
        samples.append(shapley_sample(bundle, option, rows=table.iloc[chosen], seed=seed))
    made = []
    a, b = np.abs(samples[0].values), np.abs(samples[1].values)
    for k, label in enumerate(samples[0].feature_labels):
        if np.ptp(a[:, k]) == 0 and np.ptp(b[:, k]) == 0:
            continue
        p = float(stats.ttest_ind(a[:, k], b[:, k], equal_var=False).pvalue)
        made.append(
            _change(
                "attribution", f"{label} for {bundle.label(option)}, mean |Shapley value|", float(a[:, k].mean()), float(b[:, k].mean()),
                samples[0].unit, math.nan, p, "Welch", bundle.label(option),
            )
        )  # fmt: skip
    return made


def _number(value: float) -> float | None:
    return round(value, 4) if math.isfinite(value) else None


def _p(value: float) -> float:
    return float(f"{value:.2g}")
