"""A bundle's models as one engine: one output per option."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from explainers.trees.converters import from_estimator
from explainers.trees.ensemble import TreeEnsemble, stack
from explainers.trees.errors import TreeEngineError

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["from_bundle", "only_output"]


def from_bundle(bundle: ModelBundle) -> TreeEnsemble:
    """All options of a bundle side by side, k outputs in the order of `bundle.options`.

    For options that are independent of each other the outputs are `bundle.margin`: log-odds, or probabilities of
    averaging forests. For exclusive classes they are the model's own scores before the softmax (or the forest's
    probabilities); `bundle.margin` is their logarithm after it, which ranks and toggles alike but is no sum of trees.

    Parameters
    ----------
    bundle : ModelBundle
        `prediction.predict` takes the result's `predict` as its fast path for independent options.

    Raises
    ------
    TreeEngineError
        If the bundle is a published formula.
    UnconvertibleModelError
        If one of its models has no exact tree form.
    """
    if not bundle.estimators:
        raise TreeEngineError(
            f"{bundle.name} is a published formula, not trees; the method 'exact' explains it in closed form."
        )
    columns, options = tuple(bundle.schema.columns), tuple(bundle.options)
    if len(bundle.estimators) == 1 and len(options) > 1:  # one model, its classes are the options
        (estimator,) = bundle.estimators.values()
        ensemble = from_estimator(estimator, columns)
        if ensemble.n_outputs != len(options):
            raise TreeEngineError(
                f"{bundle.name} has {len(options)} options, but its model gives {ensemble.n_outputs} scores: "
                "a model of two classes has a single margin, whose sign tells them apart."
            )
        return replace(ensemble, output_names=options)
    parts = []
    for option in options:
        ensemble = from_estimator(bundle.estimators[option], columns)
        parts.append(only_output(ensemble, 1) if ensemble.n_outputs == 2 else ensemble)
    return stack(parts, options)


def only_output(ensemble: TreeEnsemble, output: int) -> TreeEnsemble:
    """One output of an ensemble whose leaves hold all of them, such as a forest's positive class."""
    if ensemble.boxes.value.shape[1] != ensemble.n_outputs:
        raise TreeEngineError("Only ensembles whose leaves hold every output can be reduced to one of them.")
    value = np.ascontiguousarray(ensemble.boxes.value[:, output : output + 1])
    base = ensemble.base[output : output + 1].copy()
    for array in (value, base):
        array.flags.writeable = False
    return replace(
        ensemble,
        output_names=(ensemble.output_names[output],),
        base=base,
        boxes=ensemble.boxes._replace(value=value),
        exclusive=False,
    )
