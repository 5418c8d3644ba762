"""The study file: which columns are inputs, which genes, which outcomes, who counts as a responder."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from oncology.errors import OncologyError, near_names
from oncology.wording import SETTINGS

__all__ = ["ESTIMATORS", "RULES", "Covariate", "Genes", "Responder", "Study", "StudyError", "read_study"]

ESTIMATORS = ("gradient boosting", "logistic", "forest")
RULES = ("most sensitive", "threshold", "column")


class StudyError(OncologyError, ValueError):
    """A study file, or the tables it names, that cannot be used."""


@dataclass(frozen=True, slots=True)
class Covariate:
    """A clinical input; `levels` empty means those seen in the data in at least five patients."""

    name: str
    reads: str
    label: str = ""
    kind: Literal["continuous", "categorical"] = "continuous"
    levels: tuple[str, ...] = ()
    unit: str = ""
    group: str = ""
    missing: Literal["nan", "refuse"] = "nan"
    actionable: bool = True


@dataclass(frozen=True, slots=True)
class Genes:
    """Genes that become inputs: candidates (all genes seen when empty) altered in enough assayed patients."""

    min_frequency: float = 0.02
    candidates: tuple[str, ...] = ()
    always: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Responder:
    """Who counts as a responder.

    rule : "most sensitive" (the `fraction` of patients with the lowest or highest values of each option),
        "threshold" (values at or beyond `value`), "column" (the value is 1 or 0 already).
    direction : "lower" where a lower value is a better response, "higher" where a higher one is.
    """

    rule: Literal["most sensitive", "threshold", "column"]
    direction: Literal["lower", "higher"] = "lower"
    fraction: float = 0.25
    value: float | None = None

    def words(self) -> str:
        """The rule in words, for the manifest."""
        if self.rule == "column":
            return "responder as recorded (1 or 0)"
        end = "lowest" if self.direction == "lower" else "highest"
        if self.rule == "threshold":
            return (
                f"responder = value {'at most' if self.direction == 'lower' else 'at least'} {self.value:g}"
            )
        return f"responder = the {self.fraction:.0%} of tested patients with the {end} values of that option"


@dataclass(frozen=True, slots=True)
class Study:
    """What a study file says; see `sample_data/studies` for two complete ones.

    Parameters
    ----------
    about : mapping
        Fields of the bundle's manifest: name, title, version, intended_use, outcome, limits, citations, ...; and
        `card`, the file of the developer's words (``docs/card_template.toml``), seen from the study file's folder.
    patients_path : str
        File or folder of the patients inside the data folder, read by `oncology.intake`.
    columns, units, values : mappings
        Meaning of columns and codes that the reader cannot know by itself.
    outcomes_table, outcomes_id : str
        Table with one row per patient and one column per option, and the column of the patient's id.
    options : mapping of option key to column of the outcomes table
    min_patients : int
        Options with fewer known outcomes are left out, listed with the reason.
    leave_out : bool
        Whether options with one outcome class are left out (and listed) instead of refused.
    groups : tuple of str
        Profile fields or ``findings.NAME`` that audits compare, beside the tumour type.
    """

    path: Path
    about: Mapping[str, Any]
    patients_path: str
    assayed: Literal["file", "seen", "unknown"]
    columns: Mapping[str, str]
    units: Mapping[str, str]
    values: Mapping[str, Mapping[str, str]]
    outcomes_table: str
    outcomes_id: str
    options: Mapping[str, str]
    option_labels: Mapping[str, str]
    responder: Responder
    min_patients: int
    leave_out: bool
    covariates: tuple[Covariate, ...]
    genes: Genes
    alterations: tuple[str, ...]
    groups: tuple[str, ...]
    estimator: str
    settings: Mapping[str, Any]
    folds: int
    seed: int


_SECTIONS: dict[str, tuple[str, ...]] = {
    "study": (
        "name", "title", "version", "intended_use", "intended_users", "out_of_scope", "outcome", "setting", "limits", "notes",
        "citations", "developer", "licence", "synthetic", "unlikely_below", "date", "card",
    ),
    "patients": ("path", "assayed", "columns", "units", "values"),
    "outcomes": ("table", "id", "options", "labels", "responder", "min_patients", "leave_out"),
    "features": ("covariates", "genes", "alterations"),
    "audit": ("groups",),
    "model": ("estimator", "settings", "folds", "seed"),
}  # fmt: skip


def read_study(path: str | Path) -> Study:
    """Read a study file.

    Raises
    ------
    StudyError
        If it is absent, no TOML, or an entry is unknown, missing or of the wrong kind.
    """
    path = Path(path)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise StudyError(f"The study file {path.name!r} cannot be opened: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StudyError(f"The study file {path.name!r} is no TOML document: {error}.") from error
    _check_names("section", content, tuple(_SECTIONS))
    sections = {name: _section(content, name) for name in _SECTIONS}
    for name, known in _SECTIONS.items():
        _check_names(f"entry of [{name}]", sections[name], known)
    try:
        return _study(path, sections)
    except TypeError as error:
        raise StudyError(f"The study file {path.name!r} has an entry of the wrong kind: {error}.") from error


def _section(content: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = content.get(name, {})
    if not isinstance(section, dict):
        raise StudyError(f"[{name}] is {section!r}; expected a section with entries.")
    return section


def _check_names(what: str, found: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for name in found:
        if name not in known:
            raise StudyError(
                f"The {what} {name!r} is not known.{near_names(name, known)} Known: {', '.join(known)}."
            )


def _need(section: Mapping[str, Any], name: str, where: str) -> Any:
    if name not in section:
        raise StudyError(f"[{where}] has no entry {name!r}; a study cannot do without it.")
    return section[name]


def _study(path: Path, s: Mapping[str, Mapping[str, Any]]) -> Study:
    about, patients, outcomes, features, model = (
        s[n] for n in ("study", "patients", "outcomes", "features", "model")
    )
    _need(about, "name", "study")
    _one_of("study.setting", about.get("setting", SETTINGS[0]), SETTINGS)
    options = _need(outcomes, "options", "outcomes")
    if isinstance(options, list):
        options = {name: name for name in options}
    if not isinstance(options, dict) or not options:
        raise StudyError("[outcomes] options is empty; expected option = column, one line each.")
    responder = _entry(Responder, _need(outcomes, "responder", "outcomes"), "outcomes.responder")
    _one_of("outcomes.responder.rule", responder.rule, RULES)
    _one_of("outcomes.responder.direction", responder.direction, ("lower", "higher"))
    if responder.rule == "threshold" and responder.value is None:
        raise StudyError("[outcomes.responder] rule 'threshold' needs a value.")
    if not 0 < responder.fraction < 1:
        raise StudyError(
            f"[outcomes.responder] fraction is {responder.fraction:g}; expected a share between 0 and 1."
        )
    estimator = model.get("estimator", ESTIMATORS[0])
    _one_of("model.estimator", estimator, ESTIMATORS)
    folds = model.get("folds", 5)
    if not isinstance(folds, int) or folds < 2:
        raise StudyError(f"[model] folds is {folds!r}; expected a whole number of 2 or more.")
    return Study(
        path=path,
        about=about,
        patients_path=str(patients.get("path", ".")),
        assayed=patients.get("assayed", "file"),
        columns=patients.get("columns", {}),
        units=patients.get("units", {}),
        values=patients.get("values", {}),
        outcomes_table=str(_need(outcomes, "table", "outcomes")),
        outcomes_id=str(_need(outcomes, "id", "outcomes")),
        options=options,
        option_labels=outcomes.get("labels", {}),
        responder=responder,
        min_patients=int(outcomes.get("min_patients", 0)),
        leave_out=bool(outcomes.get("leave_out", False)),
        covariates=tuple(_entry(Covariate, c, "features.covariates") for c in features.get("covariates", [])),
        genes=_entry(Genes, features.get("genes", {"min_frequency": 2.0}), "features.genes"),
        alterations=tuple(features.get("alterations", ())),
        groups=tuple(s["audit"].get("groups", ())),
        estimator=estimator,
        settings=model.get("settings", {}),
        folds=folds,
        seed=int(model.get("seed", 0)),
    )


def _one_of(name: str, value: Any, known: tuple[str, ...]) -> None:
    if value not in known:
        raise StudyError(
            f"{name} is {value!r}; expected one of {', '.join(known)}.{near_names(str(value), known)}"
        )


def _entry(kind: Any, content: Any, where: str) -> Any:
    if not isinstance(content, dict):
        raise StudyError(f"[{where}] is {content!r}; expected entries.")
    _check_names(f"entry of [{where}]", content, tuple(kind.__dataclass_fields__))
    try:
        return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in content.items()})
    except TypeError as error:
        raise StudyError(f"[{where}] cannot be read: {error}.") from error
