"""One patient's options: ordered in bands, set aside with a reason, or listed as unlikely to help."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from oncology.applicability import applicability
from oncology.bundles import ModelBundle
from oncology.counts import SMALLEST_COUNT, rate, shown
from oncology.errors import OncologyError
from oncology.patients import PatientProfile
from oncology.prediction import MarginFunction, Predictions
from oncology.recommendations.bands import band_numbers, per_100
from oncology.recommendations.evidence_of_state import state_caution
from oncology.recommendations.unknowns import Unknown, find_unknowns
from oncology.vocabulary import tumour_name
from oncology.vocabulary.tumours import is_within
from oncology.wording import Setting, wording

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
        Training patients of the same tumour type who had the option; those who share an alteration. None where
        there are none to count (published formulas) or where the count is withheld.
    base_rate : float or None
        Share of responders among the `support` patients; None with fewer than five of either outcome.
    per_100 : str
        The probability as people out of a hundred; empty for scores and where abstained.
    reason : str
        What stands behind the number, or why the model abstains.
    cautions : tuple of str
    withheld : tuple of str
        Of support, shared and base_rate, those that are known and not told: counts under five, or a count that
        would give one away.
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
    withheld: tuple[str, ...] = ()
    setting: Setting = "clinic"

    @property
    def support_words(self) -> str:
        """Short words for a table: how many training patients, what was seen of them, what is withheld."""
        few = f"fewer than {SMALLEST_COUNT}"
        if self.support is None and "support" not in self.withheld:
            return "not available: published formula"
        n = few if self.support is None else f"{self.support:,}"
        words = f"{n} with the same tumour type {wording(self.setting).had_it}"
        if self.base_rate is not None:
            words += f", and of those {100 * self.base_rate:.0f} of 100 did so"
        if self.shared is not None:
            words += f"; {self.shared:,} of them share an alteration"
        elif "shared" in self.withheld and self.support is not None:
            words += "; how many of them share an alteration is withheld"
        return words

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
        Inputs that are not known and would move something, largest change first.
    cautions : tuple of str
        About the patient as a whole: outside what the model was made for, or nothing ranked that is likely.
    searched : str
        What was asked to find the unknowns, in words; empty where it was not asked for.
    n_asked : int
        Unknown inputs that were asked.
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
    cautions: tuple[str, ...] = ()
    searched: str = ""
    n_asked: int = 0

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
            reasons[option] = _too_few(bundle, option, tumour if typed else None, int(n))
    return reasons


def _too_few(bundle: ModelBundle, option: str, tumour: str | None, n: int) -> str:
    who = f"with {tumour_name(tumour)} " if tumour is not None else ""
    words = f"{_few(n)} {who}{_had_it(bundle, n)}; the model needs {MIN_SUPPORT}."
    by_tumour = bundle.manifest.support.get(option, {})
    inside = [
        t for t, m in by_tumour.items()
        if t and tumour is not None and t != tumour and is_within(t, tumour) and m >= MIN_SUPPORT
    ]  # fmt: skip
    if inside:
        words += (
            f" {tumour_name(tumour)} ({tumour}) is a broader type; within it the model knows "
            f"{', '.join(f'{tumour_name(t)} ({t})' for t in inside)}, and may answer once the exact type is recorded."
        )
    return words


def _few(n: int) -> str:
    if n == 0:
        return "No training patient"
    return f"Only {n} training patients" if shown(n) else f"Fewer than {SMALLEST_COUNT} training patients"


def _had_it(bundle: ModelBundle, n: int) -> str:
    words = bundle.manifest.words.had_it
    return f"was{words.removeprefix('were')}" if n == 0 and words.startswith("were") else words


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
            band = None if bands is None else int(bands[j])
            ordered.append(_entry(bundle, predictions, profile, i, int(j), band))
    limit = bundle.manifest.unlikely_below
    unlikely = [] if bundle.is_score else [r for r in ordered if r.high is not None and r.high < limit]
    cautions = applicability(bundle, profile)
    if ordered and ordered[0] in unlikely:
        cautions = (
            *cautions,
            f"Even {ordered[0].label}, which stands first, is {bundle.manifest.words.unlikely}: its whole interval lies "
            f"below {100 * limit:.0f} of 100.",
        )
    search = find_unknowns(bundle, profile, held, margin) if with_unknowns else None
    return Ranking(
        profile.patient_id,
        tuple(ordered),
        tuple(_abstained(bundle, predictions, i, o, why) for o, why in reasons.items()),
        tuple(unlikely),
        limit,
        () if search is None else search.found,
        bundle.ranks,
        bundle.sha256,
        cautions=cautions,
        searched="" if search is None else search.words,
        n_asked=0 if search is None else search.n_asked,
    )


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _counts(predictions: Predictions, i: int, j: int) -> tuple[int | None, int | None, tuple[str, ...]]:
    """Support and shared as they may be shown, and which of them are withheld."""
    if predictions.support is None:
        return None, None, ()
    n = int(predictions.support[i, j])
    support, shared = shown(n), None
    withheld = ["support"] if support is None else []
    if predictions.shared is not None:
        shared = shown(int(predictions.shared[i, j]), of=n)
        withheld += ["shared"] if shared is None else []
    return support, shared, tuple(withheld)


def _base_rate(bundle: ModelBundle, option: str, tumour: str | None) -> tuple[float | None, bool]:
    """Share of responders among those of the tumour type, and whether it is known and withheld."""
    support, responders = bundle.manifest.support.get(option, {}), bundle.manifest.responders.get(option, {})
    key = (tumour or "") if len(support) > 1 else ""
    if key not in responders:
        return None, False
    share = rate(responders[key], support.get(key, 0))
    return share, share is None


def _entry(
    bundle: ModelBundle, predictions: Predictions, profile: PatientProfile, i: int, j: int, band: int | None
) -> Recommendation:
    option = bundle.options[j]
    p, low, high = (float(a[i, j]) for a in (predictions.probability, predictions.low, predictions.high))
    base_rate, hidden = _base_rate(bundle, option, predictions.tumours[i])
    support, shared, withheld = _counts(predictions, i, j)
    group = None if bundle.formula is None else bundle.formula.group(p)
    alike = bundle.manifest.words.alike
    words = (
        ""
        if bundle.is_score
        else per_100(p, low, high, bundle.manifest.outcome, alike, basis=bundle.interval_basis)
    )
    return Recommendation(
        option, bundle.label(option), band, p, _known(low), _known(high), support, shared, base_rate, words,
        _reason(bundle, predictions, i, option, base_rate), _cautions(bundle, predictions, profile, i, j), group,
        (*withheld, "base_rate") if hidden else withheld, bundle.manifest.setting,
    )  # fmt: skip


def _reason(
    bundle: ModelBundle, predictions: Predictions, i: int, option: str, base_rate: float | None
) -> str:
    words = predictions.support_words(i, option)
    if base_rate is not None:
        had_it, outcome = bundle.manifest.words.had_it, bundle.manifest.outcome
        words += f"; of all who {had_it}, {round(100 * base_rate)} of 100 {outcome}"
    return f"{words[0].upper()}{words[1:]}."


def _cautions(
    bundle: ModelBundle, predictions: Predictions, profile: PatientProfile, i: int, j: int
) -> tuple[str, ...]:
    cautions = []
    option, words = bundle.options[j], bundle.manifest.words
    judged = bundle.manifest.performance_of(option)
    if judged is not None and not judged.has_signal:
        cautions.append(
            f"No signal: in cross-validation the model did not tell {words.responders} from others "
            f"(AUC {judged.auc:.2f}, {judged.auc_low:.2f} to {judged.auc_high:.2f})."
        )
    if judged is not None and judged.brier >= judged.brier_base_rate:
        cautions.append("Its probabilities were no better than giving everybody the average.")
    if predictions.shared is not None and predictions.n_altered[i] and predictions.shared[i, j] < 5:
        cautions.append(
            f"Fewer than 5 training patients who {words.had_it} share an alteration with this patient."
        )
    leaning = state_caution(bundle, profile, option, predictions.tumours[i])
    return (*cautions, leaning) if leaning else tuple(cautions)


def _abstained(
    bundle: ModelBundle, predictions: Predictions, i: int, option: str, why: str
) -> Recommendation:
    support, shared, withheld = _counts(predictions, i, bundle.option_index(option))
    return Recommendation(
        option, bundle.label(option), None, None, None, None, support, shared, None, "", why, withheld=withheld,
        setting=bundle.manifest.setting,
    )  # fmt: skip
