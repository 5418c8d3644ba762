"""The one form that every tree library is brought into.

A decision tree cuts the space of patients into **boxes**, one a leaf. For each feature that the path to a leaf
tests, the box holds one **condition**: an interval (low, high] of values, or a set of categories, and whether a
missing value belongs inside. A leaf's value counts for a patient exactly when all conditions of its box hold::

    f(x) = base + sum over leaves l of value_l * prod over conditions j of l [x satisfies j]

Everything in this package follows from that product. Two more facts make it fast:

* Few *distinct* conditions exist (a binary alteration has two), so a row is turned once into one byte per
  distinct condition, `held`, and every leaf only looks bytes up.
* Libraries differ in how they compare, not in what they compare. The difference is folded into the thresholds:
  where a library rounds to single precision first, or compares with < instead of <=, the threshold becomes the
  largest double that still goes left (`as_double_threshold`). Afterwards every comparison is ``value <= threshold``
  on the caller's own doubles, and models of several libraries can share one form.

Categories enter as codes: a categorical feature gets an extra **column** behind the p features that holds the
position of its value among the known categories (one further code for "none of them"; missing stays NaN).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Boxes", "CodedColumn", "Conditions", "Nodes", "Tree", "as_double_threshold", "content_digest"]

Floats = NDArray[np.float64]


@dataclass(eq=False, slots=True)
class Tree:
    """One tree as a library's converter hands it over, children by index, node 0 the root.

    Attributes
    ----------
    column : int array of shape (n_nodes,)
        Column that the node splits on; -1 at a leaf.
    threshold : float array of shape (n_nodes,)
        A value goes left when it is <= this (already folded to double precision).
    missing_left : bool array of shape (n_nodes,)
        Whether a missing value goes left.
    left, right : int arrays of shape (n_nodes,)
        Children; anything at leaves.
    cover : float array of shape (n_nodes,)
        Training weight that reached the node, as the library recorded it.
    value : float array of shape (n_nodes, w)
        What a leaf adds to outputs `output` .. `output + w - 1`.
    output : int
        First output that the tree adds to.
    left_sets : dict of int to bool array
        For a node that splits by category: the codes that go left ("none of them" is the last code).
    """

    column: NDArray[np.int64]
    threshold: Floats
    missing_left: NDArray[np.bool_]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    cover: Floats
    value: Floats
    output: int = 0
    left_sets: dict[int, NDArray[np.bool_]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False, slots=True)
class CodedColumn:
    """How the values of a categorical feature become codes.

    Attributes
    ----------
    feature : int
        The feature that is coded.
    values : float array, sorted
        Known categories; the code is the position, and ``len(values)`` stands for any other value.
    truncate : bool
        Whether the library drops the fraction of a value before it looks the category up.
    single : bool
        Whether it first rounds the value to single precision, and then knows no category below 0 (XGBoost).
    """

    feature: int
    values: Floats
    truncate: bool = False
    single: bool = False

    def encode(self, raw: Floats) -> Floats:
        """Codes of raw values; missing stays missing.

        Examples
        --------
        >>> CodedColumn(0, np.array([1.0, 4.0])).encode(np.array([4.0, 1.0, 7.0, np.nan]))
        array([ 1.,  0.,  2., nan])
        >>> CodedColumn(0, np.array([0.0]), truncate=True).encode(np.array([-0.9, -1.0]))
        array([0., 1.])
        """
        n, value = len(self.values), raw
        if self.single:
            with np.errstate(over="ignore"):
                value = raw.astype(np.float32).astype(float)
            value = np.where(value < 0, -1.0, value)
        if self.truncate:
            value = np.trunc(value)
        if n == 0:
            return np.where(np.isnan(raw), np.nan, 0.0)
        position = np.minimum(np.searchsorted(self.values, value), n - 1)
        codes = np.where(self.values[position] == value, position, n).astype(float)
        return np.where(np.isnan(raw), np.nan, codes)


class Conditions(NamedTuple):
    """The distinct conditions of an ensemble, c of them.

    A value v satisfies a numeric condition when ``low < v <= high``; a code satisfies a set condition when
    ``sets[set_row, code]`` is 1; a missing value satisfies either when `missing` is 1.
    """

    feature: NDArray[np.int32]  # (c,) which feature an effect is credited to
    column: NDArray[np.int32]  # (c,) which column is looked at; differs from feature for categories only
    low: Floats  # (c,) NaN where there is no lower bound, so that "not v <= low" holds for every v
    high: Floats  # (c,)
    missing: NDArray[np.uint8]  # (c,)
    set_row: NDArray[np.int32]  # (c,) -1 for numeric conditions
    sets: NDArray[np.uint8]  # (rows, widest number of codes)


class Nodes(NamedTuple):
    """All trees' nodes, n of them, each tree in preorder (a node's left child is the next node).

    The last five arrays describe the *edge* into a node. A feature tested again lower down replaces its earlier
    condition by the narrower one, so `condition` and `ratio` are cumulative over the path's tests of `feature`.
    """

    start: NDArray[np.int64]  # (trees + 1,)
    output: NDArray[np.int32]  # (trees,) first output that the tree adds to
    depth: NDArray[np.int32]  # (trees,) most distinct features on a path
    column: NDArray[np.int32]  # (n,) -1 at leaves
    threshold: Floats  # (n,)
    missing_left: NDArray[np.uint8]  # (n,)
    set_row: NDArray[np.int32]  # (n,) row of `left_sets`, or -1
    left_sets: NDArray[np.uint8]  # (rows, widest number of codes)
    right: NDArray[np.int32]  # (n,)
    leaf: NDArray[np.int32]  # (n,) row among the boxes, or -1
    parent: NDArray[np.int32]  # (n,) -1 at roots
    previous: NDArray[np.int32]  # (n,) the node above whose edge tests the same feature, or -1
    feature: NDArray[np.int32]  # (n,) feature tested by the edge, -1 at roots
    condition: NDArray[np.int32]  # (n,) cumulative condition on that feature, -1 at roots
    ratio: Floats  # (n,) cumulative share of the training weight that this feature's tests let through


class Boxes(NamedTuple):
    """All leaves as boxes, L of them, in the order of their trees."""

    start: NDArray[np.int64]  # (L + 1,) where each box's conditions begin
    condition: NDArray[np.int32]  # one distinct feature each
    feature: NDArray[np.int32]  # feature of that condition
    ratio: Floats  # share of the training weight that the feature's tests on this path let through
    value: Floats  # (L, w)
    output: NDArray[np.int32]  # (L,) first output that the value adds to
    tree: NDArray[np.int32]  # (L,)


def content_digest(*parts: object) -> str:
    """SHA-256 over plain values, arrays and nested tuples of them, with their types and shapes."""
    digest = sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            digest.update(f"{part.dtype.str}{part.shape}".encode())
            digest.update(np.ascontiguousarray(part).tobytes())
        elif isinstance(part, tuple):
            digest.update(f"({len(part)}){content_digest(*part)}".encode())
        else:
            digest.update(f"{type(part).__name__} {part!r};".encode())
    return digest.hexdigest()


def as_double_threshold(threshold: Floats, *, strict: bool = False) -> Floats:
    """Largest double that a library which first rounds to single precision would still send left.

    scikit-learn's trees (forests, gradient boosting) round a value to single precision and go left when the result
    is <= a double threshold; XGBoost goes left when it is < a single-precision threshold (`strict`). Rounding is
    monotone, so in both cases the doubles that go left are exactly those up to one largest value: the middle
    between the last single that goes left and the next one, included when ties round down to an even mantissa.

    Examples
    --------
    >>> t = as_double_threshold(np.array([0.5]))
    >>> bool(np.float32(t[0]) <= 0.5), bool(np.float32(np.nextafter(t[0], 1)) <= 0.5)
    (True, False)
    """
    threshold = np.asarray(threshold, float)
    with np.errstate(over="ignore"):
        last = threshold.astype(np.float32)
    beyond = last.astype(float) >= threshold if strict else last.astype(float) > threshold
    last = np.where(beyond, np.nextafter(last, np.float32(-np.inf)), last).astype(np.float32)
    with np.errstate(over="ignore"):
        following = np.nextafter(last, np.float32(np.inf))
    high = np.where(np.isinf(following), 2.0**128, following.astype(float))
    with np.errstate(invalid="ignore"):
        middle = last.astype(float) / 2 + high / 2
    even = (last.view(np.uint32) & 1) == 0
    folded = np.where(even, middle, np.nextafter(middle, -np.inf))
    return np.where(np.isfinite(threshold), folded, threshold)
