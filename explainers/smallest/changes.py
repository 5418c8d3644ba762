"""The smallest changes of a patient after which a bundle says something else, with a proof that nothing smaller does."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from explainers.explanation import Counterfactual, FloatVector
from explainers.smallest.candidates import Candidates, candidates_of
from explainers.smallest.conditions import condition_words, unmoved_words
from explainers.smallest.constraints import Constraints, Mode, check_constraints
from explainers.smallest.every_set import MOST_OF_NUMBERS, try_every_set
from explainers.smallest.exact_engine import ExactEngine, exact_engine
from explainers.smallest.goals import Goal, GoalError, as_goal, standings_of_margins
from explainers.smallest.joining import ranked_sets
from explainers.smallest.remarks import cautions, held_words, untried_words
from oncology.errors import UnknownNameError
from oncology.patients import PatientProfile

if TYPE_CHECKING:
    from explainers.trees.search import Goal as OutputGoal
    from explainers.trees.search import Rules, SearchResult
    from explainers.trees.search.forest import Forest
    from oncology.bundles import ModelBundle

__all__ = ["SmallestChanges", "smallest_changes"]

Status = Literal["already so", "proven", "best found", "none within", "impossible", "open", "no answer"]
# After "none within m", how long the search may try to prove that no number of changes does it.
_IMPOSSIBLE_S = 1.0
_MOST_LISTED = 200  # sets that the search lists at most, unless numbers move
# Candidates beyond which pairs that too few patients share are not told to the search one by one: millions of them.
_MOST_PAIRED = 2000


@dataclass(frozen=True, eq=False, slots=True)
class SmallestChanges:
    """The answer to "what is the least that would have to be different?".

    Parameters
    ----------
    goal : str
        In words.
    status : {"already so", "proven", "best found", "none within", "impossible", "open", "no answer"}
        * "proven": `found` have the smallest size there is.
        * "best found": they reach the goal, but smaller sets were not all ruled out.
        * "none within": proven that no set of up to `max_size` changes does it.
        * "impossible": proven for any number of the allowed changes.
        * "open": none found, and not all ruled out.
        * "no answer": the model gives no answer on the option for this patient, so nothing was searched.
    found : tuple of Counterfactual
        Smallest first; of one size those that most training patients share come first. Each tells what the model
        would say of another patient, not what a treatment or a tumour would do. Sets that are the same but for
        neighbouring intervals of a number stand as one, with the joined interval and the value nearest to what is
        recorded.
    n_smallest : int
        Sets of the smallest size that were found in all, joined ones counted once; `all_listed` where there are no
        others.
    ruled_out : int
        Proven that no set of up to so many changes does it.
    n_candidates : int
        Single changes that were allowed.
    method : str
        How the answer was found, in words.
    ended_by : str or None
        What ended an unfinished search.
    conditions : tuple of str
        The mode and the constraints that were in force, one phrase each.
    """

    goal: str
    status: Status
    found: tuple[Counterfactual, ...]
    n_smallest: int
    all_listed: bool
    ruled_out: int
    max_size: int
    n_candidates: int
    method: str
    mode: Mode
    before: FloatVector
    seconds: float
    ended_by: str | None = None
    notes: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()

    @property
    def size(self) -> int | None:
        """Number of changes of the smallest sets found."""
        return self.found[0].size if self.found else None

    def conditions_words(self) -> str:
        """Which conditions were in force, in one sentence that is to stand above the answer."""
        return f"Conditions of this search: {'; '.join(self.conditions)}."

    def words(self) -> str:
        """The answer in one sentence, with how far it is proven."""
        if self.status == "already so":
            return f"{self.goal}: it is so already, so nothing was searched for."
        if self.status == "no answer":
            return f"{self.goal}: not searched, because the model gives no answer."
        if self.status == "impossible":
            return (
                f"{self.goal}: impossible within these conditions, whatever the number of changes (proven)."
            )
        if self.status == "none within":
            return f"{self.goal}: none within {_changes(self.max_size)} (proven)."
        proven = f"none within {_changes(self.ruled_out)} (proven)" if self.ruled_out > 0 else ""
        if self.status == "proven":
            return f"{self.goal}: {_changes(self.size or 0)}; nothing smaller does it (proven)."
        found = f"best found {_changes(self.size)}" if self.size else "none found"
        why = f" ({self.ended_by})" if self.ended_by else ""
        return f"{self.goal}: {'; '.join(part for part in (proven, found) if part)}{why}."


def _changes(n: int) -> str:
    return f"{n} change" if n == 1 else f"{n} changes"


def smallest_changes(
    bundle: ModelBundle,
    patient: PatientProfile | ArrayLike,
    goal: Goal | str,
    *,
    mode: Mode = "model",
    max_size: int = 6,
    constraints: Constraints | None = None,
    most: int = 10,
    time_limit_s: float = 10.0,
    stop: Callable[[], bool] | None = None,
) -> SmallestChanges:
    """All smallest sets of changes after which a goal holds.

    Parameters
    ----------
    patient : PatientProfile or array (c,)
    goal : Goal or str
        A goal, or an option that is to be ranked first.
    mode : {"model", "assay"}
        "model": any state may change. "assay": only what was not assayed may turn out either way, and calls may be
        wrong where `constraints.error_rates` are given.
    max_size : int
        Most changes at once. Goals about bands, exclusive classes' thresholds and published formulas are decided by
        trying every set of up to three (other models: two).
    most : int
        How many sets are returned.
    time_limit_s : float
    stop : function, optional
        Ends the search when it returns True.

    Returns
    -------
    SmallestChanges
        Every set in it was put through the bundle's own model again.

    Raises
    ------
    GoalError
        If the goal does not fit the bundle, or `max_size` is no whole number of 1 or more.
    UnknownNameError
        If there is no such mode, option or feature.
    ConstraintError
        If a constraint cannot be kept.

    Notes
    -----
    For trees and sums of single-input terms a goal of kind first, threshold or likely is a set of linear
    inequalities of the margins, which `explainers.trees.search` decides for any number of changes. Where one change
    moves columns of several features, sets are tried edit by edit and nothing is called proven.
    """
    from oncology.prediction import predict
    from oncology.recommendations import abstentions

    started = time.perf_counter()
    if isinstance(max_size, bool) or not isinstance(max_size, int) or max_size < 1:
        raise GoalError(f"At most {max_size} changes: expected a whole number of 1 or more.")
    if mode not in ("model", "assay"):
        raise UnknownNameError("Mode", mode, ("model", "assay"))
    goal, constraints = as_goal(bundle, goal), constraints or Constraints()
    check_constraints(bundle, constraints)
    target = bundle.option_index(goal.option)
    made = candidates_of(bundle, patient, mode=mode, constraints=constraints)
    predictions = predict(bundle, made.row[None] if made.patient is None else made.patient)
    reasons = abstentions(bundle, predictions, 0)
    abstained = np.array([o in reasons for o in bundle.options])
    before = np.where(abstained, np.nan, np.array(predictions.probability[0], dtype=np.float64))

    nothing = SmallestChanges(
        goal.words(bundle), "open", (), 0, True, -1, max_size, len(made), "", mode, before, 0.0,
        conditions=condition_words(bundle, mode=mode, constraints=constraints, max_size=max_size),
    )  # fmt: skip

    def answer(status: Status, **more: Any) -> SmallestChanges:
        return replace(nothing, status=status, seconds=time.perf_counter() - started, **more)

    now = standings_of_margins(bundle, predictions.raw, made.row[None], abstained)
    if predictions.refusals[0]:
        return answer("no answer", notes=predictions.refusals[0])
    if goal.reached(bundle, now)[0]:
        return answer("already so")
    shares = goal.kind == "first" and now.first[0] == target
    if abstained[target]:
        note = f"The model gives no answer on {bundle.label(goal.option)} for this patient: {reasons[goal.option]}"
        return answer("no answer", notes=(note,))
    unknown = [
        name for name, value in zip(bundle.schema.names, made.recorded(), strict=True) if value is None
    ]
    notes = (
        ["It shares the first place with another option now, which does not count as first."]
        if shares
        else []
    )
    notes += list(unmoved_words(bundle, mode, constraints, {e.feature for e in made.edits}, unknown))
    if made.held:
        notes.append(held_words(made))
    if not len(made):
        nobody = "Nothing is left that may change: under these conditions no candidate remains."
        nobody_status: Status = "impossible" if untried_words(made) is None else "open"
        return answer(nobody_status, notes=(nobody, *notes), ended_by=untried_words(made), ruled_out=0)
    made, together = _seen_together(made, constraints.seen_together)
    engine = exact_engine(bundle) if made.disjoint else None
    wanted = None if engine is None else engine.goal(bundle, goal, abstained, made.row)
    tumour = bundle.tumour_columns
    if goal.kind == "likely" and tumour is not None and made.moved[:, tumour].any():
        wanted = None  # the interval of another tumour type is another one
    limit = max(0.0, time_limit_s - (time.perf_counter() - started))
    if engine is not None and wanted is not None:
        found, status = _search(made, engine, wanted, max_size, together, limit, stop)
        sets, ruled_out, complete, ended = found.sets, found.ruled_out, found.all_listed, found.ended_by
        method = f"an exact search (branch and bound, {found.nodes:,} step{'' if found.nodes == 1 else 's'})"
    else:
        tried = try_every_set(made, goal, engine, abstained, max_size, together, limit, stop)
        sets, ruled_out, complete, ended = tried.sets, tried.ruled_out, tried.all_listed, tried.ended_by
        status = tried.status
        method = f"{tried.n_tried:,} sets of changes, each put through the model"
    if untried := untried_words(made):
        complete = False  # what was not tried may do it too
        if not (status == "proven" and len(sets[0]) == 1):
            status, ruled_out, ended = ("best found" if sets else "open"), 0, ended or untried
    margins = bundle.margin(made.edited(sets)) if sets else np.zeros((0, len(bundle.options)))
    rows = made.edited(sets) if sets else np.zeros((0, len(made.row)))
    after = standings_of_margins(bundle, margins, rows, abstained)
    holds = goal.reached(bundle, after) if sets else np.zeros(0, bool)
    if not holds.all():
        lost = int((~holds).sum())
        notes.append(
            f"{lost} of {len(sets)} sets found did not hold in the model's own arithmetic and are left out."
        )
        status = ("best found" if holds.any() else "open") if status == "proven" else status
    minimal: Literal["proven", "best found"] = "proven" if status == "proven" else "best found"
    reached = {tuple(sorted(s)): p for s, h, p in zip(sets, holds, after.probability, strict=True) if h}
    ranked = ranked_sets(made, reached, target, before)
    if any(len(part) > 1 for s, _, _ in ranked[:most] for part in s.parts):
        counted = (
            ""
            if bundle.training is None
            else f", and training {bundle.manifest.words.who} are counted over all"
        )
        notes.append(
            f"Where other values of a number reach the goal too, the answer beside them is that of the value named{counted}."
        )
    results = [
        Counterfactual(
            made.changes(s.shown, s.parts), goal.words(bundle), bundle.options, before, p, minimal, len(sets), mode,
            count, cautions(made, s.shown, count, mode),
        )
        for s, p, count in ranked[:most]
    ]  # fmt: skip
    return answer(
        status, found=tuple(results), n_smallest=len(ranked), all_listed=complete, ruled_out=ruled_out, method=method,
        ended_by=ended, notes=tuple(notes),
    )  # fmt: skip


def _seen_together(
    made: Candidates, least: int
) -> tuple[Candidates, Callable[[tuple[int, ...]], bool] | None]:
    """The rule that at least so many training patients have all changed values; None where there is no such rule.

    Pairs that fail it are kept apart from the start, which the search uses at once; the rule itself is for larger sets.
    """
    if least <= 0:
        return made, None
    seen = made.seen()
    assert seen is not None  # refused before the search where there are no training patients
    bits = np.packbits(seen, axis=0)

    def rule(chosen: tuple[int, ...]) -> bool:
        both = (
            np.bitwise_and.reduce(bits[:, list(chosen)], axis=1)
            if chosen
            else np.full(len(bits), 255, np.uint8)
        )
        return not chosen or int(np.bitwise_count(both).sum()) >= least

    if len(made) > _MOST_PAIRED:
        return made, rule
    counts = seen.T.astype(np.float32) @ seen.astype(np.float32)
    rare = (counts < least) & (made.feature[:, None] < made.feature[None, :])
    pairs = tuple((int(a), int(b)) for a, b in np.argwhere(rare))
    return replace(made, apart=(*made.apart, *pairs)), rule


def _search(
    made: Candidates,
    engine: ExactEngine,
    wanted: OutputGoal,
    max_size: int,
    together: Callable[[tuple[int, ...]], bool] | None,
    time_limit_s: float,
    stop: Callable[[], bool] | None,
) -> tuple[SearchResult, Status]:
    """The solver's answer over candidates."""
    from explainers.trees.search.fixing import Stopped
    from explainers.trees.search.solving import SearchResult, solve, warm

    warm()
    started = time.perf_counter()

    def over() -> bool:
        return time.perf_counter() - started > time_limit_s or (stop is not None and stop())

    try:
        forest, rules, order = forest_of_candidates(made, engine, max_size, together, over)
    except Stopped:
        ended = "time limit" if time.perf_counter() - started > time_limit_s else "stopped"
        nothing = SearchResult("open", (), None, -1, max_size, False, 0, time.perf_counter() - started, ended)
        return nothing, "open"
    listed = MOST_OF_NUMBERS if made.moves_numbers else _MOST_LISTED
    left = max(0.0, time_limit_s - (time.perf_counter() - started))
    result = solve(forest, rules, wanted, max_size=max_size, most_sets=listed, time_limit_s=left, stop=stop)
    sets = tuple(sorted(tuple(sorted(int(order[i]) for i in s)) for s in result.sets))
    status: Status
    if result.status == "none":
        left = min(_IMPOSSIBLE_S, time_limit_s - (time.perf_counter() - started))
        everything = int(rules.group.max()) + 1
        status = "none within" if max_size < everything else "impossible"  # there is no larger set
        if status == "none within" and left > 0 and not over():
            with suppress(Stopped):
                forest, rules, _ = forest_of_candidates(made, engine, everything, together, over)
                more = solve(
                    forest, rules, wanted, max_size=everything, time_limit_s=left, list_all=False, stop=stop
                )
                status = "impossible" if more.status == "none" else status
    else:
        status = result.status
    return replace(result, sets=sets), status


def forest_of_candidates(
    made: Candidates,
    engine: ExactEngine,
    max_size: int,
    together: Callable[[tuple[int, ...]], bool] | None = None,
    stop: Callable[[], bool] | None = None,
) -> tuple[Forest, Rules, NDArray[np.intp]]:
    """The solver's forest and rules of candidate changes, and each item's position among the candidates.

    Raises
    ------
    explainers.trees.search.fixing.Stopped
        Once `stop` says so, before all trees are through.
    """
    from explainers.trees.search import Rules
    from explainers.trees.search.fixing import additive_forest, forest_of

    if engine.ensemble is not None:
        wide = {f: made.moved[made.feature == f].any(axis=0).nonzero()[0] for f in np.unique(made.feature)}
        changes: list[dict[str | int, float]] = [
            {int(c): float(made.rows[i, c]) for c in wide[made.feature[i]]} for i in range(len(made))
        ]
        forest, group, order = forest_of(engine.ensemble, made.row, changes, max_size, stop=stop)
    else:
        margins = made.bundle.margin(np.vstack([made.row[None], made.rows]))
        order = np.argsort(made.feature, kind="stable")
        _, group = np.unique(made.feature[order], return_inverse=True)
        forest = additive_forest(margins[0], (margins[1:] - margins[0])[order], group)
    position = np.argsort(order)
    rules = Rules(
        group,
        [(int(position[a]), int(position[b])) for a, b in made.apart],
        [(int(position[i]), [int(position[j]) for j in others]) for i, others in made.needs],
        None if together is None else lambda chosen: together(tuple(int(order[i]) for i in chosen)),
    )
    return forest, rules, order
