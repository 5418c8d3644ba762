"""The third act of opening a bundle: construct the model, and see that it still says what it said."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np

from oncology.bundles.errors import BundleSchemaError, ManifestError, PredictionDriftError
from oncology.bundles.hashing import read_verified
from oncology.bundles.inspecting import ESTIMATOR_FILES, Inspection, inspect
from oncology.bundles.manifest import Manifest
from oncology.bundles.model import ModelBundle, ReferenceRows
from oncology.bundles.soundness import check_trees
from oncology.bundles.storage import load_joblib, load_skops
from oncology.bundles.trust import TrustList
from oncology.features import FeatureSchema
from oncology.scores import Formula, read_formula
from oncology.uncertainty import CalibrationMap, TemperatureMap

__all__ = ["load", "open_inspected"]

# Libraries may sum in another order; more than this is another prediction.
_DRIFT = 1e-6


def load(path: str | Path, *, trust: TrustList | None = None) -> ModelBundle:
    """Open a bundle: hash its files, audit what they hold, construct the model.

    Parameters
    ----------
    path : folder of the bundle
    trust : TrustList, optional
        The user's own list when left out; only joblib files ask for it.

    Raises
    ------
    BundleError
        The first fault found, as its own class: see `oncology.bundles.errors`.
    """
    return open_inspected(inspect(path, trust=trust))


def open_inspected(inspection: Inspection) -> ModelBundle:
    """Construct the model of a bundle that was looked at; refused with the first fault that was found."""
    for fault in inspection.faults:
        raise fault
    manifest, path = inspection.manifest, inspection.path
    schema = FeatureSchema.from_json(manifest.schema)
    data = read_verified(path, ESTIMATOR_FILES[manifest.format], manifest.files)
    estimators: dict[str, Any] = {}
    formula: Formula | None = None
    if manifest.format == "formula":
        formula = read_formula(data, schema)
    elif manifest.format == "skops":
        estimators = load_skops(data, ESTIMATOR_FILES["skops"], inspection.audit.types)
    else:
        estimators = load_joblib(data, ESTIMATOR_FILES["joblib"])
    bundle = ModelBundle(
        manifest, inspection.sha256, path, schema, _in_order(manifest, schema, estimators), formula,
        _calibration(manifest), _background(manifest, path, schema, formula), "cohort.parquet" in manifest.files,
    )  # fmt: skip
    check_predictions(bundle)
    return bundle


def _in_order(manifest: Manifest, schema: FeatureSchema, estimators: dict[str, Any]) -> dict[str, Any]:
    if manifest.format == "formula":
        return {}
    keys = ("",) if manifest.output_kind == "classes" else manifest.options
    for key in keys:
        if key not in estimators:
            raise BundleSchemaError(key, "no estimator in the file", "one per option")
        check_inputs(key, estimators[key], schema)
    chosen = {key: estimators[key] for key in keys}
    if manifest.format == "skops":
        check_trees(chosen, ESTIMATOR_FILES["skops"])
    return chosen


def check_inputs(option: str, estimator: Any, schema: FeatureSchema) -> None:
    """Refuse an estimator whose inputs are not the schema's columns."""
    names = getattr(estimator, "feature_names_in_", None)
    if names is not None and list(map(str, names)) != list(schema.columns):
        absent = [str(n) for n in names if str(n) not in schema.columns]
        what = f"the feature {absent[0]!r}" if absent else "the same features in another order or fewer"
        raise BundleSchemaError(
            option, what, f"{len(schema.columns)} columns without it" if absent else "its own order"
        )
    width = getattr(estimator, "n_features_in_", len(schema.columns))
    if int(width) != len(schema.columns):
        raise BundleSchemaError(option, f"{width} columns", f"{len(schema.columns)}")


def _calibration(manifest: Manifest) -> dict[str, CalibrationMap] | TemperatureMap | None:
    if manifest.format == "formula":
        return None
    if manifest.output_kind == "classes":
        return TemperatureMap.from_json(manifest.calibration.get("", {}))
    absent = [o for o in manifest.options if o not in manifest.calibration]
    if absent:
        raise ManifestError(f"no calibration for {', '.join(absent[:3])}", "a map for every option")
    return {o: CalibrationMap.from_json(manifest.calibration[o]) for o in manifest.options}


def _background(
    manifest: Manifest, path: Path, schema: FeatureSchema, formula: Formula | None
) -> ReferenceRows:
    if formula is not None:
        return ReferenceRows(formula.reference[None, :], formula.reference_name, derived=True)
    if "background.npy" not in manifest.files:
        raise ManifestError("no background rows", "the file background.npy")
    try:
        rows = np.load(io.BytesIO(read_verified(path, "background.npy", manifest.files)), allow_pickle=False)
        schema.check_width(np.atleast_2d(rows).shape[1])
    except ValueError as error:
        raise ManifestError(
            f"background.npy does not fit ({error})", "rows in the schema's columns"
        ) from error
    return ReferenceRows(rows, str(manifest.reference.get("name", "training patients")))


def check_predictions(bundle: ModelBundle) -> None:
    """Compare margins of the first background rows with those stored when the bundle was built."""
    stored = np.asarray(bundle.manifest.self_check, dtype=np.float64)
    if not stored.size or bundle.formula is not None:
        return
    found = bundle.margin(bundle.background.rows[: len(stored)])
    if found.shape != stored.shape:
        raise ManifestError(f"self_check has shape {stored.shape}", f"{found.shape}")
    apart = np.abs(found - stored) > _DRIFT * np.maximum(1.0, np.abs(stored))
    if apart.any():
        row, j = np.argwhere(apart)[0]
        raise PredictionDriftError(bundle.options[j], float(stored[row, j]), float(found[row, j]))
