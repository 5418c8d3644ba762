"""The numbers a lesson can ask for, each computed of the model, the truth or the outcomes; shares in points of 100."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from explainers.charts.computed_facts import Side
from oncology.counts import SMALLEST_COUNT, rate
from oncology.edits import apply, parse_edit
from oncology.errors import OncologyError, UnknownNameError
from oncology.patients import PatientProfile
from oncology.prediction import predict

if TYPE_CHECKING:
    from explainers.lessons.lesson import Measure
    from oncology.bundles import ModelBundle

__all__ = ["MEASURES", "LessonAnswerError", "MeasureKind", "World", "compute", "first_option"]


class LessonAnswerError(OncologyError, ValueError):
    """An answer that cannot be computed: what is missing, and what the lesson has to name."""


@dataclass(frozen=True, eq=False)
class World:
    """Everything a lesson's answers are computed of.

    Parameters
    ----------
    bundle : ModelBundle
    patient_of : function from an id to a profile
        Raises an OncologyError for one that is not there.
    patient, option : str
        Those of the case; a measure may name others.
    truth, effects : Path or None
    """

    bundle: ModelBundle
    patient_of: Callable[[str], PatientProfile]
    patient: str
    option: str
    truth: Path | None = None
    effects: Path | None = None
    _tables: dict[Path, pd.DataFrame] = field(default_factory=dict, repr=False)

    def table(self, path: Path | None, what: str) -> pd.DataFrame:
        """A table of truths, read once."""
        if path is None:
            raise LessonAnswerError(
                f'This answer needs a table of {what}; name one at the top of the lesson ("{what}").'
            )
        if path not in self._tables:
            try:
                read = pd.read_parquet if path.suffix == ".parquet" else pd.read_csv
                self._tables[path] = read(path)
            except (OSError, ValueError) as error:
                raise LessonAnswerError(
                    f"{path.name} cannot be read as a table ({type(error).__name__}); expected parquet or CSV."
                ) from error
        return self._tables[path]


@dataclass(frozen=True, slots=True)
class MeasureKind:
    """One entry of `MEASURES`: how it is computed, what it takes, what it is in words, and whose number it is."""

    compute: Callable[[World, Mapping[str, Any]], float]
    settings: tuple[str, ...]
    words: str
    side: Side
    needed: tuple[str, ...] = ()


def compute(measure: Measure, world: World) -> float:
    """The number behind a measure.

    Raises
    ------
    LessonAnswerError, OncologyError
        If the model, the patient or the truth cannot answer it.
    """
    value = MEASURES[measure.name].compute(world, measure.settings)
    if measure.minus is not None:
        value -= compute(measure.minus, world)
    if not np.isfinite(value):
        raise LessonAnswerError(f"{measure.name} has no value here: {dict(measure.settings)}.")
    return float(value)


# --- of one patient -----------------------------------------------------------------------------------------


def _profile(world: World, settings: Mapping[str, Any]) -> PatientProfile:
    name = settings.get("patient") or world.patient
    if not name:
        raise LessonAnswerError("No patient is named, neither at the top of the lesson nor here.")
    schema = world.bundle.schema
    edits = [parse_edit(schema, _plain(text)) for text in settings.get("edits", ())]
    return apply(schema, world.patient_of(name), edits)


def _plain(text: str) -> str:
    name, _, value = text.rpartition("=")
    return f"{name.strip()}={value.strip()}"


def _option(world: World, settings: Mapping[str, Any]) -> str:
    given = settings.get("option") or world.option
    if not given:
        raise LessonAnswerError("No option is named, neither at the top of the lesson nor here.")
    return world.bundle.options[world.bundle.option_index(given)]


def _said(world: World, settings: Mapping[str, Any]) -> float:
    found = predict(world.bundle, _profile(world, settings))
    scale = 1.0 if world.bundle.is_score else 100.0
    return scale * float(found.probability[0, world.bundle.option_index(_option(world, settings))])


def _model_change(world: World, settings: Mapping[str, Any]) -> float:
    recorded = {k: v for k, v in settings.items() if k != "edits"}
    return _said(world, settings) - _said(world, recorded)


def first_option(world: World, settings: Mapping[str, Any]) -> str:
    """The option that the model ranks first for a patient, among those it gives an answer for."""
    from oncology.recommendations import rank

    profile = _profile(world, settings)
    ranked = rank(world.bundle, predict(world.bundle, profile), profile, with_unknowns=False)
    if not ranked.ordered:
        raise LessonAnswerError("The model gives no answer for this patient, so nothing is ranked first.")
    return ranked.ordered[0].option


def _place(world: World, settings: Mapping[str, Any]) -> float:
    """Which place an input takes among the shares of an explanation, 1 being the largest."""
    from explainers.local import explain

    name = str(settings["input"])
    option, method = _option(world, settings), str(settings.get("method", "shapley"))
    why = explain(world.bundle, _profile(world, settings), method, option=option)
    if name not in why.feature_names:
        raise UnknownNameError("Input", name, why.feature_names)
    return 1.0 + why.order().tolist().index(why.feature_names.index(name))


# --- of a group ---------------------------------------------------------------------------------------------

_CONDITION = re.compile(r"^(.+?)\s*(>=|<=|!=|=|<|>)\s*(.+)$")


def _group(world: World, settings: Mapping[str, Any]) -> NDArray[np.bool_]:
    """Training patients for whom every condition holds and, unless all are asked for, who had the option, (n,)."""
    training = world.bundle.training
    if training is None:
        raise LessonAnswerError("This model came without its training patients, so no group can be asked.")
    chosen = np.ones(len(training), dtype=bool)
    if settings.get("among", "had") == "had":
        chosen &= training.y[_option(world, settings)].notna().to_numpy()
    for condition in settings.get("where", ()):
        match = _CONDITION.match(condition)
        if match is None:
            raise LessonAnswerError(
                f'{condition!r} is no condition; expected for instance "tumour = LUAD" or "PD-L1 >= 50".'
            )
        chosen &= _holds(_column(world, match[1].strip()), match[2], match[3].strip(), condition)
    if chosen.sum() < SMALLEST_COUNT:
        raise LessonAnswerError(
            f"Fewer than {SMALLEST_COUNT} patients fulfil {' and '.join(settings.get('where', ())) or 'this'}; a group that "
            "small is not shown. Widen the conditions."
        )
    return chosen


def _column(world: World, name: str) -> pd.Series:
    training = world.bundle.training
    assert training is not None
    for table in (training.groups, training.X):
        if name in table.columns:
            return table[name]
    known = [*training.groups.columns, *training.X.columns]
    if world.truth is not None:
        truth = _truth(world)
        if name in truth.columns:
            return truth[name]
        known += [c for c in truth.columns if ":" not in c]
    raise UnknownNameError("Column", name, known)


def _holds(column: pd.Series, sign: str, word: str, condition: str) -> NDArray[np.bool_]:
    if sign in ("=", "!="):
        words = {"altered": "1.0", "absent": "0.0", "yes": "True", "no": "False"}
        as_text = column.astype(object).where(column.notna(), "").map(str)
        asked = {word, words.get(word, word)}
        try:
            asked.add(str(float(word)))
        except ValueError:
            asked.add(word.casefold())
        same = as_text.isin(asked).to_numpy()
        return np.asarray(same if sign == "=" else ~same & column.notna().to_numpy())
    try:
        values, limit = column.to_numpy(dtype=np.float64), float(word)
    except ValueError as error:
        raise LessonAnswerError(f"{condition!r} compares words; expected numbers, or the sign =.") from error
    holds = {">=": values >= limit, "<=": values <= limit, "<": values < limit, ">": values > limit}
    return np.asarray(holds[sign])


def _truth(world: World) -> pd.DataFrame:
    """The truth table in the order of the training patients."""
    assert world.bundle.training is not None
    table = world.table(world.truth, "truth")
    if table.index.name != "patient_id" and "patient_id" in table.columns:
        table = table.set_index("patient_id")
    absent = world.bundle.training.X.index.difference(table.index)
    if len(absent):
        raise LessonAnswerError(
            f"The truth table lacks {len(absent)} of the model's training patients ({absent[0]} for instance); it belongs to "
            "another cohort."
        )
    return table.loc[world.bundle.training.X.index]


def _true_share(world: World, settings: Mapping[str, Any]) -> float:
    table, column = _truth(world), f"p:{_option(world, settings)}"
    if column not in table.columns:
        raise LessonAnswerError(f"The truth table has no column {column!r}.")
    return 100.0 * float(table[column].to_numpy()[_group(world, settings)].mean())


def _model_share(world: World, settings: Mapping[str, Any]) -> float:
    training, option = world.bundle.training, _option(world, settings)
    chosen = _group(world, {**settings, "among": "had"})
    assert training is not None
    margins = training.margins.to_numpy(dtype=np.float64)[chosen]
    answers = world.bundle.probability(margins)[:, world.bundle.option_index(option)]
    return 100.0 * float(answers.mean())


def _observed_share(world: World, settings: Mapping[str, Any]) -> float:
    training, option = world.bundle.training, _option(world, settings)
    chosen = _group(world, {**settings, "among": "had"})
    assert training is not None
    y = training.y[option].to_numpy(dtype=np.float64)[chosen]
    share = rate(int(y.sum()), len(y))
    if share is None:
        raise LessonAnswerError(
            f"Fewer than {SMALLEST_COUNT} of these patients responded, or did not; such a share is not shown."
        )
    return 100.0 * share


def _patients(world: World, settings: Mapping[str, Any]) -> float:
    return float(_group(world, settings).sum())


def _auc(world: World, settings: Mapping[str, Any]) -> float:
    measured = world.bundle.manifest.performance_of(_option(world, settings))
    if measured is None:
        raise LessonAnswerError("This model's manifest holds no AUC for the option.")
    return float(measured.auc)


def _true_effect(world: World, settings: Mapping[str, Any]) -> float:
    table = world.table(world.effects, "effects")
    name, option = str(settings["input"]), _option(world, settings)
    absent = {"option", "input", "points"} - set(table.columns)
    if absent:
        raise LessonAnswerError(f"The table of effects lacks the columns {', '.join(sorted(absent))}.")
    found = table[(table["option"] == option) & (table["input"] == name)]
    if len(found) != 1:
        raise UnknownNameError("True effect", f"{name} on {option}", sorted(set(table["input"])))
    return float(found["points"].iloc[0])


def _none(world: World, settings: Mapping[str, Any]) -> float:
    return 0.0


_CASE = ("patient", "option", "edits")
_SET = ("option", "where", "among")

MEASURES: dict[str, MeasureKind] = {
    "model answer": MeasureKind(_said, _CASE, "what the model says of a patient", "model"),
    "model change": MeasureKind(
        _model_change, _CASE, "how far edits move the model's answer", "model", ("edits",)
    ),
    "place": MeasureKind(
        _place, (*_CASE, "input", "method"), "an input's place in an explanation", "model", ("input",)
    ),
    "model share": MeasureKind(
        _model_share, _SET, "the model's mean answer for a group, out of fold", "model"
    ),
    "true share": MeasureKind(_true_share, _SET, "the true share of responders of a group", "truth"),
    "observed share": MeasureKind(
        _observed_share, _SET, "the observed share of responders of a group", "outcome"
    ),
    "patients": MeasureKind(_patients, _SET, "how many patients a group has", "other"),
    "auc": MeasureKind(_auc, ("option",), "the model's cross-validated AUC for an option", "model"),
    "true effect": MeasureKind(
        _true_effect,
        ("option", "input"),
        "the true effect of an input's own value on an option",
        "truth",
        ("input",),
    ),
    "none": MeasureKind(_none, (), "nothing: 0", "other"),
}
