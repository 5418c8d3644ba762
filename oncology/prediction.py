"""Predictions of a bundle for patients, each with its interval and with how many training patients stand behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from oncology.bundles import ModelBundle, TrainingData
from oncology.bundles.manifest import IntervalBasis, OutputKind
from oncology.cohorts import Cohort
from oncology.counts import count_words
from oncology.errors import UnknownNameError
from oncology.features import FeatureSchema
from oncology.patients import PatientProfile
from oncology.vocabulary import tumour_name
from oncology.wording import Setting, wording

__all__ = ["MarginFunction", "Predictions", "predict"]

FloatMatrix = NDArray[np.float64]
MarginFunction = Callable[[FloatMatrix], FloatMatrix]


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a bundle says of n patients and k options.

    Parameters
    ----------
    options : tuple of str, (k,)
    raw : array (n, k)
        Margins, in the bundle's unit; NaN where a required input is missing.
    probability : array (n, k)
        Calibrated probabilities; the score itself where `output_kind` is score or risk_groups.
    low, high : arrays (n, k)
        Ends of the interval at `coverage`; for scores the best and worst that unknown inputs may turn out. See
        `interval_meaning`.
    tumours : tuple of str or None, (n,)
    support : array (n, k), or None
        Training patients of the same tumour type who had the option; None where the bundle has no cohort behind
        it (published formulas). Where the training tumour types are not known, all who had the option.
    shared : array (n, k), or None
        Those of them who share at least one alteration with the patient; None where the bundle ships no cohort,
        or reads no alterations.
    n_altered : array (n,)
        Alterations of the patient that the model reads.
    missing : tuple of tuple of str, (n,)
        Required inputs that are not known.
    refusals : tuple of tuple of str, (n,)
        Why a patient gets no prediction at all, in sentences.
    coverage : float or None
        Of the interval; None for the range of a score.
    interval_basis : {"observed", "calibration", "range"}
        What the interval covers: the share observed among like patients, the calibration alone, a score's range.
    setting : {"clinic", "laboratory"}
    """

    options: tuple[str, ...]
    raw: FloatMatrix
    probability: FloatMatrix
    low: FloatMatrix
    high: FloatMatrix
    patient_ids: tuple[str, ...]
    tumours: tuple[str | None, ...]
    support: NDArray[np.int64] | None
    shared: NDArray[np.int64] | None
    n_altered: NDArray[np.int64]
    missing: tuple[tuple[str, ...], ...]
    refusals: tuple[tuple[str, ...], ...]
    output_kind: OutputKind
    bundle_sha256: str
    coverage: float | None = 0.95
    setting: Setting = "clinic"
    interval_basis: IntervalBasis = "calibration"

    def __post_init__(self) -> None:
        for name in ("raw", "probability", "low", "high", "support", "shared"):
            array = getattr(self, name)
            if array is not None:
                array.setflags(write=False)

    def __len__(self) -> int:
        return len(self.patient_ids)

    def position(self, patient_id: str) -> int:
        """Row of a patient; refused with near names where there is none."""
        if patient_id not in self.patient_ids:
            raise UnknownNameError("Patient", patient_id, self.patient_ids)
        return self.patient_ids.index(patient_id)

    def support_words(self, position: int, option: str) -> str:
        """How many training patients stand behind one prediction, in words."""
        if self.support is None:
            return "not available: published formula"
        j = self.options.index(option)
        n = int(self.support[position, j])
        tumour = self.tumours[position]
        who = f"with {tumour_name(tumour)}" if tumour else "in training"
        words = f"{count_words(n)} training patients {who} {wording(self.setting).had_it}"
        if self.shared is not None and self.n_altered[position]:
            share = count_words(int(self.shared[position, j]), of=n)
            words += f"; {share} of them share an alteration with this patient"
        return words

    @property
    def interval_meaning(self) -> str:
        """What the interval covers and what it leaves out, in a sentence."""
        if self.coverage is None:
            return "The range runs from the best to the worst that the unknown inputs may turn out; it is no interval of error."
        if self.interval_basis == "observed":
            said = wording(self.setting)
            return (
                f"The interval ({self.coverage:.0%}) is that of a share: how many {said.responded} among all who {said.had_it}, "
                "with the same tumour type and a number like this one. It is not the range of the single case: what "
                "the model cannot see moves that further, so the true chance of one patient lies outside it more often."
            )
        return (
            f"The interval is that of the calibration alone ({self.coverage:.0%}): how surely the model's number could be "
            "turned into a share of patients. It leaves out whether the model itself is right for this patient, "
            "so the true share lies outside it more often than that figure suggests."
        )


def predict(
    bundle: ModelBundle,
    patients: PatientProfile | Sequence[PatientProfile] | Cohort | FloatMatrix,
    *,
    margin: MarginFunction | None = None,
) -> Predictions:
    """Margins, calibrated probabilities, intervals and support of patients.

    Parameters
    ----------
    patients : one profile, several, a Cohort, or rows (n, c) in the bundle's columns
    margin : function of rows (n, c) to margins (n, k), optional
        A faster equal of ``bundle.margin``.

    Raises
    ------
    SchemaMismatchError
        If rows or a cohort have other columns than the bundle's schema.
    """
    X, ids, tumours = _rows(bundle.schema, patients)
    missing = tuple(bundle.schema.missing_required(row) for row in X)
    refusals = tuple(_refusals(bundle, row, names) for row, names in zip(X, missing, strict=True))
    complete = np.array([not r for r in refusals], dtype=bool)
    raw = np.full((len(X), len(bundle.options)), np.nan)
    if complete.any():
        raw[complete] = (margin or bundle.margin)(X[complete])
    low, high = bundle.interval(raw, X)
    support, shared = _support(bundle, X, tumours)
    return Predictions(
        bundle.options, raw, bundle.probability(raw), low, high, ids, tumours, support, shared,
        (X[:, _alteration_columns(bundle.schema)] == 1.0).sum(axis=1), missing, refusals, bundle.output_kind, bundle.sha256,
        coverage=None if bundle.is_score else 0.95, setting=bundle.manifest.setting,
        interval_basis=bundle.interval_basis,
    )  # fmt: skip


def _rows(
    schema: FeatureSchema, patients: PatientProfile | Sequence[PatientProfile] | Cohort | FloatMatrix
) -> tuple[FloatMatrix, tuple[str, ...], tuple[str | None, ...]]:
    if isinstance(patients, PatientProfile):
        patients = [patients]
    if isinstance(patients, Cohort):
        schema.check_table(patients.X)
        X = patients.X.to_numpy(dtype=np.float64)
        ids = tuple(map(str, patients.X.index))
        if "tumour" in patients.groups:
            return X, ids, tuple(t if isinstance(t, str) else None for t in patients.groups["tumour"])
        return X, ids, _tumours_of_rows(schema, X)
    if isinstance(patients, np.ndarray):
        X = np.atleast_2d(np.asarray(patients, dtype=np.float64))
        schema.check_width(X.shape[1])
        return X, tuple(f"row {i + 1}" for i in range(len(X))), _tumours_of_rows(schema, X)
    X = np.empty((len(patients), len(schema.columns)))
    for i, profile in enumerate(patients):
        X[i] = schema.encode_row(profile)
    return X, tuple(p.patient_id for p in patients), tuple(p.tumour for p in patients)


def _tumours_of_rows(schema: FeatureSchema, X: FloatMatrix) -> tuple[str | None, ...]:
    spec = next((f for f in schema.features if f.reads.field == "tumour"), None)
    if spec is None:
        return (None,) * len(X)
    block = X[:, schema.columns_of(spec.name)]
    decoded = (spec.decode(row.tolist()) for row in block)
    return tuple(t if isinstance(t, str) and t != "other" else None for t in decoded)


def _refusals(bundle: ModelBundle, row: FloatMatrix, missing: tuple[str, ...]) -> tuple[str, ...]:
    if bundle.formula is not None:
        return bundle.formula.refusals(row)
    labels = (bundle.schema.feature(name).label for name in missing)
    return tuple(f"{label} is not known, and the model cannot do without it." for label in labels)


@dataclass(frozen=True, eq=False)
class _TumourTable:
    """Training patients of one tumour type: which alterations they have, which options they had."""

    altered: NDArray[np.float32]
    had: NDArray[np.float32]


_TABLES: WeakKeyDictionary[TrainingData, dict[str | None, _TumourTable]] = WeakKeyDictionary()


def _table(training: TrainingData, columns: list[int], tumour: str | None) -> _TumourTable:
    """The table of a tumour type, made once for each loaded cohort; None stands for all of them."""
    tables = _TABLES.setdefault(training, {})
    if tumour not in tables:
        rows = np.ones(len(training), dtype=bool) if tumour is None else training.tumours == tumour
        altered = training.X.to_numpy(dtype=np.float64)[rows][:, columns] == 1.0
        tables[tumour] = _TumourTable(
            altered.astype(np.float32), training.y.notna().to_numpy()[rows].astype(np.float32)
        )
    return tables[tumour]


def _alteration_columns(schema: FeatureSchema) -> list[int]:
    return [schema.columns_of(f.name).start for f in schema.features if f.is_alteration]


def _support(
    bundle: ModelBundle, X: FloatMatrix, tumours: tuple[str | None, ...]
) -> tuple[NDArray[np.int64] | None, NDArray[np.int64] | None]:
    counts = bundle.manifest.support
    if not counts:
        return None, None
    typed = any(len(by_tumour) > 1 for by_tumour in counts.values())
    keys: list[str | None] = [t if typed else None for t in tumours]
    support = np.zeros((len(X), len(bundle.options)), dtype=np.int64)
    by_key: dict[str | None, list[int]] = {}
    for i, key in enumerate(keys):
        by_key.setdefault(key, []).append(i)
    for key, positions in by_key.items():
        # A patient whose tumour type is not recorded has no known like among typed patients.
        name = "" if not typed else (key or "not recorded")
        support[positions] = [counts.get(o, {}).get(name, 0) for o in bundle.options]
    training, columns = bundle.training, _alteration_columns(bundle.schema)
    if training is None or not columns:
        return support, None
    shared = np.zeros_like(support)
    for key, positions in by_key.items():
        if typed and key is None:
            continue
        table = _table(training, columns, key)
        mine = (X[positions][:, columns] == 1.0).astype(np.float32)
        for start in range(0, len(positions), 500):
            like = (mine[start : start + 500] @ table.altered.T > 0).astype(np.float32)
            shared[positions[start : start + 500]] = np.rint(like @ table.had).astype(np.int64)
    return support, shared
