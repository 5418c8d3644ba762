"""What an audit works on: predictions beside outcomes, per option, with the groups patients belong to."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from explainers.audit.errors import AuditError, NoOutcomesError
from explainers.audit.grouping import GROUP_LABELS, NOT_RECORDED, as_text, described, with_counts
from explainers.audit.matching import (
    few,
    margins_where_whole,
    matched,
    matched_outcomes,
    out_of_range,
    unknown_inputs,
    untrue_probabilities,
)
from explainers.audit.tables import ALL, AuditRow, AuditTable
from oncology.cohorts import Cohort
from oncology.patients import PatientProfile
from oncology.performance import calibrated_without_self
from oncology.wording import Wording, wording

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = [
    "ALL",
    "GROUP_LABELS",
    "NOT_RECORDED",
    "AuditData",
    "AuditRow",
    "AuditTable",
    "of_arrays",
    "of_bundle",
    "of_cohort",
]

FloatMatrix = NDArray[np.float64]
FloatVector = NDArray[np.float64]

# Part of every fingerprint: raise it when groups, probabilities or label rules are made in another way, so that no
# cache is stale.
_VERSION = 4


@dataclass(frozen=True, eq=False)
class AuditData:
    """Predictions beside outcomes for n patients and k options; rows and columns of all tables are aligned.

    Parameters
    ----------
    options, labels : tuples of str, (k,)
    y : array (n, k)
        1 responded, 0 did not, NaN where the option was never tried or the outcome is not known.
    margin : array (n, k)
        As the model gives it, in the bundle's unit; NaN where it has no answer.
    probability : array (n, k)
        What a reader is shown: the calibrated probability, or the score of a score model. Out of fold it was
        calibrated without the patient's own outcome.
    X : DataFrame (n, c)
        The model's columns, index = patient ids. c is 0 for predictions that came without inputs.
    groups : DataFrame (n, g) of text
        Descriptions to compare by; unknown is `NOT_RECORDED`, never dropped.
    origin : {"out of fold", "external cohort"}
        Whether the predictions were made by models that did not see the patient during training, or on a cohort
        that training never saw.
    name : str
        The cohort in words.
    is_score : bool
        The output is a score, never to be called a probability.
    notes : tuple of str
        What could not be used, or was assumed, in whole sentences.
    warning : str
        Why the whole audit flatters the model; empty where nothing is known that would.
    faults : mapping of option to str
        Options whose output cannot be judged as a probability at all, with the reason.
    profiles : mapping of patient id to PatientProfile
        Of an external cohort, so that a finding can be opened on Why; empty for training patients.
    """

    options: tuple[str, ...]
    labels: tuple[str, ...]
    y: FloatMatrix
    margin: FloatMatrix
    probability: FloatMatrix
    X: pd.DataFrame
    groups: pd.DataFrame
    origin: Literal["out of fold", "external cohort"]
    name: str
    unit: str = "log-odds"
    is_score: bool = False
    synthetic: bool = False
    setting: Literal["clinic", "laboratory"] = "clinic"
    notes: tuple[str, ...] = ()
    warning: str = ""
    faults: Mapping[str, str] = field(default_factory=dict)
    profiles: Mapping[str, PatientProfile] = field(default_factory=dict)
    bundle_sha256: str = ""
    content_hash: str = ""

    def __post_init__(self) -> None:
        shape = (len(self.X), len(self.options))
        for name in ("y", "margin", "probability"):
            array = np.ascontiguousarray(getattr(self, name), dtype=np.float64)
            if array.shape != shape:
                raise AuditError(
                    f"{name} has shape {array.shape}; expected {shape}: one row a patient, one column an option."
                )
            array = array.copy() if array.flags.writeable and array.base is not None else array
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        known = self.y[~np.isnan(self.y)]
        if not np.isin(known, (0.0, 1.0)).all():
            raise AuditError("Outcomes must be 1 (responded), 0 (did not) or empty (never tried).")
        if not self.groups.index.equals(self.X.index):
            raise AuditError("The rows of the groups are not those of the patients.")

    def __len__(self) -> int:
        return len(self.X)

    @property
    def words(self) -> Wording:
        """Nouns and verbs of the bundle's setting."""
        return wording(self.setting)

    @property
    def number(self) -> str:
        """What the model's number is called: "probability" or "score"."""
        return "score" if self.is_score else "probability"

    @property
    def from_words(self) -> str:
        """Where the predictions come from, in words."""
        if self.origin == "out of fold":
            return "out of fold: each training patient predicted by a model that had not seen them"
        return f"external cohort: {self.name}"

    def index(self, option: str) -> int:
        """Position of an option by its key."""
        return self.options.index(option)

    def label(self, option: str) -> str:
        """The words for an option."""
        return self.labels[self.index(option)]

    @property
    def label_of(self) -> dict[str, str]:
        """Words by option key."""
        return dict(zip(self.options, self.labels, strict=True))

    @cached_property
    def known(self) -> NDArray[np.bool_]:
        """Where an outcome and a prediction are both known, (n, k)."""
        return ~np.isnan(self.y) & ~np.isnan(self.probability)

    def of(self, option: str, rows: NDArray[np.bool_] | None = None) -> tuple[FloatVector, FloatVector]:
        """Outcomes and probabilities (m,), (m,) of one option where both are known, in the order of the patients.

        rows : mask (n,), to look at a group only.
        """
        j = self.index(option)
        keep = self.known[:, j] if rows is None else self.known[:, j] & rows
        return self.y[keep, j], self.probability[keep, j]

    @cached_property
    def fingerprint(self) -> str:
        """Hash of predictions, outcomes and groups, in hexadecimal; equal content, equal hash."""
        digest = hashlib.sha256(
            f"{_VERSION}|{self.bundle_sha256}|{self.origin}|{self.name}|{self.options}|{self.content_hash}".encode()
        )
        if not self.content_hash:
            for array in (self.y, self.margin, self.probability):
                digest.update(array.tobytes())
            for table in (self.X, self.groups):
                digest.update("\n".join(map(str, table.columns)).encode())
                if table.shape[1]:
                    digest.update(pd.util.hash_pandas_object(table, index=True).to_numpy().tobytes())
        return digest.hexdigest()


def of_bundle(bundle: ModelBundle) -> AuditData:
    """The training patients of a bundle, each predicted and calibrated without themselves.

    Raises
    ------
    NoOutcomesError
        If the bundle carries no training cohort (published formulas never do).
    """
    training = bundle.training
    if training is None:
        why = "is a published formula" if bundle.formula is not None else "came without its training cohort"
        raise NoOutcomesError(
            f"{bundle.manifest.title} {why}, so it brings no patients to hold its numbers against. "
            "Load a cohort whose outcomes are known to see how well it does there."
        )
    margin = training.margins.to_numpy(dtype=np.float64)
    y = training.y.to_numpy(dtype=np.float64)
    groups = as_text(training.groups)
    return AuditData(
        bundle.options, tuple(bundle.label(o) for o in bundle.options), y, margin,
        _without_self(bundle, margin, y), training.X, with_counts(groups, training.X, bundle.schema),
        "out of fold", bundle.manifest.title, bundle.unit, bundle.is_score, bundle.manifest.synthetic,
        bundle.manifest.setting, (), "", untrue_probabilities(bundle, training.X), {}, bundle.sha256, bundle.sha256,
    )  # fmt: skip


def _without_self(bundle: ModelBundle, margin: FloatMatrix, y: FloatMatrix) -> FloatMatrix:
    """Probabilities calibrated in five parts, so that nobody's own outcome calibrates them."""
    shown = np.asarray(bundle.probability(margin), dtype=np.float64)
    if not isinstance(bundle.calibration, Mapping):
        return shown
    shown = shown.copy()
    for j in range(len(bundle.options)):
        known = ~np.isnan(y[:, j]) & ~np.isnan(margin[:, j])
        if min(y[known, j].sum(), (1 - y[known, j]).sum()) >= 5:
            shown[known, j] = calibrated_without_self(margin[known, j], y[known, j])
    return shown


def of_cohort(
    bundle: ModelBundle,
    patients: Cohort | Sequence[PatientProfile],
    name: str,
    *,
    outcomes: pd.DataFrame | None = None,
    options: Mapping[str, str] | None = None,
    notes: Sequence[str] = (),
) -> AuditData:
    """A cohort that training never saw, predicted by the model as it stands.

    Parameters
    ----------
    patients : Cohort, or profiles
        Profiles are encoded with the model's own schema. A cohort must have been.
    name : str
        The cohort in words, as it stands on the page.
    outcomes : DataFrame (n, options), optional
        1, 0 and NaN by patient id, for profiles whose outcomes stand in a table of their own.
    options : mapping, optional
        The cohort's name of an option to the model's, where they differ.

    Raises
    ------
    SchemaDiffersError
        If a cohort was encoded for another model.
    NoOutcomesError
        If no patient has an outcome of an option the model knows.
    """
    profiles: tuple[PatientProfile, ...] = ()
    if isinstance(patients, Cohort):
        X, y_table, groups = matched(bundle.schema, patients), patients.y, patients.groups
    else:
        profiles = tuple(patients)
        if not profiles:
            raise NoOutcomesError(f"{name} holds no patients.")
        cohort = Cohort.of(bundle.schema, profiles)
        X, y_table, groups = cohort.X, cohort.y, described(profiles, cohort.groups)
    if outcomes is not None:
        y_table = outcomes.reindex(X.index)
    said = [*notes]
    y, unused = matched_outcomes(bundle, y_table, options or {})
    if unused:
        said.append(
            f"Outcomes of {few(unused)} were left out: the model has no such option ({few(bundle.options)})."
        )
    if not (~np.isnan(y)).any():
        found = f"outcomes of {few(unused)}" if unused else "no outcome at all"
        raise NoOutcomesError(
            f"{name}: {len(X)} patients with {found}; the model answers for {few(bundle.options)}. "
            "Without an outcome (1 responded, 0 did not) of one of these, nothing can be held against its numbers."
        )
    margin, more = margins_where_whole(bundle, X)
    said += more + unknown_inputs(bundle.schema, X)
    probability = np.asarray(bundle.probability(margin), dtype=np.float64)
    probability = np.where(np.isnan(margin), np.nan, probability)
    return AuditData(
        bundle.options, tuple(bundle.label(o) for o in bundle.options), y, margin, probability, X,
        with_counts(as_text(groups), X, bundle.schema), "external cohort", name, bundle.unit, bundle.is_score,
        any(p.synthetic for p in profiles), bundle.manifest.setting, tuple(said), "", untrue_probabilities(bundle, X),
        {p.patient_id: p for p in profiles}, bundle.sha256,
    )  # fmt: skip


def of_arrays(
    y: ArrayLike,
    probability: ArrayLike,
    *,
    options: Sequence[str],
    name: str,
    margin: ArrayLike | None = None,
    groups: pd.DataFrame | None = None,
    is_score: bool = False,
    **more: Any,
) -> AuditData:
    """Predictions that came without a model: outcomes and probabilities, each (n, k) or (n,).

    The margin is the probability itself where none is given.
    """
    y = _two_dimensional(y)
    probability = _two_dimensional(probability)
    margin = probability if margin is None else _two_dimensional(margin)
    index = pd.RangeIndex(len(y)) if groups is None else groups.index
    X = pd.DataFrame(index=index)
    table = pd.DataFrame(index=index) if groups is None else as_text(groups)
    return AuditData(
        tuple(options), tuple(options), y, margin, probability, X, table, "external cohort", name,
        "probability", is_score, faults=out_of_range(options, probability) if not is_score else {}, **more,
    )  # fmt: skip


def _two_dimensional(values: ArrayLike) -> FloatMatrix:
    array = np.asarray(values, dtype=np.float64)
    return array[:, None] if array.ndim == 1 else array
