"""Bring your own model: any classifier with predict_proba becomes a bundle in one call."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import io
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from oncology.bundles.developer_card import CARD, parse_card
from oncology.bundles.errors import BuildError, OneOutcomeError
from oncology.bundles.fitting import (
    draw_background,
    fit_each,
    missing_values_words,
    out_of_fold_class_margins,
    out_of_fold_margins,
    too_few,
)
from oncology.bundles.inspecting import ESTIMATOR_FILES, installed_versions
from oncology.bundles.loading import check_inputs, load
from oncology.bundles.manifest import MANIFEST, Format, Manifest, OutputKind
from oncology.bundles.margins import MarginModel, margin_scale
from oncology.bundles.measuring import measure_alterations
from oncology.bundles.model import ModelBundle, TrainingData
from oncology.bundles.storage import dump_joblib, dump_skops
from oncology.bundles.trust import TrustList
from oncology.cohorts import Cohort
from oncology.features import FeatureSchema
from oncology.performance import performance
from oncology.uncertainty import CalibrationMap, TemperatureMap, fit_calibration, fit_temperature

__all__ = ["build", "build_formula", "write_bundle"]

_N_SELF_CHECK = 5


def build(
    path: str | Path,
    *,
    name: str,
    cohort: Cohort,
    estimators: Mapping[str, Any] | Any,
    options: Sequence[str] | None = None,
    output_kind: OutputKind = "probabilities",
    margins: pd.DataFrame | None = None,
    folds: int = 5,
    seed: int = 0,
    leave_out: bool = False,
    format: Format = "skops",
    keep_cohort: bool = True,
    background_size: int = 200,
    card: str | Path | None = None,
    overwrite: bool = False,
    **about: Any,
) -> ModelBundle:
    """Write a bundle folder from fitted or unfitted classifiers and their training cohort, and load it.

    Parameters
    ----------
    path : folder to write; folders above it are made
    name : short key: letters, digits, dashes, underscores
    cohort : Cohort
        Schema, X (n, c), y (n, options; NaN where never tried) and groups; the column ``tumour`` of the groups
        gives the support counts.
    estimators : one classifier, or a mapping of option to classifier
        Anything with ``fit`` and ``predict_proba`` (pipelines, forests, boosting, linear; XGBoost, LightGBM).
        Fitted ones are used as they are; unfitted ones are fitted on the patients who had the option. One
        unfitted classifier is cloned for every option. For ``output_kind="classes"`` one classifier over
        exclusive options.
    options : sequence of str, optional
        Columns of ``cohort.y`` to model, in order; all when left out.
    margins : DataFrame (n, k), optional
        Out-of-fold margins, if they are known already; else the estimators are cloned and fitted `folds` times.
    leave_out : bool
        Leave out options with too few patients of one outcome and list them in the manifest with the reason,
        instead of raising.
    format : {"skops", "joblib"}
        skops holds no code; joblib opens only where the user trusts the bundle's hash (it is trusted here, by
        whoever builds it, for this one call).
    keep_cohort : bool
        Ship the training patients in ``cohort.parquet``: neighbours, audits and support by alteration need them.
    card : path, optional
        What the developer says of the model in words (``docs/card_template.toml``); it becomes a file of the bundle,
        covered by its hash.
    overwrite : bool
        Replace a bundle that is already there.
    about : any other field of `Manifest`: title, version, intended_use, outcome, option_labels, synthetic, ...

    Raises
    ------
    OneOutcomeError
        If an option has fewer than `folds` patients of one outcome, and `leave_out` is False.
    BuildError
        If the classifiers, options or folder do not fit.

    Examples
    --------
    A pipeline that fills in unknown values, as a bundle::

        from sklearn.pipeline import make_pipeline
        from sklearn.impute import SimpleImputer
        from sklearn.linear_model import LogisticRegression

        build("local/bundles/mine", name="mine", cohort=Cohort(X, y, groups, schema),
              estimators=make_pipeline(SimpleImputer(), LogisticRegression()))
    """
    path, stated = _free(Path(path), overwrite), _card(card)
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name):
        raise BuildError(f"The bundle's name is {name!r}; expected letters, digits, dashes and underscores.")
    if output_kind not in ("probabilities", "classes"):
        raise BuildError(
            f"build makes probabilities or classes, not {output_kind!r}; formulas: build_formula."
        )
    wanted = tuple(options) if options is not None else tuple(map(str, cohort.y.columns))
    chosen, left_out = _choose(cohort, wanted, folds, leave_out)
    left_out |= dict(about.pop("left_out", {}))
    exclusive = output_kind == "classes"
    fitted = fit_each(estimators, cohort, chosen, exclusive=exclusive)
    for option, estimator in fitted.items():
        check_inputs(option, estimator, cohort.schema)
    unit = "log-odds" if exclusive else margin_scale(list(fitted.values()))
    if margins is None:
        if exclusive:
            margins = out_of_fold_class_margins(fitted[""], cohort, chosen, folds=folds, seed=seed)
        else:
            margins = out_of_fold_margins(fitted, cohort, unit, folds=folds, seed=seed)
    margins = margins.reindex(index=cohort.X.index, columns=list(chosen)).astype(np.float64)
    rows, background_name = draw_background(cohort, size=background_size, seed=seed)
    model = MarginModel(fitted, unit, cohort.schema.columns, exclusive=exclusive)
    _check_unknown_inputs(model, cohort)
    files: dict[str, bytes] = {"background.npy": _npy(rows)} | stated
    types: tuple[str, ...] = ()
    if format == "skops":
        files[ESTIMATOR_FILES["skops"]], types = dump_skops(fitted)
    elif format == "joblib":
        files[ESTIMATOR_FILES["joblib"]] = dump_joblib(fitted)
    else:
        raise BuildError(f"The format is {format!r}; expected skops or joblib.")
    y = cohort.y[list(chosen)].astype(np.float64)
    if keep_cohort:
        data = TrainingData(cohort.X, y, margins, cohort.groups)
        files["cohort.parquet"] = _parquet(data.to_table())
    calibration = _calibrate(margins, y, exclusive, seed)
    calibrated = _calibrated(calibration, chosen, exclusive)
    effects = measure_alterations(lambda X: calibrated(model(X)), cohort, chosen, seed=seed)
    training = {
        "n_patients": len(cohort), "folds": folds, "seed": seed, "estimator": _describe(fitted),
        "cohort_fingerprint": cohort.fingerprint, "unassayed_reads_as_absent": effects.to_json(),
    } | dict(about.pop("training", {}))  # fmt: skip
    manifest = Manifest(
        name=name,
        title=about.pop("title", name),
        version=str(about.pop("version", "1")),
        date=about.pop("date", datetime.datetime.now(datetime.UTC).date().isoformat()),
        output_kind=output_kind,
        format=format,
        unit=unit,
        options=chosen,
        schema=tuple(cohort.schema.to_json()),
        files={},
        library_versions=_versions(fitted),
        trusted_types=types,
        calibration=calibration,
        performance=tuple(performance(o, *_pair(margins[o], y[o]), seed=seed) for o in chosen),
        training=training,
        support=_counts(cohort, y.notna()),
        responders=_counts(cohort, y == 1),
        drivers=effects.drivers,
        left_out=left_out,
        missing_values=" ".join(
            filter(None, (about.pop("missing_values", missing_values_words(fitted, cohort)), effects.words()))
        ),
        reference={"name": background_name, "n": len(rows), "seed": seed},
        self_check=tuple(tuple(map(float, r)) for r in model(rows[:_N_SELF_CHECK])),
        **_about(about),
    )
    return write_bundle(path, manifest, files)


def build_formula(
    path: str | Path, *, name: str, schema: FeatureSchema, formula: bytes, output_kind: OutputKind,
    option: str, card: str | Path | None = None, overwrite: bool = False, **about: Any,
) -> ModelBundle:  # fmt: skip
    """Write the bundle of a published formula: its coefficients as JSON, no model file and no training cohort."""
    from oncology.scores import read_formula

    path = _free(Path(path), overwrite)
    read = read_formula(formula, schema)
    manifest = Manifest(
        name=name, title=about.pop("title", name), version=str(about.pop("version", "1")),
        date=about.pop("date", datetime.datetime.now(datetime.UTC).date().isoformat()),
        output_kind=output_kind, format="formula", unit="score", options=(option,),
        schema=tuple(schema.to_json()), files={},
        reference={"name": read.reference_name} | {v.name: v.reference for v in read.variables},
        **_about(about),
    )  # fmt: skip
    return write_bundle(path, manifest, {ESTIMATOR_FILES["formula"]: formula} | _card(card))


def write_bundle(path: Path, manifest: Manifest, files: Mapping[str, bytes]) -> ModelBundle:
    """Write a folder beside its final place and move it there in one step; then load it.

    A bundle that does not load is not moved: whatever was at `path` stays.
    """
    hashes = {n: hashlib.sha256(d).hexdigest() for n, d in files.items()}
    data = dataclasses.replace(manifest, files=hashes).to_bytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}-"))
    try:
        for file_name, content in files.items():
            (temporary / file_name).write_bytes(content)
        (temporary / MANIFEST).write_bytes(data)
        own = TrustList(temporary, {hashlib.sha256(data).hexdigest(): manifest.name})
        bundle = load(temporary, trust=own)
        temporary.chmod(0o755)
        if path.exists():
            old = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}-old-"))
            path.rename(old / path.name)
            temporary.rename(path)
            shutil.rmtree(old)
        else:
            temporary.rename(path)
    finally:
        if temporary.exists():
            shutil.rmtree(temporary)
    return dataclasses.replace(bundle, path=path)


def _free(path: Path, overwrite: bool) -> Path:
    if path.exists() and not (overwrite and (path / MANIFEST).is_file()):
        kind = "a bundle" if (path / MANIFEST).is_file() else "something that is no bundle"
        raise BuildError(
            f"{path.name!r} already holds {kind}. Name another folder, or pass overwrite=True for a bundle."
        )
    return path


def _card(path: str | Path | None) -> dict[str, bytes]:
    """The developer's card as a file of the bundle, read once so that a fault shows before anything is written."""
    if path is None:
        return {}
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise BuildError(
            f"The card {Path(path).name!r} cannot be opened: {error.strerror}. Name a file that is there, or leave the card out."
        ) from error
    parse_card(data, covered=True)
    return {CARD: data}


def _choose(
    cohort: Cohort, wanted: tuple[str, ...], folds: int, leave_out: bool
) -> tuple[tuple[str, ...], dict[str, str]]:
    absent = [o for o in wanted if o not in cohort.y.columns]
    if absent or not wanted or not all(wanted):
        raise BuildError(
            f"The cohort has no outcomes for {', '.join(absent) or 'any option'}; "
            f"its options are {', '.join(map(str, cohort.y.columns)) or 'none'}."
        )
    reasons = {o: why for o in wanted if (why := too_few(cohort.y[o], folds))}
    chosen = tuple(o for o in wanted if o not in reasons)
    if reasons and (not leave_out or not chosen):
        raise OneOutcomeError(reasons)
    return chosen, reasons


def _check_unknown_inputs(model: MarginModel, cohort: Cohort) -> None:
    """Refuse models that fail on an unknown value where the schema lets unknown values through."""
    row = np.nan_to_num(cohort.X.to_numpy(dtype=np.float64)[:1])
    for feature in cohort.schema.features:
        if feature.missing == "nan":
            row[:, cohort.schema.columns_of(feature.name)] = np.nan
    try:
        model(row)
    except ValueError as error:
        raise BuildError(
            f"The model does not take unknown values ({str(error).splitlines()[0]}), and the schema lets them through. Put an "
            'imputer before it (sklearn.pipeline.make_pipeline), or declare missing="refuse" or "impute" in the '
            "schema's features."
        ) from error


def _calibrate(margins: pd.DataFrame, y: pd.DataFrame, exclusive: bool, seed: int) -> dict[str, Any]:
    if exclusive:
        known = y.notna().all(axis=1) & margins.notna().all(axis=1)
        classes = y[known].to_numpy().argmax(axis=1)
        return {"": fit_temperature(margins[known].to_numpy(), classes, seed=seed).to_json()}
    return {o: fit_calibration(*_pair(margins[o], y[o]), seed=seed).to_json() for o in margins.columns}


def _calibrated(
    calibration: Mapping[str, Any], options: tuple[str, ...], exclusive: bool
) -> Callable[[np.ndarray], np.ndarray]:
    """Margins (n, k) to calibrated probabilities (n, k)."""
    if exclusive:
        return TemperatureMap.from_json(calibration[""]).probability
    maps = [CalibrationMap.from_json(calibration[o]) for o in options]
    return lambda margin: np.stack([m.probability(margin[:, j]) for j, m in enumerate(maps)], axis=1)


def _pair(margin: pd.Series, outcome: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    known = outcome.notna().to_numpy()
    values = margin.to_numpy(dtype=np.float64)[known]
    if np.isnan(values).any():
        raise BuildError(
            f"{int(np.isnan(values).sum())} patients who had {margin.name!r} have no out-of-fold margin."
        )
    return values, outcome.to_numpy(dtype=np.float64)[known]


def _counts(cohort: Cohort, held: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Option to tumour code to number of patients for whom `held` is true; "" counts all."""
    counts = {o: {"": int(held[o].sum())} for o in held.columns}
    if "tumour" in cohort.groups:
        tumour = cohort.groups["tumour"].astype(object)
        codes = sorted(set(tumour.dropna()))
        for option in held.columns:
            found = tumour[held[option] & tumour.notna()].value_counts()
            counts[option] |= {str(code): int(found.get(code, 0)) for code in codes}
    return counts


def _versions(fitted: Mapping[str, Any]) -> dict[str, str]:
    found = installed_versions()
    modules = {type(s).__module__.partition(".")[0] for e in fitted.values() for s in _parts(e)}
    used = {"numpy", "scikit-learn", "python"} | (modules & {"xgboost", "lightgbm"})
    return {name: version for name, version in sorted(found.items()) if name in used}


def _parts(estimator: Any) -> list[Any]:
    return [step for _, step in estimator.steps] if hasattr(estimator, "steps") else [estimator]


def _describe(fitted: Mapping[str, Any]) -> str:
    return " or ".join(sorted({" + ".join(type(s).__name__ for s in _parts(e)) for e in fitted.values()}))


def _about(about: Mapping[str, Any]) -> dict[str, Any]:
    known = {f.name for f in dataclasses.fields(Manifest)}
    unknown = sorted(set(about) - known)
    if unknown:
        raise BuildError(f"The manifest has no field {', '.join(map(repr, unknown))}.")
    return {k: tuple(v) if isinstance(v, list) else v for k, v in about.items()}


def _npy(rows: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.save(out, rows, allow_pickle=False)
    return out.getvalue()


def _parquet(table: pd.DataFrame) -> bytes:
    out = io.BytesIO()
    table.to_parquet(out, compression="zstd")
    return out.getvalue()
