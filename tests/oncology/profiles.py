"""Schema and profiles that the tests of this floor share."""

from hypothesis import strategies as st

from oncology.alterations import AlterationPattern
from oncology.features import FeatureSchema, FeatureSpec, Reads, alteration_feature, field_feature
from oncology.patients import Alteration, PatientProfile

SCHEMA = FeatureSchema(
    (
        alteration_feature("EGFR"),
        alteration_feature("EGFR", change="p.L858R"),
        alteration_feature("EGFR", change="exon 19 deletion"),
        alteration_feature("KRAS"),
        alteration_feature("KRAS", change="p.G12C"),
        alteration_feature("ERBB2", kind="mutation"),
        alteration_feature("ERBB2", kind="amplification"),
        alteration_feature("ALK", kind="fusion"),
        FeatureSpec(
            "KRAS VAF", "KRAS allele fraction", "continuous", Reads("vaf", AlterationPattern("KRAS"))
        ),
        FeatureSpec("TP53 count", "TP53 mutations", "count", Reads("count", AlterationPattern("TP53"))),
        field_feature("Tumour", "Tumour type", "tumour", "categorical", levels=("LUAD", "BRCA", "GIST")),
        field_feature("Sex", "Sex", "sex", "categorical", levels=("female", "male")),
        field_feature("Prior", "Earlier treatment", "prior_treated", "binary"),
        field_feature("Age", "Age", "age_years", unit="years"),
        field_feature("Albumin", "Albumin", "labs.albumin_g_dl"),
        field_feature(
            "Karyotype", "Karyotype", "findings.karyotype", "categorical", levels=("good", "poor", "other")
        ),
    )
)

ALTERATIONS = (
    Alteration("EGFR", protein_change="p.L858R", vaf=0.3),
    Alteration("EGFR", protein_change="p.E746_A750del"),
    Alteration("EGFR", protein_change="p.T790M"),
    Alteration("KRAS", protein_change="p.G12C", vaf=0.2),
    Alteration("KRAS", protein_change="p.G12D", vaf=0.4),
    Alteration("ERBB2", "amplification"),
    Alteration("ERBB2", protein_change="p.S310F"),
    Alteration("ALK", "fusion", partner="EML4"),
    Alteration("TP53", protein_change="p.R175H"),
    Alteration("TP53", protein_change="p.R248Q"),
)
GENES = ("EGFR", "KRAS", "ERBB2", "ALK", "TP53")
NAMES = tuple(f.name for f in SCHEMA.features if f.is_alteration)


def profiles() -> st.SearchStrategy[PatientProfile]:
    """Profiles in every mixture of altered, absent, not assayed, recorded and unknown."""
    return st.builds(
        PatientProfile,
        patient_id=st.just("p"),
        alterations=st.lists(st.sampled_from(ALTERATIONS), unique=True).map(tuple),
        assayed_genes=st.none() | st.frozensets(st.sampled_from(GENES)),
        tested_absent=st.frozensets(st.sampled_from(NAMES), max_size=2),
        not_tested=st.frozensets(st.sampled_from(NAMES), max_size=2),
        tumour=st.none() | st.sampled_from(["LUAD", "BRCA", "GIST", "STAD"]),
        sex=st.none() | st.sampled_from(["female", "male"]),
        prior_treatments=st.sampled_from([None, (), ("cisplatin",)]),
        age_years=st.none() | st.floats(0, 120),
        labs=st.just({}) | st.fixed_dictionaries({"albumin_g_dl": st.floats(1, 6)}),
        findings=st.just({})
        | st.fixed_dictionaries({"karyotype": st.sampled_from(["good", "poor", "other"])}),
    )
