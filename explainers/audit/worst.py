"""The patients whose outcome an audit found most surprising, each a door into Why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import rankdata

from explainers.audit.data import AuditData

__all__ = ["Surprise", "rows", "worst"]


@dataclass(frozen=True, slots=True)
class Surprise:
    """One answer that was far off.

    Parameters
    ----------
    patient_id, option, label : str
    observed : str
        The outcome, in words of the setting.
    number : float
        What the model said.
    surprise : float
        Of a probability: logarithmic loss in nats (0.69 for a toss-up, 3 for 5 % on what happened). Of a score: the
        share of patients on the other side who had a less surprising number, from 0 to 1.
    """

    patient_id: str
    option: str
    label: str
    observed: str
    number: float
    surprise: float


def worst(data: AuditData, *, n: int = 50, option: str | None = None) -> tuple[Surprise, ...]:
    """The n most surprising outcomes, over all options or for one, most surprising first."""
    wanted = [data.index(option)] if option is not None else range(len(data.options))
    size = np.full(data.y.shape, -np.inf)
    for j in wanted:
        known = data.known[:, j]
        y, number = data.y[known, j], data.probability[known, j]
        size[known, j] = _by_rank(y, number) if data.is_score else _log_loss(y, number)
    order = np.argsort(-size, axis=None, kind="stable")[:n]
    said = data.words
    return tuple(
        Surprise(
            str(data.X.index[i]), data.options[j], data.labels[j],
            said.responded if data.y[i, j] == 1 else said.did_not_respond, float(data.probability[i, j]), float(size[i, j]),
        )
        for i, j in zip(*np.unravel_index(order, size.shape), strict=True)
        if np.isfinite(size[i, j])
    )  # fmt: skip


def _log_loss(y: np.ndarray, p: np.ndarray) -> np.ndarray:
    loss: np.ndarray = -np.log(np.clip(np.where(y == 1, p, 1 - p), 1e-12, 1.0))
    return loss


def _by_rank(y: np.ndarray, score: np.ndarray) -> np.ndarray:
    share = (rankdata(score) - 0.5) / max(len(score), 1)
    surprise: np.ndarray = np.where(y == 1, 1 - share, share)
    return surprise


def rows(found: tuple[Surprise, ...], number: str = "probability") -> list[dict[str, Any]]:
    """One row an answer, for a table."""
    size = "surprise (rank, 0 to 1)" if number == "score" else "surprise (nats)"
    return [
        {
            "patient": s.patient_id, "option": s.label, "observed": s.observed, number: round(s.number, 3),
            size: round(s.surprise, 2),
        }
        for s in found
    ]  # fmt: skip
