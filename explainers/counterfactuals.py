"""What the model would say of another molecular profile: every single change of an alteration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from explainers.edited_rows import edited_rows
from explainers.explanation import Change, FloatVector
from explainers.plausibility import exclusive_pairs, pair_caution, plausibility, training_count
from explainers.smallest import (
    AssayRobustness,
    Constraints,
    Goal,
    GoalError,
    SmallestChanges,
    SufficientReason,
    assay_robustness,
    smallest_changes,
    sufficient_reason,
)
from explainers.standings import Margin, standings
from oncology.counts import count_words
from oncology.edits import Edit
from oncology.features import Value
from oncology.patients import PatientProfile

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = [
    "AssayRobustness",
    "Constraints",
    "Goal",
    "GoalError",
    "SingleChange",
    "SingleChanges",
    "SmallestChanges",
    "SufficientReason",
    "assay_robustness",
    "plausibility",
    "single_changes",
    "smallest_changes",
    "sufficient_reason",
]

Mode = Literal["model", "assay"]


@dataclass(frozen=True, eq=False, slots=True)
class SingleChange:
    """One alteration in another state, and what the model then says of every option.

    Parameters
    ----------
    after, low, high : arrays (k,)
        Calibrated probability (or score) with its interval; NaN for options that the model gives no answer on.
    first : str or None
        The option ranked first; None where nothing is ranked.
    band_one : tuple of str
        Options that cannot be told from the first.
    shifts_top_band : bool
        Whether band 1 has other members than for the recorded profile.
    training_count : int or None
        Training patients in this state; shown through `oncology.counts` only.
    """

    change: Change
    after: FloatVector
    low: FloatVector
    high: FloatVector
    first: str | None
    band_one: tuple[str, ...]
    shifts_top_band: bool
    training_count: int | None
    cautions: tuple[str, ...]


@dataclass(frozen=True, eq=False, slots=True)
class SingleChanges:
    """Every single change of a profile's alterations, the largest shifts first.

    Parameters
    ----------
    before : array (k,)
        As recorded; NaN for options that the model gives no answer on for this patient.
    abstained : tuple of str
        Those options; whatever changes alone, no number of theirs is given.
    ranked : bool
        Whether there are bands at all; False for a score and for a single option.
    """

    options: tuple[str, ...]
    labels: tuple[str, ...]
    before: FloatVector
    first: str | None
    band_one: tuple[str, ...]
    changes: tuple[SingleChange, ...]
    unit: str
    abstained: tuple[str, ...] = ()
    ranked: bool = True

    def shifting(self) -> tuple[SingleChange, ...]:
        """Those after which band 1 has other members."""
        return tuple(c for c in self.changes if c.shifts_top_band)

    def moves_most(self, change: SingleChange) -> int | None:
        """Position of the option that a change moves most; None where the model answers on none of them."""
        size = np.abs(change.after - self.before)
        # A state that takes a score away moves it most of all.
        size = np.where(np.isnan(change.after) & ~np.isnan(self.before), np.inf, size)
        return None if np.isnan(size).all() else int(np.nanargmax(size))

    def rows(self) -> list[dict[str, Any]]:
        """One row a change: before and after for the option it moves most, and who is in band 1 then."""
        label = dict(zip(self.options, self.labels, strict=True))
        out = []
        for c in self.changes:
            k = self.moves_most(c)
            row: dict[str, Any] = {"change": c.change.words}
            if k is None:
                row |= {"moves most": "no answer", "before": None, "after": None}
            else:
                row |= {
                    "moves most": self.labels[k],
                    "before": _figure(self.before[k]),
                    "after": _figure(c.after[k]),
                }
            if self.ranked:
                row |= {
                    "band 1 then": ", ".join(label[o] for o in c.band_one),
                    "shifts band 1": "yes" if c.shifts_top_band else "no",
                }
            row |= {
                "training patients in this state": _count(c.training_count),
                "caution": " ".join(c.cautions),
            }
            out.append(row)
        return out


def _count(n: int | None) -> str | None:
    return None if n is None else count_words(n)


def _figure(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 4)


def single_changes(
    bundle: ModelBundle, profile: PatientProfile, *, mode: Mode = "model", margin: Margin | None = None
) -> SingleChanges:
    """Every alteration of the model in its two other states, one at a time.

    Options that the model gives no answer on for this patient have no numbers here either.

    Parameters
    ----------
    mode : {"model", "assay"}
        "assay": only what was not assayed may turn out altered or not.
    margin : function from rows (n, c) to margins (n, k), optional
        A faster twin of `bundle.margin`.
    """
    values = dict(zip(bundle.schema.names, bundle.schema.values(profile), strict=True))
    edits = _single_edits(bundle, values, mode)
    rows = edited_rows(bundle.schema, profile, [()] + [(e,) for e in edits])
    all_ = standings(bundle, profile, rows, margin=margin)
    before, after = all_[:1], all_[1:]
    top = _members(bundle, before.band_one[0])
    exclusive = exclusive_pairs(bundle)
    altered = [s.name for s in bundle.schema.features if s.is_alteration and values[s.name] == 1.0]
    changes = []
    for i, edit in enumerate(edits):
        band = _members(bundle, after.band_one[i])
        changes.append(
            SingleChange(
                _change(bundle, values[edit.feature], edit), after.probability[i], after.low[i], after.high[i],
                bundle.options[after.first[i]] if after.first[i] >= 0 else None, band, set(band) != set(top),
                training_count(bundle, {edit.feature: edit.value}),
                _pair_cautions(bundle, profile, edit, altered, exclusive),
            )
        )  # fmt: skip
    recorded = before.probability[0]
    size = [float(np.nanmax(np.abs(c.after - recorded), initial=0.0)) for c in changes]
    order = sorted(range(len(changes)), key=lambda i: (not changes[i].shifts_top_band, -size[i]))
    return SingleChanges(
        bundle.options, tuple(bundle.label(o) for o in bundle.options), recorded,
        bundle.options[before.first[0]] if before.first[0] >= 0 else None, top,
        tuple(changes[i] for i in order), "score" if bundle.is_score else "probability",
        _members(bundle, all_.abstained), bundle.ranks,
    )  # fmt: skip


def _single_edits(bundle: ModelBundle, values: Mapping[str, Value], mode: Mode) -> list[Edit]:
    edits = []
    for spec in bundle.schema.features:
        value = values[spec.name]
        if not spec.is_alteration or (mode == "assay" and value is not None):
            continue
        for state in (1.0, 0.0, None):
            # A model that refuses unknown values has nothing to say once this one is unknown.
            if state != value and not (state is None and (spec.missing == "refuse" or mode == "assay")):
                edits.append(Edit(spec.name, state))
    return edits


def _members(bundle: ModelBundle, inside: NDArray[np.bool_]) -> tuple[str, ...]:
    return tuple(o for o, i in zip(bundle.options, inside, strict=True) if i)


def _change(bundle: ModelBundle, before: Value, edit: Edit) -> Change:
    spec = bundle.schema.feature(edit.feature)
    words = f"{spec.label}: {spec.words(edit.value)} instead of {spec.words(before)}"
    return Change(spec.name, spec.label, before, edit.value, words)


def _pair_cautions(
    bundle: ModelBundle,
    profile: PatientProfile,
    edit: Edit,
    altered: Sequence[str],
    exclusive: frozenset[frozenset[str]],
) -> tuple[str, ...]:
    """Exclusive drivers that one new alteration would join; other rare pairs are told for the edited profile."""
    if edit.value != 1.0:
        return ()
    pairs = [name for name in altered if frozenset((name, edit.feature)) in exclusive]
    found = [pair_caution(bundle, bundle.schema, name, edit.feature, None) for name in pairs]
    return tuple(words for words in found if words is not None)
