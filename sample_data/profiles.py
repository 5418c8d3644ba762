"""From the arrays of the synthetic cohort to patient profiles, and straight to the model's columns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from oncology.cohorts import Cohort
from oncology.patients import Alteration, Outcome, PatientProfile
from sample_data.generator.cohort import SyntheticCohort
from sample_data.generator.draws import Draws
from sample_data.generator.outcomes import LAB_NAMES
from sample_data.generator.panels import PANELS
from sample_data.generator.vocabulary import (
    ALTERATIONS,
    ANCESTRIES,
    PRIORS,
    SITES,
    STAGES,
    THERAPIES,
    TUMOURS,
    AlterationColumn,
)
from sample_data.schema import solid_tumour_schema

__all__ = ["encoded_cohort", "encoded_columns", "to_profiles"]

# What LORIS counts as earlier systemic therapy: chemotherapy and targeted therapy.
_SYSTEMIC = set(PRIORS) - {"immunotherapy", "aromatase inhibitor"}
_BREAST = TUMOURS.index("BRCA")
AGE_BANDS = ((0, 50, "under 50"), (50, 65, "50 to 64"), (65, 75, "65 to 74"), (75, 200, "75 and over"))


def _alteration(column: AlterationColumn, *, pick: float, vaf: float, germline: bool) -> Alteration:
    """A concrete alteration of a column's class."""
    names = [name for name, _ in column.examples]
    chosen = names[int(pick * len(names))] if names else None
    origin = "germline" if germline else "somatic"
    if column.kind == "fusion":
        return Alteration(column.gene, "fusion", partner=chosen, origin=origin)
    if column.kind == "amplification":
        return Alteration(
            column.gene, "amplification", copy_number=float(round(6 + 14 * pick)), origin=origin
        )
    fraction = round(float(0.47 + 0.06 * vaf if germline else 0.05 + 0.5 * vaf**1.3), 2)
    if column.gene == "TERT":
        coding = "c.-124C>T" if pick < 0.7 else "c.-146C>T"
        return Alteration("TERT", coding_change=coding, vaf=fraction, origin=origin)
    return Alteration(column.gene, protein_change=chosen, vaf=fraction, origin=origin)


def _assay(row: np.ndarray) -> tuple[frozenset[str], frozenset[str]]:
    """Assayed genes, and single findings those assays do not cover."""
    genes = frozenset(c.gene for c, yes in zip(ALTERATIONS, row, strict=True) if yes)
    gaps = frozenset(c.name for c, yes in zip(ALTERATIONS, row, strict=True) if not yes and c.gene in genes)
    return genes, gaps


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def to_profiles(cohort: SyntheticCohort, rows: Sequence[int] | None = None) -> list[PatientProfile]:
    """Profiles of some patients (all, where `rows` is not given): what was recorded, nothing of the hidden truth."""
    truth, seen = cohort.truth, cohort.observed
    draws = Draws(cohort.seed, len(cohort), start=cohort.start)
    picks = [draws.uniform(f"example of {c.name}") for c in ALTERATIONS]
    fractions = [draws.uniform(f"allele fraction of {c.name}") for c in ALTERATIONS]
    ids = cohort.patient_ids
    profiles = []
    for i in range(len(cohort)) if rows is None else rows:
        genes, gaps = _assay(cohort.assayed[i])
        found = tuple(
            _alteration(c, pick=picks[a][i], vaf=fractions[a][i], germline=bool(truth.germline[i, a]))
            for a, c in enumerate(ALTERATIONS)
            if truth.alterations[i, a] and cohort.assayed[i, a]
        )
        labs = {name: float(getattr(seen, name)[i]) for name in LAB_NAMES}
        had = tuple(p for p, yes in zip(PRIORS, truth.prior[i], strict=True) if yes)
        findings = {"prior_systemic_therapy": "yes" if set(had) & _SYSTEMIC else "no"}
        if truth.tumour[i] == _BREAST:
            findings |= {
                "HER2-low": "yes" if truth.her2[i] == 1 else "no",
                "hormone receptors": "positive" if truth.hormone_receptor[i] else "negative",
            }
        msi = _known(seen.msi_high[i])
        ecog = _known(seen.ecog[i])
        option = THERAPIES[cohort.therapy[i]].key
        profiles.append(
            PatientProfile(
                patient_id=ids[i],
                age_years=float(truth.age_years[i]),
                sex="male" if truth.male[i] else "female",
                ancestry=ANCESTRIES[truth.ancestry[i]],
                tumour=TUMOURS[truth.tumour[i]],
                stage=STAGES[truth.stage[i]],
                line=int(truth.line[i]),
                ecog=None if ecog is None else int(ecog),
                site=SITES[truth.site[i]],
                panel=PANELS[cohort.panel[i]],
                consent="education",
                alterations=found,
                assayed_genes=genes,
                not_tested=gaps,
                tmb_per_mb=_known(seen.tmb_per_mb[i]),
                msi=None if msi is None else ("high" if msi else "stable"),
                pdl1=_known(seen.pdl1[i]),
                labs={name: value for name, value in labs.items() if not np.isnan(value)},
                findings=findings,
                prior_treatments=had,
                outcome=Outcome(
                    option,
                    response=bool(cohort.potential[i, cohort.therapy[i]]),
                    pfs_months=float(cohort.pfs_months[i]),
                    progressed=bool(cohort.progressed[i]),
                ),
                synthetic=True,
            )
        )
    return profiles


def encoded_columns(cohort: SyntheticCohort) -> pd.DataFrame:
    """The columns that `schema.encode(to_profiles(cohort))` would give, straight from the arrays."""
    truth, seen = cohort.truth, cohort.observed
    schema = solid_tumour_schema()
    blocks = [np.where(cohort.assayed, truth.alterations.astype(float), np.nan)]
    breast = truth.tumour == _BREAST
    blocks += [
        _one_hot(truth.tumour, len(TUMOURS)),
        truth.line.astype(float),
        seen.ecog,
        truth.age_years,
        truth.male.astype(float),
        _one_hot(truth.site, len(SITES)),
        seen.albumin_g_dl,
        seen.nlr,
        seen.ldh_u_l,
        seen.haemoglobin_g_dl,
        seen.tmb_per_mb,
        seen.msi_high,
        seen.pdl1,
        np.where(breast, (truth.her2 == 1).astype(float), np.nan),
        np.where(breast, truth.hormone_receptor.astype(float), np.nan),
    ]
    columns = np.column_stack(blocks)
    return pd.DataFrame(columns, columns=list(schema.columns), index=cohort.patient_ids)


def _one_hot(codes: np.ndarray, n_levels: int) -> np.ndarray:
    return (codes[:, None] == np.arange(n_levels)).astype(float)


def encoded_cohort(cohort: SyntheticCohort) -> Cohort:
    """Columns, observed outcomes and audit groups of the whole cohort."""
    truth = cohort.truth
    X = encoded_columns(cohort)
    y = pd.DataFrame(cohort.response, index=X.index, columns=[t.key for t in THERAPIES])
    bands = np.empty(len(cohort), dtype=object)
    for low, high, name in AGE_BANDS:
        bands[(truth.age_years >= low) & (truth.age_years < high)] = name
    seen_germline = (truth.germline & cohort.assayed).any(axis=1)
    groups = pd.DataFrame(
        {
            "tumour": np.array(TUMOURS)[truth.tumour],
            "sex": np.where(truth.male, "male", "female"),
            "age": bands,
            "ancestry": np.array(ANCESTRIES)[truth.ancestry],
            "stage": np.array(STAGES)[truth.stage],
            "line": truth.line.astype(int),
            "site": np.array(SITES)[truth.site],
            "panel": np.array(PANELS)[cohort.panel],
            "rare_subtype": np.where(truth.rare_subtype, "rare lung subtype", "other"),
            "germline_finding": np.where(seen_germline, "yes", "no"),
        },
        index=X.index,
    )
    return Cohort(X, y, groups, solid_tumour_schema())
