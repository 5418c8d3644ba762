"""Conformal prediction of a yes-or-no outcome: which outcomes cannot be ruled out at a chosen coverage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from oncology.uncertainty.calibration import CalibrationError

__all__ = ["ANSWERS", "COVERAGE", "Answer", "OutcomeSets"]

FloatArray = NDArray[np.float64]
Answer = Literal["neither", "no", "yes", "either"]
# Position: 1 where "no" cannot be ruled out, plus 2 where "yes" cannot.
ANSWERS: tuple[Answer, ...] = get_args(Answer)
COVERAGE = 0.90


@dataclass(frozen=True, eq=False)
class OutcomeSets:
    """Prediction sets {no}, {yes} or both, valid for responders and non-responders each.

    An outcome is ruled out where fewer than 1 - coverage of the calibration patients with that outcome had a margin
    that speaks against it as much. Of new patients drawn like them, the set holds the outcome in `coverage` or more,
    among those who respond and among those who do not; nothing is asked of the model.

    Parameters
    ----------
    yes, no : arrays (n1,), (n0,)
        Margins of the calibration patients with and without the outcome, ascending.

    References
    ----------
    .. [1] Vovk, Gammerman & Shafer (2005), Algorithmic Learning in a Random World, chapter 4.5 (label-conditional).

    Examples
    --------
    >>> sets = OutcomeSets.fit(range(40), [0] * 15 + [0, 1] * 5 + [1] * 15)
    >>> [sets.answer(m) for m in (5, 20, 35)]
    ['no', 'either', 'yes']
    """

    yes: FloatArray
    no: FloatArray

    def __post_init__(self) -> None:
        for name in ("yes", "no"):
            array = np.sort(np.array(getattr(self, name), dtype=np.float64))
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    @property
    def n(self) -> int:
        """Calibration patients."""
        return len(self.yes) + len(self.no)

    @classmethod
    def fit(cls, margin: ArrayLike, outcome: ArrayLike) -> OutcomeSets:
        """Sets from calibration margins (n,) that no model gave for its own patients, and outcomes (n,) of 0 and 1."""
        margin, outcome = np.asarray(margin, dtype=np.float64), np.asarray(outcome, dtype=np.float64)
        if margin.ndim != 1 or margin.shape != outcome.shape:
            raise CalibrationError(
                f"Found {margin.shape} margins for {outcome.shape} outcomes; expected one each."
            )
        if not np.isfinite(margin).all() or not np.isin(outcome, (0.0, 1.0)).all():
            raise CalibrationError("Margins must be finite and outcomes 0 or 1.")
        return cls(margin[outcome == 1], margin[outcome == 0])

    def p_values(self, margin: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Of "no" and of "yes": share of the calibration patients with it, and the new one, at least as unlike it."""
        margin = np.asarray(margin, dtype=np.float64)
        above = len(self.no) - np.searchsorted(self.no, margin, side="left")
        below = np.searchsorted(self.yes, margin, side="right")
        return (above + 1) / (len(self.no) + 1), (below + 1) / (len(self.yes) + 1)

    def holds(
        self, margin: ArrayLike, *, coverage: float = COVERAGE
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Whether "no" and "yes" cannot be ruled out, each of the margins' shape.

        Raises
        ------
        CalibrationError
            If the coverage is not strictly between 0 and 1.
        """
        if not 0 < coverage < 1:
            raise CalibrationError(
                f"The coverage is {coverage!r}; expected a share strictly between 0 and 1."
            )
        no, yes = self.p_values(margin)
        # The slack keeps 0.1 apart from 1 - 0.9, which is a little less.
        limit = 1 - coverage + 1e-12
        return no > limit, yes > limit

    def answer(self, margin: float, *, coverage: float = COVERAGE) -> Answer:
        """What cannot be ruled out at one margin: no, yes, either, or neither (both are unusual there)."""
        no, yes = self.holds(margin, coverage=coverage)
        return ANSWERS[int(no) + 2 * int(yes)]
