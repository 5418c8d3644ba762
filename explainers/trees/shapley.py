"""Shapley values of rows, by the kernels that fit: one row at a time, or a cohort by tables of patterns."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from explainers.trees.errors import BackgroundError
from explainers.trees.forms import Floats

if TYPE_CHECKING:
    from explainers.trees.ensemble import TreeEnsemble
    from explainers.trees.forms import Boxes
    from explainers.trees.interventional import Patterns
    from explainers.trees.path_dependent import Splits

__all__ = ["Background", "Workings", "interventional", "path_dependent", "prepare_background", "workings"]

MOST_PATTERNS = (
    16_000_000  # 8 to 12 bytes each: beyond, they are collected anew for every question, in portions
)
PATTERNS_A_PORTION = 2_000_000
KEPT_BACKGROUNDS = 4
COHORT = 16  # from this many rows on, tables of patterns pay


@dataclass(frozen=True, eq=False, slots=True)
class Background:
    """A background that one ensemble has been made ready to compare with.

    Attributes
    ----------
    prepared_by : TreeEnsemble
        The ensemble whose leaves `patterns` describe; with another they would be read out of place.
    n_rows : int
    base_values : float array of shape (k,)
        Mean output over the background.
    fingerprint : str
        Name of its content.
    patterns : Patterns or None
        Distinct patterns of satisfied conditions at every leaf; None where they are too many to keep.
    columns : float array of shape (columns, b)
        The rows, column by column.
    held : uint8 array of shape (b, conditions)
        What each row satisfies; only where leaves are too deep for patterns, else empty.
    """

    prepared_by: TreeEnsemble
    n_rows: int
    base_values: Floats
    fingerprint: str
    patterns: Patterns | None
    columns: Floats
    held: NDArray[np.uint8]


class Workings:
    """What the kernels need of an ensemble beyond its form: made when first needed, then kept.

    Attributes
    ----------
    splits : Splits
        Inner nodes in the order of the path-dependent walk; TreeEngineError where a path is too long for it.
    value : float array of shape (L, w)
        Leaf values. Where every leaf of a tree has the same sum over all outputs (class probabilities), the effects
        on the outputs add up to 0: the last one is left out here and follows from the others (`closes`).
    fours : float array of shape (L, 1) or (L * blocks, 4)
        The same in rows of four.
    base_values : float array of shape (k,)
        Mean output over the training weights.
    """

    def __init__(self, ensemble: TreeEnsemble) -> None:
        from explainers.trees import path_dependent as kernels

        self._nodes = ensemble.nodes
        self.base_values = kernels.base_values(ensemble.boxes, ensemble.base)
        self.base_values.flags.writeable = False
        value = ensemble.boxes.value
        width = value.shape[1]
        self.closes = width > 1 and _sums_are_constant(ensemble)
        if self.closes:
            value = np.ascontiguousarray(value[:, : width - 1])
        width = value.shape[1]
        fours = value
        if width > 1:
            fours = np.zeros((len(value), -(-width // 4) * 4))
            fours[:, :width] = value
            fours = fours.reshape(-1, 4)
        self.value, self.fours = value, fours
        for array in (value, fours):
            array.flags.writeable = False
        self.backgrounds: OrderedDict[str, Background] = OrderedDict()

    @cached_property
    def splits(self) -> Splits:
        from explainers.trees.path_dependent import splits_of

        return splits_of(self._nodes)

    def close(self, values: Floats) -> Floats:
        """Fill the last output (last axis) from the others, where it was left out."""
        if self.closes:
            values[..., -1] = -values[..., :-1].sum(-1)
        return values


@lru_cache(maxsize=32)
def workings(ensemble: TreeEnsemble) -> Workings:
    """The ensemble's workings, kept for the ensembles used last."""
    return Workings(ensemble)


def _sums_are_constant(ensemble: TreeEnsemble) -> bool:
    sums, first = ensemble.boxes.value.sum(1), np.flatnonzero(np.diff(ensemble.boxes.tree, prepend=-1))
    return bool((np.maximum.reduceat(sums, first) - np.minimum.reduceat(sums, first)).max() < 1e-12)


def path_dependent(ensemble: TreeEnsemble, X: ArrayLike) -> tuple[Floats, Floats]:
    """Values (n, p, k) and base values (k,) with the trees' own training weights as the reference."""
    from explainers.trees import path_dependent as kernels
    from explainers.trees.cohorts import explain_cohort, fits_tables
    from explainers.trees.rows import held

    rows, work = ensemble.rows(X), workings(ensemble)
    if len(rows) >= COHORT and fits_tables(ensemble):
        return explain_cohort(ensemble, rows, None), work.base_values
    out = np.zeros((len(rows), ensemble.n_features, ensemble.n_outputs))
    lanes = work.splits.lanes
    groups = [(int(q), np.flatnonzero(lanes == q)) for q in np.unique(lanes) if q > 0]
    for row, values in zip(rows, out, strict=True):
        satisfied = held(row, ensemble.conditions)
        for q, trees in groups:
            points, weights = kernels.quadrature(q)
            kernels.explain_row(satisfied, work.splits, work.value, trees, (0,) * q, points, weights, values)
    return work.close(out), work.base_values


def prepare_background(ensemble: TreeEnsemble, background: ArrayLike | Background) -> Background:
    """The background in the form that comparisons need; kept for the last few used, by content.

    Raises
    ------
    BackgroundError
        If it has no rows, or another ensemble prepared it.
    """
    if isinstance(background, Background):
        other = background.prepared_by
        if other is not ensemble and other.fingerprint != ensemble.fingerprint:
            raise BackgroundError(
                f"This background was prepared by another ensemble ({other!r}) than the one asked ({ensemble!r}), so "
                "its patterns belong to other leaves. Prepare it again with this ensemble's prepare_background, or "
                "give the rows themselves."
            )
        return background
    from explainers.trees import interventional as kernels
    from explainers.trees.rows import held

    rows = ensemble.rows(background)
    if len(rows) == 0:
        raise BackgroundError(
            "The background has no rows. Give at least one patient to compare with; a single row is a reference "
            "patient, several are averaged over."
        )
    kept = workings(ensemble).backgrounds
    fingerprint = hashlib.sha256(rows.tobytes()).hexdigest()
    if fingerprint in kept:
        kept.move_to_end(fingerprint)
        return kept[fingerprint]
    columns = np.ascontiguousarray(rows.T)
    columns.flags.writeable = False
    patterns = _collect(ensemble, columns, ensemble.boxes, MOST_PATTERNS)
    longest = int(np.diff(ensemble.boxes.start).max(initial=0))
    by_row = np.zeros((0, len(ensemble.conditions.feature)), np.uint8)
    if longest > kernels.LONGEST:
        by_row = np.array([held(row, ensemble.conditions) for row in rows])
    base_values = ensemble.predict(background).mean(0)
    for array in (by_row, base_values):
        array.flags.writeable = False
    kept[fingerprint] = Background(ensemble, len(rows), base_values, fingerprint, patterns, columns, by_row)
    while len(kept) > KEPT_BACKGROUNDS:
        kept.popitem(last=False)
    return kept[fingerprint]


def _collect(ensemble: TreeEnsemble, columns: Floats, boxes: Boxes, limit: int) -> Patterns | None:
    """Distinct patterns of a background at some boxes, or None where they are more than `limit`."""
    from explainers.trees import interventional as kernels

    start, bits, count = kernels.collect_patterns(columns, boxes, ensemble.conditions, limit)
    if len(bits) > limit:
        return None
    if np.diff(ensemble.boxes.start).max(initial=0) <= 32:
        bits = bits.astype(np.uint32)  # half the memory, and it is memory that the comparison waits for
    for array in (start, bits, count):
        array.flags.writeable = False
    return kernels.Patterns(start, bits, count, columns.shape[1])


def _portions(
    ensemble: TreeEnsemble, ready: Background, values: Floats
) -> Iterator[tuple[Boxes, Floats, Patterns]]:
    """Boxes, their rows of `values` and their patterns: all at once where they are kept, else in portions."""
    boxes, n = ensemble.boxes, ensemble.n_leaves
    if ready.patterns is not None:
        yield boxes, values, ready.patterns
        return
    step, per_box = max(1, PATTERNS_A_PORTION // ready.n_rows), len(values) // n
    for first in range(0, n, step):
        part = slice(first, min(n, first + step))
        some = boxes._replace(
            start=boxes.start[first : part.stop + 1],
            value=boxes.value[part],
            output=boxes.output[part],
            tree=boxes.tree[part],
        )
        patterns = _collect(ensemble, ready.columns, some, np.iinfo(np.int64).max)
        assert patterns is not None, "only a limit on their number leaves patterns uncollected"
        yield some, values[first * per_box : part.stop * per_box], patterns


def interventional(
    ensemble: TreeEnsemble, X: ArrayLike, background: ArrayLike | Background
) -> tuple[Floats, Floats]:
    """Values (n, p, k) and base values (k,) against a background (b, p), averaged over its rows."""
    from explainers.trees import interventional as kernels
    from explainers.trees.cohorts import explain_cohort, fits_tables
    from explainers.trees.rows import held

    ready, rows, work = prepare_background(ensemble, background), ensemble.rows(X), workings(ensemble)
    if len(rows) >= COHORT and fits_tables(ensemble) and ready.patterns is not None:
        return explain_cohort(ensemble, rows, ready), ready.base_values
    p, k, n = ensemble.n_features, ensemble.n_outputs, len(rows)
    single = work.fours.shape[1] == 1
    shown = k if single else work.value.shape[1]
    longest = int(np.diff(ensemble.boxes.start).max(initial=0))
    weights = kernels.shapley_weights(max(64, longest + 1))
    satisfied = [held(row, ensemble.conditions) for row in rows]
    blocks = 1 if single else len(work.fours) // ensemble.n_leaves
    credit = np.zeros((n, p * k, 1) if single else (n, p * blocks, 4))
    for boxes, values, patterns in _portions(ensemble, ready, work.fours):
        for i in range(n):
            kernels.explain_row(
                satisfied[i], boxes, values, patterns, weights, kernels.BYTES_AS_LANES, p, credit[i]
            )
    out = np.zeros((n, p, k))
    out[:, :, :shown] = credit.reshape(n, p, -1)[:, :, :shown]
    if longest > kernels.LONGEST:
        for i in range(n):
            kernels.add_long_boxes(satisfied[i], ready.held, ensemble.boxes, work.value, weights, out[i])
    return work.close(out), ready.base_values
