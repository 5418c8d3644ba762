"""What the solid tumour model sees of a patient: the schema, in the order of its columns.

Ancestry is recorded but is no feature; the site is one, and is the spurious marker.
"""

from __future__ import annotations

from functools import cache

from oncology.features import FeatureSchema, FeatureSpec, alteration_feature, field_feature
from sample_data.generator.vocabulary import ALTERATIONS, SITES, TUMOURS

__all__ = ["ALTERATION_FEATURES", "solid_tumour_schema"]

ALTERATION_FEATURES = tuple(column.name for column in ALTERATIONS)


def _label(name: str, gene: str) -> str:
    if name != gene:
        return name
    has_own = any(c.gene == gene and c.name != gene for c in ALTERATIONS)
    return f"{gene}, other alteration" if has_own else gene


def _alterations() -> list[FeatureSpec]:
    return [
        alteration_feature(c.gene, kind=c.kind, change=c.change, label=_label(c.name, c.gene))
        for c in ALTERATIONS
    ]


@cache
def solid_tumour_schema() -> FeatureSchema:
    """The inputs of `solid_tumours`: alterations first, then tumour and clinic, blood, tissue markers."""
    fixed = {"actionable": False}
    return FeatureSchema(
        (
            *_alterations(),
            field_feature("tumour", "Tumour type", "tumour", "categorical", levels=TUMOURS, missing="refuse", **fixed),
            field_feature("line", "Line of therapy", "line", "count", low=1, high=10, **fixed),
            field_feature("ECOG", "ECOG performance status", "ecog", "count", low=0, high=4, **fixed),
            field_feature("age", "Age", "age_years", unit="years", low=18, high=95, group="demographics", **fixed),
            field_feature(
                "sex", "Sex", "sex", "categorical", levels=("female", "male"), group="demographics", **fixed
            ),
            field_feature("site", "Treating site", "site", "categorical", levels=SITES, **fixed),
            field_feature("Albumin", "Albumin", "labs.albumin_g_dl"),
            field_feature("NLR", "Neutrophil to lymphocyte ratio", "labs.nlr"),
            field_feature("LDH", "Lactate dehydrogenase", "labs.ldh_u_l"),
            field_feature("Haemoglobin", "Haemoglobin", "labs.haemoglobin_g_dl"),
            field_feature(
                "TMB", "Tumour mutational burden", "tmb_per_mb",
                unit="mutations/Mb", low=0, high=300, group="tissue marker",
            ),
            field_feature(
                "MSI", "Microsatellite instability", "msi", "categorical",
                levels=("stable", "high"), group="tissue marker",
            ),
            field_feature("PD-L1", "PD-L1 (tumour cells)", "pdl1", unit="%", low=0, high=100, group="tissue marker"),
            field_feature(
                "HER2-low", "HER2-low (IHC 1+, or 2+ without amplification)", "findings.HER2-low",
                "categorical", levels=("no", "yes"), group="tissue marker",
            ),
            field_feature(
                "hormone receptors", "Hormone receptors", "findings.hormone receptors",
                "categorical", levels=("negative", "positive"), group="tissue marker",
            ),
        )
    )  # fmt: skip
