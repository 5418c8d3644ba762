"""One patient's trees as boxes over candidate changes: what every search over sets of changes starts from.

Fix everything about a row except a list of candidate **changes** (feature, value). For a set S of changes, at most
one per feature, a leaf is reached exactly when for every condition on its path the feature's value, changed or not,
is inside. So each leaf becomes zero or more boxes over changes:

* a condition on a feature that cannot change must hold now, else the leaf is out of reach;
* a condition that holds now turns into *must not*: the feature's alternatives that lie outside may not be in S;
* a condition that fails now turns into *must*: one of the feature's alternatives that lie inside has to be in S.
  Several alternatives inside (three states, numeric values) give one copy of the box each, a product over features.

A copy is reached by S exactly when its must-set M lies in S and its must-not-set K is disjoint from S, given that S
holds at most one change per feature. Within a tree exactly one box is reached by each S, so the boxes are disjoint.
A box that needs more than `max_size` changes is left out: no set of that size reaches it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from explainers.trees.errors import ChangeError
from explainers.trees.forms import Floats

if TYPE_CHECKING:
    from explainers.trees.ensemble import TreeEnsemble

__all__ = ["Change", "ProjectedBoxes", "flips", "interval_values", "project", "read_changes", "states"]

Change = tuple[str | int, float]
MAX_BOXES = 20_000_000  # beyond this a projection would not fit beside a dashboard


@dataclass(frozen=True, eq=False, slots=True)
class ProjectedBoxes:
    """Boxes over c candidate changes of one row, n of them, sorted by tree; all arrays C-contiguous, read-only.

    Reached by a set S of changes (positions in `feature` / `value`, at most one per feature, at most `max_size`):
    box b is reached when every item of ``must_items[must_start[b]:must_start[b + 1]]`` is in S and no item of
    ``keep_items[keep_start[b]:keep_start[b + 1]]`` is. Then

        output(S) = base + sum of value[b] over reached boxes b,   exactly one per tree

    holds for every such S, where trees that cannot change are already in `base` and have no boxes.

    Attributes
    ----------
    feature : int64 array of shape (c,)
        Feature that each change alters; changes with equal feature exclude each other.
    to : float64 array of shape (c,)
        Value that it is changed to (NaN: becomes unknown).
    max_size : int
        Boxes that need more changes than this are left out.
    base : float64 array of shape (k,)
        The model's base and all trees that no allowed set can change.
    output_names : tuple of str, length k
    tree_start : int64 array of shape (t + 1,)
        Boxes ``tree_start[i]`` to ``tree_start[i + 1]`` belong to the i-th tree that can change.
    tree : int32 array of shape (n,)
        That i of every box (0 to t - 1, rising).
    tree_output : int32 array of shape (t,)
        The only output with a value other than 0 in this tree, or -1 where there are several.
    must_start, keep_start : int64 arrays of shape (n + 1,)
    must_items, keep_items : int32 arrays
        Positions of changes; within a box the musts belong to distinct features.
    value : float64 array of shape (n, k)
    """

    feature: NDArray[np.int64]
    to: Floats
    max_size: int
    base: Floats
    output_names: tuple[str, ...]
    tree_start: NDArray[np.int64]
    tree: NDArray[np.int32]
    tree_output: NDArray[np.int32]
    must_start: NDArray[np.int64]
    must_items: NDArray[np.int32]
    keep_start: NDArray[np.int64]
    keep_items: NDArray[np.int32]
    value: Floats

    @property
    def n_changes(self) -> int:
        """Number of candidate changes, c."""
        return len(self.feature)

    @property
    def n_boxes(self) -> int:
        """Number of boxes, n."""
        return len(self.tree)

    def prediction(self, chosen: Sequence[int]) -> Floats:
        """Outputs (k,) after the chosen changes (positions), read slowly off the definition.

        Raises
        ------
        ChangeError
            If two of them alter one feature, or more than `max_size` are given.
        """
        in_s = np.zeros(self.n_changes, np.int64)
        in_s[check_choice(self.feature, self.max_size, chosen)] = 1
        musts = np.concatenate([[0], np.cumsum(1 - in_s[self.must_items])])
        keeps = np.concatenate([[0], np.cumsum(in_s[self.keep_items])])
        reached = (musts[self.must_start[1:]] == musts[self.must_start[:-1]]) & (
            keeps[self.keep_start[1:]] == keeps[self.keep_start[:-1]]
        )
        return self.base + self.value[reached].sum(0)


def check_choice(feature: NDArray[np.int64], max_size: int, chosen: Iterable[int]) -> NDArray[np.int64]:
    """Positions of chosen changes, after refusing sets that no table holds."""
    picked = np.array(sorted(set(map(int, chosen))), np.int64)
    if len(picked) > max_size:
        raise ChangeError(f"{len(picked)} changes were asked for; this holds sets of up to {max_size}.")
    if len(picked) and not (picked[0] >= 0 and picked[-1] < len(feature)):
        raise ChangeError(f"The changes are numbered 0 to {len(feature) - 1}; found {picked.tolist()}.")
    if len(np.unique(feature[picked])) < len(picked):
        raise ChangeError("Two of the changes alter the same feature; a feature can only have one value.")
    return picked


def only_row(ensemble: TreeEnsemble, row: ArrayLike) -> Floats:
    """The row (columns,) that changes are made to; ChangeError if there is none or several."""
    rows = ensemble.rows(row)
    if len(rows) != 1:
        raise ChangeError(
            f"Changes are made to one row; {len(rows)} were given. Give one patient's row, (p,)."
        )
    return rows[0]


def _pairs(changes: Sequence[Change]) -> tuple[list[str | int], Floats]:
    """Features and values of listed changes, after refusing what is no pair of a feature and a number."""
    features: list[str | int] = []
    values: list[float] = []
    for change in changes:
        try:
            if isinstance(change, str):
                raise TypeError
            feature, value = change
            values.append(float(value))
        except (TypeError, ValueError):
            raise ChangeError(
                f"Found the change {change!r}, expected (feature, value) with a number as its value: 1 for altered, "
                "0 for tested and not altered, nan for not assayed."
            ) from None
        features.append(feature)
    return features, np.array(values, float)


def flips(ensemble: TreeEnsemble, row: ArrayLike, features: Sequence[str | int]) -> list[Change]:
    """The change 0 <-> 1 of each feature.

    Raises
    ------
    ChangeError
        If a feature's value is neither 0 nor 1 in this row (unknown, or a count), with what to use instead.
    """
    x = only_row(ensemble, row)
    made: list[Change] = []
    for f in map(ensemble.feature_index, features):
        if x[f] not in (0.0, 1.0):
            found = "unknown" if np.isnan(x[f]) else f"{x[f]:g}"
            raise ChangeError(
                f"{ensemble.feature_names[f]} is {found} in this row, so it cannot be flipped between 0 and 1. "
                "Give changes=[(feature, value), ...] with the values it may take."
            )
        made.append((f, 1.0 - x[f]))
    return made


def states(
    ensemble: TreeEnsemble,
    row: ArrayLike,
    features: Sequence[str | int],
    values: Sequence[float] = (0.0, 1.0, np.nan),
) -> list[Change]:
    """Every other state of each feature: altered (1), tested and not altered (0), not assayed (NaN)."""
    x = only_row(ensemble, row)
    return [
        (f, float(v))
        for f in map(ensemble.feature_index, features)
        for v in values
        if not (v == x[f] or (np.isnan(v) and np.isnan(x[f])))
    ]


def interval_values(thresholds: Floats) -> Floats:
    """One value out of every interval between sorted thresholds (intervals hold their upper end).

    Examples
    --------
    >>> interval_values(np.array([1.0, 3.0])).tolist()
    [-1.0, 2.0, 5.0]
    """
    if len(thresholds) == 0:
        return np.zeros(0)
    gaps = np.diff(thresholds) if len(thresholds) > 1 else np.ones(1)
    middle = thresholds[:-1] + np.diff(thresholds) / 2
    middle = np.where(middle > thresholds[:-1], middle, thresholds[1:])  # neighbouring doubles
    # The gap may be lost in rounding.
    above = max(thresholds[-1] + gaps[-1], np.nextafter(thresholds[-1], np.inf))
    return np.concatenate([[thresholds[0] - gaps[0]], middle, [above]])


def read_changes(
    ensemble: TreeEnsemble, row: ArrayLike, changes: Sequence[Change]
) -> tuple[Floats, NDArray[np.int64], Floats, Floats]:
    """The row with its coded columns, features, values and the changed rows' columns of each change.

    Returns
    -------
    x : (columns,), feature : (c,), to : (c,), column_value : (c, 1 + coded columns of that feature)
    """
    x = only_row(ensemble, row)
    features, to = _pairs(changes)
    feature = np.array([ensemble.feature_index(f) for f in features], np.int64)
    if not ensemble.takes_missing and np.isnan(to).any():
        name = ensemble.feature_names[feature[np.isnan(to)][0]]
        raise ChangeError(f"{name} cannot become unknown: the model has no direction for missing values.")
    same = (to == x[feature]) | (np.isnan(to) & np.isnan(x[feature]))
    if same.any():
        i = int(same.argmax())
        raise ChangeError(f"{ensemble.feature_names[feature[i]]} already is {to[i]:g}: that is no change.")
    keys = list(zip(feature.tolist(), [None if v != v else v for v in to.tolist()], strict=True))
    if len(set(keys)) < len(keys):
        i = next(i for i, key in enumerate(keys) if keys.index(key) < i)
        raise ChangeError(f"The change of {ensemble.feature_names[feature[i]]} to {to[i]:g} is listed twice.")
    columns = np.empty((len(to), 1 + len(ensemble.coded)))
    columns[:, 0] = to
    for j, coded in enumerate(ensemble.coded):
        columns[:, 1 + j] = coded.encode(to)
    return x, feature, to, columns


def project(
    ensemble: TreeEnsemble, row: ArrayLike, changes: Sequence[Change], max_size: int
) -> ProjectedBoxes:
    """Boxes of a row over candidate changes, for sets of up to `max_size` of them.

    Parameters
    ----------
    ensemble : TreeEnsemble
    row : array-like of shape (p,) or (1, p)
        The patient as the model reads it.
    changes : sequence of (feature, value)
        Candidates: feature by name or position, and the value it would take (NaN: becomes unknown). `flips`,
        `states` and `TreeEnsemble.interval_values` make the usual lists. Several values of one feature exclude
        each other.
    max_size : int
        Largest set that will be asked for.

    Raises
    ------
    ChangeError
        If a change changes nothing, is listed twice, or the boxes would not fit in memory.
    """
    from explainers.trees import projection_kernels as kernels
    from explainers.trees.rows import held

    x, feature, to, columns = read_changes(ensemble, row, changes)
    if max_size < 0:
        raise ChangeError(f"The largest size of a set cannot be {max_size}.")
    conditions = ensemble.conditions
    now = held(x, conditions)
    by_feature = np.argsort(feature, kind="stable")
    first = np.searchsorted(feature[by_feature], np.arange(ensemble.n_features + 1))
    flat_start, inside = kernels.alternatives_inside(
        conditions, feature, columns, by_feature, first, ensemble.n_features
    )
    boxes = ensemble.boxes
    leaves, always, *sizes = kernels.count_boxes(boxes, now, flat_start, inside, max_size)
    n_boxes = sizes[0]
    if n_boxes > MAX_BOXES:
        raise ChangeError(
            f"{n_boxes:,} boxes would be needed; offer fewer values per feature or ask for smaller sets."
        )
    leaf, must_start, must_items, keep_start, keep_items = kernels.fill_boxes(
        leaves, boxes, now, by_feature, first, flat_start, inside, *sizes
    )
    k = ensemble.n_outputs
    value = kernels.spread(leaf, boxes.value, boxes.output, k)
    base = ensemble.base + kernels.spread(always, boxes.value, boxes.output, k).sum(0)
    fresh = np.diff(boxes.tree[leaf], prepend=-1) != 0
    tree = np.cumsum(fresh) - 1
    tree_start = np.append(np.flatnonzero(fresh), len(leaf))
    arrays = {
        "feature": feature,
        "to": to,
        "base": base,
        "tree_start": tree_start.astype(np.int64),
        "tree": tree.astype(np.int32),
        "tree_output": kernels.only_outputs(value, tree_start),
        "must_start": must_start,
        "must_items": must_items,
        "keep_start": keep_start,
        "keep_items": keep_items,
        "value": value,
    }
    for array in arrays.values():
        array.flags.writeable = False
    return ProjectedBoxes(max_size=max_size, output_names=ensemble.output_names, **arrays)
