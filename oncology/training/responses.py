"""From measured values to responders: the outcomes of a study, one column per option."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from oncology.errors import near_names
from oncology.training.study import Responder, Study, StudyError

__all__ = ["Responses", "read_responses"]


@dataclass(frozen=True, eq=False)
class Responses:
    """Outcomes of a study.

    Parameters
    ----------
    y : DataFrame (n, k)
        1 responder, 0 not, NaN where the option was not tested; the index holds patient ids as text.
    cut_offs : mapping of option to float
        The value at which a patient counts as a responder; empty where responders are recorded.
    left_out : mapping of option to str
        Options with too few known outcomes, with the reason.
    """

    y: pd.DataFrame
    cut_offs: Mapping[str, float]
    left_out: Mapping[str, str]


def read_responses(study: Study, data_dir: Path) -> Responses:
    """The outcomes table of a study, with its responder rule applied option by option.

    A missing value leaves the patient out of that option only.

    Raises
    ------
    StudyError
        If the table or one of its columns is absent, ids repeat, or values are no numbers.
    """
    table = _read_table(data_dir, study)
    left_out: dict[str, str] = {}
    cut_offs: dict[str, float] = {}
    columns: dict[str, pd.Series] = {}
    for option, column in study.options.items():
        if column not in table.columns:
            raise StudyError(
                f"The table {study.outcomes_table!r} has no column {column!r} for the option {option!r}."
                + near_names(column, list(map(str, table.columns)))
            )
        values = _numbers(table[column], study.outcomes_table)
        known = int(values.notna().sum())
        if known < max(study.min_patients, 1):
            left_out[option] = (
                f"{known} patients with a known outcome, fewer than {max(study.min_patients, 1)}"
            )
            continue
        columns[option], cut_off = _responders(values, study.responder, option)
        if cut_off is not None:
            cut_offs[option] = cut_off
    if not columns:
        reasons = "; ".join(f"{o}: {why}" for o, why in list(left_out.items())[:3])
        raise StudyError(f"No option of the study has enough outcomes ({reasons}).")
    return Responses(pd.DataFrame(columns, index=table.index), cut_offs, left_out)


def _read_table(data_dir: Path, study: Study) -> pd.DataFrame:
    file = data_dir / study.outcomes_table
    if not file.is_file():
        raise StudyError(
            f"The data folder {data_dir.name!r} has no file {study.outcomes_table!r}, where the study expects the outcomes."
        )
    try:
        separator = "\t" if file.suffix in (".tsv", ".txt") else ","
        table = pd.read_csv(file, sep=separator, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise StudyError(f"The table {file.name!r} cannot be read: {error}") from error
    if study.outcomes_id not in table.columns:
        near = near_names(study.outcomes_id, list(map(str, table.columns)))
        raise StudyError(
            f"The table {file.name!r} has no column {study.outcomes_id!r} for the patient's id.{near}"
        )
    ids = table[study.outcomes_id].str.strip()
    if ids.duplicated().any():
        twice = ", ".join(ids[ids.duplicated()].unique()[:3])
        raise StudyError(
            f"The table {file.name!r} names patients twice: {twice}. One row per patient is expected."
        )
    return table.set_index(pd.Index(ids, name=None))


def _numbers(column: pd.Series, table: str) -> pd.Series:
    text = column.str.strip()
    empty = text.str.casefold().isin(["", "na", "nan", "none", "."])
    values = pd.to_numeric(text.where(~empty), errors="coerce")
    wrong = text[values.isna() & ~empty]
    if len(wrong):
        raise StudyError(
            f"The column {column.name!r} of {table!r} holds {wrong.iloc[0]!r}, which is no number."
        )
    return values.astype(np.float64)


def _responders(values: pd.Series, rule: Responder, option: str) -> tuple[pd.Series, float | None]:
    known = values.notna()
    if rule.rule == "column":
        if not values[known].isin([0.0, 1.0]).all():
            found = values[known & ~values.isin([0.0, 1.0])].iloc[0]
            raise StudyError(f"The outcomes of {option!r} hold {found:g}; the rule 'column' expects 1 and 0.")
        return values, None
    if rule.rule == "threshold":
        assert rule.value is not None
        cut_off = float(rule.value)
    else:
        share = rule.fraction if rule.direction == "lower" else 1 - rule.fraction
        cut_off = float(np.quantile(values[known], share))
    responded = values <= cut_off if rule.direction == "lower" else values >= cut_off
    return responded.astype(np.float64).where(known), cut_off
