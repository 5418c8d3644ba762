"""What is promised beside a number, held against fresh synthetic patients with the models of `solid_tumours` fixed.

``python -m sample_data.trust_check`` prints the figures of docs/validation.md. In each redraw new patients, new outcomes
and a new split into calibration and test halves are drawn; the sets and intervals are made from the calibration half by
the code that the pages use, and judged on the other.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from oncology.applicability import familiarity
from oncology.assurance import HeldOut
from oncology.bundles import ModelBundle, load
from oncology.uncertainty import COVERAGE, wilson
from sample_data.generator import generate
from sample_data.out_of_domain import KINDS, out_of_domain
from sample_data.profiles import encoded_cohort, to_profiles
from sample_data.solid_tumours import SEED

__all__ = ["Coverage", "Flagged", "flagged", "main", "redraw"]

START = 1_000_000  # far from every patient that another part of the sample data draws
FEWEST_IN_BIN = 20


@dataclass(frozen=True, slots=True)
class Coverage:
    """Coverage of the 90 % sets and agreement of the Venn-Abers interval, over all redraws.

    Parameters
    ----------
    overall : tuple of float, (redraws,)
        Share of the test patients whose outcome was in their set.
    groups : mapping of (option, tumour) to (covered, test patients, redraws)
        Groups with sets of their own.
    singles : float
        Share of the sets that hold one outcome.
    bins, bins_met : int
        Bins of test patients with neighbouring margins, and those in which Wilson's interval of the observed share meets
        the mean Venn-Abers interval.
    """

    overall: tuple[float, ...]
    groups: dict[tuple[str, str], tuple[int, int, int]]
    singles: float
    bins: int
    bins_met: int

    @property
    def mean(self) -> float:
        """Mean coverage over the redraws."""
        return float(np.mean(self.overall))

    def lowest_group(self, *, fewest: int = 0) -> tuple[tuple[str, str], float]:
        """The claimed group of lowest coverage over all redraws, among those with `fewest` test patients or more."""
        shares = {key: hits / n for key, (hits, n, _) in self.groups.items() if n >= fewest}
        worst = min(shares, key=lambda key: shares[key])
        return worst, shares[worst]


def redraw(
    bundle: ModelBundle,
    redraws: int = 50,
    n: int = 12_000,
    *,
    seed: int = SEED,
    say: Callable[[str], None] = lambda words: None,
) -> Coverage:
    """Draw patients, outcomes and calibration split anew, with the models and their calibration fixed."""
    overall: list[float] = []
    groups: dict[tuple[str, str], tuple[int, int, int]] = {}
    bins = met = single = total = 0
    for r in range(redraws):
        cohort = encoded_cohort(generate(n, seed + 1 + r, start=START))
        margin = bundle.margin(cohort.X)
        probability = bundle.probability(margin)
        tumour = cohort.groups["tumour"].to_numpy(dtype=object)
        rng = np.random.default_rng([seed, r])
        hits = tested = 0
        for j, option in enumerate(bundle.options):
            outcome = cohort.y[option].to_numpy(dtype=np.float64)
            rows = rng.permutation(np.flatnonzero(~np.isnan(outcome)))
            kept, test = rows[: len(rows) // 2], rows[len(rows) // 2 :]
            held = HeldOut(margin[kept, j], probability[kept, j], outcome[kept], tumour[kept], "had it")
            for name in sorted(set(tumour[test])):
                mine = test[tumour[test] == name]
                no, yes = held.sets(name).holds(probability[mine, j], coverage=COVERAGE)
                covered = int(np.where(outcome[mine] == 1, yes, no).sum())
                hits, tested, single = hits + covered, tested + len(mine), single + int((no != yes).sum())
                if held.own_group(name):
                    a, b, c = groups.get((option, name), (0, 0, 0))
                    groups[option, name] = (a + covered, b + len(mine), c + 1)
            inside, of = _venn_abers_meets(held, margin[test, j], outcome[test])
            bins, met = bins + of, met + inside
        overall.append(hits / tested)
        total += tested
        say(f"redraw {r + 1} of {redraws}: coverage {overall[-1]:.3f}, bins met {met} of {bins}")
    return Coverage(tuple(overall), groups, single / total, bins, met)


def _venn_abers_meets(held: HeldOut, margin: np.ndarray, outcome: np.ndarray) -> tuple[int, int]:
    order = np.argsort(margin, kind="stable")
    p0, p1 = held.venn_abers.interval(margin)
    parts = np.array_split(order, max(1, min(10, len(order) // FEWEST_IN_BIN)))
    met = 0
    for part in parts:
        low, high = wilson(outcome[part].sum(), len(part))
        met += bool(low <= p1[part].mean() and p0[part].mean() <= high)
    return met, len(parts)


@dataclass(frozen=True, slots=True)
class Flagged:
    """Shares of patients flagged as outside: by kind, over all kinds, and of fresh patients from inside."""

    by_kind: dict[str, float]
    false_alarms: float
    n_each: int
    n_inside: int

    @property
    def all(self) -> float:
        """Share of all patients from outside who are flagged."""
        return float(np.mean(list(self.by_kind.values())))


def flagged(bundle: ModelBundle, n_each: int = 1000, n_inside: int = 4000, *, seed: int = 11) -> Flagged:
    """Flag patients of each kind from outside the domain, and fresh ones from inside."""
    by_kind = {
        kind: float(
            np.mean([not familiarity(bundle, p).in_domain for p in out_of_domain(kind, n_each, seed=seed)])
        )
        for kind in KINDS
    }
    inside = to_profiles(generate(n_inside, SEED, start=2 * START))
    alarms = float(np.mean([not familiarity(bundle, p).in_domain for p in inside]))
    return Flagged(by_kind, alarms, n_each, n_inside)


def main(arguments: list[str] | None = None) -> int:
    """Print the figures for the shipped bundle."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--redraws", type=int, default=50)
    asked = parser.parse_args(arguments)
    bundle = load(Path(__file__).parent / "bundles" / "solid_tumours")
    started = time.process_time()
    found = redraw(bundle, asked.redraws, say=lambda words: print(words, file=sys.stderr))
    print(f"90 % sets, {asked.redraws} redraws of 12,000 patients: mean coverage {100 * found.mean:.2f} %")
    print(f"  from {100 * min(found.overall):.1f} % to {100 * max(found.overall):.1f} % in single redraws")
    print(f"  single outcome named in {100 * found.singles:.0f} % of the sets")
    for (option, tumour), (hits, n, times) in sorted(
        found.groups.items(), key=lambda item: item[1][0] / item[1][1]
    ):
        print(f"  {option} {tumour}: {100 * hits / n:.1f} % of {n:,} test patients in {times} redraws")
    print(
        f"Venn-Abers meets Wilson in {found.bins_met} of {found.bins} bins ({100 * found.bins_met / found.bins:.1f} %)"
    )
    outside = flagged(bundle)
    for kind, share in outside.by_kind.items():
        print(f"flagged, {kind}: {100 * share:.1f} %")
    print(f"flagged, all kinds: {100 * outside.all:.1f} %; false alarms {100 * outside.false_alarms:.1f} %")
    print(f"{time.process_time() - started:.0f} s of CPU")
    return 0


if __name__ == "__main__":
    sys.exit(main())
