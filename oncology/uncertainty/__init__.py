"""How sure a number is: calibration and its comparison, Venn-Abers and conformal prediction, intervals of shares."""

from oncology.uncertainty.calibration import (
    MIN_SLOPE,
    CalibrationError,
    CalibrationMap,
    fit_calibration,
    platt,
)
from oncology.uncertainty.comparison import (
    METHODS,
    MethodQuality,
    compare_calibrations,
    cross_fitted,
    expected_calibration_error,
    parts_of,
    quality,
)
from oncology.uncertainty.conformal import ANSWERS, COVERAGE, Answer, OutcomeSets
from oncology.uncertainty.intervals import IntervalTables
from oncology.uncertainty.shares import wilson
from oncology.uncertainty.temperature import TemperatureMap, fit_temperature
from oncology.uncertainty.venn_abers import VennAbers

__all__ = [
    "ANSWERS",
    "COVERAGE",
    "METHODS",
    "MIN_SLOPE",
    "Answer",
    "CalibrationError",
    "CalibrationMap",
    "IntervalTables",
    "MethodQuality",
    "OutcomeSets",
    "TemperatureMap",
    "VennAbers",
    "compare_calibrations",
    "cross_fitted",
    "expected_calibration_error",
    "fit_calibration",
    "fit_temperature",
    "parts_of",
    "platt",
    "quality",
    "wilson",
]
