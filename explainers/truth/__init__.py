"""How far explanations of a model can be trusted, measured where the truth is known, and kept beside the model."""

from explainers.truth.results import (
    MethodRecovery,
    TrapReading,
    TruthFileError,
    TruthReport,
    read_truth_report,
    truth_path,
)
from explainers.truth.scoring import bootstrap_mean, rank_correlation, top_precision
from explainers.truth.words import recovery_table, summary, trap_table

__all__ = [
    "MethodRecovery",
    "TrapReading",
    "TruthFileError",
    "TruthReport",
    "bootstrap_mean",
    "rank_correlation",
    "read_truth_report",
    "recovery_table",
    "summary",
    "top_precision",
    "trap_table",
    "truth_path",
]
