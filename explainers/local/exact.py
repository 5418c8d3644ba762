"""Exact Shapley values over every coalition: the ruler for all other methods."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from explainers.background import Background, default_background, without_alterations
from explainers.explanation import Explanation, FloatVector
from explainers.players import CannotExplainError, Players, players_of, shapley_values

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["MAX_EVALUATIONS", "MAX_PLAYERS", "TooManyPlayersError", "explain", "shapley_values"]

MAX_PLAYERS = 15
# Coalitions times background patients: about five seconds of a boosted model on one core.
MAX_EVALUATIONS = 2**22


class TooManyPlayersError(CannotExplainError):
    """More players than every coalition of can be asked for."""

    def __init__(self, n_players: int, n_background: int) -> None:
        most = min(MAX_PLAYERS, int(np.log2(MAX_EVALUATIONS / n_background)))
        super().__init__(
            f"{n_players} features differ from the background, which makes 2^{n_players} coalitions of {n_background} "
            f"background patient(s) each; the exact method takes up to {most} of them. Use the method shapley, or "
            "compare with the same patient without alterations (background: unaltered), or name fewer players."
        )
        self.n_players, self.n_background = n_players, n_background


def explain(
    bundle: ModelBundle,
    row: ArrayLike,
    option: str,
    *,
    background: Background | None = None,
    seed: int = 0,
    players: Sequence[str] | None = None,
) -> Explanation:
    """Shapley values by definition: the mean effect of a player over every coalition of the others.

    Parameters
    ----------
    bundle : ModelBundle
    row : array-like (c,)
    option : str
    background : Background, optional
        Default: the same patient with no alteration found, so that the players are the patient's alterations;
        for a published formula its reference patient.
    seed : int
        Ignored: nothing is drawn.
    players : sequence of str, optional
        Only these features may leave the patient's own value; all others hold it in every coalition.

    Raises
    ------
    TooManyPlayersError
        Above `MAX_PLAYERS` players that differ from the background, or `MAX_EVALUATIONS` model calls.

    Notes
    -----
    Shapley (1953). Laws: the values add up to score minus base value; players that play alike get the same;
    a player that never changes a score gets 0.
    """
    row = np.asarray(row, dtype=np.float64)
    game = players_of(bundle, row, option)
    if background is None:
        background = default_background(bundle) if bundle.formula else without_alterations(bundle, row)
    rows = game.background_rows(background)
    limits: list[str] = []
    if players is not None:
        chosen = [_index(game, name) for name in players]
        held = ~np.isin(game.player_of_column, chosen)
        rows = np.where(held, game.row, rows)
        limits.append(
            f"Only {len(chosen)} of {len(game)} features were players; the others kept the patient's own values."
        )
    moving = game.differing(rows)
    if len(moving) > MAX_PLAYERS or 2 ** len(moving) * len(rows) > MAX_EVALUATIONS:
        raise TooManyPlayersError(len(moving), len(rows))
    if background.kind == "rows" and len(rows) == 1 and len(moving) < len(game):
        same = len(game) - len(moving)
        limits.append(f"{same} features are the same in the patient compared with, and so have no part.")

    def worth(present: NDArray[np.bool_]) -> FloatVector:
        everyone = np.ones((len(present), len(game)), dtype=bool)
        everyone[:, moving] = present
        return game.coalition_values(everyone, rows)

    base, share = shapley_values(worth, len(moving))
    values = np.zeros(len(game))
    values[moving] = share
    return game.explanation("exact", values, background, base_value=base, limits=tuple(limits))


def _index(game: Players, name: str) -> int:
    from oncology.errors import UnknownNameError

    if name not in game.names:
        raise UnknownNameError("Feature", name, game.names)
    return game.names.index(name)
