"""What not testing costs: how far the answer could move once the inputs that are unknown were known.

Every unknown input is a player, all unknown alterations of one gene together being one, because one assay tells them all.
The worth of a coalition is the variance of the answer when its inputs take the values of training patients and all others
stay unknown; its Shapley values (Shapley effects) share out the variance of the answer with everything known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from explainers.explanation import FloatMatrix, FloatVector
from explainers.families import Family, family_of, tree_form
from explainers.players import CannotExplainError, option_margin, players_of, shapley_values
from oncology.counts import SMALLEST_COUNT
from oncology.feature_specs import FeatureSpec

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["NotTested", "explain"]

_MOST_EXACT = 10
_ORDERS = 24
# From fewer patients of the same tumour who have everything known, inputs are drawn one by one instead.
_ENOUGH = 50
_TENTH = (5, 95)
# Less than a hundredth of a point: nothing that a reader would see.
_NOTHING = 1e-8


@dataclass(frozen=True, eq=False, slots=True)
class NotTested:
    """Unknown inputs of one patient, and what knowing them could do to the answer for one option.

    Parameters
    ----------
    names, labels : tuple of str, (m,)
        Unknown inputs; a gene stands for all its alterations.
    shares : array (m,)
        Shapley values of the variance, in squared probability (or squared score units).
    std_error : array (m,) or None
        None where every coalition was asked for.
    if_absent, if_altered : arrays (m,)
        The answer with this gene tested and nothing found, and with its first listed alteration found, all others still
        unknown; NaN for what is no alteration.
    now, low, high : float
        The answer as it is, and the range that holds 90 of 100 draws with everything known.
    """

    option: str
    label: str
    names: tuple[str, ...]
    labels: tuple[str, ...]
    shares: FloatVector
    std_error: FloatVector | None
    if_absent: FloatVector
    if_altered: FloatVector
    now: float
    low: float
    high: float
    variance: float
    in_points: bool
    drawn_from: str
    seed: int

    def order(self) -> NDArray[np.intp]:
        """Positions, largest share first."""
        return np.argsort(-self.shares, kind="stable")

    def part(self, j: int) -> float:
        """Share of one input in all that could move the answer, in [0, 1]."""
        return float(self.shares[j] / self.variance) if self.variance >= _NOTHING else 0.0

    @property
    def words(self) -> str:
        """The answer in two or three sentences."""
        m = len(self.names)
        if not m:
            return "Everything that the model reads is known of this patient."
        inputs = f"{m} input{'s' if m > 1 else ''}"
        if self.variance < _NOTHING:
            return (
                f"{inputs} that the model could read {'are' if m > 1 else 'is'} not known, and knowing {'them' if m > 1 else 'it'} "
                f"would not move its answer on {self.label}."
            )
        j = int(self.order()[0])
        how_much = "nearly all of it" if self.part(j) > 0.95 else f"{100 * self.part(j):.0f} %"
        low, high = self._number(self.low), self._number(self.high)
        where = f"be about {low}" if low == high else f"lie between {low} and {high}"
        return (
            f"{inputs} of this patient {'are' if m > 1 else 'is'} not tested or not known. Were {'they' if m > 1 else 'it'} known, "
            f"the model's answer on {self.label} would {where} in 90 of 100 draws; it is {self._number(self.now)} now. The largest "
            f"part of what could move comes from {self.labels[j]} ({how_much})."
        )

    @property
    def small_print(self) -> str:
        """How the numbers were made, and what they are not."""
        sampled = (
            ""
            if self.std_error is None
            else f" Shares estimated from {2 * _ORDERS} orders, seed {self.seed}."
        )
        return (
            f"Unknown inputs took the values of {self.drawn_from}. This is what the model would say, not how likely a finding "
            f"is in this patient. A part over 100 % means that other inputs, once known, take some of it back.{sampled}"
        )

    def rows(self) -> list[dict[str, Any]]:
        """One row an unknown input, largest share first."""
        return [
            {
                "not known": self.labels[j],
                "part of what could move": f"{100 * self.part(j):.0f} %",
                "if not altered": self._cell(self.if_absent[j]),
                "if altered": self._cell(self.if_altered[j]),
            }
            for j in self.order().tolist()
        ]

    def _cell(self, value: float) -> str:
        return "" if np.isnan(value) else self._number(value)

    def _number(self, value: float) -> str:
        return f"{100 * value:.0f} of 100" if self.in_points else f"{value:.2f}"


def explain(
    bundle: ModelBundle, row: ArrayLike, option: str, *, n_draws: int = 200, seed: int = 0
) -> NotTested:
    """Share out what the answer could move if everything were known.

    Parameters
    ----------
    bundle : ModelBundle
        With its training cohort.
    row : array-like (c,)
    option : str
    n_draws : int
        Training patients whose values the unknown inputs take.
    seed : int

    Raises
    ------
    CannotExplainError
        For a published formula, which states its own range over unknown inputs, or a bundle without its cohort.

    Notes
    -----
    Owen (2014), SIAM/ASA Journal on Uncertainty Quantification 2. Laws: the shares add up to the variance of the answer
    with everything known; an input that never moves the answer has share 0; inputs that play alike have equal shares.
    Limits: the variance over training patients of the same tumour is no statement about this patient; where too few of them
    have everything known, inputs are drawn one by one, also into combinations that exclude each other.
    """
    row = np.asarray(row, dtype=np.float64)
    game = players_of(bundle, row, option)
    if bundle.formula is not None:
        raise CannotExplainError(
            f"{bundle.label(option)} is a published formula: the range beside its score already says how far the inputs that are "
            "not known could move it."
        )
    if bundle.training is None:
        raise CannotExplainError(
            "The bundle was shipped without its training patients, so there are no values that the unknown inputs could take."
        )
    names, labels, columns, specs = _unknown(bundle, row)
    draws, words = _draws(bundle, row, columns, n_draws, seed)
    answer = _Answer(bundle, option)
    now = float(answer(row[None, :])[0])
    m = len(names)
    absent, altered = np.full(m, np.nan), np.full(m, np.nan)
    for j, spec in enumerate(specs):
        if spec is not None:
            edited = np.repeat(row[None, :], 2, axis=0)
            edited[:, columns[j]] = 0.0
            edited[1, bundle.schema.columns_of(spec.name)] = 1.0
            absent[j], altered[j] = answer(edited)
    moving = [j for j in range(m) if not answer.ignores(columns[j])]
    shares, error = np.zeros(m), None if len(moving) <= _MOST_EXACT else np.zeros(m)
    if moving:
        found, scatter = _shares(answer, row, draws, [columns[j] for j in moving], seed)
        shares[moving] = found
        if error is not None and scatter is not None:
            error[moving] = scatter
    whole = answer(_with(row, draws, np.concatenate([*columns, np.zeros(0, dtype=np.intp)])))
    low, high = np.percentile(whole, _TENTH)
    return NotTested(
        game.option, bundle.label(option), names, labels, shares, error, absent, altered, now, float(low), float(high),
        float(whole.var()), not bundle.is_score, words, seed,
    )  # fmt: skip


class _Answer:
    """The calibrated answer for one option, and which columns it depends on at all."""

    def __init__(self, bundle: ModelBundle, option: str) -> None:
        self._bundle, self._option = bundle, option
        self._trees = tree_form(bundle, option) if family_of(bundle, option) is Family.TREES else None
        self._read = (
            None if self._trees is None else frozenset(np.unique(self._trees.conditions.feature).tolist())
        )

    def ignores(self, columns: NDArray[np.intp]) -> bool:
        """Whether the model is known to read none of these columns."""
        return self._read is not None and not self._read & set(columns.tolist())

    def __call__(self, rows: FloatMatrix) -> FloatVector:
        bundle = self._bundle
        k = bundle.option_index(self._option)
        if bundle.output_kind == "classes":
            return np.asarray(bundle.probability(bundle.margin(rows))[:, k])
        margin = (
            option_margin(bundle, rows, self._option)
            if self._trees is None
            else self._trees.predict(rows)[:, -1]
        )
        every = np.zeros((len(rows), len(bundle.options)))
        every[:, k] = margin
        return np.asarray(bundle.probability(every)[:, k])


def _unknown(
    bundle: ModelBundle, row: FloatVector
) -> tuple[tuple[str, ...], tuple[str, ...], list[NDArray[np.intp]], list[FeatureSpec | None]]:
    """Players: names, labels, columns, and the first alteration of each (None for what is no alteration)."""
    found: dict[str, list[FeatureSpec]] = {}
    for spec in bundle.schema.features:
        if np.isnan(row[bundle.schema.columns_of(spec.name)]).any():
            gene = spec.reads.pattern.gene if spec.reads.pattern is not None else ""
            found.setdefault(gene or spec.name, []).append(spec)
    columns = [
        np.concatenate([np.arange(*bundle.schema.columns_of(s.name).indices(len(row))) for s in specs])
        for specs in found.values()
    ]
    labels = tuple(specs[0].label if len(specs) == 1 else key for key, specs in found.items())
    first = [specs[0] if specs[0].is_alteration else None for specs in found.values()]
    return tuple(found), labels, columns, first


def _draws(
    bundle: ModelBundle, row: FloatVector, columns: list[NDArray[np.intp]], n: int, seed: int
) -> tuple[FloatMatrix, str]:
    """Values for the unknown columns (n, c), NaN elsewhere, and whose they are."""
    assert bundle.training is not None
    X = bundle.training.X.to_numpy(dtype=np.float64)
    rng = np.random.default_rng(seed)
    alike, whose = _same_tumour(bundle, row, X)
    out = np.full((n, X.shape[1]), np.nan)
    if not columns:
        return out, whose
    every = np.concatenate(columns)
    complete = np.flatnonzero(alike & ~np.isnan(X[:, every]).any(axis=1))
    if len(complete) >= _ENOUGH:
        out[:, every] = X[np.ix_(rng.choice(complete, n), every)]
        return out, f"{whose} for whom all of them are known"
    others = never = 0
    for own in columns:
        known = ~np.isnan(X[:, own]).any(axis=1)
        pool = np.flatnonzero(known & alike)
        if len(pool) < SMALLEST_COUNT:
            pool = np.flatnonzero(known)
            others, never = others + bool(len(pool)), never + (not len(pool))
        if len(pool):
            out[:, own] = X[np.ix_(rng.choice(pool, n), own)]
    words = f"{whose}, each input drawn by itself because few have all of them known"
    if others and not alike.all():
        words += (
            f"; {others} that fewer than {SMALLEST_COUNT} of them have known, of patients with any tumour"
        )
    if never:
        words += f"; {never} that no training patient has known stay unknown"
    return out, words


def _same_tumour(bundle: ModelBundle, row: FloatVector, X: FloatMatrix) -> tuple[NDArray[np.bool_], str]:
    for spec in bundle.schema.features:
        if spec.reads.field == "tumour":
            own = row[bundle.schema.columns_of(spec.name)]
            alike = (X[:, bundle.schema.columns_of(spec.name)] == own).all(axis=1)
            if alike.sum() >= _ENOUGH:
                return alike, "training patients with the same tumour type"
    return np.ones(len(X), dtype=bool), "training patients"


def _with(row: FloatVector, draws: FloatMatrix, columns: NDArray[np.intp]) -> FloatMatrix:
    rows = np.repeat(row[None, :], len(draws), axis=0)
    rows[:, columns] = draws[:, columns]
    return rows


def _shares(
    answer: _Answer, row: FloatVector, draws: FloatMatrix, columns: list[NDArray[np.intp]], seed: int
) -> tuple[FloatVector, FloatVector | None]:
    """Shapley values of the variance: every coalition of a few players, orders forwards and backwards of many."""
    m = len(columns)
    if m <= _MOST_EXACT:

        def worth(present: NDArray[np.bool_]) -> FloatVector:
            return np.array([_variance(answer, row, draws, columns, chosen) for chosen in present])

        return shapley_values(worth, m)[1], None
    rng = np.random.default_rng(seed)
    gains = np.zeros((_ORDERS, m))
    for i in range(_ORDERS):
        order = rng.permutation(m)
        for walk in (order, order[::-1]):
            rows = np.repeat(row[None, None, :], m, axis=0).repeat(len(draws), axis=1)
            for step, j in enumerate(walk.tolist()):
                rows[step:, :, columns[j]] = draws[:, columns[j]]
            variance = answer(rows.reshape(-1, len(row))).reshape(m, len(draws)).var(axis=1)
            gains[i, walk] += np.diff(variance, prepend=0.0) / 2
    return gains.mean(axis=0), gains.std(axis=0, ddof=1) / np.sqrt(_ORDERS)


def _variance(
    answer: _Answer, row: FloatVector, draws: FloatMatrix, columns: list[NDArray[np.intp]], chosen: NDArray[np.bool_]
) -> float:  # fmt: skip
    if not chosen.any():
        return 0.0
    return float(
        answer(
            _with(row, draws, np.concatenate([c for c, on in zip(columns, chosen, strict=True) if on]))
        ).var()
    )
