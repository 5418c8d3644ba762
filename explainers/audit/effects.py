"""Prognostic or predictive: a marker's effect in patients who had an option, and in those who had another one."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from explainers.audit.errors import AuditError, StoppedError
from explainers.audit.logistic import LogisticFit, logistic
from explainers.audit.marker_design import MarkerDesign, marker_design
from oncology.counts import SMALLEST_COUNT, count_words

if TYPE_CHECKING:
    from explainers.audit.data import AuditData
    from oncology.features import FeatureSchema

__all__ = ["VERDICTS", "MarkerEffects", "OptionEffect", "Verdict", "marker_effects"]

FloatVector = NDArray[np.float64]
FloatMatrix = NDArray[np.float64]
Verdict = Literal["prognostic", "predictive", "both", "undecided", "neither seen"]
VERDICTS: dict[Verdict, str] = {
    "prognostic": "goes with response alike whichever option was given",
    "predictive": "goes with response differently under one option than under the others",
    "both": "goes with response under every option, and differently under some",
    "undecided": "goes with response, but these patients cannot tell whether under every option or under one of them only",
    "neither seen": "no effect was found that chance does not explain",
}


@dataclass(frozen=True, slots=True)
class OptionEffect:
    """A marker's effect on the log-odds of response, in patients with an option and in those with another.

    Parameters
    ----------
    n, n_altered : int
        Patients who had the option and whose marker is known; altered among them.
    treated, treated_low, treated_high : float
        Log odds ratio of altered against not altered among those who had the option, 95 % interval.
    others, others_low, others_high : float
        The same among those who had another option (of those that show no interaction).
    interaction, low, high : float
        Treated minus others; the interval holds for all options together.
    is_predictive : bool
    reason : str
        Why there is no estimate; empty where there is one.
    """

    option: str
    label: str
    n: int
    n_altered: int
    treated: float
    treated_low: float
    treated_high: float
    others: float
    others_low: float
    others_high: float
    interaction: float
    low: float
    high: float
    is_predictive: bool
    reason: str = ""

    def words(self) -> str:
        """The three numbers as odds ratios, in words."""
        if self.reason:
            return f"{self.label}: {self.reason}."
        kind = "differs" if self.is_predictive else "no difference found"
        return (
            f"{self.label}: odds of response x {_times(self.treated)} with the marker ({_times(self.treated_low)} to "
            f"{_times(self.treated_high)}); under other options x {_times(self.others)}. Ratio of the two "
            f"{_times(self.interaction)} ({_times(self.low)} to {_times(self.high)}): {kind}."
        )


@dataclass(frozen=True, eq=False, slots=True)
class MarkerEffects:
    """One marker in all options.

    Parameters
    ----------
    common, common_low, common_high : float
        Log odds ratio under the options that show no interaction, 95 % interval.
    options : tuple of OptionEffect
    level : float
        Chance of any false interaction among the options, by Bonferroni.
    """

    marker: str
    label: str
    verdict: Verdict
    common: float
    common_low: float
    common_high: float
    options: tuple[OptionEffect, ...]
    n: int
    n_altered: int
    n_unknown: int
    n_elsewhere: int
    adjusted_for: tuple[str, ...]
    level: float

    @property
    def predictive(self) -> tuple[OptionEffect, ...]:
        """Options under which the marker's effect differs."""
        return tuple(o for o in self.options if o.is_predictive)

    @property
    def words(self) -> tuple[str, ...]:
        """The verdict, what it rests on, and what these patients cannot tell."""
        said = [f"{self.label}: {self.verdict} ({VERDICTS[self.verdict]})."]
        if self.verdict in ("prognostic", "both"):
            where = "the other options" if self.predictive else "any option"
            side = "higher" if self.common > 0 else "lower"
            said.append(
                f"Patients with it have {side} odds of response under {where}: x {_times(self.common)} ({_times(self.common_low)} to "
                f"{_times(self.common_high)})."
            )
        for option in self.predictive:
            said.append(option.words())
        tested = [o for o in self.options if not o.reason and not o.is_predictive]
        if tested and self.verdict in ("prognostic", "neither seen"):
            widest = max(tested, key=lambda o: o.high - o.low)
            said.append(
                f"No interaction was found with any of {len(tested)} options; that does not exclude one: for {widest.label} the ratio "
                f"may lie anywhere from {_times(widest.low)} to {_times(widest.high)}."
            )
        if few := [o.label for o in self.options if o.reason]:
            said.append(f"Too few patients to tell for {', '.join(few)}.")
        said.append(self.limits)
        return tuple(said)

    @property
    def limits(self) -> str:
        """What these patients allow one to say."""
        unknown = (
            f" {self.n_unknown:,} patients whose marker is not known are left out." if self.n_unknown else ""
        )
        elsewhere = (
            f" So are {self.n_elsewhere:,} with tumours in which it hardly occurs."
            if self.n_elsewhere
            else ""
        )
        return (
            f"From {self.n:,} patients ({count_words(self.n_altered)} altered), each with one option that was chosen for them, not drawn by "
            f"lot: associations, no effects of treatment.{unknown}{elsewhere} Adjusted for {', '.join(self.adjusted_for)}; not for every "
            "alteration that goes together with this one, nor for what nobody recorded."
        )

    def rows(self) -> list[dict[str, Any]]:
        """One row an option: odds ratios with their intervals."""
        return [
            {
                "option": o.label, "patients": o.n if o.n >= SMALLEST_COUNT else None,
                "altered": o.n_altered if o.n_altered >= SMALLEST_COUNT and o.n - o.n_altered >= SMALLEST_COUNT else None,
                "odds ratio, treated": _ratio(o.treated), "treated low": _ratio(o.treated_low), "treated high": _ratio(o.treated_high),
                "odds ratio, others": _ratio(o.others), "others low": _ratio(o.others_low), "others high": _ratio(o.others_high),
                "ratio of the two": _ratio(o.interaction), "low": _ratio(o.low), "high": _ratio(o.high),
                "differs": None if o.reason else o.is_predictive, "remark": o.reason,
            }
            for o in self.options
        ]  # fmt: skip


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
        If the feature is no yes-or-no input, patients have outcomes of several options, or too few are altered.

    Notes
    -----
    Logistic regression with Firth's penalty: the marker, the option given, and all inputs that are no alterations.
    Interactions begin with the options whose own effect is far from the weighted median of all; the surest is added
    and the weakest dropped as long as it exceeds Bonferroni's limit over the options. So one option's interaction does
    not colour what the others are compared with.
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
    found = []
    for i, (j, why) in enumerate(tested.items()):
        if stop is not None and stop():
            raise StoppedError
        found.append(_of_option(data, design, j, chosen, final, why, critical))
        if progress is not None:
            progress(0.5 + 0.5 * (i + 1) / len(tested))
    has_common = abs(common) > 1.96 * error
    # An effect that hangs on the patients of a single option says nothing of the others.
    everywhere = all(
        o.others_low > 0 or o.others_high < 0 for o in found if not o.reason and not o.is_predictive
    )
    verdict = _verdict(any(o.is_predictive for o in found), has_common, everywhere)
    return MarkerEffects(
        marker, design.label, verdict, common, common - 1.96 * error, common + 1.96 * error, tuple(found), len(design.y),
        int(design.altered.sum()), design.n_unknown, design.n_elsewhere, design.adjusted_for, level,
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

    def common(self) -> tuple[float, float]:
        return float(self.fit.coefficients[0]), self.fit.error(0)

    def interaction(self, j: int) -> tuple[float, float]:
        k = 1 + self.interactions.index(j)
        return float(self.fit.coefficients[k]), self.fit.error(k)

    def together(self, j: int) -> tuple[float, float]:
        weights = np.zeros(len(self.fit.coefficients))
        weights[[0, 1 + self.interactions.index(j)]] = 1.0
        return self.fit.combined(weights)

    def scores(self, design: MarkerDesign, options: list[int]) -> FloatVector:
        """How surely each further interaction would help, in standard errors, without fitting it."""
        p = self.fit.probability
        w = p * (1 - p)
        more = np.column_stack([design.altered * (design.option == j) for j in options])
        both = self.columns.T @ (w[:, None] * more)
        left = more - self.columns @ (self.fit.covariance @ both)
        spread = np.sqrt(np.maximum((w[:, None] * left**2).sum(axis=0), 1e-12))
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
    return _Fit(tuple(interactions), columns, logistic(columns, design.y, start=start))


def _stand_out(design: MarkerDesign, able: list[int], critical: float) -> list[int]:
    """Options whose own effect is far from the middle of all, so that the comparison does not begin with one of them."""
    rest = design.altered * ~np.isin(design.option, able)
    mine = [design.altered * (design.option == j) for j in able]
    columns = [*mine, *([rest] if rest.any() else [])]
    fit = logistic(np.column_stack([*columns, design.adjusters]), design.y)
    effect = fit.coefficients[: len(able)]
    error = np.sqrt(np.diag(fit.covariance)[: len(able)])
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


def _times(log_odds_ratio: float) -> str:
    return (
        f"{math.exp(log_odds_ratio):.2g}"
        if math.exp(log_odds_ratio) < 10
        else f"{math.exp(log_odds_ratio):.0f}"
    )


def _ratio(log_odds_ratio: float) -> float | None:
    return None if math.isnan(log_odds_ratio) else round(math.exp(log_odds_ratio), 3)
