"""A model as everything above sees it: margins, calibrated probabilities, intervals, and what it was trained on."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from oncology.bundles.errors import ManifestError
from oncology.bundles.hashing import read_verified
from oncology.bundles.manifest import IntervalBasis, Manifest, OutputKind, Unit
from oncology.bundles.margins import MarginModel
from oncology.errors import UnknownNameError
from oncology.features import FeatureSchema
from oncology.scores import Formula
from oncology.uncertainty import CalibrationMap, IntervalTables, TemperatureMap

__all__ = ["ModelBundle", "ReferenceRows", "TrainingData"]

FloatMatrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ReferenceRows:
    """The population that explanations compare with, and its name as it stands on every chart.

    Parameters
    ----------
    rows : array (b, c)
        Training rows in the schema's columns; for a published formula one row of its d derived variables.
    name : str
    derived : bool
        True where the rows hold derived variables of a formula.
    """

    rows: FloatMatrix
    name: str
    derived: bool = False

    def __post_init__(self) -> None:
        rows = np.ascontiguousarray(self.rows, dtype=np.float64)
        rows.setflags(write=False)
        object.__setattr__(self, "rows", rows)

    @cached_property
    def fingerprint(self) -> str:
        """Hash of name, shape and values, in hexadecimal."""
        digest = hashlib.sha256(f"{self.name}|{self.rows.shape}".encode())
        digest.update(self.rows.tobytes())
        return digest.hexdigest()


@dataclass(frozen=True, eq=False)
class TrainingData:
    """The patients a bundle was trained on, aligned by id; margins are out-of-fold.

    Parameters
    ----------
    X : DataFrame (n, c)
    y : DataFrame (n, k), NaN where the option was never tried
    margins : DataFrame (n, k), NaN where the option was never tried
        Given by models that did not see the patient.
    groups : DataFrame (n, g)
    """

    X: pd.DataFrame
    y: pd.DataFrame
    margins: pd.DataFrame
    groups: pd.DataFrame

    def __len__(self) -> int:
        return len(self.X)

    @cached_property
    def tumours(self) -> NDArray[np.object_]:
        """OncoTree code of each patient, (n,); "" where not recorded or not among the groups."""
        if "tumour" not in self.groups:
            return np.full(len(self.X), "", dtype=object)
        column = self.groups["tumour"].astype(object)
        return column.where(column.notna(), "").to_numpy(dtype=object)

    @cached_property
    def _quantiles(self) -> dict[tuple[str, tuple[float, ...]], tuple[float, ...]]:
        return {}

    def quantiles(self, column: str, shares: tuple[float, ...]) -> tuple[float, ...]:
        """Values of a column below which these shares of the patients lie, worked out once; NaN where none is known."""
        key = (column, shares)
        if key not in self._quantiles:
            self._quantiles[key] = _quantiles_of(self.X[column].to_numpy(dtype=np.float64), shares)
        return self._quantiles[key]

    @classmethod
    def read(cls, data: bytes, schema: FeatureSchema, options: tuple[str, ...]) -> TrainingData:
        """Read the bytes of ``cohort.parquet``; ManifestError where its columns are not the schema's."""
        try:
            table = pd.read_parquet(io.BytesIO(data))
        except (OSError, ValueError) as error:
            raise ManifestError(
                f"cohort.parquet cannot be opened ({type(error).__name__})", "a parquet table"
            ) from error
        need = [f"x:{c}" for c in schema.columns] + [f"{p}:{o}" for p in "ym" for o in options]
        absent = [c for c in need if c not in table.columns]
        if absent:
            raise ManifestError(
                f"cohort.parquet lacks {', '.join(absent[:3])}", "the schema's columns and options"
            )

        def part(prefix: str, names: tuple[str, ...]) -> pd.DataFrame:
            chosen = table[[f"{prefix}:{n}" for n in names]].astype(np.float64)
            return chosen.set_axis(list(names), axis=1)

        groups = tuple(c[2:] for c in table.columns if c.startswith("g:"))
        return cls(
            part("x", schema.columns), part("y", options), part("m", options),
            table[[f"g:{g}" for g in groups]].set_axis(list(groups), axis=1),
        )  # fmt: skip

    def to_table(self) -> pd.DataFrame:
        """One table for ``cohort.parquet``: columns x:, y:, m: and g:."""
        parts = [
            self.X.add_prefix("x:"),
            self.y.astype("float32").add_prefix("y:"),
            self.margins.astype("float32").add_prefix("m:"),
            self.groups.add_prefix("g:"),
        ]
        return pd.concat(parts, axis=1)


def _quantiles_of(values: NDArray[np.float64], shares: tuple[float, ...]) -> tuple[float, ...]:
    known = values[~np.isnan(values)]
    if not len(known):
        return (np.nan,) * len(shares)
    return tuple(map(float, np.quantile(known, shares)))


@dataclass(frozen=True, eq=False)
class ModelBundle:
    """A loaded model with its manifest; one object serves every session, so treat it as read-only.

    Parameters
    ----------
    manifest : Manifest
    sha256 : str
        Hash of the manifest's bytes, which hold the hash of every other file.
    path : Path
    schema : FeatureSchema
        p features in c columns.
    estimators : mapping of option to fitted estimator
        Empty for formulas; for exclusive classes one entry under "".
    formula : Formula or None
    calibration : mapping of option to CalibrationMap, or a TemperatureMap for exclusive classes, or None
    background : ReferenceRows
    """

    manifest: Manifest
    sha256: str
    path: Path
    schema: FeatureSchema
    estimators: Mapping[str, Any]
    formula: Formula | None
    calibration: Mapping[str, CalibrationMap] | TemperatureMap | None
    background: ReferenceRows
    _has_cohort: bool = field(default=False, repr=False)

    @property
    def name(self) -> str:
        """The bundle's short key."""
        return self.manifest.name

    @property
    def options(self) -> tuple[str, ...]:
        """Keys of the k options, in the order of every (n, k) array."""
        return self.manifest.options

    @property
    def output_kind(self) -> OutputKind:
        """probabilities, classes, score or risk_groups."""
        return self.manifest.output_kind

    @property
    def unit(self) -> Unit:
        """Scale of the margin: log-odds, probability (averaging forests) or score."""
        return self.manifest.unit

    @property
    def is_score(self) -> bool:
        """Whether the output is a score, which is never called a probability."""
        return self.output_kind in ("score", "risk_groups")

    @property
    def ranks(self) -> bool:
        """Whether options can be ranked: several of them, each with a probability."""
        return not self.is_score and len(self.options) > 1

    def label(self, option: str) -> str:
        """The words for an option.

        Raises
        ------
        UnknownNameError
            If the bundle has no such option.
        """
        return self.manifest.label(self.options[self.option_index(option)])

    def option_index(self, option: str) -> int:
        """Position of an option given by its key or its label, in any case."""
        if option in self.options:
            return self.options.index(option)
        spelled = {o.casefold(): i for i, o in enumerate(self.options)}
        spelled |= {self.manifest.label(o).casefold(): i for i, o in enumerate(self.options)}
        if option.casefold() in spelled:
            return spelled[option.casefold()]
        raise UnknownNameError("Option", option, self.options)

    @cached_property
    def _margin_model(self) -> MarginModel:
        exclusive = self.output_kind == "classes"
        return MarginModel(self.estimators, self.unit, self.schema.columns, exclusive=exclusive)

    def _matrix(self, X: pd.DataFrame | FloatMatrix) -> FloatMatrix:
        if isinstance(X, pd.DataFrame):
            self.schema.check_table(X)
            X = X.to_numpy(dtype=np.float64)
        X = np.asarray(X, dtype=np.float64)
        if X.ndim == 1:
            X = X[None, :]
        self.schema.check_width(X.shape[1])
        return X

    def margin(self, X: pd.DataFrame | FloatMatrix) -> FloatMatrix:
        """Margins (n, k), in `unit`, of rows (n, c); NaN where a formula cannot do without an unknown input."""
        matrix = self._matrix(X)
        if self.formula is not None:
            return self.formula.margin(self.formula.derive(matrix))[:, None]
        return self._margin_model(matrix)

    def option_margin(self, X: pd.DataFrame | FloatMatrix, option: str) -> NDArray[np.float64]:
        """The margin of one option alone, (n,): the column of `margin`, without asking the other models."""
        matrix, j = self._matrix(X), self.option_index(option)
        if self.formula is not None:
            return self.formula.margin(self.formula.derive(matrix))
        return self._margin_model.one(matrix, j)

    def probability(self, margin: FloatMatrix) -> FloatMatrix:
        """Calibrated probabilities (n, k) of margins (n, k); for scores, the score itself."""
        margin = np.asarray(margin, dtype=np.float64)
        if self.formula is not None:
            return self.formula.score(margin)
        if isinstance(self.calibration, TemperatureMap):
            return self.calibration.probability(margin)
        assert self.calibration is not None
        return np.stack(
            [self.calibration[o].probability(margin[..., j]) for j, o in enumerate(self.options)], axis=-1
        )

    def interval(
        self, margin: FloatMatrix, X: pd.DataFrame | FloatMatrix | None = None
    ) -> tuple[FloatMatrix, FloatMatrix]:
        """Low and high ends, each (n, k), of 95 % intervals; what they cover is told by `interval_basis`.

        Parameters
        ----------
        margin : array (n, k)
        X : rows (n, c), or one row (1, c) for all margins
            Without them the interval is that of all training patients, whatever their tumour type. A formula cannot
            do without: its ends are the scores at the best and the worst that its unknown inputs may turn out, NaN
            where it has no such range.
        """
        margin = np.asarray(margin, dtype=np.float64)
        if self.formula is not None:
            if X is None:
                raise ValueError("The range of a published formula follows from its inputs: pass X as well.")
            low, high = self.formula.range(self._matrix(X))
            return low[:, None], high[:, None]
        if isinstance(self.calibration, TemperatureMap):
            return self.calibration.interval(margin)
        assert self.calibration is not None
        tables = self._interval_tables
        if tables is not None:
            return tables.interval(margin, 0 if X is None else tables.positions(self.tumours_of(X)))
        ends = [self.calibration[o].interval(margin[..., j]) for j, o in enumerate(self.options)]
        return np.stack([e[0] for e in ends], axis=-1), np.stack([e[1] for e in ends], axis=-1)

    @property
    def interval_basis(self) -> IntervalBasis:
        """What the interval covers: observed shares of like patients, the calibration alone, or a formula's range."""
        if self.formula is not None:
            return "range"
        return "calibration" if self._interval_tables is None else "observed"

    @cached_property
    def _interval_tables(self) -> IntervalTables | None:
        """Made on first use from the training patients' own outcomes; None where the bundle ships none."""
        training = self.training
        if training is None or self.calibration is None or isinstance(self.calibration, TemperatureMap):
            return None
        options = list(self.options)
        return IntervalTables.fit(
            training.margins[options], training.y[options], training.tumours,
            [self.calibration[o] for o in options],
        )  # fmt: skip

    @cached_property
    def tumour_columns(self) -> slice | None:
        """The columns that tell the tumour type; None where the model does not read it."""
        spec = next((f for f in self.schema.features if f.reads.field == "tumour"), None)
        return None if spec is None else self.schema.columns_of(spec.name)

    def tumours_of(self, X: pd.DataFrame | FloatMatrix) -> NDArray[np.object_]:
        """OncoTree code of each row (n, c), as the model reads it; "" where it does not, or where it is unknown."""
        matrix, columns = self._matrix(X), self.tumour_columns
        if columns is None:
            return np.full(len(matrix), "", dtype=object)
        spec = next(f for f in self.schema.features if f.reads.field == "tumour")
        block = matrix[:, columns]
        if block.shape[1] != len(spec.levels):  # two levels share a column
            return np.array([spec.decode(row.tolist()) or "" for row in block], dtype=object)
        known = (block == 1.0).any(axis=1)
        names = np.array(spec.levels, dtype=object)[np.argmax(block == 1.0, axis=1)]
        return np.where(known, names, "")

    @cached_property
    def training(self) -> TrainingData | None:
        """The training patients, read and hashed again on first use; None where the bundle ships none."""
        if not self._has_cohort:
            return None
        data = read_verified(self.path, "cohort.parquet", self.manifest.files)
        return TrainingData.read(data, self.schema, self.options)

    def quantiles(self, column: str, shares: tuple[float, ...]) -> tuple[float, ...]:
        """Values of a column below which these shares of the training patients lie.

        From the background rows where the bundle ships no cohort; NaN for published formulas.
        """
        if self.training is not None:
            return self.training.quantiles(column, shares)
        if self.background.derived:
            return (np.nan,) * len(shares)
        return _quantiles_of(self.background.rows[:, self.schema.columns.index(column)], shares)
