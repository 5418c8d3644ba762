"""Find the log-odds level of every context, so that its mean response is the published (or assumed) one.

`python -m sample_data.generator.calibrate` writes `levels.csv`. It draws a large population once, keeps at most
60,000 patients of each context, and bisects: the mean over the context rises with the level.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from sample_data.generator import traps as planted
from sample_data.generator.cohort import draw_truth
from sample_data.generator.draws import Draws
from sample_data.generator.response import FLOOR, HERE, Cell, cell_of, cells, offsets, reflected
from sample_data.generator.vocabulary import THERAPIES

__all__ = ["CALIBRATION_SEED", "find_level", "main"]

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]

CALIBRATION_SEED = 90210  # not the seed of any cohort that is checked
POPULATION, SLICE, PER_CELL = 3_000_000, 250_000, 60_000


def find_level(mean: float, offset: Numbers, reversed_: Flags) -> float:
    """The level at which the mean of expit(level + offset) is `mean`; reversed patients have it mirrored."""
    mean = float(np.clip(mean, FLOOR, 1 - FLOOR))
    low, high = -15.0, 15.0
    for _ in range(60):
        middle = (low + high) / 2
        level = np.where(reversed_, reflected(middle), middle)
        if expit(level + offset).mean() < mean:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _slices(*, traps: bool) -> Iterator[tuple[Cell, Numbers, Flags]]:
    for start in range(0, POPULATION, SLICE):
        truth = draw_truth(Draws(CALIBRATION_SEED, SLICE, start=start), traps=traps)
        offset = offsets(truth, traps=traps)
        for k, therapy in enumerate(THERAPIES):
            found = cell_of(truth, therapy.key)
            mirrored = truth.rare_subtype & traps & (therapy.key == planted.REVERSED_OPTION)
            for i, cell in enumerate(cells(therapy.key)):
                rows = found == i
                yield cell, offset[rows, k], mirrored[rows]


def calibrate(*, traps: bool) -> dict[str, float]:
    """Level of every context, by its id."""
    kept: dict[str, list[tuple[Numbers, Flags]]] = {}
    means: dict[str, float] = {}
    for cell, offset, mirrored in _slices(traps=traps):
        parts = kept.setdefault(cell.id, [])
        means[cell.id] = cell.mean
        room = PER_CELL - sum(len(p) for p, _ in parts)
        if room > 0 and len(offset):
            parts.append((offset[:room].copy(), mirrored[:room].copy()))
    return {
        name: find_level(
            means[name], np.concatenate([p for p, _ in parts]), np.concatenate([m for _, m in parts])
        )
        for name, parts in kept.items()
        if parts
    }


def main() -> None:
    """Write `levels.csv`: one row per context, with the traps on and off."""
    on, off = calibrate(traps=True), calibrate(traps=False)
    with (HERE / "levels.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["id", "traps_on", "traps_off"])
        for therapy in THERAPIES:
            for cell in cells(therapy.key):
                if cell.id not in on:
                    raise ValueError(f"Context {cell.id} holds nobody in {POPULATION} patients.")
                table.writerow([cell.id, f"{on[cell.id]:.5f}", f"{off[cell.id]:.5f}"])


if __name__ == "__main__":
    main()
