"""Who is unlikely to benefit: unlikely, not unlikely, or unknown, each with what stands behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from oncology.assurance.held_out import ShareBelow, held_out
from oncology.bundles import ModelBundle
from oncology.features import FeatureSpec
from oncology.patients import PatientProfile
from oncology.prediction import MarginFunction
from oncology.recommendations.probes import Probe, find_probes, probe_rows

__all__ = ["Decisive", "NoBenefit", "NoBenefitAnswer", "decisive_inputs", "no_benefit"]

FloatMatrix = NDArray[np.float64]
NoBenefitAnswer = Literal["unlikely", "unknown", "not unlikely"]


@dataclass(frozen=True, slots=True)
class Decisive:
    """An unknown driver of an option: what the model would say in either state.

    Parameters
    ----------
    label : str or None
        None where its name is withheld, or where it cannot be asked.
    altered, absent : (probability, low, high) or None
        What the model says in either state.
    """

    label: str | None
    altered: tuple[float, float, float] | None
    absent: tuple[float, float, float] | None

    def overturns(self, answer: NoBenefitAnswer, bar: float) -> bool:
        """Whether one of the states would take the option out of "unlikely", or out of "not unlikely"."""
        if self.altered is None or self.absent is None:
            return True
        ends = (self.altered, self.absent)
        return any(high >= bar if answer == "unlikely" else low < bar for _, low, high in ends)


@dataclass(frozen=True, slots=True)
class NoBenefit:
    """Whether an option is unlikely to help this patient, as far as the model and its held-out patients can tell.

    Parameters
    ----------
    answer : {"unlikely", "unknown", "not unlikely"}
        "unknown" is insufficient evidence; it is never read as benefit.
    probability, low, high : float or None
        Of no response, with its interval; None where the model abstains.
    below : ShareBelow or None
        Held-out patients whose number lay under the bar: negative predictive value with interval and n.
    why : str
    """

    option: str
    label: str
    answer: NoBenefitAnswer
    probability: float | None
    low: float | None
    high: float | None
    below: ShareBelow | None
    why: str


def decisive_inputs(
    bundle: ModelBundle,
    profile: PatientProfile,
    held: Sequence[bool] | NDArray[np.bool_],
    *,
    margin: MarginFunction | None = None,
) -> dict[str, tuple[Decisive, ...]]:
    """Option to those of its drivers (``manifest.drivers``) whose state is unknown, each asked in both states."""
    schema = bundle.schema
    wanted = {
        o: [
            d
            for d in bundle.manifest.drivers.get(o, ())
            if d in schema.names and schema.value(profile, d) is None
        ]
        for o, asked in zip(bundle.options, held, strict=True)
        if asked
    }
    unknown = {d for drivers in wanted.values() for d in drivers}
    if not unknown:
        return {}
    probes = [p for p in find_probes(bundle, profile).asked if p.spec.name in unknown]
    ends = _ends(bundle, profile, probes, margin)
    found = {}
    for option, drivers in wanted.items():
        j = bundle.option_index(option)
        if drivers:
            found[option] = tuple(_decisive(schema.feature(d), j, ends) for d in drivers)
    return found


_Ends = dict[tuple[str, float | str], NDArray[np.float64]]


def _ends(
    bundle: ModelBundle, profile: PatientProfile, probes: Sequence[Probe], margin: MarginFunction | None
) -> _Ends:
    """Probability, low and high end (k, 3) with each driver in each state."""
    if not probes:
        return {}
    rows = probe_rows(bundle.schema, profile, probes)[1:]
    raw = (margin or bundle.margin)(rows)
    found = np.stack([bundle.probability(raw), *bundle.interval(raw, rows[:1])], axis=-1)
    return {(q.spec.name, q.value): found[i] for i, q in enumerate(probes)}


def _decisive(spec: FeatureSpec, j: int, ends: _Ends) -> Decisive:
    if (spec.name, 1.0) not in ends:
        return Decisive(None, None, None)
    altered, absent = (tuple(map(float, ends[spec.name, state][j])) for state in (1.0, 0.0))
    return Decisive(spec.label, (altered[0], altered[1], altered[2]), (absent[0], absent[1], absent[2]))


def no_benefit(
    bundle: ModelBundle,
    option: str,
    tumour: str | None,
    numbers: tuple[float, float, float] | None,
    decisive: Sequence[Decisive],
    silence: str = "",
) -> NoBenefit:
    """The answer on one option.

    Parameters
    ----------
    numbers : (probability, low, high) of the outcome, or None where the model abstains for the reason `silence`
    decisive : the option's unknown drivers, from `decisive_inputs`

    Notes
    -----
    Unlikely: the whole interval lies under the bar (``manifest.unlikely_below``), no unknown driver could lift it, and
    at least twenty held-out patients had a number under the bar and did not surely better than that. Not unlikely: the whole interval lies above, and no
    unknown driver could bring it under. Everything else is unknown.
    """
    label = bundle.label(option)
    if numbers is None:
        return NoBenefit(
            option, label, "unknown", None, None, None, None, f"Insufficient evidence. {silence}".strip()
        )
    p, low, high = numbers
    bar = bundle.manifest.unlikely_below
    patients = held_out(bundle, option)
    below = None if patients is None else patients.below(bar, tumour)
    answer, why = _answer(bundle, (p, low, high), below, decisive)
    return NoBenefit(option, label, answer, 1 - p, 1 - high, 1 - low, below, why)


def _answer(
    bundle: ModelBundle,
    numbers: tuple[float, float, float],
    below: ShareBelow | None,
    decisive: Sequence[Decisive],
) -> tuple[NoBenefitAnswer, str]:
    _, low, high = numbers
    bar, said = bundle.manifest.unlikely_below, bundle.manifest.words
    of = f"{100 * bar:.0f} of 100"
    if low < bar <= high:
        return "unknown", f"Insufficient evidence: the interval reaches from under to over {of}."
    answer: NoBenefitAnswer = "unlikely" if high < bar else "not unlikely"
    overturning = [d for d in decisive if d.overturns(answer, bar)]
    if overturning:
        return "unknown", _untested(overturning)
    if answer == "not unlikely":
        return answer, f"The whole interval lies above {of}."
    if below is None or not below.speaks:
        return "unknown", (
            f"Insufficient evidence: the interval lies under {of}, but fewer than 20 held-out patients had so low a number."
        )
    if below.contradicts:
        return "unknown", (
            f"Insufficient evidence: the interval lies under {of}, but held-out patients did better than that. "
            f"{below.words(said.did_not_respond)}"
        )
    return answer, f"The whole interval lies under {of}. {below.words(said.did_not_respond)}"


def _untested(overturning: Sequence[Decisive]) -> str:
    """Which tests would settle it, the one whose two states lie furthest apart first."""
    told = [(d.label, d.altered[0], d.absent[0]) for d in overturning if d.label and d.altered and d.absent]
    if not told:
        return "Insufficient evidence: an input that decides this is not known."
    told.sort(key=lambda entry: -abs(entry[1] - entry[2]))
    names = [label for label, _, _ in told]
    listed = "; ".join(names)  # labels hold commas of their own
    label, altered, absent = told[0]
    return (
        f"Insufficient evidence: {listed} {'was' if len(names) == 1 else 'were'} not assayed. With {label} altered the model "
        f"would say {100 * altered:.0f} of 100; with it absent, {100 * absent:.0f}."
    )
