"""Prognostic or predictive: a marker's effect in patients who had an option, and in those who had another one."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from explainers.audit.errors import AuditError, StoppedError
from explainers.audit.logistic import LogisticFit, by_patient, logistic
from explainers.audit.marker_design import MarkerDesign, marker_design
from explainers.audit.marker_rates import may_be_shown, pair_of, rates_of
from explainers.audit.marker_table import VERDICTS, MarkerEffects, OptionEffect, Verdict
from oncology.counts import SMALLEST_COUNT

if TYPE_CHECKING:
    from explainers.audit.data import AuditData
    from oncology.features import FeatureSchema

__all__ = ["VERDICTS", "MarkerEffects", "OptionEffect", "Verdict", "marker_effects"]

FloatVector = NDArray[np.float64]
FloatMatrix = NDArray[np.float64]


def marker_effects(
    data: AuditData,
    schema: FeatureSchema,
    marker: str,
    *,
    drivers: Mapping[str, Sequence[str]] | None = None,
    level: float = 0.01,
    progress: Callable[[float], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> MarkerEffects:
    """Whether a marker goes with response alike under every option, or with some of them only.

    Parameters
    ----------
    marker : str
        Name of a yes-or-no feature, such as "STK11".
    drivers : mapping of option to alteration features, optional
        ``bundle.manifest.drivers``: what is adjusted for within each option.
    level : float
        Chance of calling the marker predictive of any option where it is of none.

    Raises
    ------
    UnknownFeatureError, StoppedError
    AuditError
        If the feature is no yes-or-no input, or too few patients are altered or are not.

    Notes
    -----
    Logistic regression with Firth's penalty: the marker, the option given, and all inputs that are no alterations.
    Interactions begin with the options whose own effect is far from the weighted median of all; the surest is added
    and the weakest dropped as long as it exceeds Bonferroni's limit over the options. So one option's interaction does
    not colour what the others are compared with. Where a patient has outcomes of several options, or several samples,
    errors count patients and not outcomes (`by_patient`).
    """
    design = marker_design(data, schema, marker, drivers or {})
    tested = {
        int(j): "" if _enough(design, int(j)) else "too few with and without the marker"
        for j in np.unique(design.option)
    }
    able = [j for j, why in tested.items() if not why]
    if len(able) < 2:
        raise AuditError(
            f"{design.label}: {len(able)} option has {SMALLEST_COUNT} patients with and {SMALLEST_COUNT} without the marker; an effect "
            "under one option can only be held against that under another."
        )
    critical = float(norm.ppf(1 - level / (2 * len(able))))
    chosen = _stand_out(design, able, critical)
    final = _fit(design, chosen)
    while len(able) - len(chosen) > 1:
        if stop is not None and stop():
            raise StoppedError
        left = [j for j in able if j not in chosen]
        strength = np.abs(final.scores(design, left))
        if strength.max() <= critical:
            break
        chosen = [*chosen, left[int(strength.argmax())]]
        final = _fit(design, chosen, final)
        if progress is not None:
            progress(0.5 * len(chosen) / len(able))
    chosen, final = _still_surely(design, chosen, final, critical)
    common, error = final.common()
    # A sum over options must not give away the few that are withheld in one of them.
    counted = [j for j in tested if may_be_shown(design, design.option == j)]
    found = []
    for i, (j, why) in enumerate(tested.items()):
        if stop is not None and stop():
            raise StoppedError
        effect = _of_option(data, design, j, chosen, final, why, critical)
        others = [k for k in counted if k != j and k not in chosen]
        rates = rates_of(design, design.option == j, np.isin(design.option, others))
        found.append(replace(effect, rates=rates))
        if progress is not None:
            progress(0.5 + 0.5 * (i + 1) / len(tested))
    has_common = abs(common) > 1.96 * error
    # An effect that hangs on the patients of a single option says nothing of the others.
    everywhere = all(
        o.others_low > 0 or o.others_high < 0 for o in found if not o.reason and not o.is_predictive
    )
    verdict = _verdict(any(o.is_predictive for o in found), has_common, everywhere)
    alike = np.isin(design.option, [j for j in counted if j not in chosen])
    _, first = np.unique(design.patient, return_index=True)
    return MarkerEffects(
        marker, design.label, verdict, common, common - 1.96 * error, common + 1.96 * error, tuple(found), design.n_patients,
        int(design.altered[first].sum()), design.n_unknown, design.n_elsewhere, design.adjusted_for, level,
        pair_of(design, alike), len(design.y), data.words.responded,
    )  # fmt: skip


def _verdict(predictive: bool, has_common: bool, everywhere: bool) -> Verdict:
    if predictive:
        return "both" if has_common and everywhere else "predictive"
    if has_common:
        return "prognostic" if everywhere else "undecided"
    return "neither seen"


@dataclass(frozen=True, eq=False, slots=True)
class _Fit:
    """A regression on the marker, its interactions with some options, and the adjusters, in this order."""

    interactions: tuple[int, ...]
    columns: FloatMatrix
    fit: LogisticFit
    covariance: FloatMatrix

    def common(self) -> tuple[float, float]:
        return float(self.fit.coefficients[0]), float(np.sqrt(self.covariance[0, 0]))

    def interaction(self, j: int) -> tuple[float, float]:
        k = 1 + self.interactions.index(j)
        return float(self.fit.coefficients[k]), float(np.sqrt(self.covariance[k, k]))

    def together(self, j: int) -> tuple[float, float]:
        weights = np.zeros(len(self.fit.coefficients))
        weights[[0, 1 + self.interactions.index(j)]] = 1.0
        return float(weights @ self.fit.coefficients), float(np.sqrt(weights @ self.covariance @ weights))

    def scores(self, design: MarkerDesign, options: list[int]) -> FloatVector:
        """How surely each further interaction would help, in standard errors, without fitting it."""
        p = self.fit.probability
        w = p * (1 - p)
        more = np.column_stack([design.altered * (design.option == j) for j in options])
        both = self.columns.T @ (w[:, None] * more)
        left = more - self.columns @ (self.fit.covariance @ both)
        if design.repeats:
            each = np.zeros((design.n_patients, len(options)))
            np.add.at(each, design.patient, (design.y - p)[:, None] * left)
            squares = (each**2).sum(axis=0)
        else:
            squares = (w[:, None] * left**2).sum(axis=0)
        spread = np.sqrt(np.maximum(squares, 1e-12))
        made: FloatVector = (design.y - p) @ left / spread
        return made


def _fit(design: MarkerDesign, interactions: Sequence[int], near: _Fit | None = None) -> _Fit:
    """The regression, begun at that of a nearby set of interactions."""
    mine = [design.altered, *(design.altered * (design.option == j) for j in interactions)]
    columns = np.column_stack([*mine, design.adjusters])
    start = None
    if near is not None:
        before = dict(zip(near.interactions, near.fit.coefficients[1:], strict=False))
        rest = near.fit.coefficients[1 + len(near.interactions) :]
        start = [
            float(near.fit.coefficients[0]),
            *(float(before.get(j, 0.0)) for j in interactions),
            *map(float, rest),
        ]
    fit = logistic(columns, design.y, start=start)
    return _Fit(tuple(interactions), columns, fit, _covariance(design, columns, fit))


def _covariance(design: MarkerDesign, columns: FloatMatrix, fit: LogisticFit) -> FloatMatrix:
    return by_patient(columns, design.y, fit, design.patient) if design.repeats else fit.covariance


def _stand_out(design: MarkerDesign, able: list[int], critical: float) -> list[int]:
    """Options whose own effect is far from the middle of all, so that the comparison does not begin with one of them."""
    rest = design.altered * ~np.isin(design.option, able)
    mine = [design.altered * (design.option == j) for j in able]
    columns = [*mine, *([rest] if rest.any() else [])]
    together = np.column_stack([*columns, design.adjusters])
    fit = logistic(together, design.y)
    effect = fit.coefficients[: len(able)]
    error = np.sqrt(np.diag(_covariance(design, together, fit))[: len(able)])
    order = np.argsort(effect)
    # The middle is where most patients are, so that what everybody is given is what the others are held against.
    share = np.cumsum([float((design.option == able[k]).sum()) for k in order])
    middle = effect[order][np.searchsorted(share, share[-1] / 2)]
    distance = np.abs(effect - middle) / error
    far = [able[k] for k in np.argsort(-distance) if distance[k] > critical]
    return far[: len(able) - 1]


def _still_surely(
    design: MarkerDesign, chosen: list[int], fit: _Fit, critical: float
) -> tuple[list[int], _Fit]:
    """The options whose interaction still exceeds the limit beside the others', the weakest dropped first."""
    while chosen:
        strength = [abs(e) / s for e, s in map(fit.interaction, chosen)]
        weakest = int(np.argmin(strength))
        if strength[weakest] > critical:
            break
        chosen = [*chosen[:weakest], *chosen[weakest + 1 :]]
        fit = _fit(design, chosen, fit)
    return chosen, fit


def _enough(design: MarkerDesign, j: int) -> bool:
    altered = design.altered[design.option == j]
    return bool(min(altered.sum(), len(altered) - altered.sum()) >= SMALLEST_COUNT)


def _of_option(
    data: AuditData,
    design: MarkerDesign,
    j: int,
    chosen: Sequence[int],
    final: _Fit,
    why: str,
    critical: float,
) -> OptionEffect:
    mine = design.option == j
    n, n_altered = int(mine.sum()), int(design.altered[mine].sum())
    if why:
        return OptionEffect(data.options[j], data.labels[j], n, n_altered, *(math.nan,) * 9, False, why)
    fit = final if j in chosen else _fit(design, [*chosen, j], final)
    (treated, t), (others, o), (inter, i) = fit.together(j), fit.common(), fit.interaction(j)
    return OptionEffect(
        data.options[j], data.labels[j], n, n_altered, treated, treated - 1.96 * t, treated + 1.96 * t, others, others - 1.96 * o,
        others + 1.96 * o, inter, inter - critical * i, inter + critical * i, j in chosen,
    )  # fmt: skip
