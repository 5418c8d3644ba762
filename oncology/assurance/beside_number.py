"""Everything that tells how far one patient's numbers can be leaned on, in one record."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from oncology.applicability import Familiarity, familiarity
from oncology.assurance.abstaining import AbstentionEffect, abstention_effect
from oncology.assurance.held_out import HeldOut, held_out
from oncology.assurance.no_benefit import Decisive, NoBenefit, decisive_inputs, no_benefit
from oncology.assurance.ranges import InputRange, input_ranges
from oncology.assurance.words import people, share_words
from oncology.bundles import ModelBundle
from oncology.counts import shown
from oncology.patients import PatientProfile
from oncology.prediction import MarginFunction, Predictions, predict
from oncology.recommendations import Ranking, Recommendation, rank
from oncology.recommendations.evidence_of_state import same_state
from oncology.uncertainty import COVERAGE, Answer

__all__ = ["Assurance", "OptionAssurance", "assure"]


@dataclass(frozen=True, slots=True)
class OptionAssurance:
    """How far one option's number can be leaned on for one patient.

    Parameters
    ----------
    probability, low, high : float or None
        As in the ranking; None where the model abstains.
    of_100 : int or None
        The probability as people out of a hundred.
    in_words : str
        The same from the fixed table `oncology.assurance.words.SHARE_WORDS`; empty where abstained.
    venn_abers : (p0, p1) or None
        The Venn-Abers interval; None without held-out patients.
    cannot_rule_out : {"no", "yes", "either"} or None
        Outcomes in the conformal set.
    set_coverage : float
    set_basis : str
        Whom the coverage holds for, or why there is no set.
    group_conditional : bool
        Whether the set is the tumour type's own.
    same_tumour, same_state : int or None
        Training patients of the tumour type who had the option; those of them in the same state of the alterations that
        move the option most. None where withheld or unknown.
    no_benefit : NoBenefit
    """

    option: str
    label: str
    probability: float | None
    low: float | None
    high: float | None
    of_100: int | None
    in_words: str
    venn_abers: tuple[float, float] | None
    cannot_rule_out: Answer | None
    set_coverage: float
    set_basis: str
    group_conditional: bool
    same_tumour: int | None
    same_state: int | None
    no_benefit: NoBenefit


@dataclass(frozen=True, slots=True)
class Assurance:
    """How far the numbers of one patient can be leaned on.

    Parameters
    ----------
    options : tuple of OptionAssurance
        In the order of the ranking, abstained ones last; empty for scores.
    familiarity : Familiarity
    ranges : tuple of InputRange
        How far each unknown input could move the options; empty where it was not asked for.
    abstention : AbstentionEffect or None
    interval_meaning : str
    without_held_out : str
        Why nothing is measured on held-out patients; empty where it is.
    """

    patient_id: str
    bundle_sha256: str
    options: tuple[OptionAssurance, ...]
    familiarity: Familiarity
    ranges: tuple[InputRange, ...]
    abstention: AbstentionEffect | None
    interval_meaning: str
    without_held_out: str = ""

    def of(self, option: str) -> OptionAssurance:
        """The entry of an option."""
        return next(o for o in self.options if o.option == option)

    def answering(self, answer: str) -> tuple[OptionAssurance, ...]:
        """Options whose answer to "unlikely to benefit?" is this one."""
        return tuple(o for o in self.options if o.no_benefit.answer == answer)


def assure(
    bundle: ModelBundle,
    profile: PatientProfile,
    *,
    predictions: Predictions | None = None,
    ranking: Ranking | None = None,
    deep: bool = True,
    margin: MarginFunction | None = None,
    coverage: float = COVERAGE,
) -> Assurance:
    """Everything beside one patient's numbers.

    Parameters
    ----------
    predictions, ranking : of this bundle and profile, where they are known already
    deep : bool
        False leaves out the ranges of unknown inputs, which ask the model of every state.
    margin : function, optional
        A faster equal of ``bundle.margin``.
    coverage : float in (0, 1)
        Of the conformal sets.
    """
    if predictions is None:
        predictions = predict(bundle, profile, margin=margin)
    if ranking is None:
        ranking = rank(bundle, predictions, profile, with_unknowns=False)
    i = predictions.position(profile.patient_id)
    held = np.array([ranking.of(o).probability is not None for o in bundle.options])
    decisive = {} if bundle.is_score else decisive_inputs(bundle, profile, held, margin=margin)
    entries = () if bundle.is_score else (*ranking.ordered, *ranking.abstained)
    return Assurance(
        profile.patient_id,
        bundle.sha256,
        tuple(
            _option(bundle, profile, predictions, i, r, decisive.get(r.option, ()), coverage) for r in entries
        ),
        familiarity(bundle, profile),
        input_ranges(bundle, profile, held, margin=margin) if deep else (),
        None if bundle.is_score else abstention_effect(bundle),
        predictions.interval_meaning,
        _without(bundle),
    )


def _without(bundle: ModelBundle) -> str:
    if bundle.training is not None:
        return ""
    if bundle.formula is not None:
        return "Not available: a published formula has no training patients here, so nothing can be measured on them."
    return "Not available: the bundle was shipped without its training patients."


def _option(
    bundle: ModelBundle,
    profile: PatientProfile,
    predictions: Predictions,
    i: int,
    entry: Recommendation,
    decisive: tuple[Decisive, ...],
    coverage: float,
) -> OptionAssurance:
    option, tumour = entry.option, predictions.tumours[i]
    raw = float(predictions.raw[i, bundle.option_index(option)])
    p, low, high = entry.probability, entry.low, entry.high
    numbers = None if p is None or low is None or high is None else (p, low, high)
    patients = None if numbers is None else held_out(bundle, option)
    return OptionAssurance(
        option, entry.label, p, low, high,
        None if p is None else people(p),
        "" if p is None else share_words(p),
        None if patients is None else _venn_abers(patients, raw),
        None if patients is None or p is None else patients.sets(tumour).answer(p, coverage=coverage),
        coverage,
        _without(bundle) or entry.reason if patients is None else patients.sets_basis(tumour),
        patients is not None and patients.own_group(tumour),
        entry.support,
        _same_state(bundle, profile, option, tumour, entry),
        no_benefit(bundle, option, tumour, numbers, decisive, entry.reason if p is None else ""),
    )  # fmt: skip


def _venn_abers(patients: HeldOut, raw: float) -> tuple[float, float]:
    low, high = patients.venn_abers.interval(raw)
    return float(low), float(high)


def _same_state(
    bundle: ModelBundle, profile: PatientProfile, option: str, tumour: str | None, entry: Recommendation
) -> int | None:
    n = same_state(bundle, profile, option, tumour)
    return None if n is None or entry.support is None else shown(n, of=entry.support)
