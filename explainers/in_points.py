"""What single facts are worth in the model's own numbers: asked by prediction, never by rescaling an attribution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from explainers.explanation import FloatVector
from explainers.ranking_words import silences
from oncology.edits import Edit, apply
from oncology.features import FeatureSpec, Value
from oncology.patients import ImpossibleValueError, PatientProfile

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["PointEffect", "effects_in_points", "rows"]


@dataclass(frozen=True, slots=True)
class PointEffect:
    """What the model would say of one option if one fact were otherwise.

    before, after : float
        Calibrated probability in [0, 1], or the score.
    """

    feature: str
    label: str
    state: str
    otherwise: str
    before: float
    after: float
    words: str


def effects_in_points(
    bundle: ModelBundle, profile: PatientProfile, option: str, features: Sequence[str]
) -> tuple[PointEffect, ...]:
    """The model asked again with one fact changed, for each of some schema features.

    Parameters
    ----------
    features : sequence of str
        Names of schema features. An altered gene is asked as tested and not altered, and the reverse; a gene that was not
        assayed both ways; a number as the middle of the training patients; a category as their most frequent.

    Returns
    -------
    tuple of PointEffect
        In the order asked; features whose value is already the one to compare with are left out. None at all for an
        option that the model gives no answer on (`explainers.ranking_words.silences` has the reason).

    Notes
    -----
    The change of one fact alone, with all others as they are: such changes do not add up.
    """
    if option in silences(bundle, profile):
        return ()
    cases: list[tuple[FeatureSpec, Value, PatientProfile]] = []
    schema = bundle.schema
    for name in features:
        spec = schema.feature(name)
        for value in _others(bundle, spec, schema.value(profile, name)):
            try:
                cases.append((spec, value, apply(schema, profile, [Edit(name, value)])))
            except ImpossibleValueError:
                # A count or an allele fraction follows from the alterations; it is not asked on its own.
                continue
    if not cases:
        return ()
    X = np.stack([schema.encode_row(profile), *(schema.encode_row(p) for _, _, p in cases)])
    probability = bundle.probability(bundle.margin(X))[:, bundle.option_index(option)]
    return tuple(
        _effect(bundle, option, spec, schema.value(profile, spec.name), value, probability[0], after)
        for (spec, value, _), after in zip(cases, probability[1:], strict=True)
    )


def _effect(
    bundle: ModelBundle, option: str, spec: FeatureSpec, now: Value, value: Value, before: float, after: float
) -> PointEffect:
    state, otherwise = spec.words(now), spec.words(value)
    if bundle.is_score:
        words = f"With {spec.label} {otherwise}, {bundle.label(option)} would be {after:z.2f} instead of {before:z.2f}."
    else:
        words = (
            f"With {spec.label} {otherwise}, the model would say {100 * after:.0f} of 100 instead of "
            f"{100 * before:.0f}."
        )
    return PointEffect(spec.name, spec.label, state, otherwise, float(before), float(after), words)


def _others(bundle: ModelBundle, spec: FeatureSpec, now: Value) -> tuple[Value, ...]:
    if spec.is_alteration:
        return {1.0: (0.0,), 0.0: (1.0,)}.get(now, (1.0, 0.0))  # type: ignore[arg-type]
    if spec.reads.what in ("vaf", "count") or bundle.training is None:
        return ()
    columns = bundle.training.X[list(spec.columns)].to_numpy(dtype=np.float64)
    usual = _usual(spec, columns)
    return () if usual is None or usual == now else (usual,)


def _usual(spec: FeatureSpec, columns: Any) -> Value:
    known = columns[~np.isnan(columns).any(axis=1)]
    if len(known) == 0:
        return None
    if spec.kind == "categorical":
        share: FloatVector = known.mean(axis=0)
        if len(spec.levels) == 2:
            return spec.levels[int(share[0] > 0.5)]
        return spec.levels[int(share.argmax())]
    middle = float(np.median(known[:, 0]))
    return float(round(middle)) if spec.kind in ("binary", "count") else middle


def rows(effects: Sequence[PointEffect]) -> list[dict[str, Any]]:
    """One row an effect, for a table."""
    return [
        {
            "fact": e.label, "patient": e.state, "asked as": e.otherwise,
            "model says": round(e.before, 3), "would say": round(e.after, 3), "difference": round(e.after - e.before, 3),
        }
        for e in effects
    ]  # fmt: skip
