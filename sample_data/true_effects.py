"""What each input truly does to each option's response, patient by patient: the recipe asked with one value changed.

The potential outcomes of the generator answer what no cohort can: the same patient with the alteration taken away, all
else as it is, hidden values included. Effects are in log-odds, the scale on which explanations live.
"""

from __future__ import annotations

import dataclasses
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import logit

from sample_data.generator.cohort import SyntheticCohort, generate
from sample_data.generator.response import response_probability
from sample_data.generator.truth import Truth
from sample_data.generator.vocabulary import ALTERATIONS, THERAPIES
from sample_data.profiles import encoded_columns
from sample_data.schema import solid_tumour_schema

__all__ = ["FIELDS", "TrueEffects", "effects_table", "main", "true_effects", "true_log_odds"]

Numbers = NDArray[np.float64]

# Inputs of the model that are not alterations, and what of a patient's truth they read. The tumour type is left out:
# the same patient with another tumour is nobody.
FIELDS = {
    "line": "line", "ECOG": "ecog", "age": "age_years", "sex": "male", "site": "site", "Albumin": "albumin_g_dl",
    "NLR": "nlr", "LDH": "ldh_u_l", "Haemoglobin": "haemoglobin_g_dl", "TMB": "tmb_per_mb", "MSI": "msi_high",
    "PD-L1": "pdl1", "HER2-low": "her2", "hormone receptors": "hormone_receptor",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class TrueEffects:
    """True effects of n patients' own values.

    Parameters
    ----------
    features : tuple of str, (p,)
        In the order of the model's schema.
    options : tuple of str, (k,)
    values : array (n, p, k), log-odds or points of 100
        An alteration found: true log-odds with it minus without it. Tested and not found: 0. Any other value: true
        log-odds minus their mean when the value is another patient's. NaN where nothing is recorded, and for the
        tumour type.
    """

    features: tuple[str, ...]
    options: tuple[str, ...]
    values: Numbers


def true_log_odds(truth: Truth, *, traps: bool = True) -> Numbers:
    """True log-odds of response to every option, (n, k)."""
    return np.asarray(logit(response_probability(truth, traps=traps)))


def true_effects(
    cohort: SyntheticCohort,
    rows: NDArray[np.intp],
    *,
    background: SyntheticCohort | None,
    in_points: bool = False,
) -> TrueEffects:
    """The true effect of every recorded value of some patients.

    Parameters
    ----------
    cohort : SyntheticCohort
    rows : array of int, (n,)
        Which patients.
    background : SyntheticCohort or None
        Patients whose values replace a clinical one, one after the other; with None only alterations are asked.
    in_points : bool
        Differences of the probability in points of 100 instead of log-odds.
    """

    def said(of: Truth) -> Numbers:
        return 100 * response_probability(of, traps=traps) if in_points else true_log_odds(of, traps=traps)

    schema = solid_tumour_schema()
    truth, traps = _taken(cohort.truth, rows), cohort.traps
    own = said(truth)
    recorded = encoded_columns(cohort).to_numpy()[rows]
    values = np.full((len(rows), len(schema.features), own.shape[1]), np.nan)
    for j, feature in enumerate(schema.features):
        if j < len(ALTERATIONS):
            found = truth.alterations.copy()
            found[:, j] = False
            values[:, j] = own - said(dataclasses.replace(truth, alterations=found))
        elif feature.name in FIELDS and background is not None:
            field = FIELDS[feature.name]
            other = np.zeros_like(own)
            for value in getattr(background.truth, field):
                changed = np.full(len(rows), value, dtype=getattr(truth, field).dtype)
                other += said(dataclasses.replace(truth, **{field: changed}))
            values[:, j] = own - other / len(background)
        unknown = np.isnan(recorded[:, schema.columns_of(feature.name)]).any(axis=1)
        values[unknown, j] = np.nan
    return TrueEffects(schema.names, tuple(t.key for t in THERAPIES), values)


def _taken(truth: Truth, rows: NDArray[np.intp]) -> Truth:
    return Truth(**{f.name: getattr(truth, f.name)[rows] for f in dataclasses.fields(truth)})


N_PATIENTS, N_BACKGROUND = 2000, 40
FEWEST = 10


def effects_table(n: int = N_PATIENTS, *, seed: int = 5, start: int = 12_000) -> pd.DataFrame:
    """Mean true effect of every input on every option, among patients to whom the option is given at all.

    Returns
    -------
    DataFrame with option, input, n (patients it is measured on) and points (of 100). An alteration: the mean over its
    carriers of the true probability with it minus without it. Any other input: the mean size of the difference
    between a patient's own value and other patients'. Inputs with fewer than ten patients are left out.
    """
    cohort, background = generate(n, seed, start=start), generate(N_BACKGROUND, seed)
    found = true_effects(cohort, np.arange(n), background=background, in_points=True)
    carried = cohort.truth.alterations & cohort.assayed
    rows = []
    for k, option in enumerate(found.options):
        given = cohort.propensity[:, k] > 0
        for j, name in enumerate(found.features):
            values = found.values[:, j, k]
            chosen = given & (carried[:, j] if j < len(ALTERATIONS) else np.isfinite(values))
            if chosen.sum() < FEWEST:
                continue
            mean = values[chosen].mean() if j < len(ALTERATIONS) else np.abs(values[chosen]).mean()
            rows.append((option, name, int(chosen.sum()), round(float(mean), 2) + 0.0))
    return pd.DataFrame(rows, columns=["option", "input", "n", "points"])


def main() -> int:
    """Write the table that lessons are answered from."""
    effects_table().to_csv(Path(__file__).parent / "true_effects.csv", index=False, lineterminator="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
