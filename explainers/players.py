"""The players among whom an explanation shares out a score: features, or the derived variables of a formula."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import comb
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from explainers.background import Background, BackgroundError
from explainers.explanation import Explanation, FloatMatrix, FloatVector, Unit
from oncology.errors import OncologyError

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["CannotExplainError", "Players", "option_margin", "players_of", "shapley_values"]

# Rows that go through a model at once while coalitions are evaluated: 65,536 rows x 100 columns are 52 MB.
_CHUNK = 65_536


class CannotExplainError(OncologyError, ValueError):
    """A bundle, patient and method that do not go together; the message names what can."""


def option_margin(bundle: ModelBundle, X: FloatMatrix, option: str) -> FloatVector:
    """The margin of one option, (n,), in `bundle.unit`."""
    return np.asarray(bundle.option_margin(X, option), dtype=np.float64)


class NoScoreError(CannotExplainError):
    """A patient to whom the model gives no score, because an input it cannot do without is missing."""

    def __init__(self, bundle: ModelBundle, row: FloatVector, option: str) -> None:
        why = bundle.formula.refusals(row) if bundle.formula is not None else ()
        if not why:
            missing = [bundle.schema.feature(name).label for name in bundle.schema.missing_required(row)]
            why = (f"Not known: {', '.join(missing) or 'an input that the model needs'}.",)
        super().__init__(
            f"{bundle.label(option)} gives this patient no score, so there is nothing to explain. {' '.join(why)} "
            "Enter what is missing, or take a model that does without it."
        )
        self.option = option


@dataclass(frozen=True, eq=False)
class Players:
    """One patient's inputs as players of a cooperative game, and the score they play for.

    Parameters
    ----------
    option : str
    names, labels, words : tuple of str, (m,)
        Of each player; `words` are the patient's own values: "altered", "not assayed", "3.9 g/dL".
    row : array (w,)
        The patient, in the columns of the game (the schema's, or a formula's derived variables).
    player_of_column : array (w,)
        Which player owns each column.
    value : function from rows (n, w) to scores (n,)
        In `unit`.
    score : float
        This patient's own.
    to_game : function from the schema's columns (n, c) to those of the game (n, w)
    notes : tuple of str
        What an explanation of this score has to say beside its own limits.
    """

    option: str
    names: tuple[str, ...]
    labels: tuple[str, ...]
    words: tuple[str, ...]
    row: FloatVector
    player_of_column: NDArray[np.intp]
    value: Callable[[FloatMatrix], FloatVector]
    unit: Unit
    score: float
    to_game: Callable[[FloatMatrix], FloatMatrix]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.names)

    def background_rows(self, background: Background) -> FloatMatrix:
        """The background in the columns of the game, (b, w).

        Raises
        ------
        BackgroundError
            For tree paths, which have no rows, or for rows of another width.
        """
        if background.rows is None:
            raise BackgroundError(
                "Tree paths are weights inside the trees, not patients. Use the method shapley, or name a background of "
                "patients (the terminal's --background training)."
            )
        rows = np.asarray(background.rows, dtype=np.float64)
        rows = rows if background.kind == "reference" else self.to_game(rows)
        if rows.shape[1] != len(self.row):
            raise BackgroundError(
                f"The background {background.name!r} has {rows.shape[1]} columns, this model {len(self.row)}; "
                "take one of the same model."
            )
        return rows

    def differing(self, background_rows: FloatMatrix) -> NDArray[np.intp]:
        """Positions of the players whose value differs from at least one background row; the others score 0."""
        same = (background_rows == self.row) | (np.isnan(background_rows) & np.isnan(self.row))
        moved = ~same.all(axis=0)
        return np.flatnonzero(np.bincount(self.player_of_column, weights=moved, minlength=len(self)) > 0)

    def coalition_values(self, present: NDArray[np.bool_], background_rows: FloatMatrix) -> FloatVector:
        """Mean score when only the present players hold the patient's values.

        Parameters
        ----------
        present : array (q, m) of bool
        background_rows : array (b, w)

        Returns
        -------
        array (q,)
        """
        b = len(background_rows)
        step = max(1, _CHUNK // b)
        values = np.empty(len(present))
        for start in range(0, len(present), step):
            columns = present[start : start + step][:, self.player_of_column]
            mixed = np.where(columns[:, None, :], self.row, background_rows[None, :, :])
            scores = self.value(mixed.reshape(-1, len(self.row)))
            values[start : start + step] = scores.reshape(-1, b).mean(axis=1)
        return values

    def explanation(
        self, method: str, values: FloatVector, background: Background, **more: Any
    ) -> Explanation:
        """An `Explanation` of these players; `more` holds its remaining fields."""
        more["limits"] = (*more.get("limits", ()), *self.notes)
        return Explanation(
            option=self.option,
            method=method,
            feature_names=self.names,
            feature_labels=self.labels,
            feature_words=self.words,
            values=values,
            score=self.score,
            unit=self.unit,
            background=background.name,
            background_fingerprint=background.fingerprint,
            **more,
        )


def players_of(bundle: ModelBundle, row: ArrayLike, option: str) -> Players:
    """The players of one patient and one option.

    Parameters
    ----------
    bundle : ModelBundle
    row : array-like (c,)
        The patient, encoded by the bundle's schema.
    option : str

    Raises
    ------
    UnknownNameError
        For an option that the bundle does not have.
    CannotExplainError
        If the model gives this patient no score, because a required input is missing.
    """
    option = bundle.options[bundle.option_index(option)]
    row = np.asarray(row, dtype=np.float64)
    bundle.schema.check_width(row.shape[-1])
    score = float(option_margin(bundle, row[None, :], option)[0])
    if not np.isfinite(score) or (bundle.formula is None and bundle.schema.missing_required(row)):
        raise NoScoreError(bundle, row, option)
    if bundle.formula is not None:
        return _derived_players(bundle, row, option, score)
    schema = bundle.schema
    words = tuple(f.words(v) for f, v in zip(schema.features, schema.decode(row), strict=True))
    return Players(
        option, schema.names, tuple(f.label for f in schema.features), words, row,
        schema.feature_of_column, lambda X: option_margin(bundle, X, option), bundle.unit, score, lambda X: X,
    )  # fmt: skip


def _derived_players(bundle: ModelBundle, row: FloatVector, option: str, score: float) -> Players:
    # A published formula is a sum over its derived variables; its authors explain it there, and so do we.
    formula = bundle.formula
    assert formula is not None
    derived = formula.matrix(row[None, :])[0]
    notes: tuple[str, ...] = ()
    if formula.link == "logistic":
        shown = float(formula.score(np.array([score]))[0])
        notes = (
            f"The parts add up to the formula's linear predictor, {score:.3f}; the score shown elsewhere is {shown:.3f}, its "
            "logistic transform.",
        )
    return Players(
        option, formula.names, formula.labels, formula.describe(row), derived, np.arange(len(derived)),
        formula.margin, "score before the logistic link" if notes else bundle.unit, score, formula.matrix, notes,
    )  # fmt: skip


def shapley_values(
    worth: Callable[[NDArray[np.bool_]], FloatVector], n_players: int
) -> tuple[float, FloatVector]:
    """Shapley values of any game of up to 22 players.

    Parameters
    ----------
    worth : function from coalitions (q, m) of bool to values (q,)
    n_players : int
        m.

    Returns
    -------
    base : float
        Worth of the empty coalition.
    values : array (m,)

    Examples
    --------
    >>> base, values = shapley_values(lambda S: 1.0 + 2.0 * S[:, 0] * S[:, 1], 3)
    >>> base, values.round(6).tolist()
    (1.0, [1.0, 1.0, 0.0])
    """
    number = np.arange(2**n_players)
    present = (number[:, None] >> np.arange(n_players) & 1).astype(bool)
    worths = np.asarray(worth(present), dtype=np.float64)
    size = present.sum(axis=1)
    weight = np.array([1 / (n_players * comb(n_players - 1, s)) for s in range(n_players)])
    values = np.empty(n_players)
    for i in range(n_players):
        without = number[~present[:, i]]
        values[i] = weight[size[without]] @ (worths[without | 1 << i] - worths[without])
    return float(worths[0]), values
