"""A cohort held against a model's schema and options: what fits, what does not, what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from explainers.audit.errors import SchemaDiffersError
from oncology.cohorts import Cohort
from oncology.features import FeatureSchema

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = [
    "few",
    "margins_where_whole",
    "matched",
    "matched_outcomes",
    "out_of_range",
    "unknown_inputs",
    "untrue_probabilities",
]

FloatMatrix = NDArray[np.float64]


def matched(schema: FeatureSchema, cohort: Cohort) -> pd.DataFrame:
    """The cohort's columns in the model's order; refused where they or their units differ."""
    theirs = {f.name: f for f in cohort.schema.features}
    units = [
        f"{f.label} is in {theirs[f.name].unit or 'no unit'}, the model reads {f.unit or 'no unit'}"
        for f in schema.features
        if f.name in theirs and theirs[f.name].unit != f.unit
    ]
    missing = [c for c in schema.columns if c not in cohort.X.columns]
    extra = [c for c in cohort.X.columns if c not in schema.columns]
    if missing or extra or units:
        raise SchemaDiffersError(missing, extra, units)
    return cohort.X[list(schema.columns)]


def matched_outcomes(
    bundle: ModelBundle, table: pd.DataFrame, renamed: Mapping[str, str]
) -> tuple[FloatMatrix, list[str]]:
    """Outcomes (n, k) in the order of the model's options, and the names that are none of them."""
    y = np.full((len(table), len(bundle.options)), np.nan)
    unused = []
    spelled = {o.casefold(): j for j, o in enumerate(bundle.options)}
    spelled |= {bundle.label(o).casefold(): j for j, o in enumerate(bundle.options)}
    for column in table.columns:
        wanted = str(renamed.get(str(column), column))
        j = spelled.get(wanted.casefold())
        if j is None:
            unused.append(str(column))
            continue
        values = pd.to_numeric(table[column], errors="coerce").to_numpy(dtype=np.float64)
        y[:, j] = np.where(np.isnan(values), y[:, j], values)
    return y, unused


def margins_where_whole(bundle: ModelBundle, X: pd.DataFrame) -> tuple[FloatMatrix, list[str]]:
    """Margins (n, k); NaN for patients who lack an input the model cannot do without, who are counted."""
    required = [
        c for f in bundle.schema.features if f.missing == "refuse" for c in _columns(bundle.schema, f.name)
    ]
    whole = ~X[required].isna().any(axis=1).to_numpy() if required else np.ones(len(X), dtype=bool)
    margin = np.full((len(X), len(bundle.options)), np.nan)
    if whole.any():
        margin[whole] = bundle.margin(X.loc[whole])
    without = int(np.isnan(margin).all(axis=1).sum())
    if not without:
        return margin, []
    return margin, [
        f"{without:,} of {len(X):,} patients lack an input the model cannot do without, and have no prediction."
    ]


def _columns(schema: FeatureSchema, feature: str) -> list[str]:
    return list(schema.columns[schema.columns_of(feature)])


def unknown_inputs(schema: FeatureSchema, X: pd.DataFrame) -> list[str]:
    """Inputs that no patient of the cohort has, in sentences."""
    empty = [
        f.label
        for f in schema.features
        if X[_columns(schema, f.name)].isna().to_numpy().all() and not f.is_alteration
    ]
    silent = [
        f.label
        for f in schema.features
        if f.is_alteration and X[_columns(schema, f.name)].isna().to_numpy().all()
    ]
    said = []
    if empty:
        said.append(f"Unknown for every patient of this cohort: {few(empty)}.")
    if silent:
        said.append(f"Not assayed in any patient of this cohort: {few(silent)}.")
    return said


def untrue_probabilities(bundle: ModelBundle, X: pd.DataFrame) -> dict[str, str]:
    """Options whose estimator gives numbers outside 0 to 1 as probabilities; only foreign types are asked."""
    found: dict[str, str] = {}
    if bundle.is_score or bundle.output_kind == "classes":
        return found
    rows = X.to_numpy(dtype=np.float64)
    for option, estimator in bundle.estimators.items():
        last = estimator.steps[-1][1] if hasattr(estimator, "steps") else estimator
        if type(last).__module__.split(".")[0] in ("sklearn", "xgboost", "lightgbm"):
            continue
        given: Any = X if hasattr(estimator, "feature_names_in_") else rows
        raw = np.asarray(estimator.predict_proba(given), dtype=np.float64)[:, 1]
        found |= out_of_range((option,), raw[:, None])
    return found


def out_of_range(options: Sequence[str], probability: FloatMatrix) -> dict[str, str]:
    """Options with outputs (n, k) outside 0 to 1, with the reason why they cannot be judged as probabilities."""
    found = {}
    for j, option in enumerate(options):
        values = probability[:, j]
        outside = (values < 0) | (values > 1)
        if outside.any():
            worst = values[outside][np.argmax(np.abs(values[outside] - 0.5))]
            found[option] = (
                f"{int(outside.sum()):,} of {len(values):,} outputs lie outside 0 to 1 (such as {worst:.3g}): "
                "these are no probabilities"
            )
    return found


def few(names: Sequence[str]) -> str:
    """The first four names, and how many more there are."""
    return ", ".join(map(str, names[:4])) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
