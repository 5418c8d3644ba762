"""How near every explanation method comes to the truth of the synthetic cohort, and where it is misled.

``python -m sample_data.explanation_check --work FOLDER`` measures and writes the file beside the bundle
(`explainers.truth`). What is measured of one option is kept in FOLDER, so that a stopped run goes on where it was.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from explainers.background import default_background
from explainers.local import EXPLAINERS, METHOD_LABELS, explain
from explainers.truth import truth_path
from explainers.truth.results import TruthReport, model_fingerprint
from oncology.bundles import ModelBundle, load
from oncology.errors import OncologyError
from oncology.prediction import predict
from oncology.recommendations import MIN_SUPPORT
from sample_data.explanation_figures import OptionReading, recovery_rows, trap_rows
from sample_data.generator import SyntheticCohort, generate
from sample_data.generator.vocabulary import ALTERATIONS, TUMOURS
from sample_data.profiles import encoded_cohort
from sample_data.solid_tumours import SEED
from sample_data.true_effects import true_effects

__all__ = ["Method", "choose_patients", "main", "measure_option", "methods"]

START = 12_000  # the first patient that no training cohort holds
POOL = 4_000
BACKGROUND = 60
PER_OPTION = 40
RARE = 25  # patients of the rare subtype, and as many other lung patients, for the option it reverses

Explain = Callable[[ModelBundle, NDArray[np.float64], str], NDArray[np.float64]]


@dataclass(frozen=True)
class Method:
    """A way to explain one patient, with its name in the tables."""

    key: str
    label: str
    values: Explain


def methods(bundle: ModelBundle) -> tuple[Method, ...]:
    """Every local method of the table EXPLAINERS; Shapley values also against named patients."""

    def of(name: str) -> Explain:
        def values(b: ModelBundle, row: NDArray[np.float64], option: str) -> NDArray[np.float64]:
            why = explain(b, row, name, option=option)
            if why.feature_names != b.schema.names:
                raise OncologyError(f"{name} shares a score out among other players than the model's inputs.")
            return np.asarray(why.values)

        return values

    def interventional(b: ModelBundle, row: NDArray[np.float64], option: str) -> NDArray[np.float64]:
        return np.asarray(explain(b, row, "shapley", option=option, background=default_background(b)).values)

    found = [Method(name, METHOD_LABELS.get(name, name), of(name)) for name in EXPLAINERS]
    found.insert(1, Method("shapley/training", "Shapley values, against training patients", interventional))
    return tuple(found)


def choose_patients(recorded: NDArray[np.float64], allowed: NDArray[np.intp], n: int) -> NDArray[np.intp]:
    """Patients in whom as many alterations as possible are found, those of rare alterations first, (n,).

    Parameters
    ----------
    recorded : array (m, a), 1 found, 0 not, NaN not assayed
    allowed : array of int
        Rows to choose from, in a random order.
    """
    found = recorded[allowed] == 1
    weight = np.zeros(found.shape[1])
    count = found.sum(axis=0)
    chosen: list[int] = []
    have = np.zeros(found.shape[1])
    free = np.ones(len(allowed), dtype=bool)
    while len(chosen) < min(n, len(allowed)):
        # What one more carrier is worth falls with the carriers there are already.
        weight = np.where(count >= 3, 1.0 / (1.0 + have) ** 2, 0.0)
        gain = np.where(free, found @ weight, -1.0)
        best = int(np.argmax(gain))
        free[best] = False
        chosen.append(best)
        have += found[best]
    return allowed[np.array(chosen, dtype=int)]


def measure_option(
    bundle: ModelBundle, option: str, X: NDArray[np.float64], rows: NDArray[np.intp]
) -> tuple[dict[str, NDArray[np.float64]], dict[str, str]]:  # fmt: skip
    """Shares (n, p) of some patients by every method, and the methods left out with the reason."""
    found: dict[str, NDArray[np.float64]] = {}
    left_out: dict[str, str] = {}
    for method in methods(bundle):
        try:
            found[method.key] = np.array([method.values(bundle, X[i], option) for i in rows])
        except OncologyError as error:
            left_out[method.key] = f"{method.label}: {error}"
    return found, left_out


def _supported(bundle: ModelBundle, cohort: SyntheticCohort) -> NDArray[np.bool_]:
    """Where the model gives an answer, (n, k)."""
    support = predict(bundle, encoded_cohort(cohort)).support
    assert support is not None
    return np.asarray(support >= MIN_SUPPORT)


def _readings(
    bundle: ModelBundle, work: Path, seed: int, per_option: int, wanted: Sequence[str]
) -> tuple[list[OptionReading], list[str]]:
    cohort = generate(POOL, SEED, start=START)
    background = generate(BACKGROUND, SEED)
    X = encoded_cohort(cohort).X.to_numpy(dtype=np.float64)
    supported = _supported(bundle, cohort)
    n_alterations = len(ALTERATIONS)
    readings, reasons = [], {}
    for option in wanted:
        k = bundle.option_index(option)
        rng = np.random.default_rng([seed, k])
        allowed = rng.permutation(np.flatnonzero(supported[:, k]))
        rows = choose_patients(X[:, :n_alterations], allowed, per_option)
        extra = np.empty(0, dtype=int)
        if option == "pembrolizumab":
            lung = allowed[cohort.truth.tumour[allowed] == TUMOURS.index("LUAD")]
            rare = cohort.truth.rare_subtype[lung]
            extra = np.concatenate([lung[rare][:RARE], lung[~rare][:RARE]])
        everyone = np.concatenate([rows, extra])
        effects = true_effects(cohort, everyone, background=background)
        true = effects.values[:, :, effects.options.index(option)]
        kept = work / f"{option}.npz"
        if kept.is_file():
            stored = dict(np.load(kept))
        else:
            stored, reason = measure_option(bundle, option, X, everyone)
            reasons |= reason
            np.savez(kept, **stored)
        print(f"{option}: {len(rows)} patients", file=sys.stderr, flush=True)
        pool = np.flatnonzero(supported[:, k])
        of_pool = true_effects(cohort, pool, background=None)
        readings.append(
            OptionReading(
                option=option, features=bundle.schema.names, n_alterations=n_alterations, shares=stored, true=true,
                recorded=X[everyone][:, :n_alterations], is_extra=np.arange(len(everyone)) >= len(rows),
                site=cohort.truth.site[everyone], rare=cohort.truth.rare_subtype[everyone],
                pool_recorded=X[pool][:, :n_alterations], pool_true=of_pool.values[:, :n_alterations, effects.options.index(option)],
            )
        )  # fmt: skip
    return readings, sorted(set(reasons.values()))


def _machine() -> str:
    versions = ", ".join(f"{name} {version(name)}" for name in ("scikit-learn", "lime", "shap", "numpy"))
    return f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {versions}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, write the file beside the bundle, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--work", type=Path, required=True, help="folder for what is measured option by option"
    )
    parser.add_argument("--patients", type=int, default=PER_OPTION, help="patients explained per option")
    parser.add_argument(
        "--options", default="", help="only these, separated by commas; nothing is written then"
    )
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args(arguments)
    asked.work.mkdir(parents=True, exist_ok=True)
    bundle = load(Path(__file__).parent / "bundles" / "solid_tumours")
    wanted = asked.options.split(",") if asked.options else list(bundle.options)
    readings, reasons = _readings(bundle, asked.work, asked.seed, asked.patients, wanted)
    if asked.options:
        return 0
    labels = {m.key: m.label for m in methods(bundle)}
    report = TruthReport(
        bundle=bundle.name,
        bundle_sha256=bundle.sha256,
        model=model_fingerprint(bundle),
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        machine=_machine(),
        seeds=f"cohort {SEED}, patients {START + 1:,} to {START + POOL:,}; choice and methods {asked.seed}; bootstrap 0",
        patients=f"{len(bundle.options)} options, {asked.patients} patients each that no training cohort holds",
        recovery=recovery_rows(bundle, readings, labels, asked.work),
        traps=trap_rows(readings, labels),
        left_out=tuple(reasons),
    )
    truth_path(bundle.path).write_text(report.to_json(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
