"""TreeEnsemble: one tree model, or several side by side, ready to predict and to be explained exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike

from explainers.trees.assembly import lay_out, stack_forms
from explainers.trees.checking import check_rows
from explainers.trees.errors import ChangeError, FeatureMismatchError, StackError, TreeEngineError
from explainers.trees.forms import Boxes, CodedColumn, Conditions, Floats, Nodes, Tree, content_digest

if TYPE_CHECKING:
    from explainers.trees.flip_table import FlipTable
    from explainers.trees.projection import Change
    from explainers.trees.sampled import SampledValues
    from explainers.trees.shapley import Background
    from explainers.trees.toggles import Toggles

__all__ = ["TreeEnsemble", "Unit", "build", "stack"]

Unit = Literal["probability", "log-odds", "log", "value"]


@dataclass(frozen=True, eq=False)
class TreeEnsemble:
    """A sum of trees with k outputs over p features.

    Made by `explainers.trees.from_estimator` or `stack`, never by hand.

    Attributes
    ----------
    feature_names : tuple of str, length p
    output_names : tuple of str, length k
        Classes, options or targets.
    unit : {"probability", "log-odds", "log", "value"}
        What the outputs are measured in. Boosted classifiers give log-odds (for several classes: scores before
        the softmax), averaging forests probabilities, regressors values (or their logarithm).
    base : float array of shape (k,)
        What the model says before any tree.
    takes_missing : bool
        Whether missing values (NaN) have a direction in every tree.
    notes : tuple of str
        What a reader of the explanation must be told, such as that a calibration map lies behind the margin.
    exclusive : bool
        Whether the outputs are log-odds of classes of which exactly one is true (softmax).
    """

    feature_names: tuple[str, ...]
    output_names: tuple[str, ...]
    unit: Unit
    base: Floats
    nodes: Nodes
    boxes: Boxes
    conditions: Conditions
    coded: tuple[CodedColumn, ...] = ()
    takes_missing: bool = True
    notes: tuple[str, ...] = field(default=())
    exclusive: bool = False

    @property
    def n_features(self) -> int:
        """Number of features, p."""
        return len(self.feature_names)

    @property
    def n_outputs(self) -> int:
        """Number of outputs, k."""
        return len(self.output_names)

    @property
    def n_trees(self) -> int:
        """Number of trees."""
        return len(self.nodes.output)

    @property
    def n_leaves(self) -> int:
        """Number of leaves, the boxes of the ensemble."""
        return len(self.boxes.tree)

    @cached_property
    def fingerprint(self) -> str:
        """Name of the content: equal for equal names, units, trees, categories and ways with missing values."""
        coded = tuple((c.feature, c.values, c.truncate, c.single) for c in self.coded)
        said = (self.feature_names, self.output_names, self.unit, self.takes_missing, self.exclusive)
        return content_digest(said, self.base, coded, self.nodes, self.boxes, self.conditions)

    def __repr__(self) -> str:
        return (
            f"TreeEnsemble({self.n_trees} trees, {self.n_leaves} leaves, {self.n_features} features, "
            f"{self.n_outputs} outputs in {self.unit})"
        )

    # Reading rows ---------------------------------------------------------------------------------------------

    def rows(self, X: ArrayLike) -> Floats:
        """Checked rows of shape (n, columns): the features as doubles, then the codes of categorical features.

        Raises
        ------
        FeatureMismatchError
            Wrong number, names or order of features, or a value that is not a number.
        MissingDirectionError
            A missing value where the model has no direction for it.
        """
        rows = check_rows(X, self.feature_names, takes_missing=self.takes_missing)
        if self.coded:
            codes = [c.encode(rows[:, c.feature])[:, None] for c in self.coded]
            rows = np.ascontiguousarray(np.hstack([rows, *codes]))
        return rows

    def feature_index(self, feature: str | int) -> int:
        """Position of a feature given by name or position.

        Raises
        ------
        FeatureMismatchError
            If the model does not read it.
        """
        if isinstance(feature, str):
            if feature in self._positions:
                return self._positions[feature]
            from oncology.errors import near_names

            raise FeatureMismatchError(
                f"The model has no feature {feature!r}.{near_names(feature, self.feature_names)}"
            )
        position = int(feature)
        if not 0 <= position < self.n_features:
            raise FeatureMismatchError(
                f"There is no feature {position}: the model has 0 to {self.n_features - 1}."
            )
        return position

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.feature_names)}

    def thresholds(self, feature: str | int) -> Floats:
        """Sorted distinct values between which the model tells two numbers of a feature apart (at or under one, over it).

        Where trees read the feature as a category, each known category stands alone, and what lies between two
        neighbours is of one kind.
        """
        f = self.feature_index(feature)
        here = (self.nodes.column == f) & np.isfinite(self.nodes.threshold)
        known = [coded.values for coded in self.coded if coded.feature == f]
        alone = [ends for values in known for ends in (np.nextafter(values, -np.inf), values)]
        return np.unique(np.concatenate([self.nodes.threshold[here], *alone]))

    def interval_values(self, feature: str | int) -> Floats:
        """One value out of every interval between a numeric feature's thresholds, in rising order.

        The model cannot tell two values of one interval apart, so these are all the values that a search over
        changes of this feature has to try. Values lie midway; below the first and above the last threshold they
        keep the distance of the nearest neighbour (or 1).
        """
        from explainers.trees.projection import interval_values

        return interval_values(self.thresholds(feature))

    # Answers --------------------------------------------------------------------------------------------------

    def predict(self, X: ArrayLike) -> Floats:
        """The model's outputs for rows (n, p), as an array of shape (n, k) in `unit`."""
        from explainers.trees.rows import predict

        rows = self.rows(X)
        out = np.empty((len(rows), self.n_outputs))
        out[:] = self.base
        predict(rows, self.nodes, self.boxes.value, out)
        return out

    def shapley(
        self, X: ArrayLike, background: ArrayLike | Background | None = None
    ) -> tuple[Floats, Floats]:
        """Exact Shapley values of rows, in `unit`.

        Parameters
        ----------
        X : array-like of shape (n, p)
            Patients to explain.
        background : array-like of shape (b, p), or the result of `prepare_background`, optional
            Without it, features outside a coalition follow the training weights down the trees (path-dependent).
            With it they take the values of these patients, in turn (interventional). One row makes it a reference
            patient: every value then says what differs from that patient.

        Returns
        -------
        values : float array of shape (n, p, k)
            ``base_values + values.sum(1) == predict(X)`` up to rounding.
        base_values : float array of shape (k,)
            Mean output over the training weights, or over the background.

        Raises
        ------
        FeatureMismatchError, MissingDirectionError
            If the rows or the background do not fit the model.
        BackgroundError
            If the background is empty, or was prepared by another ensemble.
        """
        from explainers.trees import shapley

        if background is None:
            return shapley.path_dependent(self, X)
        return shapley.interventional(self, X, background)

    def prepare_background(self, background: ArrayLike) -> Background:
        """Make a background (b, p) ready once, to be given to `shapley` and `toggles` instead of its rows.

        Giving the rows works as well; the last few backgrounds are recognised by their content.
        """
        from explainers.trees.shapley import prepare_background

        return prepare_background(self, background)

    def sampled_probability(
        self, row: ArrayLike, background: ArrayLike, *, rounds: int = 1, seed: int = 0
    ) -> SampledValues:
        """Shapley values of one row on the probability scale, estimated by sampling; never exact.

        A boosted model's probability is its margin through a link, which no sum over leaves survives. See
        `explainers.trees.sampled`.
        """
        from explainers.trees.sampled import sampled_probability

        return sampled_probability(self, row, background, rounds=rounds, seed=seed)

    def interactions(self, X: ArrayLike) -> Floats:
        """Pairwise Shapley interaction values (n, p, p, k), path-dependent, exact.

        Row i of a matrix adds up to feature i's Shapley value: off the diagonal half of each pair's interaction, on
        it what is left. Meant for one row or a few (p = 310, k = 5: 4 MB each); a cohort's summary is
        `mean_absolute_interactions`.
        """
        from explainers.trees.interactions import interactions

        return interactions(self, X)

    def mean_absolute_interactions(self, X: ArrayLike) -> Floats:
        """Mean over rows of the absolute interaction values, (p, p, k)."""
        from explainers.trees.interactions import mean_absolute_interactions

        return mean_absolute_interactions(self, X)

    def toggles(
        self,
        row: ArrayLike,
        features: Sequence[str | int] | None = None,
        *,
        changes: Sequence[Change] | None = None,
        background: ArrayLike | Background | None = None,
    ) -> Toggles:
        """Prediction and new explanation after every single change of a row, in one pass.

        Parameters
        ----------
        row : array-like of shape (p,)
        features : sequence of str or int, optional
            Features to toggle. Each is moved to every other of its states: altered (1), tested and not altered (0)
            and, where the model takes missing values, not assayed (NaN).
        changes : sequence of (feature, value), optional
            Instead of `features`: exactly these changes.
        background : as in `shapley`, optional

        Raises
        ------
        ChangeError
            If a change changes nothing or cannot be made.
        """
        from explainers.trees.projection import states
        from explainers.trees.toggles import toggles

        if (features is None) == (changes is None):
            raise ChangeError("Give either features to toggle or changes=[(feature, value), ...].")
        if changes is None:
            values = (0.0, 1.0, np.nan) if self.takes_missing else (0.0, 1.0)
            changes = states(self, row, features or (), values)
        return toggles(self, row, changes, background)

    def flip_table(
        self,
        row: ArrayLike,
        features: Sequence[str | int] | None = None,
        max_size: int = 3,
        *,
        changes: Sequence[Change] | None = None,
    ) -> FlipTable:
        """Exact predictions of every set of up to `max_size` (1, 2 or 3) changes of a row.

        Give either `features`, which flip between 0 and 1, or `changes`, pairs of a feature and the value it would
        take; two changes of one feature are never combined. ChangeError where a change cannot be made.
        """
        from explainers.trees.flip_table import flip_table

        return flip_table(self, row, features, max_size, changes=changes)


def build(
    trees: Sequence[Tree],
    feature_names: Sequence[str],
    output_names: Sequence[str],
    unit: Unit,
    base: ArrayLike,
    *,
    coded: Sequence[CodedColumn] = (),
    takes_missing: bool = True,
    notes: Sequence[str] = (),
    exclusive: bool = False,
) -> TreeEnsemble:
    """An ensemble from plain trees; what every converter ends with.

    Examples
    --------
    >>> stump = Tree(column=np.array([0, -1, -1]), threshold=np.array([0.5, 0, 0]),
    ...              missing_left=np.zeros(3, bool), left=np.array([1, -1, -1]), right=np.array([2, -1, -1]),
    ...              cover=np.array([4.0, 3.0, 1.0]), value=np.array([[0.0], [-1.0], [2.0]]))
    >>> build([stump], ["KRAS"], ["responds"], "log-odds", [0.1]).predict([[0.0], [1.0], [np.nan]]).ravel().tolist()
    [-0.9, 2.1, 2.1]
    """
    if not trees:
        raise TreeEngineError("The model has no trees. Fit it before it is explained.")
    base = np.array(base, dtype=float).reshape(len(output_names))
    base.flags.writeable = False
    forms = lay_out(trees, len(feature_names), coded)
    return TreeEnsemble(
        tuple(map(str, feature_names)),
        tuple(map(str, output_names)),
        unit,
        base,
        *forms,
        coded=tuple(coded),
        takes_missing=takes_missing,
        notes=tuple(notes),
        exclusive=exclusive,
    )


def stack(ensembles: Sequence[TreeEnsemble], output_names: Sequence[str] | None = None) -> TreeEnsemble:
    """Several ensembles over the same features as one with all their outputs side by side.

    Parameters
    ----------
    ensembles : sequence of TreeEnsemble
        All with the same `feature_names`.
    output_names : sequence of str, optional
        New names for the outputs, such as the options of a bundle; kept as they are by default.

    Raises
    ------
    StackError
        If the ensembles do not read the same features in the same order.
    """
    if not ensembles:
        raise TreeEngineError("There is nothing to stack: give at least one ensemble.")
    first = ensembles[0]
    for position, other in enumerate(ensembles):
        if other.feature_names != first.feature_names:
            raise StackError(position, other.feature_names, first.feature_names)
    units = {e.unit for e in ensembles}
    if len(units) > 1:
        raise TreeEngineError(
            f"The ensembles speak in different units ({', '.join(sorted(units))}), so their outputs cannot be put "
            "side by side. Explain each on its own."
        )
    names = [n for e in ensembles for n in e.output_names]
    if output_names is not None:
        if len(output_names) != len(names):
            raise TreeEngineError(f"{len(output_names)} output names were given for {len(names)} outputs.")
        names = list(output_names)
    base = np.concatenate([e.base for e in ensembles])
    base.flags.writeable = False
    forms = stack_forms(
        [(e.nodes, e.boxes, e.conditions) for e in ensembles],
        first.n_features,
        [len(e.coded) for e in ensembles],
        [e.n_outputs for e in ensembles],
    )
    return TreeEnsemble(
        first.feature_names,
        tuple(map(str, names)),
        first.unit,
        base,
        *forms,
        coded=tuple(c for e in ensembles for c in e.coded),
        takes_missing=all(e.takes_missing for e in ensembles),
        notes=tuple(dict.fromkeys(n for e in ensembles for n in e.notes)),
        exclusive=len(ensembles) == 1 and first.exclusive,
    )
