"""Published scores: coefficients in plain data, read and computed without running anybody's code."""

from oncology.scores.formula import Formula, FormulaError, Scenario
from oncology.scores.ipssm import IpssmFormula
from oncology.scores.linear import LinearFormula
from oncology.scores.reading import read_formula

__all__ = ["Formula", "FormulaError", "IpssmFormula", "LinearFormula", "Scenario", "read_formula"]
