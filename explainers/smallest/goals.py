"""What a change is to bring about: an option first, in band 1, over a threshold, no longer unlikely, a risk group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from explainers.standings import Standings, top_band
from oncology.errors import OncologyError, UnknownNameError

if TYPE_CHECKING:
    from explainers.explanation import FloatMatrix
    from oncology.bundles import ModelBundle

__all__ = ["Goal", "GoalError", "GoalKind", "as_goal", "standings_of_margins"]

GoalKind = Literal["first", "band", "threshold", "likely", "group"]


class GoalError(OncologyError, ValueError):
    """A goal that this bundle's output cannot have."""


@dataclass(frozen=True, slots=True)
class Goal:
    """What a change is after.

    Parameters
    ----------
    option : str
    kind : {"first", "band", "threshold", "likely", "group"}
        "first": the highest calibrated probability among options that are not abstained, shared with none. "band": in
        band 1.
        "threshold": the option's probability (or score) over or under `value`. "likely": out of "unlikely to help",
        the upper end of the interval at or over the bundle's limit. "group": the score falls into a risk group.
    value : float, optional
        Of a threshold.
    side : {"over", "under"}
    group : str
        Of a group goal, in the bundle's own words.
    """

    option: str
    kind: GoalKind = "first"
    value: float | None = None
    side: Literal["over", "under"] = "over"
    group: str = ""

    def words(self, bundle: ModelBundle) -> str:
        """The goal in words."""
        label = bundle.label(self.option)
        if self.kind == "threshold":
            what = "score" if bundle.is_score else "probability"
            return f"{label}: {what} {self.side} {_shortest(self.value)}"
        if self.kind == "group":
            return f"{label}: {self.group}"
        return {
            "first": f"{label} ranked first",
            "band": f"{label} in band 1",
            "likely": f"{label} no longer among the options unlikely to help",
        }[self.kind]

    def check(self, bundle: ModelBundle) -> None:
        """Refuse a goal that does not fit the bundle."""
        if self.kind not in (kinds := get_args(GoalKind)):
            raise UnknownNameError("Goal", str(self.kind), kinds)
        if self.side not in ("over", "under"):
            raise UnknownNameError("Side of a threshold", str(self.side), ("over", "under"))
        if self.kind == "threshold":
            if self.value is None or not np.isfinite(self.value):
                raise GoalError("A threshold goal needs its value: a probability, or a score.")
            if not bundle.is_score and not 0 < self.value < 1:
                raise GoalError(f"A probability lies between 0 and 1; the threshold is {self.value:g}.")
            if bundle.formula is not None and bundle.formula.link == "logistic" and not 0 < self.value < 1:
                raise GoalError(
                    f"{bundle.label(self.option)} lies between 0 and 1; the threshold is {self.value:g}."
                )
        elif self.kind == "group":
            names = () if bundle.formula is None else bundle.formula.categories
            if self.group not in names:
                raise UnknownNameError("Risk group", self.group, names)
        elif self.kind == "likely":
            if bundle.is_score:
                raise GoalError(
                    f"{bundle.label(self.option)} is a score, which has no options unlikely to help. Give a threshold."
                )
        elif not bundle.ranks:
            raise GoalError(
                f"{bundle.label(self.option)} stands alone in this model, so it cannot be ranked. Give a threshold "
                "instead: a value that its score should be over or under."
            )

    def reached(self, bundle: ModelBundle, after: Standings) -> NDArray[np.bool_]:
        """For each row of standings, whether the goal holds, (n,)."""
        index = bundle.option_index(self.option)
        probability = after.probability[:, index]
        if self.kind == "first":
            others = np.delete(after.probability, index, axis=1)
            rival = np.where(np.isnan(others), -np.inf, others).max(axis=1, initial=-np.inf)
            return (after.first == index) & (probability > rival)
        if self.kind == "band":
            return after.band_one[:, index]
        if self.kind == "likely":
            return after.high[:, index] >= bundle.manifest.unlikely_below
        if self.kind == "group":
            assert bundle.formula is not None
            return np.array(
                [np.isfinite(p) and bundle.formula.group(float(p)) == self.group for p in probability]
            )
        assert self.value is not None
        if bundle.formula is not None and bundle.formula.categories:
            # Risk groups are published on the score rounded to two decimals, and so it is shown.
            probability = np.round(probability, 2)
        return probability > self.value if self.side == "over" else probability < self.value


def _shortest(value: float | None) -> str:
    """The fewest digits that tell a number from its neighbours: 0.5, 0.999999999999."""
    return repr(float(value or 0.0)).removesuffix(".0")


def as_goal(bundle: ModelBundle, goal: Goal | str) -> Goal:
    """A checked goal; an option's name alone means that it is to be ranked first."""
    if isinstance(goal, str):
        goal = Goal(goal)
    option = bundle.options[bundle.option_index(goal.option)]
    made = Goal(option, goal.kind, goal.value, goal.side, getattr(goal, "group", ""))
    made.check(bundle)
    return made


def standings_of_margins(
    bundle: ModelBundle, margins: FloatMatrix, rows: FloatMatrix, abstained: NDArray[np.bool_]
) -> Standings:
    """Standings of versions of one patient whose margins (n, k) are known already.

    rows : (n, c), or (1, c) for versions of one tumour type; a published formula needs them all.
    """
    ends = (bundle.probability(margins), *bundle.interval(margins, rows))
    probability, low, high = (np.where(abstained, np.nan, np.asarray(a, dtype=np.float64)) for a in ends)
    if not bundle.ranks:
        nobody = np.zeros(probability.shape, dtype=bool)
        return Standings(probability, low, high, abstained, np.full(len(margins), -1), nobody)
    return Standings(probability, low, high, abstained, *top_band(probability, low, high, abstained))
