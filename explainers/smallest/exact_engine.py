"""The exact form of a bundle: its options as outputs of one tree ensemble, each with its calibration line."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from explainers.families import Family, estimator_of, family_of, tree_form
from oncology.bundles.margins import log_shares
from oncology.uncertainty import CalibrationMap

if TYPE_CHECKING:
    from explainers.explanation import FloatMatrix, FloatVector
    from explainers.smallest.goals import Goal
    from explainers.trees import TreeEnsemble
    from explainers.trees.search import Goal as OutputGoal
    from oncology.bundles import ModelBundle

__all__ = ["ExactEngine", "exact_engine"]


@dataclass(frozen=True, eq=False, slots=True)
class ExactEngine:
    """A bundle whose comparisons between options are affine in sums that can be searched exactly.

    Attributes
    ----------
    ensemble : TreeEnsemble or None
        All options side by side; None where each margin is a sum of single-input terms.
    output : int array (k,)
        Output of the ensemble (or column of the margins) that is each option's margin.
    slope, intercept : arrays (k,)
        Log-odds of the calibrated probability = slope * margin + intercept. For exclusive classes: 1 and 0, since
        the order of the classes is that of the trees' outputs.
    thresholds : bool
        Whether a probability over or under a value is a margin over or under another.
    exclusive : bool
        Whether the options are classes of one model; their outputs are shares (forests) or what a softmax makes shares of.
    """

    ensemble: TreeEnsemble | None
    output: NDArray[np.intp]
    slope: NDArray[np.float64]
    intercept: NDArray[np.float64]
    thresholds: bool
    exclusive: bool = False

    @property
    def n_outputs(self) -> int:
        """Width of what the search compares."""
        return len(self.output) if self.ensemble is None else self.ensemble.n_outputs

    def margins(self, outputs: FloatMatrix) -> FloatMatrix:
        """Margins (n, k) of the options from outputs (n, m), as the bundle's own model gives them."""
        margins = np.ascontiguousarray(outputs[:, self.output])
        if not self.exclusive:
            return margins
        assert self.ensemble is not None
        return log_shares(margins if self.ensemble.unit == "probability" else softmax(margins, axis=1))

    def goal(
        self, bundle: ModelBundle, goal: Goal, abstained: NDArray[np.bool_], row: FloatVector | None = None
    ) -> OutputGoal | None:
        """The goal as linear expressions of the outputs; None where it has no such form (bands, some thresholds).

        row : (c,), the patient, whose tumour type decides the interval; its tumour type must not be changed.
        """
        from explainers.trees.search import Goal as OutputGoal

        target = bundle.option_index(goal.option)
        column, m = int(self.output[target]), self.n_outputs
        if goal.kind == "first":
            slope, intercept = np.zeros(m), np.zeros(m)
            slope[self.output], intercept[self.output] = self.slope, self.intercept
            rivals = [
                int(self.output[j]) for j in range(len(self.output)) if not abstained[j] and j != target
            ]
            return (
                OutputGoal.first(column, m, slope=slope, intercept=intercept, rivals=rivals)
                if rivals
                else None
            )
        if not self.thresholds or goal.kind not in ("threshold", "likely"):
            return None
        assert isinstance(bundle.calibration, dict)
        line: CalibrationMap = bundle.calibration[goal.option]
        if goal.kind == "likely":
            level = _margin_of_upper_end(bundle, goal.option, bundle.manifest.unlikely_below, row)
            return None if level is None else OutputGoal.over(column, m, level)
        assert goal.value is not None
        level = line.margin(goal.value)
        return (OutputGoal.over if goal.side == "over" else OutputGoal.under)(column, m, level)


def _margin_of_upper_end(
    bundle: ModelBundle, option: str, limit: float, row: FloatVector | None
) -> float | None:
    """The margin at which the upper end of an option's interval reaches a limit, far enough below it that an end at the
    limit itself counts: the search takes what lies within its tolerance for a tie.

    For patients of the row's tumour type. The end never falls with the margin and runs on along the calibration
    beyond what was seen, so bisection finds the place. None where that does not show on the calibration's own grid.
    """
    assert isinstance(bundle.calibration, dict)
    grid = bundle.calibration[option].grid
    j, k = bundle.option_index(option), len(bundle.options)
    rows = None if row is None else row[None]

    def end(margins: FloatVector) -> FloatVector:
        return bundle.interval(np.repeat(margins[:, None], k, axis=1), rows)[1][:, j]

    if not (np.diff(end(grid)) >= 0).all():
        return None
    low, high = float(grid[0]), float(grid[-1])
    width = high - low
    while end(np.array([low]))[0] >= limit:
        low -= width
        width *= 2
    while end(np.array([high]))[0] < limit:
        high += width
        width *= 2
    for _ in range(200):
        middle = (low + high) / 2
        if not low < middle < high:
            break
        low, high = (middle, high) if end(np.array([middle]))[0] < limit else (low, middle)
    from explainers.trees.search import TOLERANCE

    # In units of the sums of up to ten thousand (`Goal.in_units`); sets found that miss it after all are left out.
    return low - 1e4 * TOLERANCE * max(1.0, abs(low))


@lru_cache(maxsize=8)
def exact_engine(bundle: ModelBundle) -> ExactEngine | None:
    """The exact engine of a bundle; None for published formulas and models that are neither trees nor sums."""
    if bundle.formula is not None:
        return None
    if bundle.output_kind == "classes":
        return _engine_of_classes(bundle)
    if not isinstance(bundle.calibration, dict):
        return None
    families = {family_of(bundle, o) for o in bundle.options}
    lines = [bundle.calibration[o] for o in bundle.options]
    slope = np.array([line.slope for line in lines])
    intercept = np.array([line.intercept for line in lines])
    if families == {Family.ADDITIVE}:
        return ExactEngine(None, np.arange(len(lines)), slope, intercept, True)
    if families != {Family.TREES}:
        return None
    forms = [tree_form(bundle, o) for o in bundle.options]
    if any(form is None for form in forms):
        return None
    from explainers.trees import stack

    known = [form for form in forms if form is not None]
    last = np.cumsum([form.n_outputs for form in known]) - 1  # a forest's last class is "responded"
    names = [
        f"{o}: {name}" for o, form in zip(bundle.options, known, strict=True) for name in form.output_names
    ]
    return ExactEngine(stack(known, names), last.astype(np.intp), slope, intercept, True)


def _engine_of_classes(bundle: ModelBundle) -> ExactEngine | None:
    form = tree_form(bundle, bundle.options[0])
    k = len(bundle.options)
    if form is None or form.n_outputs != k or not (form.unit == "probability" or form.exclusive):
        return None
    if _is_calibrated(estimator_of(bundle, bundle.options[0])):
        return None
    return ExactEngine(form, np.arange(k), np.ones(k), np.zeros(k), False, exclusive=True)


def _is_calibrated(estimator: object) -> bool:
    """Whether a calibration stands between the trees and the model's shares, whatever is wrapped around it."""
    while inner := getattr(estimator, "best_estimator_", None) or getattr(estimator, "steps", None):
        estimator = inner[-1][1] if isinstance(inner, list) else inner
    return hasattr(estimator, "calibrated_classifiers_")
