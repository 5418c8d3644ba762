r"""How often two alterations stand in one tumour, beside what chance would give: an odds ratio with its interval.

Alterations keep company within tumour types and because of them; the odds ratio is therefore taken within each type and
pooled (Mantel and Haenszel), with Robins, Breslow and Greenland's variance of its logarithm.

References
----------
.. [1] Mantel & Haenszel (1959), Journal of the National Cancer Institute 22; Robins, Breslow & Greenland (1986),
   Biometrics 42.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from explainers.explanation import FloatVector
from explainers.plausibility import exclusive_pairs
from oncology.counts import SMALLEST_COUNT, count_words

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["CoOccurrence", "co_occurrence", "pooled_odds_ratio"]


@dataclass(frozen=True, slots=True)
class CoOccurrence:
    """Two alterations in the training cohort.

    Parameters
    ----------
    n_both : int or None
        Patients with both; None where withheld (1 to 4).
    expected : float
        Patients with both if the two were independent within each tumour type.
    n_assayed : int
        Patients in whom both were assayed.
    log_odds_ratio, low, high : float or None
        With 95 % interval; None where counts are too small to be shown or nothing can be estimated.
    exclusive : bool
        Whether the two count as drivers that exclude each other (pooled odds ratio at most 0.05).
    """

    labels: tuple[str, str]
    n_both: int | None
    expected: float
    n_assayed: int
    log_odds_ratio: float | None
    low: float | None
    high: float | None
    exclusive: bool
    within: str

    @property
    def words(self) -> str:
        """One phrase for a table."""
        if self.exclusive:
            together = (
                "never"
                if self.n_both == 0
                else f"{count_words(1) if self.n_both is None else self.n_both:} times"
            )
            return f"exclude each other: together {together} (about {self.expected:.0f} expected by chance)"
        if self.log_odds_ratio is None or self.low is None or self.high is None:
            seen = f"fewer than {SMALLEST_COUNT}" if self.n_both is None else f"{self.n_both:,}"
            return f"together in {seen} of {self.n_assayed:,} (about {self.expected:.0f} expected by chance)"
        ratio, low, high = (float(np.exp(v)) for v in (self.log_odds_ratio, self.low, self.high))
        how = "more often together than by chance" if low > 1 else "less often together than by chance"
        if low <= 1 <= high:
            how = "together about as often as by chance"
        return f"{how}: odds ratio {ratio:.2g} ({low:.2g} to {high:.2g}), {self.within}"


def co_occurrence(bundle: ModelBundle, first: str, second: str) -> CoOccurrence | None:
    """How two features occur together in the training cohort; None unless both are alterations of a bundle with a cohort."""
    specs = [bundle.schema.feature(name) for name in (first, second)]
    if bundle.training is None or not all(s.is_alteration for s in specs):
        return None
    a, b = (np.asarray(bundle.training.X[s.columns[0]], dtype=np.float64) for s in specs)
    known = ~(np.isnan(a) | np.isnan(b))
    tumours = np.asarray(bundle.training.tumours).astype(str)[known]
    x, z = a[known] > 0.5, b[known] > 0.5
    tables = _tables(x, z, tumours)
    both = int((x & z).sum())
    cells = tables.sum(axis=0)
    expected = float(sum((t[0] + t[1]) * (t[0] + t[2]) / t.sum() for t in tables)) if len(tables) else 0.0
    small = bool(((cells > 0) & (cells < SMALLEST_COUNT)).any())
    # An exact ratio from a withheld count would give the count away.
    found = (None, None, None) if small else pooled_odds_ratio(tables)
    return CoOccurrence(
        (specs[0].label, specs[1].label), None if 0 < both < SMALLEST_COUNT else both, expected, int(known.sum()),
        *found, frozenset((first, second)) in exclusive_pairs(bundle),
        "within tumour types" if len(np.unique(tumours)) > 1 else "in the training cohort",
    )  # fmt: skip


def pooled_odds_ratio(tables: FloatVector) -> tuple[float | None, float | None, float | None]:
    """Logarithm of the Mantel-Haenszel odds ratio of 2x2 tables, with its 95 % interval.

    Parameters
    ----------
    tables : array (s, 4)
        Both, first only, second only, neither, in each stratum.

    Examples
    --------
    >>> log_ratio, low, high = pooled_odds_ratio(np.array([[40.0, 121.0, 37.0, 335.0]]))
    >>> round(float(np.exp(log_ratio)), 3), round(float(np.exp(low)), 2), round(float(np.exp(high)), 2)
    (2.993, 1.83, 4.9)
    """
    t = np.asarray(tables, dtype=np.float64).reshape(-1, 4)
    t = t[t.sum(axis=1) > 0]
    if not len(t):
        return None, None, None
    n = t.sum(axis=1)
    r, s = t[:, 0] * t[:, 3] / n, t[:, 1] * t[:, 2] / n
    if r.sum() == 0 or s.sum() == 0:
        return None, None, None
    p, q = (t[:, 0] + t[:, 3]) / n, (t[:, 1] + t[:, 2]) / n
    variance = (
        (p * r).sum() / (2 * r.sum() ** 2)
        + (p * s + q * r).sum() / (2 * r.sum() * s.sum())
        + (q * s).sum() / (2 * s.sum() ** 2)
    )
    log_ratio = float(np.log(r.sum() / s.sum()))
    half = 1.959964 * float(np.sqrt(variance))
    return log_ratio, log_ratio - half, log_ratio + half


def _tables(x: NDArray[np.bool_], z: NDArray[np.bool_], strata: NDArray[np.str_]) -> FloatVector:
    """Counts (s, 4) of both, first only, second only, neither."""
    found = []
    for stratum in np.unique(strata):
        i = strata == stratum
        found.append([(x & z & i).sum(), (x & ~z & i).sum(), (~x & z & i).sum(), (~x & ~z & i).sum()])
    return np.asarray(found, dtype=np.float64).reshape(-1, 4)
