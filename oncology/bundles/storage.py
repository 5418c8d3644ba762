"""Estimators to files and back: skops with known types only, joblib for those the user trusts."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

from oncology.bundles.errors import BuildError, BundleError, ManifestError, UnknownTypesError
from oncology.bundles.packing import pack, unpack

__all__ = ["KNOWN_TYPES", "audit_types", "dump_joblib", "dump_skops", "load_joblib", "load_skops"]

# Types beyond those skops itself knows that usual estimators are made of: plain data and fitted state.
# None of them runs code of the file's choosing when constructed; trees, whose compiled walk trusts their indices,
# are checked in `oncology.bundles.soundness` before they are asked anything.
KNOWN_TYPES: frozenset[str] = frozenset(
    {
        "collections.OrderedDict",
        "collections.defaultdict",
        "numpy.dtype",
        "sklearn._loss.link.LogitLink",
        "sklearn._loss.link.HalfLogitLink",
        "sklearn._loss.link.Interval",
        "sklearn._loss.link.MultinomialLogit",
        "sklearn._loss.loss.HalfBinomialLoss",
        "sklearn._loss.loss.HalfMultinomialLoss",
        "sklearn._loss.loss.ExponentialLoss",
        "sklearn.calibration._CalibratedClassifier",
        "sklearn.calibration._SigmoidCalibration",
        "sklearn.compose._column_transformer._RemainderColsList",
        "sklearn.compose._column_transformer.make_column_selector",
        "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        "sklearn.feature_selection._univariate_selection.chi2",
        "sklearn.feature_selection._univariate_selection.f_classif",
        "sklearn.tree._tree.Tree",
        "sklearn.utils._bunch.Bunch",
        "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
        "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
        "xgboost.core.Booster",
        "xgboost.sklearn.XGBClassifier",
        "xgboost.sklearn.XGBRFClassifier",
        "lightgbm.basic.Booster",
        "lightgbm.sklearn.LGBMClassifier",
    }
)


def dump_skops(estimators: Mapping[str, Any]) -> tuple[bytes, tuple[str, ...]]:
    """Estimators as the bytes of a skops file, and the types in it that skops does not know by itself.

    Equal estimators give equal bytes: times and object numbers are taken out of the archive.

    Raises
    ------
    UnknownTypesError
        If an estimator is made of types outside `KNOWN_TYPES`; joblib can still hold it.
    """
    import skops.io

    try:
        data = skops.io.dumps({option: pack(e) for option, e in estimators.items()})
    except Exception as error:
        raise BuildError(
            f"These estimators cannot be written as skops ({type(error).__name__}: {error}). "
            'Pass format="joblib"; its hash is then trusted by hand.'
        ) from error
    data = _repeatable(data)
    types = tuple(sorted(map(str, skops.io.get_untrusted_types(data=data))))
    unknown = set(types) - KNOWN_TYPES
    if unknown:
        raise UnknownTypesError("estimators.skops", unknown)
    return data, types


def _repeatable(data: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as source:
        names = source.namelist()
        schema = json.loads(source.read("schema.json"))
        numbers: dict[int, int] = {}
        renamed: dict[str, str] = {}

        def tidy(node: Any) -> None:
            if isinstance(node, list):
                for item in node:
                    tidy(item)
            elif isinstance(node, dict):
                if isinstance(node.get("__id__"), int):
                    node["__id__"] = numbers.setdefault(node["__id__"], len(numbers) + 1)
                file = node.get("file")
                if isinstance(file, str) and file in names:
                    suffix = file.rpartition(".")[2]
                    node["file"] = renamed.setdefault(file, f"{len(renamed)}.{suffix}")
                for item in node.values():
                    tidy(item)

        tidy(schema)
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as target:
            entries = [(new, source.read(old)) for old, new in renamed.items()]
            entries.append(("schema.json", json.dumps(schema).encode()))
            for name, content in entries:
                entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
                entry.compress_type = zipfile.ZIP_DEFLATED
                target.writestr(entry, content)
    return out.getvalue()


def audit_types(data: bytes, name: str) -> tuple[str, ...]:
    """Types in a skops file that skops does not know by itself; nothing is constructed.

    Raises
    ------
    ManifestError
        If the bytes are no skops file.
    """
    import skops.io

    try:
        return tuple(sorted(map(str, skops.io.get_untrusted_types(data=data))))
    except Exception as error:
        raise ManifestError(
            f"{name} is not a skops file ({type(error).__name__})", "a skops archive"
        ) from error


def load_skops(data: bytes, name: str, audited: Sequence[str]) -> dict[str, Any]:
    """Construct the estimators of a skops file.

    Parameters
    ----------
    audited : types that `audit_types` found in it; skops itself refuses any other

    Raises
    ------
    UnknownTypesError
        If the file asks for a type that is not known, or that was not audited.
    """
    import skops.io
    from skops.io.exceptions import UntrustedTypesFoundException

    unknown = set(audited) - KNOWN_TYPES
    if unknown:
        raise UnknownTypesError(name, unknown)
    try:
        loaded = skops.io.loads(data, trusted=list(audited))
    except UntrustedTypesFoundException as error:
        raise UnknownTypesError(name, audit_types(data, name)) from error
    except Exception as error:
        raise ManifestError(
            f"{name} cannot be opened ({type(error).__name__}: {error})", "estimators"
        ) from error
    return _options(loaded, name)


def dump_joblib(estimators: Mapping[str, Any]) -> bytes:
    """Estimators as the bytes of a joblib file."""
    import joblib

    out = io.BytesIO()
    joblib.dump(dict(estimators), out, compress=3)
    return out.getvalue()


def load_joblib(data: bytes, name: str) -> dict[str, Any]:
    """Construct the estimators of a joblib file. The caller has made sure that the user trusts it."""
    import joblib

    try:
        loaded = joblib.load(io.BytesIO(data))
    except Exception as error:
        raise BundleError(f"{name} cannot be opened: {type(error).__name__}: {error}") from error
    return _options(loaded, name)


def _options(loaded: Any, name: str) -> dict[str, Any]:
    if not isinstance(loaded, dict) or not all(isinstance(k, str) for k in loaded):
        raise ManifestError(f"{name} holds a {type(loaded).__name__}", "one estimator per option")
    return {option: unpack(estimator) for option, estimator in loaded.items()}
