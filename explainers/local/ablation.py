"""Leave one out: what the score would be with one input in its reference state, all others as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from explainers.background import Background, BackgroundError, default_background
from explainers.explanation import Explanation, FloatMatrix
from explainers.players import Players, players_of

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["explain"]


def explain(
    bundle: ModelBundle,
    row: ArrayLike,
    option: str,
    *,
    background: Background | None = None,
    seed: int = 0,
) -> Explanation:
    """Score minus the score with one feature in its reference state.

    The reference state of an alteration is *tested, not altered*. A clinical value is replaced by the values of
    the background patients, one after the other, and the scores are averaged; a derived variable of a published
    formula by its reference. What was not assayed cannot be left out and has the value 0.

    Parameters
    ----------
    bundle : ModelBundle
    row : array-like (c,)
    option : str
    background : Background, optional
        For the clinical values; default: the bundle's own.
    seed : int
        Ignored: nothing is drawn.

    Notes
    -----
    The values do not share out the score: two inputs of which either alone would do have small values both. The
    residual is what the inputs do only together.
    """
    row = np.asarray(row, dtype=np.float64)
    game = players_of(bundle, row, option)
    background = default_background(bundle) if background is None else background
    rows = game.background_rows(background)
    states = _alteration_columns(bundle, game)
    rows = np.where(states, 0.0, rows) if states.any() else rows
    unknown = states & np.isnan(game.row)
    rows = np.where(unknown, np.nan, rows)

    moving = game.differing(rows)
    present = np.ones((len(moving) + 1, len(game)), dtype=bool)
    present[np.arange(len(moving)), moving] = False
    present[-1] = False
    if rows.size == 0:
        raise BackgroundError("The background holds no patient.")
    without = _values(game, present, rows)
    values = np.zeros(len(game))
    values[moving] = game.score - without[:-1]

    n_unknown = int(np.unique(game.player_of_column[unknown]).size)
    limits = ["Values are measured one at a time and do not add up to the score."]
    if n_unknown:
        limits.append(
            f"{n_unknown} alteration{'s were' if n_unknown > 1 else ' was'} not assayed: "
            "there is nothing to leave out, and the value 0 says nothing about them."
        )
    name = background
    if states.any():
        words = f"alterations: tested, not altered; other values: {background.name}"
        name = Background(words, background.fingerprint, background.kind, background.rows)
    return game.explanation("ablation", values, name, base_value=float(without[-1]), limits=tuple(limits))


def _values(game: Players, present: NDArray[np.bool_], rows: FloatMatrix) -> NDArray[np.float64]:
    """Coalition values, asking once where only one distinct row results (an alteration alone is left out)."""
    values = np.empty(len(present))
    constant = (rows == rows[0]) | (np.isnan(rows) & np.isnan(rows[0]))
    for group in (True, False):
        # An alteration's reference state is one state: no need to average over the background.
        asked = np.array([constant[:, ~p[game.player_of_column]].all() for p in present]) == group
        if asked.any():
            values[asked] = game.coalition_values(present[asked], rows[:1] if group else rows)
    return values


def _alteration_columns(bundle: ModelBundle, game: Players) -> NDArray[np.bool_]:
    """Columns of the game (w,) whose reference state is "tested, not altered"; none for a formula."""
    if bundle.formula is not None:
        return np.zeros(len(game.row), dtype=bool)
    reads = np.array([f.reads.what in ("alteration", "vaf", "count") for f in bundle.schema.features])
    return reads[game.player_of_column]
