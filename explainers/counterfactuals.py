"""What the model would say of another molecular profile: every single change, and the smallest that suffices."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from explainers.edited_rows import edited_rows
from explainers.explanation import Change, Counterfactual, FloatVector
from explainers.plausibility import exclusive_pairs, pair_caution, plausibility, training_count
from explainers.standings import Margin, Standings, standings
from oncology.edits import Edit
from oncology.errors import OncologyError
from oncology.features import Value
from oncology.patients import PatientProfile

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = [
    "Goal",
    "GoalError",
    "SingleChange",
    "SingleChanges",
    "plausibility",
    "single_changes",
    "smallest_change",
]

Mode = Literal["model", "assay"]
# Sets of changes that go through the model at once, between two looks at the stop button.
_BATCH = 4096


class GoalError(OncologyError, ValueError):
    """A goal that this bundle's output cannot have."""


@dataclass(frozen=True, slots=True)
class Goal:
    """What a counterfactual is after.

    Parameters
    ----------
    option : str
    kind : {"first", "band", "threshold"}
        "first": the highest calibrated probability among options that are not abstained. "band": in band 1.
        "threshold": the option's probability (or score) over or under `value`.
    value : float, optional
    side : {"over", "under"}
    """

    option: str
    kind: Literal["first", "band", "threshold"] = "first"
    value: float | None = None
    side: Literal["over", "under"] = "over"

    def words(self, bundle: ModelBundle) -> str:
        """The goal in words."""
        label = bundle.label(self.option)
        if self.kind == "threshold":
            what = "score" if bundle.is_score else "probability"
            return f"{label}: {what} {self.side} {self.value:g}"
        return f"{label} ranked first" if self.kind == "first" else f"{label} in band 1"

    def check(self, bundle: ModelBundle) -> None:
        """Refuse a goal that does not fit the bundle."""
        if self.kind == "threshold":
            if self.value is None or not np.isfinite(self.value):
                raise GoalError("A threshold goal needs its value: a probability, or a score.")
        elif not bundle.ranks:
            raise GoalError(
                f"{bundle.label(self.option)} stands alone in this model, so it cannot be ranked. Give a threshold instead: "
                "a value that its score should be over or under."
            )

    def reached(self, after: Standings, index: int) -> NDArray[np.bool_]:
        """For each row of standings, whether the goal holds, (n,)."""
        if self.kind == "first":
            return after.first == index
        if self.kind == "band":
            return after.band_one[:, index]
        probability = after.probability[:, index]
        assert self.value is not None
        return probability > self.value if self.side == "over" else probability < self.value


@dataclass(frozen=True, eq=False, slots=True)
class SingleChange:
    """One alteration in another state, and what the model then says of every option.

    Parameters
    ----------
    after, low, high : arrays (k,)
        Calibrated probability (or score) with its interval.
    first : str or None
        The option ranked first; None where nothing is ranked.
    band_one : tuple of str
        Options that cannot be told from the first.
    shifts_top_band : bool
        Whether band 1 has other members than for the recorded profile.
    training_count : int or None
        Training patients in this state.
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
    """Every single change of a profile's alterations, the largest shifts first."""

    options: tuple[str, ...]
    labels: tuple[str, ...]
    before: FloatVector
    first: str | None
    band_one: tuple[str, ...]
    changes: tuple[SingleChange, ...]
    unit: str

    def shifting(self) -> tuple[SingleChange, ...]:
        """Those after which band 1 has other members."""
        return tuple(c for c in self.changes if c.shifts_top_band)

    def rows(self) -> list[dict[str, Any]]:
        """One row a change: before and after for the option it moves most, and who is in band 1 then."""
        label = dict(zip(self.options, self.labels, strict=True))
        out = []
        for c in self.changes:
            # A state that takes the score away moves it most of all.
            size = np.nan_to_num(np.abs(c.after - self.before), nan=np.inf)
            k = int(np.argmax(size))
            out.append(
                {
                    "change": c.change.words,
                    "moves most": self.labels[k],
                    "before": round(float(self.before[k]), 4),
                    "after": round(float(c.after[k]), 4),
                    "band 1 then": ", ".join(label[o] for o in c.band_one),
                    "shifts band 1": "yes" if c.shifts_top_band else "no",
                    "training patients in this state": c.training_count,
                    "caution": " ".join(c.cautions),
                }
            )
        return out


def single_changes(
    bundle: ModelBundle, profile: PatientProfile, *, mode: Mode = "model", margin: Margin | None = None
) -> SingleChanges:
    """Every alteration of the model in its two other states, one at a time.

    Parameters
    ----------
    mode : {"model", "assay"}
        "assay": only what was not assayed may turn out altered or not.
    margin : function from rows (n, c) to margins (n, k), optional
        A faster twin of `bundle.margin`.
    """
    edits = _single_edits(bundle, profile, mode)
    rows = edited_rows(bundle.schema, profile, [()] + [(e,) for e in edits])
    all_ = standings(bundle, profile, rows, margin=margin)
    before, after = all_[:1], all_[1:]
    top = _members(bundle, before.band_one[0])
    exclusive = exclusive_pairs(bundle)
    altered = _altered(bundle, profile)
    changes = []
    for i, edit in enumerate(edits):
        band = _members(bundle, after.band_one[i])
        changes.append(
            SingleChange(
                _change(bundle, profile, edit), after.probability[i], after.low[i], after.high[i],
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
    )  # fmt: skip


def smallest_change(
    bundle: ModelBundle,
    profile: PatientProfile,
    goal: Goal | str,
    *,
    max_size: int = 2,
    most: int = 10,
    mode: Mode = "model",
    margin: Margin | None = None,
    progress: Callable[[float], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> list[Counterfactual]:
    """The smallest sets of changed alterations after which the goal holds, every set tried.

    Parameters
    ----------
    goal : Goal or str
        A goal, or an option that is to be ranked first (a score: give a `Goal`).
    max_size : {1, 2}
    most : int
        How many of the smallest sets are returned; those that most training patients share come first.
    progress : function of a share in [0, 1], optional
    stop : function, optional
        Asked between batches; on True the search ends and what was found is marked "best found".

    Returns
    -------
    list of Counterfactual
        At least one: "already so" with no change, "impossible" with none when no set of up to `max_size` does it,
        else the smallest sets, "proven" because all smaller ones and all of their size were tried.

    Notes
    -----
    Drivers that exclude each other are never proposed together, features that are not actionable never change.
    """
    goal = Goal(bundle.options[bundle.option_index(goal)]) if isinstance(goal, str) else goal
    index = bundle.option_index(goal.option)
    goal.check(bundle)
    if not 1 <= max_size <= 2:
        raise GoalError(f"This search tries sets of one or two changes; {max_size} was asked for.")
    recorded = standings(bundle, profile, edited_rows(bundle.schema, profile, [()]), margin=margin)
    before = recorded.probability[0]
    words = goal.words(bundle)

    def result(changes, after, minimal, n, count=None, cautions=()):  # type: ignore[no-untyped-def]
        return Counterfactual(
            changes, words, bundle.options, before, after, minimal, n, mode, count, tuple(cautions)
        )

    if goal.reached(recorded, index)[0]:
        return [result((), before, "already so", 1)]
    if recorded.abstained[index] and goal.kind != "threshold":
        caution = (
            f"The model abstains on {bundle.label(goal.option)} for this patient, whatever the alterations."
        )
        return [result((), before, "impossible", 1, None, (caution,))]
    edits = [e for e in _single_edits(bundle, profile, mode) if bundle.schema.feature(e.feature).actionable]
    sizes = [_allowed(bundle, profile, edits, size) for size in range(1, max_size + 1)]
    total, n_tried = sum(map(len, sizes)), 1
    found: list[tuple[tuple[Edit, ...], FloatVector]] = []
    stopped = False
    for sets in sizes:
        for batch in _batches(sets):
            if stop is not None and stop():
                stopped = True
                break
            after = standings(bundle, profile, edited_rows(bundle.schema, profile, batch), margin=margin)
            n_tried += len(batch)
            hits = np.flatnonzero(goal.reached(after, index)).tolist()
            found += [(batch[i], after.probability[i]) for i in hits]
            if progress is not None:
                progress(min(1.0, n_tried / max(total, 1)))
        if found or stopped:
            break
    if not found:
        caution = (
            f"Stopped after {n_tried:,} of {total:,} sets."
            if stopped
            else f"No set of up to {max_size} changes does it; larger sets were not tried."
        )
        return [result((), before, "best found" if stopped else "impossible", n_tried, None, (caution,))]
    ranked = []
    for change, then in found:
        count = training_count(bundle, {e.feature: e.value for e in change})
        ranked.append((-(count or 0), -abs(then[index] - before[index]), change, then, count))
    ranked.sort(key=lambda r: r[:2])
    return [
        result(
            tuple(_change(bundle, profile, e) for e in change), then,
            "best found" if stopped else "proven", n_tried, count, _set_cautions(bundle, profile, change, count),
        )
        for _, _, change, then, count in ranked[:most]
    ]  # fmt: skip


def _single_edits(bundle: ModelBundle, profile: PatientProfile, mode: Mode) -> list[Edit]:
    edits = []
    for spec, value in zip(bundle.schema.features, bundle.schema.values(profile), strict=True):
        if not spec.is_alteration or (mode == "assay" and value is not None):
            continue
        for state in (1.0, 0.0, None):
            # A model that refuses unknown values has nothing to say once this one is unknown.
            if state != value and not (state is None and (spec.missing != "nan" or mode == "assay")):
                edits.append(Edit(spec.name, state))
    return edits


def _allowed(
    bundle: ModelBundle, profile: PatientProfile, edits: Sequence[Edit], size: int
) -> list[tuple[Edit, ...]]:
    """Sets of changes of one size that touch a feature once and put no exclusive drivers together."""
    exclusive = exclusive_pairs(bundle)
    altered = set(_altered(bundle, profile))
    sets = []
    for change in combinations(edits, size):
        names = [e.feature for e in change]
        if len(set(names)) < size:
            continue
        new = {e.feature for e in change if e.value == 1.0}
        there = (altered - set(names)) | new
        if not any(frozenset((a, b)) in exclusive for a in new for b in there if a != b):
            sets.append(change)
    return sets


def _batches(sets: Sequence[tuple[Edit, ...]]) -> Iterator[Sequence[tuple[Edit, ...]]]:
    for start in range(0, len(sets), _BATCH):
        yield sets[start : start + _BATCH]


def _altered(bundle: ModelBundle, profile: PatientProfile) -> list[str]:
    values = zip(bundle.schema.features, bundle.schema.values(profile), strict=True)
    return [spec.name for spec, value in values if spec.is_alteration and value == 1.0]


def _members(bundle: ModelBundle, inside: NDArray[np.bool_]) -> tuple[str, ...]:
    return tuple(o for o, i in zip(bundle.options, inside, strict=True) if i)


def _change(bundle: ModelBundle, profile: PatientProfile, edit: Edit) -> Change:
    spec = bundle.schema.feature(edit.feature)
    before: Value = bundle.schema.value(profile, spec.name)
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


def _set_cautions(
    bundle: ModelBundle, profile: PatientProfile, change: Sequence[Edit], count: int | None
) -> list[str]:
    cautions = []
    if count == 0:
        cautions.append(
            "No training patient had these states together: the model answers without an example."
        )
    elif count is not None and count < 20:
        cautions.append(f"Only {count} training patients had these states together.")
    new = {e.feature for e in change if e.value == 1.0}
    gone = {e.feature for e in change}
    for a in sorted(new):
        for b in [*(n for n in _altered(bundle, profile) if n not in gone), *sorted(n for n in new if n > a)]:
            words = pair_caution(
                bundle, bundle.schema, a, b, profile.tumour if _has_tumours(bundle) else None
            )
            if words is not None:
                cautions.append(words)
    return cautions


def _has_tumours(bundle: ModelBundle) -> bool:
    return bundle.training is not None and set(bundle.training.tumours) != {""}
