"""How steady a model's explanations are: what refitted models say, and what models of shuffled outcomes say.

`explainers.stabilising` measures it (``python -m explainers stabilise BUNDLE``) and this module keeps it: one file inside
the bundle's folder, bound to the model and the training patients by their hashes, with sums over many patients only.

**Refits.** The model is trained again on training patients drawn with replacement, and everybody's Shapley values are
compared with those of the shipped model. A feature's *cell* is its state (altered, not altered, not assayed, a level) or
its tenth of a number's range; each cell keeps how far the refits' values lie from the shipped one on average (`shift`) and
how far they scatter (`spread`). Cells of fewer than `FEWEST` patients take the scatter of other cells with values of that
size. The interval of one attribution is then, with t the quantile of Student's distribution for the number of refits,

    value + shift ± multiplier · t · sqrt(1 + 1 / n_refits) · spread,

widened where needed so that it holds the value itself. The multiplier makes it hold 95 % of the ten largest attributions
of each patient in refits that were left out one at a time; `coverage` is what it held in fresh refits.

**Shuffles.** The outcomes are shuffled among the patients who had the option and the model is trained again: whatever
importance its features then have is chance.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from explainers.explanation import Explanation, FloatMatrix, FloatVector
from oncology.bundles.developer_card import CARD
from oncology.errors import OncologyError, UnknownNameError

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle
    from oncology.features import FeatureSchema

__all__ = [
    "FEWEST",
    "FILE",
    "HELD_ELSEWHERE",
    "Cells",
    "Stability",
    "StabilityError",
    "interval_or_why_not",
    "model_fingerprint",
    "read",
    "write",
]

FILE = "stability.npz"
# A cell of fewer patients says more about them than about the model.
FEWEST = 20
# Percent of the ten largest shares that the intervals of solid_tumours hold in models trained on another synthetic cohort of
# the same size: docs/validation.md, 87.3 %. No file beside a bundle can say it, because there is one cohort only.
HELD_ELSEWHERE = 87
_PROTOCOL = 1
_MOST_BYTES = 5_000_000


class StabilityError(OncologyError, ValueError):
    """A stability file that cannot be used: damaged, or measured on another model."""


@dataclass(frozen=True, eq=False, slots=True)
class Cells:
    """The states of every feature, numbered through: unknown first, then from low to high.

    Parameters
    ----------
    edges : array (e,)
        Values at which one cell of a feature ends and the next begins, feature after feature.
    start : array (p + 1,) of int
        Where each feature's edges begin.
    """

    edges: FloatVector
    start: NDArray[np.int64]

    @property
    def first(self) -> NDArray[np.int64]:
        """Number of each feature's first cell, (p + 1,); the last entry is the number of cells."""
        return self.start + 2 * np.arange(len(self.start))

    def of(self, schema: FeatureSchema, rows: FloatMatrix) -> NDArray[np.int64]:
        """Cell of each feature of each row (n, c), as an array (n, p)."""
        found = np.empty((len(rows), len(self.start) - 1), dtype=np.int64)
        for j, spec in enumerate(schema.features):
            value = feature_values(rows[:, schema.columns_of(spec.name)])
            here = np.searchsorted(self.edges[self.start[j] : self.start[j + 1]], value, side="right")
            found[:, j] = self.first[j] + np.where(np.isnan(value), 0, 1 + here)
        return found


def feature_values(columns: FloatMatrix) -> FloatVector:
    """One number a patient from a feature's columns (n, w): the column itself, or the position of the level."""
    if columns.shape[1] == 1:
        return np.asarray(columns[:, 0])
    unknown = np.isnan(columns).any(axis=1)
    return np.where(unknown, np.nan, np.nan_to_num(columns).argmax(axis=1))


@dataclass(frozen=True, eq=False, slots=True)
class Stability:
    """What refits and shuffles of a bundle's models gave; k options, p features, C cells.

    Parameters
    ----------
    model : str
        `model_fingerprint` of the bundle.
    made : str
        Date.
    unit, background, background_fingerprint : str
        Of the Shapley values; the method's usual background.
    n_patients : int
        Patients over whom importance is the mean of |Shapley value|: those of `explainers.importance.shapley_sample`.
    left_out : mapping of option to str
        Options that could not be refitted, with the reason; their rows are NaN.
    importance : array (k, p)
        Of the shipped model.
    refit_importance : array (k, n_refits, p)
    null_importance : array (k, n_shuffles, p)
        Of models of shuffled outcomes, on the same patients.
    shift, spread : arrays (k, C)
        NaN where a cell has fewer than `FEWEST` patients.
    size_effect : array (k, 2)
        (a, b) of the line for such cells: spread² = a + b value².
    multiplier, coverage : arrays (k,)
    """

    options: tuple[str, ...]
    feature_names: tuple[str, ...]
    model: str
    made: str
    seed: int
    n_refits: int
    n_shuffles: int
    n_checks: int
    n_patients: int
    unit: str
    background: str
    background_fingerprint: str
    left_out: Mapping[str, str]
    cells: Cells
    importance: FloatMatrix
    refit_importance: NDArray[np.float64]
    null_importance: NDArray[np.float64]
    shift: FloatMatrix
    spread: FloatMatrix
    size_effect: FloatMatrix
    multiplier: FloatVector
    coverage: FloatVector
    sha256: str = field(default="", compare=False)

    def position(self, option: str) -> int:
        """Row of an option in every array."""
        if option not in self.options:
            raise UnknownNameError("Option", option, self.options)
        return self.options.index(option)

    def has(self, option: str) -> bool:
        """Whether this option was refitted."""
        return option in self.options and option not in self.left_out

    def null(self, option: str) -> FloatMatrix:
        """Importance of every feature in every model of shuffled outcomes, (n_shuffles, p)."""
        return self.null_importance[self.position(option)]

    def interval(
        self, schema: FeatureSchema, option: str, rows: ArrayLike, values: ArrayLike
    ) -> tuple[FloatMatrix, FloatMatrix]:
        """Where the Shapley values of refitted models lie, 95 of 100 times.

        Parameters
        ----------
        rows : array-like (n, c)
        values : array-like (n, p)
            The shipped model's Shapley values of these rows, against the same background.

        Returns
        -------
        low, high : arrays (n, p)
        """
        k = self.position(option)
        value = np.array(values, dtype=np.float64, ndmin=2)
        cell = self.cells.of(schema, np.array(rows, dtype=np.float64, ndmin=2))
        centre, half = half_width(
            value, cell, self.shift[k], self.spread[k], self.size_effect[k], self.n_refits
        )
        half = half * self.multiplier[k]
        return np.minimum(value, centre - half), np.maximum(value, centre + half)

    def interval_of(
        self, bundle: ModelBundle, row: ArrayLike, why: Explanation
    ) -> tuple[FloatVector, FloatVector] | None:
        """Interval of each attribution of one explanation, (p,) each; None for other methods, backgrounds or options."""
        if (
            why.method != "shapley"
            or why.background_fingerprint != self.background_fingerprint
            or not self.has(why.option)
        ):
            return None
        low, high = self.interval(bundle.schema, why.option, np.asarray(row), why.values)
        return low[0], high[0]

    def words(self, option: str) -> str:
        """What the intervals are, what they held, and what they do not cover."""
        k = self.position(option)
        return (
            f"Whiskers: where 95 of 100 refits of this model on training patients drawn anew would put each share, from "
            f"{self.n_refits} refits; in {self.n_checks} fresh refits they held {100 * self.coverage[k]:.0f} % of the ten "
            f"largest shares, in models trained on another cohort of the same size fewer: {HELD_ELSEWHERE} % where that was "
            "tried, on synthetic cohorts. They do not cover what another kind of model or another clinic's "
            "patients would give."
        )


def half_width(
    value: FloatMatrix,
    cell: NDArray[np.int64],
    shift: FloatVector,
    spread: FloatVector,
    size_effect: FloatVector,
    n_refits: int,
) -> tuple[FloatMatrix, FloatMatrix]:
    """Centre and half width of the intervals of values (n, p), before the multiplier."""
    from scipy.stats import t

    own = spread[cell]
    known = ~np.isnan(own)
    by_size = np.sqrt(size_effect[0] + size_effect[1] * value**2)
    scatter = np.where(known, own, by_size)
    centre = value + np.where(known, shift[cell], 0.0)
    return centre, float(t.ppf(0.975, n_refits - 1)) * np.sqrt(1 + 1 / n_refits) * scatter


# The file ---------------------------------------------------------------------------------------------------------

# Importance is read for its order and its first three digits: half precision is enough, and halves the file.
_ARRAYS: dict[str, Any] = {
    "importance": np.float32, "refit_importance": np.float16, "null_importance": np.float16, "shift": np.float32,
    "spread": np.float32, "size_effect": np.float32, "multiplier": np.float32, "coverage": np.float32,
}  # fmt: skip


def model_fingerprint(bundle: ModelBundle) -> str:
    """Hash of what the explanations follow from: the model's and the cohort's files, inputs and options.

    Other words in the manifest or in its developer's card are the same model; another model or cohort is another fingerprint.
    """
    files = {n: h for n, h in bundle.manifest.files.items() if n not in (FILE, CARD)}
    content = [bundle.schema.fingerprint, list(bundle.options), bundle.unit, sorted(files.items())]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def write(found: Stability, path: str | Path) -> Path:
    """Write the file, in one step: whatever was there stays until the new one is whole."""
    path = Path(path)
    about = {
        f.name: getattr(found, f.name) for f in fields(found) if f.name not in (*_ARRAYS, "cells", "sha256")
    }
    arrays: dict[str, Any] = {n: np.asarray(getattr(found, n)).astype(kind) for n, kind in _ARRAYS.items()}
    arrays |= {"edges": found.cells.edges, "start": found.cells.start}
    text = json.dumps(about | {"protocol": _PROTOCOL, "left_out": dict(found.left_out)}, sort_keys=True)
    out = io.BytesIO()
    np.savez_compressed(
        out,
        about=np.frombuffer(text.encode(), dtype=np.uint8),
        sha256=np.frombuffer(_digest(text, arrays).encode(), dtype=np.uint8),
        **arrays,
    )
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(out.getvalue())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    return path


def read(bundle: ModelBundle) -> Stability | None:
    """The stability file of a bundle; None where it has none.

    Raises
    ------
    StabilityError
        If the file is damaged or belongs to another model.
    """
    path = bundle.path / FILE
    try:
        stamp = path.stat()
    except OSError:
        return None
    return _read(
        path, stamp.st_mtime_ns, stamp.st_size, model_fingerprint(bundle), bundle.options, bundle.schema.names
    )


def interval_or_why_not(
    bundle: ModelBundle, row: ArrayLike, why: Explanation
) -> tuple[tuple[FloatVector, FloatVector] | None, str]:
    """Interval of each attribution of one explanation with the words for it; or None and why there is none."""
    if bundle.formula is not None:
        return None, "No interval: a published formula is not trained again, its weights are as printed."
    try:
        steady = read(bundle)
    except StabilityError as error:
        return None, f"No interval: {error}"
    if steady is None:
        return None, (
            "No interval: how far models trained anew would differ was not measured for this bundle. "
            "The terminal's python -m explainers stabilise measures it."
        )
    if (found := steady.interval_of(bundle, row, why)) is not None:
        return found, steady.words(why.option)
    if why.method == "grouped":
        reason = (
            "the refits were asked about single inputs, and the share of a group is not the sum of its members' shares. "
            "Shared out over single facts, every share has its interval."
        )
    elif why.method != "shapley":
        reason = "refits were measured for Shapley values only."
    elif not steady.has(why.option):
        reason = f"{steady.left_out.get(why.option, 'this option was not trained again')}."
    else:
        reason = (
            f"refits were compared with {steady.background}; against {why.background} they were not measured."
        )
    return None, f"No interval: {reason}"


@lru_cache(maxsize=16)
def _read(
    path: Path, _changed: int, size: int, model: str, options: tuple[str, ...], features: tuple[str, ...]
) -> Stability:
    again = "Run `python -m explainers stabilise` on the bundle again."
    if size > _MOST_BYTES or path.is_symlink():
        raise StabilityError(
            f"{path.name} is a link or larger than {_MOST_BYTES // 10**6} MB, so it is not read. {again}"
        )
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {n: stored[n] for n in (*_ARRAYS, "edges", "start")}
            text, sha256 = (bytes(stored[n]).decode() for n in ("about", "sha256"))
        about = json.loads(text)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise StabilityError(f"{path.name} is damaged ({type(error).__name__}). {again}") from error
    if sha256 != _digest(text, arrays):
        raise StabilityError(f"{path.name} is damaged: its content is not what its hash says. {again}")
    if about.pop("protocol", None) != _PROTOCOL:
        raise StabilityError(f"{path.name} was written by another version of Glassboard. {again}")
    if (
        about["model"] != model
        or tuple(about["options"]) != options
        or tuple(about["feature_names"]) != features
    ):
        raise StabilityError(
            f"{path.name} was measured on another model ({about['model'][:12]}…, this one is {model[:12]}…), so its "
            f"intervals are not shown. {again}"
        )
    about |= {"options": tuple(about["options"]), "feature_names": tuple(about["feature_names"])}
    edges, start = arrays.pop("edges").astype(np.float64), arrays.pop("start").astype(np.int64)
    kept = {n: a.astype(np.float64) for n, a in arrays.items()}
    for array in (edges, start, *kept.values()):
        array.flags.writeable = False
    return Stability(**about, **kept, cells=Cells(edges, start), sha256=sha256)


def _digest(text: str, arrays: Mapping[str, NDArray[Any]]) -> str:
    digest = hashlib.sha256(text.encode())
    for name in sorted(arrays):
        digest.update(f"{name}{arrays[name].dtype}{arrays[name].shape}".encode())
        digest.update(np.ascontiguousarray(arrays[name]).tobytes())
    return digest.hexdigest()
