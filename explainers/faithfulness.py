"""Does the model itself bear an explanation out: deletion and insertion curves against random order.

Taking away the inputs that an explanation calls largest should move the model's answer sooner than taking away any others,
and giving them back first should bring it home sooner.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from explainers.background import Background, default_background, of_rows
from explainers.explanation import FloatMatrix, FloatVector
from explainers.families import Family, family_of, tree_form
from explainers.local import EXPLAINERS, METHOD_LABELS
from explainers.players import CannotExplainError, Players, players_of

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["Faithfulness", "MethodCurves", "curve", "faithfulness"]

_BACKGROUND = 25
_MOST_STEPS = 20
_ORDERS = 10
_FEWEST_PATIENTS = 5

Progress = Callable[[float], None]
Stop = Callable[[], bool]


@dataclass(frozen=True, eq=False, slots=True)
class MethodCurves:
    """Curves of one method, means over the patients.

    Parameters
    ----------
    method : str
        A key of `explainers.local.EXPLAINERS`.
    deletion, insertion : arrays (s + 1,)
        Mean distance of the answer from the patient's own after 0, 1, ... s inputs, as a share of the distance that taking
        away all of them makes: 0 is the patient's answer.
    deletion_area, insertion_area : float
        Mean area between this order and random order over the s steps, per step: 0 is chance, above 0 better.
    low, high : pairs of float
        95 % intervals of the two areas over patients.
    """

    method: str
    deletion: FloatVector
    insertion: FloatVector
    deletion_area: float
    insertion_area: float
    low: tuple[float, float]
    high: tuple[float, float]

    @property
    def label(self) -> str:
        """The method's title."""
        return METHOD_LABELS[self.method]

    @property
    def beats_chance(self) -> bool:
        """Whether both intervals lie above 0."""
        return min(self.low) > 0


@dataclass(frozen=True, eq=False, slots=True)
class Faithfulness:
    """Curves of several methods for one option and model.

    Parameters
    ----------
    random_deletion, random_insertion : arrays (s + 1,)
    n_patients : int
    refused : tuple of str
        Methods that cannot explain this model, with the reason.
    """

    option: str
    label: str
    methods: tuple[MethodCurves, ...]
    random_deletion: FloatVector
    random_insertion: FloatVector
    n_patients: int
    background: str
    seed: int
    stopped: bool
    refused: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """What the curves say, one sentence a method."""
        if not self.methods:
            return " ".join(self.refused)
        k = min(5, len(self.random_deletion) - 1)
        parts = [
            f"{m.label}: taking away the {k} inputs it calls largest moves the answer {100 * m.deletion[k]:.0f} % of the way, "
            f"{k} random ones {100 * self.random_deletion[k]:.0f} %"
            + ("." if m.beats_chance else "; over these patients that cannot be told from chance.")
            for m in self.methods
        ]
        return " ".join(parts)

    @property
    def small_print(self) -> str:
        """How it was measured."""
        return (
            f"{self.n_patients} training patients who had {self.label}; what is taken away takes the values of {self.background}. "
            "100 % is where the answer ends when everything is taken away. The test is kind to methods that compare with the "
            "same patients, and says how well an explanation follows the model, not whether the model is right."
        )

    def rows(self) -> list[dict[str, Any]]:
        """One row a method."""
        return [
            {
                "method": m.label,
                "deletion, area over chance": round(m.deletion_area, 3),
                "95 % interval": f"{m.low[0]:.3f} to {m.high[0]:.3f}",
                "insertion, area over chance": round(m.insertion_area, 3),
                "95 % interval of it": f"{m.low[1]:.3f} to {m.high[1]:.3f}",
            }
            for m in self.methods
        ]


def faithfulness(
    bundle: ModelBundle,
    option: str,
    *,
    methods: Sequence[str] = ("shapley", "lime", "ablation"),
    n_patients: int = 30,
    seed: int = 0,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> Faithfulness:
    """Deletion and insertion curves of several methods.

    Parameters
    ----------
    methods : sequence of str
        Keys of `EXPLAINERS`.
    n_patients : int
        Training patients who had the option, drawn.
    progress, stop : functions, optional
        Of the share done; asked between patients whether to stop with those that are done.

    Raises
    ------
    CannotExplainError
        For a published formula, a bundle without its cohort, or too few patients.

    Notes
    -----
    Petsiuk, Das, Saenko (2018), BMVC, for tables: an input is taken away by giving it the values of background patients, one
    after the other, and the distance of the answers from the patient's own is averaged. Inputs go in the order of the size of
    their values; ties, and inputs without a value, at random. Limits: mixed patients may be none that exist.
    """
    option = bundle.options[bundle.option_index(option)]
    if bundle.formula is not None:
        raise CannotExplainError(
            "A published formula is a sum: its shares are its own terms, so there is nothing to test against the model."
        )
    if bundle.training is None:
        raise CannotExplainError(
            "The bundle was shipped without its training patients, on whom this is measured."
        )
    rng = np.random.default_rng(seed)
    had = np.flatnonzero(bundle.training.y[option].notna().to_numpy())
    if len(had) < _FEWEST_PATIENTS:
        raise CannotExplainError(
            f"Fewer than {_FEWEST_PATIENTS} training patients had {bundle.label(option)}: too few to measure this on."
        )
    people = bundle.training.X.to_numpy(dtype=np.float64)[
        np.sort(rng.choice(had, min(n_patients, len(had)), replace=False))
    ]
    background = _smaller(default_background(bundle), rng)
    assert background.rows is not None
    score = _scorer(bundle, option)
    found: dict[str, list[tuple[FloatVector, FloatVector]]] = {m: [] for m in methods}
    chance: list[tuple[FloatVector, FloatVector]] = []
    refused: dict[str, str] = {}
    done = 0
    for row in people:
        if done and stop is not None and stop():
            break
        game = players_of(bundle, row, option)
        orders, failed = _orders(bundle, row, option, methods, seed, rng)
        refused |= failed
        random = [rng.permutation(len(game)) for _ in range(_ORDERS)]
        for method, order in orders.items():
            found[method].append(_both(game, score, background.rows, [order]))
        chance.append(_both(game, score, background.rows, random))
        done += 1
        if progress is not None:
            progress(done / len(people))
    random_curves = [np.array([c[i] for c in chance]) for i in (0, 1)]
    curves = tuple(
        _summary(m, [np.array([c[i] for c in found[m]]) for i in (0, 1)], random_curves)
        for m in methods
        if m not in refused
    )
    return Faithfulness(
        option, bundle.label(option), curves, random_curves[0].mean(axis=0), random_curves[1].mean(axis=0), done,
        background.name, seed, done < len(people), tuple(f"{METHOD_LABELS[m]}: {why}" for m, why in refused.items()),
    )  # fmt: skip


def curve(
    game: Players,
    score: Callable[[FloatMatrix], FloatVector],
    background: FloatMatrix,
    order: NDArray[np.intp],
    steps: int,
    *,
    insertion: bool,
) -> FloatVector:
    """Distance of the answer from the patient's own after 0 to `steps` inputs, as a share of that without any input.

    Parameters
    ----------
    background : array (b, w)
    order : array (m,) of int
        Players, first to go (or to come) first.

    Returns
    -------
    array (steps + 1,)
    """
    present = np.ones((steps + 1, len(game)), dtype=bool)
    for k in range(1, steps + 1):
        present[k:, order[k - 1]] = False
    if insertion:
        present = ~present
    mixed = np.where(present[:, None, game.player_of_column], game.row, background[None])
    apart = np.abs(score(mixed.reshape(-1, len(game.row))) - game.score).reshape(steps + 1, -1).mean(axis=1)
    whole = float(np.abs(score(background) - game.score).mean())
    return apart / whole if whole > 0 else np.zeros(steps + 1)


def _both(
    game: Players, score: Callable[[FloatMatrix], FloatVector], background: FloatMatrix, orders: list[NDArray[np.intp]]
) -> tuple[FloatVector, FloatVector]:  # fmt: skip
    steps = min(_MOST_STEPS, len(game))
    found = [
        np.mean([curve(game, score, background, o, steps, insertion=way) for o in orders], axis=0)
        for way in (False, True)
    ]
    return found[0], found[1]


def _orders(
    bundle: ModelBundle,
    row: FloatVector,
    option: str,
    methods: Sequence[str],
    seed: int,
    rng: np.random.Generator,
) -> tuple[dict[str, NDArray[np.intp]], dict[str, str]]:
    orders, failed = {}, {}
    for method in methods:
        try:
            why = EXPLAINERS[method](bundle, row, option, seed=seed)
        except CannotExplainError as error:
            failed[method] = str(error)
            continue
        orders[method] = np.lexsort((rng.random(len(why.values)), -np.abs(why.values)))
    return orders, failed


def _summary(method: str, own: list[FloatMatrix], chance: list[FloatMatrix]) -> MethodCurves:
    # More distance is better while deleting, less while inserting.
    areas = [(own[0] - chance[0])[:, 1:].mean(axis=1), (chance[1] - own[1])[:, 1:].mean(axis=1)]
    half = [1.96 * a.std(ddof=1) / np.sqrt(len(a)) if len(a) > 1 else float("inf") for a in areas]
    mean = [float(a.mean()) for a in areas]
    return MethodCurves(
        method, own[0].mean(axis=0), own[1].mean(axis=0), mean[0], mean[1],
        (mean[0] - float(half[0]), mean[1] - float(half[1])), (mean[0] + float(half[0]), mean[1] + float(half[1])),
    )  # fmt: skip


def _scorer(bundle: ModelBundle, option: str) -> Callable[[FloatMatrix], FloatVector]:
    trees = tree_form(bundle, option) if family_of(bundle, option) is Family.TREES else None
    if trees is not None:
        return lambda X: trees.predict(X)[:, -1]
    return lambda X: np.asarray(bundle.option_margin(X, option), dtype=np.float64)


def _smaller(background: Background, rng: np.random.Generator) -> Background:
    assert background.rows is not None
    n = len(background.rows)
    if n <= _BACKGROUND:
        return background
    return of_rows(
        background.rows[np.sort(rng.choice(n, _BACKGROUND, replace=False))],
        f"{_BACKGROUND} of the {background.name}",
    )
