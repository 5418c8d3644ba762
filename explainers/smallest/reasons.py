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

from explainers.smallest.candidates import row_of
from explainers.smallest.oracles import EngineOracle, GroupOracle
from oncology.features import Value
from oncology.patients import PatientProfile

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["Fact", "SufficientReason", "sufficient_reason"]

_SECONDS_TO_COUNT = 2.0  # after the time limit, for how many facts are needed at least

_Refutation = Literal["sufficient", "refuted", "undecided"]


@dataclass(frozen=True, slots=True)
class Fact:
    """One feature as recorded."""

    feature: str
    label: str
    value: Value
    words: str


@dataclass(frozen=True, slots=True)
class SufficientReason:
    """A set of a patient's facts that alone keeps the model's answer: proven, also where a smaller one may be.

    Parameters
    ----------
    answer : str
        What is kept, in words: "Osimertinib ranked first". An option that draws level with it does not come first.
    facts : tuple of Fact
    n_facts : int
        Facts that the model reads in all.
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
        if self.smallest:
            return f"{self.answer}: {of} suffice for every value of the others that the model knows; no fewer do (proven)."
        return (
            f"{self.answer}: {of} suffice for every value of the others that the model knows (proven); at least "
            f"{self.at_least} are needed, and fewer than these may do."
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
    search = _Search(oracle, time.perf_counter() + time_limit_s, stop)
    search.run()
    names = bundle.schema.features
    values = bundle.schema.decode(row) if profile is None else bundle.schema.values(profile)
    facts = tuple(
        Fact(names[f].name, names[f].label, values[f], f"{names[f].label}: {names[f].words(values[f])}")
        for f in np.flatnonzero(search.best)
    )
    return SufficientReason(
        oracle.answer, facts, oracle.n_features, search.smallest, search.at_least, len(search.conflicts),
        time.perf_counter() - started, search.ended_by, oracle.notes,
    )  # fmt: skip


class _Search:
    """The smallest reason of one oracle, as far as the time allows.

    Attributes
    ----------
    best : bool array (n,)
        The smallest set of facts known to be sufficient; at first all of them.
    at_least : int
        Proven: no fewer facts are sufficient.
    ended_by : str, optional
        Why the search ended before `best` was proven smallest.
    """

    def __init__(self, oracle: Oracle, deadline: float, stop: Callable[[], bool] | None) -> None:
        self._oracle, self._deadline, self._stopped = oracle, deadline, stop or (lambda: False)
        self.conflicts: list[NDArray[np.intp]] = []
        self.best = np.ones(oracle.n_features, bool)
        self.at_least = 0
        self.ended_by: str | None = None

    @property
    def smallest(self) -> bool:
        """Whether no set of fewer facts is sufficient."""
        return self.at_least == int(self.best.sum())

    def run(self) -> None:
        """Find a reason quickly, then ask for one fact less until that is proven impossible."""
        from explainers.trees.search.covering import cover_within, least_cover

        n = self._oracle.n_features
        nothing = np.zeros(n, bool)
        if self._refute(nothing) == "sufficient":
            self._take(nothing)
        while not self._over() and self.conflicts:
            kept = _quick_cover(self.conflicts, n)
            if (found := self._refute(kept, most=1)) != "refuted":
                if found == "sufficient":
                    self._take(kept)
                break
        while not self._over():
            fewer = int(self.best.sum()) - 1
            cover = cover_within(self.conflicts, n, fewer, self._over)
            if cover.items is None:
                if cover.settled:
                    self.at_least = fewer + 1
                break
            kept = self._filled(cover.items, fewer)
            if (found := self._refute(kept)) == "sufficient":
                self._take(kept)
            elif found == "undecided":
                self.ended_by = "an answer stayed undecided"
                break
        if not self.smallest:
            until = time.perf_counter() + _SECONDS_TO_COUNT
            self.at_least = least_cover(
                self.conflicts, n, int(self.best.sum()), lambda: time.perf_counter() > until
            )
            why = self.ended_by or ("stopped" if self._stopped() else "time limit")
            self.ended_by = None if self.smallest else why

    def _over(self) -> bool:
        return time.perf_counter() > self._deadline or self._stopped()

    def _refute(self, kept: NDArray[np.bool_], most: int | None = None) -> _Refutation:
        """Look for conflicts among the facts that are not kept, one after the other while those found are kept too, so
        that they do not overlap. What holds of `kept` itself; what stands after the last conflict is tried as a reason.
        """
        now, known = kept, len(self.conflicts)
        while most is None or len(self.conflicts) - known < most:
            found = self._oracle.conflict(~now, self._deadline)
            if found is None and now is kept:
                return "sufficient"
            if found is None and now.sum() < self.best.sum():
                self._take(now)
            if found is None or isinstance(found, str):
                break
            self.conflicts.append(found)
            now = now.copy()
            now[found] = True
        return "refuted" if len(self.conflicts) > known else "undecided"

    def _take(self, kept: NDArray[np.bool_]) -> None:
        """Keep a sufficient set, without the facts it can spare one at a time."""
        for f in np.flatnonzero(kept):
            if self._over():
                break
            fewer = kept.copy()
            fewer[f] = False
            if self._oracle.conflict(~fewer, self._deadline) is None:
                kept = fewer
        if kept.sum() < self.best.sum():
            self.best = kept

    def _filled(self, kept: NDArray[np.bool_], size: int) -> NDArray[np.bool_]:
        """The cover with further facts, those of most conflicts first: what refutes more facts says more."""
        count = np.zeros(len(kept))
        for features in self.conflicts:
            count[features] += 1
        count[kept] = -1
        filled = kept.copy()
        filled[np.argsort(-count, kind="stable")[: size - int(kept.sum())]] = True
        return filled


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
