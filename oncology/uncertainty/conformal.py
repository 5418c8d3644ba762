"""Conformal prediction of a yes-or-no outcome: which outcomes cannot be ruled out at a chosen coverage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from oncology.uncertainty.calibration import CalibrationError

__all__ = ["ANSWERS", "COVERAGE", "Answer", "OutcomeSets"]

FloatArray = NDArray[np.float64]
Answer = Literal["no", "yes", "either"]
ANSWERS: tuple[Answer, ...] = get_args(Answer)
COVERAGE = 0.90


@dataclass(frozen=True, eq=False)
class OutcomeSets:
    """Prediction sets: "no" alone, "yes" alone, or both.

    Each calibration patient has the probability that was given to what did *not* happen. An outcome is ruled out for a
    new patient where the probability against it is larger than that of all but `1 - coverage` of them. Of new patients
    drawn like them, the set holds what happens in `coverage` of the cases or more, whatever the model is worth.

    Parameters
    ----------
    against : array (n,)
        Probability against what happened, ascending.

    Notes
    -----
    Where both outcomes would be ruled out (a model nearly always right, and a number near one half) both are kept: an
    empty set would promise the same and say less.

    References
    ----------
    .. [1] Vovk, Gammerman & Shafer (2005), Algorithmic Learning in a Random World; Sadinle, Lei & Wasserman (2019),
       Least ambiguous set-valued classifiers with bounded error levels, JASA 114(525).

    Examples
    --------
    >>> sets = OutcomeSets.fit([0.1] * 20 + [0.9] * 20, [0] * 18 + [1] * 2 + [1] * 17 + [0] * 3)
    >>> [sets.answer(p, coverage=0.8) for p in (0.05, 0.5, 0.95)]
    ['no', 'either', 'yes']
    """

    against: FloatArray

    def __post_init__(self) -> None:
        array = np.sort(np.array(self.against, dtype=np.float64))
        array.setflags(write=False)
        object.__setattr__(self, "against", array)

    @property
    def n(self) -> int:
        """Calibration patients."""
        return len(self.against)

    @classmethod
    def fit(cls, probability: ArrayLike, outcome: ArrayLike) -> OutcomeSets:
        """Sets from probabilities (n,), of models that did not see the patient, and outcomes (n,) of 0 and 1."""
        p, outcome = np.asarray(probability, dtype=np.float64), np.asarray(outcome, dtype=np.float64)
        if p.ndim != 1 or p.shape != outcome.shape:
            raise CalibrationError(
                f"Found {p.shape} probabilities for {outcome.shape} outcomes; expected one each."
            )
        if not ((p >= 0) & (p <= 1)).all() or not np.isin(outcome, (0.0, 1.0)).all():
            raise CalibrationError("Probabilities must lie in [0, 1] and outcomes be 0 or 1.")
        return cls(np.where(outcome == 1, 1 - p, p))

    def p_values(self, probability: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Of "no" and of "yes": share of the calibration patients, and the new one, for whom things went as far against it."""
        p = np.asarray(probability, dtype=np.float64)

        def share(against: FloatArray) -> FloatArray:
            as_far = self.n - np.searchsorted(self.against, against, side="left")
            found: FloatArray = (as_far + 1) / (self.n + 1)
            return found

        return share(p), share(1 - p)

    def holds(
        self, probability: ArrayLike, *, coverage: float = COVERAGE
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Whether "no" and "yes" are in the set, each of the probabilities' shape; one of them always is.

        Raises
        ------
        CalibrationError
            If the coverage is not strictly between 0 and 1.
        """
        if not 0 < coverage < 1:
            raise CalibrationError(
                f"The coverage is {coverage!r}; expected a share strictly between 0 and 1."
            )
        # The slack keeps 0.1 apart from 1 - 0.9, which is a little less.
        no, yes = (value > 1 - coverage + 1e-12 for value in self.p_values(probability))
        neither = ~no & ~yes
        return no | neither, yes | neither

    def answer(self, probability: float, *, coverage: float = COVERAGE) -> Answer:
        """What cannot be ruled out at one probability."""
        no, yes = self.holds(probability, coverage=coverage)
        return "either" if no and yes else "no" if no else "yes"
