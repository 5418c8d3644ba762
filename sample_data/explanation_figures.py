"""From shares and true effects to the figures of the truth file: recovery per method, and readings at the traps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from explainers.importance import shapley_importance, shapley_sample
from explainers.shuffling import permutation_importance
from explainers.truth import MethodRecovery, TrapReading, bootstrap_mean, rank_correlation, top_precision
from oncology.bundles import ModelBundle
from sample_data.generator.traps import PROGNOSTIC_EFFECT, PROGNOSTIC_GENE, REVERSED_OPTION, SPURIOUS_SITE
from sample_data.generator.vocabulary import COLUMN, SITES

__all__ = ["OptionReading", "recovery_rows", "shuffling_truth", "trap_rows"]

Numbers = NDArray[np.float64]
MIN_CARRIERS = 3
MIN_CARRIERS_IN_POOL = 10
TOP = 5
NO_EFFECT = 0.02  # log-odds
PAIR_CORRELATION = 0.1  # between two alterations of an option's patients, from which they count as a pair
PAIR_EFFECT = 0.3  # log-odds of the partner that acts

_NONE = (float("nan"), float("nan"), float("nan"))


@dataclass(frozen=True, eq=False)
class OptionReading:
    """What every method says of n patients and one option, beside what is true.

    shares : method key to array (n, p); true : (n, p) log-odds, NaN where nothing is recorded.
    recorded : (n, a) 1 found, 0 not, NaN not assayed; pool_* : the same of everybody whom the option is modelled for.
    is_extra : (n,) patients drawn for the rare subtype alone.
    """

    option: str
    features: tuple[str, ...]
    n_alterations: int
    shares: Mapping[str, Numbers]
    true: Numbers
    recorded: Numbers
    is_extra: NDArray[np.bool_]
    site: NDArray[np.int8]
    rare: NDArray[np.bool_]
    pool_recorded: Numbers
    pool_true: Numbers

    @cached_property
    def travels(self) -> NDArray[np.bool_]:
        """Whether each alteration is positively correlated with one that truly acts on the option, (a,)."""
        return _travels_with_active(self)


def _main(reading: OptionReading) -> NDArray[np.intp]:
    return np.flatnonzero(~reading.is_extra)


def _mean_of_carriers(values: Numbers, recorded: Numbers) -> Numbers:
    """Mean over the carriers of each alteration, (a,); NaN below `MIN_CARRIERS`."""
    carriers = recorded == 1
    count = carriers.sum(axis=0)
    total = np.where(carriers, values[:, : recorded.shape[1]], 0.0).sum(axis=0)
    return np.where(count >= MIN_CARRIERS, total / np.maximum(count, 1), np.nan)


def _over_options(
    readings: Sequence[OptionReading], figure: Callable[[OptionReading, NDArray[np.intp]], float]
) -> tuple[float, float, float]:
    """Mean over options of a figure, with a bootstrap of the patients within each option."""

    def draw(rng: np.random.Generator | None) -> list[float]:
        found = []
        for reading in readings:
            rows = _main(reading)
            found.append(figure(reading, rows if rng is None else rng.choice(rows, len(rows))))
        return found

    return bootstrap_mean(draw)


def _recovery(readings: Sequence[OptionReading], method: str, label: str) -> MethodRecovery:
    own = "ablation"  # for an alteration found: the model's score with it minus without it

    def effects(against: str) -> Callable[[OptionReading, NDArray[np.intp]], float]:
        def figure(r: OptionReading, rows: NDArray[np.intp]) -> float:
            truth = r.true if against == "truth" else r.shares[own]
            recorded = r.recorded[rows]
            return rank_correlation(
                _mean_of_carriers(r.shares[method][rows], recorded), _mean_of_carriers(truth[rows], recorded)
            )

        return figure

    def top(r: OptionReading, rows: NDArray[np.intp]) -> float:
        recorded = r.recorded[rows]
        return top_precision(
            _mean_of_carriers(r.shares[method][rows], recorded),
            _mean_of_carriers(r.true[rows], recorded),
            top=TOP,
        )

    def single(against: str) -> Callable[[OptionReading, NDArray[np.intp]], float]:
        # A patient's own figure stays the same in every draw of patients: it is worked out once.
        known: dict[str, Numbers] = {}

        def figure(r: OptionReading, rows: NDArray[np.intp]) -> float:
            if r.option not in known:
                truth = r.true if against == "truth" else np.where(np.isnan(r.true), np.nan, r.shares[own])
                known[r.option] = np.array(
                    [top_precision(r.shares[method][i], truth[i], top=TOP) for i in range(len(truth))]
                )
            each = known[r.option][rows]
            return float(np.nanmean(each)) if np.isfinite(each).any() else float("nan")

        return figure

    whole = not _alterations_alone(readings, method)
    return MethodRecovery(
        method, label, "patient",
        _over_options(readings, effects("truth")), _over_options(readings, effects("model")), _over_options(readings, top),
        _over_options(readings, single("truth")) if whole else _NONE,
        _over_options(readings, single("model")) if whole else _NONE,
    )  # fmt: skip


def _alterations_alone(readings: Sequence[OptionReading], method: str) -> bool:
    """Whether a method gives every other input nothing, as one does that compares with the same patient unaltered."""
    return all(not r.shares[method][:, r.n_alterations :].any() for r in readings)


def shuffling_truth(reading: OptionReading) -> Numbers:
    """How far shuffling each alteration among an option's patients would truly move the log-odds, on average, (a,).

    2 x share x (1 - share) x |effect|: what a permutation importance would find of the true response. NaN below ten
    carriers.
    """
    recorded, carriers = reading.pool_recorded, reading.pool_recorded == 1
    count = carriers.sum(axis=0)
    effect = np.where(carriers, reading.pool_true, 0.0).sum(axis=0) / np.maximum(count, 1)
    share = count / np.maximum(np.isfinite(recorded).sum(axis=0), 1)
    return np.where(count >= MIN_CARRIERS_IN_POOL, 2 * share * (1 - share) * np.abs(effect), np.nan)


def _global(
    readings: Sequence[OptionReading], values: Mapping[str, Numbers], method: str, label: str
) -> MethodRecovery:
    def figures(measure: Callable[[Numbers, Numbers], float]) -> tuple[float, float, float]:
        own = [measure(values[r.option][: r.n_alterations], shuffling_truth(r)) for r in readings]

        def draw(rng: np.random.Generator | None) -> list[float]:
            return own if rng is None else list(rng.choice(own, len(own)))

        return bootstrap_mean(draw)

    return MethodRecovery(
        method, label, "model",
        figures(rank_correlation), _NONE, figures(lambda v, t: top_precision(v, t, top=TOP, least=0.005)), _NONE, _NONE,
    )  # fmt: skip


def recovery_rows(
    bundle: ModelBundle, readings: Sequence[OptionReading], labels: Mapping[str, str], work: Path
) -> tuple[MethodRecovery, ...]:
    """One row a method, those of single patients first."""
    everywhere = [m for m in labels if all(m in r.shares for r in readings)]
    found = [_recovery(readings, m, labels[m]) for m in everywhere]
    kept = work / "global.npz"
    if not kept.is_file():
        shuffled = {f"s:{o}": permutation_importance(bundle, o, n_bootstrap=2).values for o in bundle.options}
        mean = {
            f"m:{o}": shapley_importance(shapley_sample(bundle, o)).values
            for o in bundle.options
        }  # fmt: skip
        np.savez(kept, **shuffled, **mean)
    stored = np.load(kept)
    for prefix, key, label in (
        ("m", "importance", "Mean size of Shapley values"),
        ("s", "permutation", "Permutation importance"),
    ):
        values = {o: stored[f"{prefix}:{o}"] for o in bundle.options}
        found.append(_global(readings, values, key, label))
    return tuple(found)


# --- where explanations are misled ------------------------------------------------------------------------


def trap_rows(readings: Sequence[OptionReading], labels: Mapping[str, str]) -> tuple[TrapReading, ...]:
    """What every method shows of the site, the prognostic gene, correlated pairs and the rare subtype."""
    found: list[TrapReading] = []
    for method in labels:
        if not all(method in r.shares for r in readings):
            continue
        alone = _alterations_alone(readings, method)
        for trap, words, figure, truth in (
            ("site", f"mean share of {SPURIOUS_SITE} among its patients, log-odds", _site_share, 0.0),
            ("site", "patients of that site in whom it is among the five largest inputs, %", _site_top, 0.0),
            ("prognostic", f"mean share of {PROGNOSTIC_GENE} among carriers, log-odds", _gene, PROGNOSTIC_EFFECT),
            ("pairs", "mean size of the share of alterations without effect that travel with one that acts, log-odds",
             _pair_leak(True), 0.0),
            ("pairs", "the same of alterations without effect that travel alone, log-odds", _pair_leak(False), 0.0),
        ):  # fmt: skip
            found.append(
                TrapReading(trap, method, labels[method], words, _pooled(readings, method, figure), truth)
            )
        found.append(
            TrapReading(
                "prognostic", method, labels[method],
                f"spread of {PROGNOSTIC_GENE}'s mean share between options (standard deviation), log-odds",
                _gene_spread(readings, method), 0.0,
            )
        )  # fmt: skip
        lung = [r for r in readings if r.option == REVERSED_OPTION]
        for rare, who in () if alone else ((True, "the rare subtype"), (False, "other lung patients")):
            found.append(
                TrapReading(
                    "subtype", method, labels[method],
                    f"{REVERSED_OPTION.capitalize()}: shares of PD-L1 with the true sign, {who}, %",
                    _sign(lung, method, rare), 100.0,
                )
            )  # fmt: skip
    return tuple(sorted(found, key=lambda t: ("site", "prognostic", "pairs", "subtype").index(t.trap)))


Pooled = Callable[[OptionReading, str, NDArray[np.intp]], Numbers]


def _pooled(readings: Sequence[OptionReading], method: str, figure: Pooled) -> tuple[float, float, float]:
    """Mean over everything the options give, with a bootstrap of the patients within each."""

    def draw(rng: np.random.Generator | None) -> list[float]:
        parts = []
        for r in readings:
            rows = _main(r)
            parts.append(figure(r, method, rows if rng is None else rng.choice(rows, len(rows))))
        return list(np.concatenate(parts))

    return bootstrap_mean(draw)


def _site_share(r: OptionReading, method: str, rows: NDArray[np.intp]) -> Numbers:
    mine = rows[r.site[rows] == SITES.index(SPURIOUS_SITE)]
    return np.asarray(r.shares[method][mine, r.features.index("site")])


def _site_top(r: OptionReading, method: str, rows: NDArray[np.intp]) -> Numbers:
    mine, site = rows[r.site[rows] == SITES.index(SPURIOUS_SITE)], r.features.index("site")
    size = np.abs(r.shares[method][mine])
    return 100.0 * ((size > size[:, [site]]).sum(axis=1) < TOP) * (size[:, site] > 0)


def _gene(r: OptionReading, method: str, rows: NDArray[np.intp]) -> Numbers:
    gene = COLUMN[PROGNOSTIC_GENE]
    return np.asarray(r.shares[method][rows[r.recorded[rows, gene] == 1], gene])


def _gene_spread(readings: Sequence[OptionReading], method: str) -> tuple[float, float, float]:
    def draw(rng: np.random.Generator | None) -> list[float]:
        means = []
        for r in readings:
            rows = _main(r)
            values = _gene(r, method, rows if rng is None else rng.choice(rows, len(rows)))
            if len(values) >= MIN_CARRIERS:
                means.append(float(values.mean()))
        return [float(np.std(means, ddof=1))] if len(means) > 1 else []

    return bootstrap_mean(draw)


def _pair_leak(with_partner: bool) -> Pooled:
    """Mean |share| of each alteration without a true effect, by whether it travels with one that has."""

    def figure(r: OptionReading, method: str, rows: NDArray[np.intp]) -> Numbers:
        recorded = r.recorded[rows]
        share = np.abs(_mean_of_carriers(r.shares[method][rows], recorded))
        null = np.abs(_mean_of_carriers(r.true[rows], recorded)) <= NO_EFFECT
        chosen = null & np.isfinite(share) & (r.travels == with_partner)
        return np.asarray(share[chosen])

    return figure


def _travels_with_active(r: OptionReading) -> NDArray[np.bool_]:
    known = np.nan_to_num(r.pool_recorded, nan=0.0)
    carriers = known == 1
    count = carriers.sum(axis=0)
    effect = np.where(carriers, r.pool_true, 0.0).sum(axis=0) / np.maximum(count, 1)
    active = (np.abs(effect) >= PAIR_EFFECT) & (count >= MIN_CARRIERS_IN_POOL)
    centred = known - known.mean(axis=0)
    size = np.sqrt((centred**2).sum(axis=0))
    together = (centred.T @ centred) / np.maximum(np.outer(size, size), 1e-12)
    np.fill_diagonal(together, 0.0)
    return np.asarray((together[:, active] >= PAIR_CORRELATION).any(axis=1))


def _sign(readings: Sequence[OptionReading], method: str, rare: bool) -> tuple[float, float, float]:
    def draw(rng: np.random.Generator | None) -> list[float]:
        found: list[float] = []
        for r in readings:
            rows, j = np.flatnonzero(r.is_extra & (r.rare == rare)), r.features.index("PD-L1")
            rows = rows[np.isfinite(r.true[rows, j]) & (np.abs(r.true[rows, j]) > NO_EFFECT)]
            rows = rows if rng is None else rng.choice(rows, len(rows))
            found += list(100.0 * (np.sign(r.shares[method][rows, j]) == np.sign(r.true[rows, j])))
        return found

    return bootstrap_mean(draw)
