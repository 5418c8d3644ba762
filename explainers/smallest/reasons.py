"""Sufficient reasons: the fewest facts of a patient that alone keep the recommendation, whatever the others were.

**What is asked.** The facts of a patient are the model's features as recorded ("EGFR p.L858R altered", "STK11 not
assayed", "albumin 3.9 g/dL"). A set of facts is *sufficient* when no other patient with these facts gets another
answer: every other feature may take any value of its declared domain, all at once. For an alteration these are its
states, for a category its levels, for a number one value for each interval that the model tells apart within the
plausible range, and "not known" where the model takes it.

**How the smallest is found.** If changing only the features of a set C can change the answer, a sufficient set needs
at least one fact of C. Such sets are *conflicts*. A smallest set of facts that meets every conflict known so far is a
lower bound; if it is sufficient, it is the smallest of all, else the counterexample is a new conflict. Both steps are
exact: the first is a small covering problem solved to the end, the second the proven search of
`explainers.trees.search` with no limit on the number of changes.

References
----------
.. [1] Ignatiev, Narodytska, Marques-Silva (2019), AAAI, arXiv:1811.10656: abduction-based explanations.
.. [2] Reiter (1987), Artificial Intelligence 32(1): diagnosis by hitting sets.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import Bounds, LinearConstraint, milp

from explainers.smallest.candidates import row_of
from explainers.smallest.goals import GoalError
from explainers.smallest.oracles import EngineOracle, GroupOracle
from oncology.features import Value
from oncology.patients import PatientProfile

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["Fact", "SufficientReason", "sufficient_reason"]


@dataclass(frozen=True, slots=True)
class Fact:
    """One feature as recorded."""

    feature: str
    label: str
    value: Value
    words: str


@dataclass(frozen=True, slots=True)
class SufficientReason:
    """A set of a patient's facts that alone keeps the model's answer.

    Parameters
    ----------
    answer : str
        What is kept, in words: "Osimertinib ranked first".
    facts : tuple of Fact
    n_facts : int
        Facts that the model reads in all.
    sufficient : {"proven", "not proven"}
        "not proven": a limit was met before every other patient with these facts could be ruled out.
    smallest : bool
        Whether it is proven that no smaller set is sufficient.
    at_least : int
        Proven: every sufficient set has this many facts or more.
    n_conflicts : int
        Counterexamples that the search went through.
    """

    answer: str
    facts: tuple[Fact, ...]
    n_facts: int
    sufficient: Literal["proven", "not proven"]
    smallest: bool
    at_least: int
    n_conflicts: int
    seconds: float
    ended_by: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Number of facts."""
        return len(self.facts)

    def words(self) -> str:
        """The answer in one sentence."""
        of = f"{self.size} of {self.n_facts} facts"
        if self.sufficient == "not proven":
            return f"{self.answer}: {of} may suffice (not proven: {self.ended_by}); at least {self.at_least} are needed."
        if self.smallest:
            return f"{self.answer}: {of} suffice, whatever the others were; no fewer do (proven)."
        return (
            f"{self.answer}: {of} suffice, whatever the others were (proven); at least {self.at_least} are needed, "
            "and fewer than these may do."
        )


class Oracle(Protocol):
    """Knows whether an answer can change when some features are free."""

    answer: str
    notes: tuple[str, ...]
    n_features: int

    def conflict(self, free: NDArray[np.bool_], deadline: float) -> NDArray[np.intp] | str | None:
        """Features whose change alone changes the answer; None where none can (proven); UNDECIDED at a limit."""
        ...


def sufficient_reason(
    bundle: ModelBundle,
    patient: PatientProfile | ArrayLike,
    *,
    time_limit_s: float = 20.0,
    stop: Callable[[], bool] | None = None,
) -> SufficientReason:
    """A smallest set of facts that alone keeps the option ranked first (or a score's risk group).

    Parameters
    ----------
    patient : PatientProfile or array (c,)
    time_limit_s : float
        After it the best set known is returned, with what is proven about it.
    stop : function, optional

    Raises
    ------
    GoalError
        If the bundle ranks nothing and has no risk groups, gives this patient no prediction, or has no exact form.
    """
    started = time.perf_counter()
    profile, row = row_of(bundle, patient)
    oracle: Oracle
    oracle = GroupOracle(bundle, row) if bundle.formula is not None else EngineOracle(bundle, row, profile)
    deadline = time.perf_counter() + time_limit_s
    n = oracle.n_features
    conflicts: list[NDArray[np.intp]] = []
    best, ended = np.ones(n, bool), None
    proven_best = True  # all facts together keep the answer
    at_least, smallest = 0, False
    while True:
        if time.perf_counter() > deadline or (stop is not None and stop()):
            ended = "time limit" if time.perf_counter() > deadline else "stopped"
            break
        kept = _smallest_cover(conflicts, n)
        at_least = max(at_least, int(kept.sum()))
        if proven_best and int(best.sum()) == at_least:
            smallest = True
            break
        found = oracle.conflict(~kept, deadline)
        if found is None:
            best, smallest = kept, True
            break
        if isinstance(found, str):
            ended = "an answer stayed undecided"
            break
        # One counterexample after the other while their features are kept: cheap conflicts that do not overlap.
        while not isinstance(found, str) and found is not None:
            conflicts.append(found)
            kept = kept.copy()
            kept[found] = True
            found = oracle.conflict(~kept, deadline)
        if found is None and kept.sum() < best.sum():
            best = _thinned(oracle, kept, deadline)
        # Covers by rule of thumb, until one is sufficient: they cost little, and a smallest one is asked for less often.
        while time.perf_counter() < deadline and not (stop is not None and stop()):
            kept = _quick_cover(conflicts, n)
            found = oracle.conflict(~kept, deadline)
            if found is None or isinstance(found, str):
                break
            conflicts.append(found)
        if found is None and kept.sum() < best.sum():
            best = _thinned(oracle, kept, deadline)
    notes = oracle.notes
    names = bundle.schema.features
    values = bundle.schema.decode(row) if profile is None else bundle.schema.values(profile)
    facts = tuple(
        Fact(names[f].name, names[f].label, values[f], f"{names[f].label}: {names[f].words(values[f])}")
        for f in np.flatnonzero(best)
    )
    return SufficientReason(
        oracle.answer, facts, n, "proven" if proven_best else "not proven", smallest, at_least, len(conflicts),
        time.perf_counter() - started, None if smallest else ended, notes,
    )  # fmt: skip


def _smallest_cover(conflicts: Sequence[NDArray[np.intp]], n: int) -> NDArray[np.bool_]:
    """A smallest set of features that meets every conflict."""
    if not conflicts:
        return np.zeros(n, bool)
    table = np.zeros((len(conflicts), n))
    for row, features in zip(table, conflicts, strict=True):
        row[features] = 1
    answer = milp(
        np.ones(n),
        integrality=np.ones(n),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(table, 1, np.inf),
    )
    if answer.status != 0:
        raise GoalError(
            f"The covering problem of {len(conflicts)} conflicts was not solved: {answer.message}"
        )
    return np.asarray(answer.x > 0.5)


def _quick_cover(conflicts: Sequence[NDArray[np.intp]], n: int) -> NDArray[np.bool_]:
    """A set of features that meets every conflict: the one that meets most of those left, until none is; then without
    those that the others make up for.
    """
    table = np.zeros((len(conflicts), n), bool)
    for row, features in zip(table, conflicts, strict=True):
        row[features] = True
    kept, left = np.zeros(n, bool), np.ones(len(conflicts), bool)
    while left.any():
        f = table[left].sum(axis=0).argmax()
        kept[f] = True
        left &= ~table[:, f]
    for f in np.flatnonzero(kept):
        kept[f] = not (table[:, kept].sum(axis=1) > table[:, f]).all()
    return kept


def _thinned(oracle: Oracle, kept: NDArray[np.bool_], deadline: float) -> NDArray[np.bool_]:
    """Drop facts one at a time while the rest stays sufficient."""
    for f in np.flatnonzero(kept):
        if time.perf_counter() > deadline:
            break
        fewer = kept.copy()
        fewer[f] = False
        if oracle.conflict(~fewer, deadline) is None:
            kept = fewer
    return kept
