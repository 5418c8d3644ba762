"""How far each unknown input could move each option: the range of its answer over the input's states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oncology.bundles import ModelBundle
from oncology.patients import PatientProfile
from oncology.prediction import MarginFunction
from oncology.recommendations.probes import Probe, find_probes, probe_rows

__all__ = ["InputRange", "OptionRange", "input_ranges"]

FloatMatrix = NDArray[np.float64]
# Ranges narrower than this, in probability or score, are nothing to tell.
_NOTHING = 0.005


@dataclass(frozen=True, slots=True)
class OptionRange:
    """One option's answer now, and its lowest and highest over the states of one unknown input.

    Parameters
    ----------
    now, low, high : float
        Probabilities, or scores.
    at_low, at_high : str
        The states that give them: "altered", "120 U/L".
    """

    option: str
    label: str
    now: float
    low: float
    high: float
    at_low: str
    at_high: str

    @property
    def span(self) -> float:
        """Highest minus lowest."""
        return self.high - self.low


@dataclass(frozen=True, slots=True)
class InputRange:
    """One unknown input, why it is unknown, what it was asked at, and how far the options move.

    Parameters
    ----------
    state : {"not assayed", "not recorded"}
    asked : tuple of str
        States tried: alterations altered and absent; numbers at the 5th, 50th and 95th percentile of the training
        patients; categories at every level.
    options : tuple of OptionRange
        Options that move by half a point of 100 or more, widest first.
    """

    feature: str
    label: str
    state: str
    asked: tuple[str, ...]
    options: tuple[OptionRange, ...]

    @property
    def span(self) -> float:
        """The widest range of any option."""
        return max((o.span for o in self.options), default=0.0)


def input_ranges(
    bundle: ModelBundle,
    profile: PatientProfile,
    held: Sequence[bool] | NDArray[np.bool_],
    *,
    margin: MarginFunction | None = None,
) -> tuple[InputRange, ...]:
    """Every unknown input with the range of each option's answer over its states, widest first.

    One input at a time, the others as they are; what two of them would do together is not asked. Genes whose state is
    withheld are not asked.

    Parameters
    ----------
    held : (k,) of bool
        Options that the model answers on for this patient.
    """
    asked = find_probes(bundle, profile).asked
    if not asked or not np.any(held):
        return ()
    rows = probe_rows(bundle.schema, profile, asked)
    answers = bundle.probability((margin or bundle.margin)(rows))
    by_feature: dict[str, list[int]] = {}
    for i, probe in enumerate(asked):
        by_feature.setdefault(probe.spec.name, []).append(i)
    found = [
        _range(bundle, [asked[i] for i in at], answers[0], answers[1:][at], held)
        for at in by_feature.values()
    ]
    return tuple(sorted(found, key=lambda r: -r.span))


def _range(
    bundle: ModelBundle,
    probes: Sequence[Probe],
    now: FloatMatrix,
    answers: FloatMatrix,
    held: Sequence[bool] | NDArray[np.bool_],
) -> InputRange:
    spec = probes[0].spec
    states = tuple(_state(p) for p in probes)
    # The answer without the input is one of those it may be given: models may read unknown in a way of its own.
    options = []
    for j, option in enumerate(bundle.options):
        column = answers[:, j]
        if not held[j] or np.isnan(column).any() or float(np.ptp(column)) < _NOTHING:
            continue
        low, high = int(column.argmin()), int(column.argmax())
        options.append(
            OptionRange(
                option, bundle.label(option), float(now[j]), float(column[low]), float(column[high]), states[low],
                states[high],
            )
        )  # fmt: skip
    options.sort(key=lambda o: -o.span)
    state = "not assayed" if spec.is_alteration else "not recorded"
    return InputRange(spec.name, spec.label, state, states, tuple(options))


def _state(probe: Probe) -> str:
    if probe.spec.is_alteration:
        return "altered" if probe.value == 1.0 else "absent"
    return probe.spec.words(probe.value)
