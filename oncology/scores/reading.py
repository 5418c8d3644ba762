"""From a bundle's ``formula.json`` to the formula."""

from __future__ import annotations

import json

from oncology.features import FeatureSchema
from oncology.scores.formula import Formula, FormulaError
from oncology.scores.ipssm import IpssmFormula
from oncology.scores.linear import LinearFormula

__all__ = ["FAMILIES", "read_formula"]

FAMILIES: dict[str, type[LinearFormula] | type[IpssmFormula]] = {
    "linear": LinearFormula,
    "ipssm": IpssmFormula,
}


def read_formula(data: bytes, schema: FeatureSchema) -> Formula:
    """The formula that a JSON document describes over a schema; no code is read or run.

    Raises
    ------
    FormulaError
        If it is no JSON object, names no known family, or a coefficient is missing.
    """
    try:
        content = json.loads(data)
    except (UnicodeDecodeError, ValueError) as error:
        raise FormulaError(f"formula.json is no JSON document: {error}.") from error
    if not isinstance(content, dict) or content.get("family") not in FAMILIES:
        found = content.get("family") if isinstance(content, dict) else type(content).__name__
        raise FormulaError(f"formula.json names the family {found!r}; expected one of {', '.join(FAMILIES)}.")
    return FAMILIES[content["family"]](schema, content)
