"""One patient's options: ordered in bands, set aside with a reason, or listed as unlikely to help."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from oncology.bundles import ModelBundle
from oncology.errors import OncologyError
from oncology.patients import PatientProfile
from oncology.prediction import MarginFunction, Predictions
from oncology.recommendations.bands import band_numbers, per_100
from oncology.recommendations.unknowns import Unknown, find_unknowns
from oncology.vocabulary import tumour_name

__all__ = [
    "MIN_SUPPORT",
    "NOT_MODELLED",
    "Ranking",
    "Recommendation",
    "StalePredictionsError",
    "abstentions",
    "rank",
]

# With fewer training patients of the same tumour type who had an option, the model says nothing of it.
MIN_SUPPORT = 20

NOT_MODELLED: tuple[str, ...] = (
    "side effects and interactions with other medicines",
    "other illnesses and fitness for treatment",
    "the patient's own wishes",
    "cost, approval and access",
    "how long a response lasts, and survival",
)


class StalePredictionsError(OncologyError, ValueError):
    """Predictions that were made by another bundle than the one that ranks them."""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One option for one patient.

    Parameters
    ----------
    band : int or None
        1 is the highest; options in one band cannot be told apart. None without a ranking, or where abstained.
    probability, low, high : float or None
        Calibrated, with the ends of the 95 % interval; None where the model abstains. For scores, the score with
        its best and worst (None where the formula has no such range).
    group : str or None
        Risk group of a score.
    support, shared : int or None
        Training patients of the same tumour type who had the option; those who share an alteration.
    base_rate : float or None
        Share of responders among the `support` patients; None with fewer than five.
    per_100 : str
        The probability as people out of a hundred; empty for scores and where abstained.
    reason : str
        What stands behind the number, or why the model abstains.
    cautions : tuple of str
    """

    option: str
    label: str
    band: int | None
    probability: float | None
    low: float | None
    high: float | None
    support: int | None
    shared: int | None
    base_rate: float | None
    per_100: str
    reason: str
    cautions: tuple[str, ...] = ()
    group: str | None = None

    @property
    def abstained(self) -> bool:
        """Whether the model says nothing of this option."""
        return self.probability is None


@dataclass(frozen=True, slots=True)
class Ranking:
    """All options of a bundle for one patient; assistive, never a prescription.

    Parameters
    ----------
    ordered : tuple of Recommendation
        By probability, highest first; the best band opens it.
    abstained : tuple of Recommendation
        Outside the bands, each with its reason.
    unlikely_to_help : tuple of Recommendation
        Those of `ordered` whose interval ends below `unlikely_below`: a view, not a removal.
    unknowns : tuple of Unknown
        Tests that were not done and would move something, largest change first.
    has_bands : bool
        False for scores, risk groups and single options.
    """

    patient_id: str
    ordered: tuple[Recommendation, ...]
    abstained: tuple[Recommendation, ...]
    unlikely_to_help: tuple[Recommendation, ...]
    unlikely_below: float
    unknowns: tuple[Unknown, ...]
    has_bands: bool
    bundle_sha256: str
    not_modelled: tuple[str, ...] = NOT_MODELLED

    @property
    def bands(self) -> tuple[tuple[Recommendation, ...], ...]:
        """The ordered options grouped by band; empty without bands."""
        numbers = sorted({r.band for r in self.ordered if r.band is not None})
        return tuple(tuple(r for r in self.ordered if r.band == n) for n in numbers)

    def of(self, option: str) -> Recommendation:
        """The entry of an option, ordered or abstained."""
        return next(r for r in (*self.ordered, *self.abstained) if r.option == option)


def abstentions(bundle: ModelBundle, predictions: Predictions, position: int) -> dict[str, str]:
    """Options the model abstains from for one patient, each with the reason."""
    if predictions.refusals[position]:
        return dict.fromkeys(bundle.options, " ".join(predictions.refusals[position]))
    if predictions.support is None:
        return {}
    tumour = predictions.tumours[position]
    typed = any(len(by_tumour) > 1 for by_tumour in bundle.manifest.support.values())
    reasons = {}
    for option, n in zip(bundle.options, predictions.support[position], strict=True):
        if n >= MIN_SUPPORT:
            continue
        if typed and tumour is None:
            reasons[option] = "The tumour type is not recorded, so no patients like this one can be counted."
        else:
            who = f"with {tumour_name(tumour)} " if typed else ""
            seen = (
                "No training patient"
                if n == 0
                else "Fewer than 5 training patients"
                if n < 5
                else f"Only {n} training patients"
            )
            reasons[option] = f"{seen} {who}had it; the model needs {MIN_SUPPORT}."
    return reasons


def rank(
    bundle: ModelBundle,
    predictions: Predictions,
    profile: PatientProfile,
    *,
    margin: MarginFunction | None = None,
    with_unknowns: bool = True,
) -> Ranking:
    """The options of one patient in rank bands, with abstentions, the unlikely ones, and decisive unknowns.

    Parameters
    ----------
    predictions : Predictions
        Of this bundle; the patient is found by id.
    margin : function, optional
        A faster equal of ``bundle.margin`` for the unknowns.
    with_unknowns : bool
        False where only the order is needed.

    Raises
    ------
    StalePredictionsError
        If the predictions come from another bundle.
    UnknownNameError
        If the predictions do not hold the patient.
    """
    if predictions.bundle_sha256 != bundle.sha256:
        raise StalePredictionsError(
            f"The predictions were made by the bundle {predictions.bundle_sha256[:12]}…, not by "
            f"{bundle.sha256[:12]}…. Predict again with the bundle that ranks them."
        )
    i = predictions.position(profile.patient_id)
    reasons = abstentions(bundle, predictions, i)
    held = np.array([o not in reasons for o in bundle.options])
    p = np.where(held, predictions.probability[i], np.nan)
    bands = band_numbers(p, predictions.low[i], predictions.high[i]) if bundle.ranks else None
    ordered = []
    for j in np.argsort(-p, kind="stable"):
        if held[j]:
            ordered.append(_entry(bundle, predictions, i, int(j), None if bands is None else int(bands[j])))
    limit = bundle.manifest.unlikely_below
    unlikely = [] if bundle.is_score else [r for r in ordered if r.high is not None and r.high < limit]
    unknowns = find_unknowns(bundle, profile, held, margin) if with_unknowns else ()
    return Ranking(
        profile.patient_id,
        tuple(ordered),
        tuple(_abstained(bundle, predictions, i, o, why) for o, why in reasons.items()),
        tuple(unlikely),
        limit,
        unknowns,
        bundle.ranks,
        bundle.sha256,
    )


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _count(table: object, i: int, j: int) -> int | None:
    return None if table is None else int(table[i, j])  # type: ignore[index]


def _base_rate(bundle: ModelBundle, option: str, tumour: str | None) -> float | None:
    support, responders = bundle.manifest.support.get(option, {}), bundle.manifest.responders.get(option, {})
    key = (tumour or "") if len(support) > 1 else ""
    n = support.get(key, 0)
    return responders[key] / n if n >= 5 and key in responders else None


def _entry(bundle: ModelBundle, predictions: Predictions, i: int, j: int, band: int | None) -> Recommendation:
    option = bundle.options[j]
    p, low, high = (float(a[i, j]) for a in (predictions.probability, predictions.low, predictions.high))
    tumour = predictions.tumours[i]
    base_rate = _base_rate(bundle, option, tumour)
    group = None if bundle.formula is None else bundle.formula.group(p)
    words = "" if bundle.is_score else per_100(p, low, high, bundle.manifest.outcome)
    return Recommendation(
        option, bundle.label(option), band, p, _known(low), _known(high),
        _count(predictions.support, i, j), _count(predictions.shared, i, j), base_rate, words,
        _reason(bundle, predictions, i, option, base_rate), _cautions(bundle, predictions, i, j), group,
    )  # fmt: skip


def _reason(
    bundle: ModelBundle, predictions: Predictions, i: int, option: str, base_rate: float | None
) -> str:
    words = predictions.support_words(i, option)
    if base_rate is not None:
        words += f"; of all who had it, {round(100 * base_rate)} of 100 {bundle.manifest.outcome}"
    return f"{words[0].upper()}{words[1:]}."


def _cautions(bundle: ModelBundle, predictions: Predictions, i: int, j: int) -> tuple[str, ...]:
    cautions = []
    option = bundle.options[j]
    judged = bundle.manifest.performance_of(option)
    if judged is not None and not judged.has_signal:
        cautions.append(
            f"No signal: in cross-validation the model did not tell responders from others "
            f"(AUC {judged.auc:.2f}, {judged.auc_low:.2f} to {judged.auc_high:.2f})."
        )
    if judged is not None and judged.brier >= judged.brier_base_rate:
        cautions.append("Its probabilities were no better than giving everybody the average.")
    if predictions.shared is not None and predictions.n_altered[i] and predictions.shared[i, j] < 5:
        cautions.append("Fewer than 5 training patients who had it share an alteration with this patient.")
    return tuple(cautions)


def _abstained(
    bundle: ModelBundle, predictions: Predictions, i: int, option: str, why: str
) -> Recommendation:
    j = bundle.option_index(option)
    return Recommendation(
        option, bundle.label(option), None, None, None, None,
        _count(predictions.support, i, j), _count(predictions.shared, i, j), None, "", why,
    )  # fmt: skip
