"""Mapping files: what the columns and codes of somebody else's table mean."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from oncology.errors import OncologyError

__all__ = ["Mapping", "MappingError", "parse_mapping", "read_mapping"]


class MappingError(OncologyError, ValueError):
    """A mapping file that cannot be used."""


@dataclass(frozen=True, slots=True)
class Mapping:
    """Headers to fields, headers to units, and what codes mean, field by field."""

    columns: dict[str, str]
    units: dict[str, str]
    values: dict[str, dict[str, str]]


def read_mapping(path: str | Path) -> Mapping:
    """A mapping file (TOML).

    ``[columns]`` sends a field to the header that holds it, or to a table with ``column`` and ``unit``;
    ``ignore`` takes a list of headers to leave out. ``[values.FIELD]`` tells what codes mean::

        [columns]
        patient_id = "SAMPLE_ID"
        age_years = "Age"
        "labs.albumin_g_dl" = { column = "Alb", unit = "g/L" }
        ignore = ["Batch"]

        [values.sex]
        0 = "female"
        1 = "male"

    Raises
    ------
    MappingError
        Where the file is missing, is no TOML, or has another shape.
    """
    name = Path(path).name
    try:
        return parse_mapping(name, Path(path).read_bytes())
    except OSError as error:
        raise MappingError(f"The mapping file {name} cannot be read: {error}. Check the name.") from None


def parse_mapping(name: str, data: bytes) -> Mapping:
    """A mapping file given as bytes, such as an upload; raises as `read_mapping`.

    Examples
    --------
    >>> parse_mapping("m.toml", b'[columns]\\nage_years = "Alter"').columns
    {'Alter': 'age_years'}
    """
    try:
        content = tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise MappingError(
            f"The mapping file {name} cannot be read: {error}. Save it as UTF-8 text."
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise MappingError(f"The mapping file {name} is no TOML: {error}.") from None
    unknown = set(content) - {"columns", "values"}
    if (
        unknown
        or not isinstance(content.get("columns", {}), dict)
        or not isinstance(content.get("values", {}), dict)
    ):
        raise MappingError(
            f"The mapping file {name} may hold [columns] and [values.FIELD] only; found {', '.join(sorted(content))}."
        )
    columns: dict[str, str] = {}
    units: dict[str, str] = {}
    for field, told in content.get("columns", {}).items():
        if field == "ignore" and isinstance(told, list):
            columns.update((str(header), "ignore") for header in told)
        elif isinstance(told, str):
            columns[told] = field
        elif isinstance(told, dict) and isinstance(told.get("column"), str):
            columns[told["column"]] = field
            units[told["column"]] = str(told.get("unit", ""))
        else:
            raise MappingError(
                f"The mapping file {name}: {field} needs the name of a column, or column and unit."
            )
    values: dict[str, dict[str, str]] = {}
    for field, codes in content.get("values", {}).items():
        if not isinstance(codes, dict):
            raise MappingError(f'The mapping file {name}: [values.{field}] needs lines such as 0 = "female".')
        values[field] = {str(code): str(meaning) for code, meaning in codes.items()}
    return Mapping(columns, units, values)
