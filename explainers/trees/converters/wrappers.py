"""Models around models: what can be looked through, and what is said about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from explainers.trees.ensemble import TreeEnsemble
from explainers.trees.errors import UnconvertibleModelError

__all__ = [
    "Inside",
    "inside_calibration",
    "inside_frozen",
    "inside_multi_output",
    "inside_pipeline",
    "inside_search",
    "noted",
]


@dataclass(frozen=True, eq=False)
class Inside:
    """The models found inside a wrapper, and what the reader of an explanation must know."""

    models: Sequence[Any]
    note: str | None = None

    def output_names(self, parts: Sequence[TreeEnsemble]) -> list[str]:
        """Names of all outputs, numbered by model where there are several."""
        if len(parts) == 1:
            return list(parts[0].output_names)
        return [f"output {i}: {name}" for i, part in enumerate(parts) for name in part.output_names]


def inside_calibration(model: Any) -> Inside:
    """The only inner model of a CalibratedClassifierCV; several have no common margin."""
    fitted = getattr(model, "calibrated_classifiers_", None)
    if fitted is None:
        raise UnconvertibleModelError(model, "it has not been fitted", "Call fit first.")
    if len(fitted) > 1:
        raise UnconvertibleModelError(
            model,
            f"it averages {len(fitted)} models after calibrating each, so there is no single margin to explain",
            "Train it with ensemble=False: one model on all data, one calibration map.",
        )
    return Inside(
        [fitted[0].estimator],
        "Explained is the inner model's own output, before the calibration map that turns it into the probability "
        "shown.",
    )


def inside_pipeline(model: Any) -> Inside:
    """The last step of a Pipeline whose other steps change nothing."""
    for name, step in model.steps[:-1]:
        idle = step is None or step == "passthrough"
        identity = type(step).__name__ == "FunctionTransformer" and getattr(step, "func", 0) is None
        if not (idle or identity):
            raise UnconvertibleModelError(
                model,
                f"its step {name!r} ({type(step).__name__}) changes the columns before the trees see them",
                "Apply the steps before the last to the data yourself and explain the last step on the result, "
                "under the names of the transformed columns.",
            )
    return Inside([model.steps[-1][1]])


def inside_frozen(model: Any) -> Inside:
    """The model that a FrozenEstimator holds."""
    return Inside([model.estimator])


def inside_search(model: Any) -> Inside:
    """The best model of a finished parameter search."""
    if not hasattr(model, "best_estimator_"):
        raise UnconvertibleModelError(model, "it holds no best model", "Call fit with refit=True first.")
    return Inside([model.best_estimator_])


def inside_multi_output(model: Any) -> Inside:
    """One model per output of a MultiOutput wrapper."""
    if not hasattr(model, "estimators_"):
        raise UnconvertibleModelError(model, "it has not been fitted", "Call fit first.")
    return Inside(list(model.estimators_))


def noted(ensemble: TreeEnsemble, note: str | None) -> TreeEnsemble:
    """The ensemble with one more note."""
    return ensemble if note is None else replace(ensemble, notes=(*ensemble.notes, note))
