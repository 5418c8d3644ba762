"""Random numbers that depend on the seed, the variable's name and the patient, never on order or cohort size."""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

__all__ = ["Draws"]

FloatVector = NDArray[np.float64]
_PER_BLOCK = 4  # Philox yields four 64-bit numbers per counter step.


class Draws:
    """Streams of uniform numbers for patients `start` to `start + n - 1`.

    Each name is a stream of its own, counter-based (Philox), so that patient 7 has the same value whether
    12 or 500,000 patients are drawn, and adding a variable never moves another one.

    Examples
    --------
    >>> few, many = Draws(1, 3).uniform("age"), Draws(1, 500).uniform("age")
    >>> bool((few == many[:3]).all())
    True
    >>> bool((Draws(1, 3, start=10).uniform("age") == many[10:13]).all())
    True
    """

    def __init__(self, seed: int, n: int, *, start: int = 0) -> None:
        self.seed, self.n, self.start = int(seed), int(n), int(start)

    def uniform(self, name: str) -> FloatVector:
        """Uniform numbers strictly between 0 and 1, (n,)."""
        key = np.array([self.seed, zlib.crc32(name.encode())], dtype=np.uint64)
        stream = np.random.Philox(key=key)
        blocks, offset = divmod(self.start, _PER_BLOCK)
        stream.advance(blocks)
        numbers = np.random.Generator(stream).random(self.n + offset)[offset:]
        return np.clip(numbers, 1e-15, 1 - 1e-15)

    def normal(self, name: str) -> FloatVector:
        """Standard normal numbers, (n,)."""
        return ndtri(self.uniform(name))

    def yes(self, name: str, probability: FloatVector | float) -> NDArray[np.bool_]:
        """True with the given probability, (n,)."""
        return self.uniform(name) < probability

    def choice(self, name: str, probability: FloatVector) -> NDArray[np.intp]:
        """An index per patient; `probability` is (levels,) for all, or (n, levels) one row each."""
        u = self.uniform(name)
        upper = np.cumsum(probability, axis=-1)
        if upper.ndim == 1:
            return np.minimum(np.searchsorted(upper / upper[-1], u, side="right"), len(upper) - 1)
        picked = (u[:, None] * upper[:, -1:] >= upper).sum(axis=1)
        return np.minimum(picked, upper.shape[1] - 1)
