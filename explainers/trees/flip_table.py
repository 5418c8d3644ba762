r"""The exact prediction after every set of up to three changes of one patient.

Project the trees onto boxes over changes (`projection`): box b is reached by a set S exactly when its must-set M_b lies
in S and its must-not-set K_b is disjoint from S. Inclusion and exclusion over K_b writes that indicator as

.. math:: [M_b \subseteq S][K_b \cap S = \emptyset] = \sum_{M_b \subseteq T \subseteq M_b \cup K_b, \; T \subseteq S}
          (-1)^{|T \setminus M_b|} .

So each box adds its value, with a sign, to the Moebius coefficient of every T between M_b and M_b + K_b, and the
prediction of S is the sum of the coefficients of its subsets: 1 + 3 + 3 + 1 numbers for a set of three. Only |T| <= 3
matters for |S| <= 3. Coefficients of single changes and pairs are kept for all; those of triples only where some box
tests all three, which few do. Two changes of one feature exclude each other and are never combined.

The table answers about *all* sets of its sizes, so "no set of up to three changes does it" is a proof.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from explainers.trees.errors import ChangeError
from explainers.trees.forms import Floats
from explainers.trees.projection import Change, check_choice, flips, project

if TYPE_CHECKING:
    from explainers.trees.ensemble import TreeEnsemble

__all__ = ["FlipTable", "fits", "flip_table"]

MOST_PAIR_NUMBERS = 40_000_000  # pairs x outputs: 320 MB


@dataclass(frozen=True, eq=False, slots=True)
class FlipTable:
    """Moebius coefficients of all sets of up to `max_size` of c changes of one row.

    Attributes
    ----------
    feature : int array of shape (c,)
        Feature that each change alters.
    to : float array of shape (c,)
        Value that it is changed to.
    feature_names, output_names : tuple of str
    max_size : int
        1, 2 or 3.
    base : float array of shape (k,)
        Outputs without any change.
    single : float array of shape (c, k)
    pair : float array of shape (c (c - 1) / 2, k)
        Pair i < j stands at j (j - 1) / 2 + i.
    triple_start : int array of shape (c (c - 1) / 2 + 1,)
        Where the triples begin whose two larger members are that pair.
    triple_first : int array
        Their smallest member, rising within a pair.
    triple : float array of shape (number of triples, k)
    """

    feature: NDArray[np.int64]
    to: Floats
    feature_names: tuple[str, ...]
    output_names: tuple[str, ...]
    max_size: int
    base: Floats
    single: Floats
    pair: Floats
    triple_start: NDArray[np.int64]
    triple_first: NDArray[np.int32]
    triple: Floats

    @property
    def n_changes(self) -> int:
        """Number of candidate changes, c."""
        return len(self.feature)

    def positions(self, chosen: Sequence[str | int | Change]) -> NDArray[np.int64]:
        """Positions in the table of changes named by their feature, or by (feature, value) where it has several.

        Raises
        ------
        ChangeError
            If a change is not in the table or could be several.
        """
        found = []
        for item in chosen:
            feature, value = item if isinstance(item, tuple) else (item, None)
            f = self.feature_names.index(feature) if feature in self.feature_names else feature
            here = np.flatnonzero(self.feature == f) if not isinstance(f, str) else np.zeros(0, int)
            if value is not None:
                same = (self.to[here] == value) | (np.isnan(self.to[here]) & np.isnan(value))
                here = here[same]
            if len(here) == 1:
                found.append(int(here[0]))
                continue
            name = feature if isinstance(feature, str) else self._name(feature)
            if len(here) == 0:
                raise ChangeError(f"The change of {name} is not among the {self.n_changes} in this table.")
            raise ChangeError(
                f"{name} has {len(here)} possible values here; say which, as (feature, value): "
                f"{', '.join(f'{v:g}' for v in self.to[here])}."
            )
        return np.array(found, np.int64)

    def _name(self, feature: int) -> str:
        return self.feature_names[feature] if 0 <= feature < len(self.feature_names) else f"feature {feature}"

    def prediction(self, chosen: Sequence[str | int | Change]) -> Floats:
        """Outputs (k,) after one set of changes, given by feature (or (feature, value))."""
        i = check_choice(self.feature, self.max_size, self.positions(chosen))
        out = self.base + self.single[i].sum(0)
        for b in range(len(i)):
            for a in range(b):
                out = out + self.pair[i[b] * (i[b] - 1) // 2 + i[a]]
        if len(i) == 3:
            at = i[2] * (i[2] - 1) // 2 + i[1]
            first, last = self.triple_start[at], self.triple_start[at + 1]
            place = first + np.searchsorted(self.triple_first[first:last], i[0])
            if place < last and self.triple_first[place] == i[0]:
                out = out + self.triple[place]
        return out

    def blocks(self, size: int) -> Iterator[tuple[NDArray[np.int32], Floats]]:
        """Every set of exactly `size` changes with its outputs, in blocks that fit in memory.

        Yields
        ------
        positions : int array of shape (m, size)
            Rising within a set.
        outputs : float array of shape (m, k)
        """
        from explainers.trees import flip_kernels as kernels

        if not 0 <= size <= self.max_size:
            raise ChangeError(
                f"This table holds sets of up to {self.max_size} changes; {size} were asked for."
            )
        if size == 0:
            yield np.zeros((1, 0), np.int32), self.base[None].copy()
        elif size == 1:
            yield np.arange(self.n_changes, dtype=np.int32)[:, None], self.base + self.single
        elif size == 2:
            yield kernels.all_pairs(self.feature, self.base, self.single, self.pair)
        else:
            triples = (self.triple_start, self.triple_first, self.triple)
            for last in range(2, self.n_changes):
                block = kernels.triples_up_to(last, self.feature, self.base, self.single, self.pair, *triples)
                if len(block[0]):
                    yield block

    def count(self, size: int) -> int:
        """Number of sets of exactly `size` changes that alter each feature at most once."""
        ways = np.zeros(size + 1, dtype=object)
        ways[0] = 1
        for n in np.unique(self.feature, return_counts=True)[1].tolist():
            ways[1:] = ways[1:] + n * ways[:-1]
        return int(ways[size])

    def smallest(self, reached: Callable[[Floats], NDArray[np.bool_]]) -> list[tuple[int, ...]] | None:
        """All sets of the smallest size whose outputs are what is wanted; None proves that no set here is.

        Parameters
        ----------
        reached : callable
            Takes outputs (m, k) and says for each of the m whether it is wanted.

        Returns
        -------
        list of tuples of positions, or None
            ``[()]`` if no change is needed.
        """
        for size in range(self.max_size + 1):
            found = [tuple(s) for at, outputs in self.blocks(size) for s in at[reached(outputs)].tolist()]
            if found:
                return found
        return None


def fits(n_changes: int, n_outputs: int, max_size: int) -> bool:
    """Whether a table of so many changes is not too large to keep."""
    return max_size < 2 or n_changes * (n_changes - 1) // 2 * n_outputs <= MOST_PAIR_NUMBERS


def flip_table(
    ensemble: TreeEnsemble,
    row: ArrayLike,
    features: Sequence[str | int] | None = None,
    max_size: int = 3,
    *,
    changes: Sequence[Change] | None = None,
) -> FlipTable:
    """The table of a row's changes; see `TreeEnsemble.flip_table`."""
    from explainers.trees import flip_kernels as kernels

    if (features is None) == (changes is None):
        raise ChangeError("Give either features to flip between 0 and 1, or changes=[(feature, value), ...].")
    if max_size not in (1, 2, 3):
        raise ChangeError(
            f"A table holds sets of up to 1, 2 or 3 changes, not {max_size}; larger sets are searched by branch and "
            "bound (explainers.trees.search)."
        )
    listed = flips(ensemble, row, features or ()) if changes is None else list(changes)
    c, k = len(listed), ensemble.n_outputs
    if not fits(c, k, max_size):
        raise ChangeError(
            f"{c} changes with {k} outputs make a table too large to keep; offer fewer changes or outputs."
        )
    boxes = project(ensemble, row, listed, max_size)
    base, single, pair = kernels.moebius(
        boxes.feature,
        boxes.base,
        boxes.tree,
        boxes.tree_output,
        boxes.must_start,
        boxes.must_items,
        boxes.keep_start,
        boxes.keep_items,
        boxes.value,
        max_size,
    )
    start, first, triple = np.zeros(1, np.int64), np.zeros(0, np.int32), np.zeros((0, k))
    if max_size == 3:
        start, first, triple = kernels.moebius_triples(
            boxes.feature,
            boxes.must_start,
            boxes.must_items,
            boxes.keep_start,
            boxes.keep_items,
            boxes.value,
        )
    arrays = (base, single, pair, start, first, triple)
    for array in arrays:
        array.flags.writeable = False
    return FlipTable(
        boxes.feature, boxes.to, ensemble.feature_names, ensemble.output_names, max_size, *arrays
    )
