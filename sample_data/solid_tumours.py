"""The response models of the synthetic cohort, one per therapy, as the bundle `solid_tumours`.

They are trained on what was observed: one therapy per patient, chosen by indication, site and fitness. The
potential outcomes that the generator knows are never shown to them.
"""

from __future__ import annotations

from pathlib import Path

from sklearn.ensemble import HistGradientBoostingClassifier

from oncology.bundles import ModelBundle, build
from sample_data.generator.cohort import SyntheticCohort
from sample_data.generator.vocabulary import THERAPIES, TUMOURS
from sample_data.profiles import encoded_cohort

__all__ = ["DATE", "SEED", "build_solid_tumours", "estimator"]

SEED = 5
DATE = "2026-11-22"  # of the data and model; a fixed day, so that building again gives the same bundle


def estimator(n_patients: int) -> HistGradientBoostingClassifier:
    """Small trees, as many and as deep as the number of treated patients bears, and quick to explain exactly.

    In cross-validation larger ones were no better; below 500 patients anything larger was worse.
    """
    many = n_patients >= 500
    return HistGradientBoostingClassifier(
        max_iter=120 if n_patients >= 1000 else 60,
        learning_rate=0.1,
        max_leaf_nodes=6 if many else 4,
        min_samples_leaf=15 if many else 6,
        l2_regularization=2.0,
        early_stopping=False,
        random_state=0,
    )


def build_solid_tumours(path: Path, cohort: SyntheticCohort) -> ModelBundle:
    """Train on the observed responses of a synthetic cohort, calibrate out of fold, and write the bundle."""
    encoded = encoded_cohort(cohort)
    return build(
        path,
        name="solid_tumours",
        title="Solid tumours (synthetic cohort)",
        version="1",
        date=DATE,
        synthetic=True,
        tumours=TUMOURS,
        cohort=encoded,
        estimators={option: estimator(n) for option, n in encoded.y.notna().sum().items()},
        seed=0,
        leave_out=True,
        card=Path(__file__).parent / "cards" / "solid_tumours.toml",
        overwrite=True,
        option_labels={therapy.key: therapy.label for therapy in THERAPIES},
        outcome="respond",
        developer="Glassboard, sample data",
        licence="Apache-2.0",
        intended_use=(
            "Teaching and development: to show what a model of treatment response says, why, and where it errs. "
            "Every training patient is invented."
        ),
        intended_users="Educators, developers, and clinicians who are learning to question a model",
        out_of_scope=(
            "Any decision about a patient; tumour types outside the seven; patients under 18; laboratory values "
            "outside the range of the cohort; combinations of drivers that exclude each other"
        ),
        limits=(
            "Synthetic: frequencies and response rates follow publications, single patients are invented.",
            "Trained on observed treatment, which followed indication, site and fitness: differences between options "
            "are associations, not effects.",
            "The treating site is an input and carries a spurious association, planted on purpose.",
            "Ancestry is recorded for audits and is no input; one group and one rare subtype are badly served, on purpose.",
            "The 95 % interval is that of a share, how many responded among treated patients of the same tumour type with a "
            "number like this one: on 4,000 fresh synthetic patients it held the true probability of the single patient for "
            "55 % of the answers.",
            "Response only: survival, toxicity, preference and cost are not modelled.",
        ),
        notes=("Traps are listed in sample_data/README.md.",),
        training={"source": f"synthetic cohort, seed {cohort.seed}, traps {'on' if cohort.traps else 'off'}"},
        missing_values=(
            "The model takes unknown inputs as unknown: a gene that was not assayed goes the way that patients "
            "without that assay went in training."
        ),
    )
