"""Whether a model's answer can change when some features are free: exactly, for engines and for risk groups."""

from __future__ import annotations

import time
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from explainers.explanation import FloatVector
from explainers.smallest.candidates import every_value
from explainers.smallest.exact_engine import exact_engine
from explainers.smallest.goals import Goal, GoalError, standings_of_margins
from oncology.patients import PatientProfile

if TYPE_CHECKING:
    from explainers.trees.search.forest import Forest
    from oncology.bundles import ModelBundle

__all__ = ["UNDECIDED", "EngineOracle", "GroupOracle"]

UNDECIDED = "undecided"
_NODES = 400  # of the search tree, for each rival at each question


class EngineOracle:
    """The option ranked first against each rival in turn, over the exact engine.

    Options that the model abstains on stay out. Where another tumour type would change which these are, the tumour
    type is a fact that every reason has.
    """

    answer: str
    notes: tuple[str, ...]
    n_features: int

    def __init__(self, bundle: ModelBundle, row: FloatVector, profile: PatientProfile | None) -> None:
        from explainers.smallest.changes import forest_of_candidates
        from explainers.trees.search.fixing import one_expression
        from explainers.trees.search.solving import warm
        from oncology.prediction import predict
        from oncology.recommendations import abstentions

        warm()
        engine = exact_engine(bundle)
        if engine is None or not bundle.ranks:
            raise GoalError(
                "A sufficient reason needs a ranking of several options by tree models or sums of single terms; this "
                "bundle has none in exact form."
            )
        predictions = predict(bundle, row[None] if profile is None else profile)
        reasons = abstentions(bundle, predictions, 0)
        if predictions.refusals[0]:
            raise GoalError(
                f"The model gives this patient no prediction. {' '.join(predictions.refusals[0])}"
            )
        abstained = np.array([o in reasons for o in bundle.options])
        now = standings_of_margins(bundle, predictions.raw, row[None], abstained)
        first = int(now.first[0])
        rivals = [j for j in range(len(bundle.options)) if j != first and not abstained[j]]
        if first < 0 or not rivals:
            raise GoalError(
                "Fewer than two options are ranked for this patient, so nothing else could come first."
            )
        self.answer = f"{bundle.label(bundle.options[first])} ranked first"
        made = every_value(bundle, row)
        self.n_features = len(bundle.schema.features)
        self._held = np.array([f.name in made.held for f in bundle.schema.features])
        self.notes = tuple(
            words
            for words, said in (
                ("Options the model abstains on for this patient stay out.", abstained.any()),
                (
                    "The tumour type counts among the facts: for others the model abstains on other options.",
                    self._held.any(),
                ),
            )
            if said
        )
        forest, self._rules, order = forest_of_candidates(made, engine, self.n_features)
        self._feature = made.feature[order]
        self._forests = []
        for j in rivals:
            # The rival over the first, a single expression.
            nobody = np.ones(len(bundle.options), bool)
            nobody[first] = False
            wanted = engine.goal(bundle, Goal(bundle.options[j]), nobody)
            assert wanted is not None
            self._forests.append(one_expression(forest, wanted, 0))

    def conflict(self, free: NDArray[np.bool_], deadline: float) -> NDArray[np.intp] | str | None:
        from explainers.trees.search import Goal as OutputGoal
        from explainers.trees.search.beam import first_found
        from explainers.trees.search.branching import Budget, ask
        from explainers.trees.search.forest import EXCLUDED
        from explainers.trees.search.restriction import restrict

        if (self._held & free).any():
            return np.flatnonzero(self._held & free)[:1]
        above = OutputGoal.over(0, 1, 0.0)
        start = np.where(free[self._feature], 0, EXCLUDED).astype(np.int8)
        size = int(free.sum())

        @cache
        def smaller(position: int) -> Forest:
            return restrict(self._forests[position], start, size)[0]

        def climb(position: int) -> tuple[int, ...] | None:
            return first_found(smaller(position), above, self._rules, size, width=1, start=start)

        # The rival of the last counterexample most likely has another. Then the bound, which costs least and settles
        # most rivals at once; climbing and branching are for the few that it leaves.
        if found := climb(0):
            return self._shrunk(0, smaller(0), found, start)
        left: list[int] = []
        for nodes in (1, _NODES):
            for position in range(len(self._forests)) if nodes == 1 else left:
                answer = ask(
                    smaller(position), above, self._rules, size, Budget(nodes, deadline), start=start
                )
                if answer.sets:
                    return self._shrunk(position, smaller(position), answer.sets[0], start)
                if not answer.settled:
                    if nodes > 1:
                        return UNDECIDED
                    left.append(position)
                    if found := climb(position):
                        return self._shrunk(position, smaller(position), found, start)
        return None

    def _shrunk(
        self, position: int, forest: Forest, found: tuple[int, ...], start: NDArray[np.int8]
    ) -> NDArray[np.intp]:
        """The features of a counterexample, without those whose change it does not need."""
        from explainers.trees.search import TOLERANCE
        from explainers.trees.search.forest import CHOSEN
        from explainers.trees.search.restriction import single_effects

        self._forests.insert(0, self._forests.pop(position))  # the rival that won is asked first next time
        chosen = list(found)
        for item in found:
            status = start.copy()
            status[[i for i in chosen if i != item]] = CHOSEN
            if single_effects(forest, status)[0][0] > TOLERANCE:
                chosen.remove(item)
        return np.unique(self._feature[chosen])


class GroupOracle:
    """The risk group of a published score, over the score's own range for unknown inputs (best and worst)."""

    answer: str
    notes: tuple[str, ...]
    n_features: int

    def __init__(self, bundle: ModelBundle, row: FloatVector) -> None:
        formula = bundle.formula
        assert formula is not None
        score = float(bundle.probability(bundle.margin(row[None]))[0, 0])
        group = formula.group(score)
        low, high = formula.range(row[None])
        if group is None or not np.isfinite([low[0], high[0]]).all():
            raise GoalError(
                "A sufficient reason of a score needs risk groups and a range for unknown inputs; "
                f"{bundle.label(bundle.options[0])} has none for this patient."
            )
        self._bundle, self._row, self._group = bundle, row, group
        self.answer = f"{bundle.label(bundle.options[0])}: {group}"
        self.n_features = len(bundle.schema.features)
        self.notes = (
            "Facts that are left open count at the best and the worst that the score publishes for them.",
        )

    def _changes(self, free: NDArray[np.bool_]) -> bool:
        formula = self._bundle.formula
        assert formula is not None
        row = self._row.copy()
        row[np.repeat(free, [len(f.columns) for f in self._bundle.schema.features])] = np.nan
        ends = [formula.group(float(end[0])) for end in formula.range(row[None])]
        return any(end != self._group for end in ends)

    def conflict(self, free: NDArray[np.bool_], deadline: float) -> NDArray[np.intp] | str | None:
        if not self._changes(free):
            return None
        needed = free.copy()
        for f in np.flatnonzero(free):
            needed[f] = False
            if not self._changes(needed):
                needed[f] = True
            if time.perf_counter() > deadline:
                break
        return np.flatnonzero(needed)
