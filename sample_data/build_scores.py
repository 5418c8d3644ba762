"""Write the bundles of two published scores, LORIS and IPSS-M, from coefficients typed in with their source.

``python -m sample_data.build_scores`` writes ``sample_data/bundles/loris`` and ``sample_data/bundles/ipssm``.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from oncology.bundles import ModelBundle, build_formula
from oncology.features import FeatureSchema, field_feature
from oncology.scores.ipssm import ipssm_schema

__all__ = ["CARDS", "build_ipssm", "build_loris", "loris_schema"]

# What stands in the models' cards beyond what the bundles themselves can say.
CARDS = Path(__file__).parent / "cards"

# A formula does not age: the day its coefficients were typed in and compared with the source.
_DATE = "2026-11-22"

# Chang et al. (2024), Nature Cancer; github.com/rootchang/LORIS, commit eb87300f. One term for each of 16 groups;
# the codes of a group are the OncoTree types its name covers. A type without a group has no term.
LORIS_TERMS: tuple[tuple[str, float, tuple[str, ...]], ...] = (
    ("Bladder", -0.3323, ("BLCA", "BLAD")),
    ("Breast", -0.3323, ("BRCA", "IDC", "ILC")),
    ("Colorectal", -0.102, ("COADREAD", "COAD", "READ")),
    ("Endometrial", -0.0079, ("UCEC", "UEC", "USC")),
    ("Oesophageal", 0.55, ("ESCA", "ESCC")),
    ("Gastric", 0.2306, ("STAD",)),
    ("Head and neck", 0.0678, ("HNSC", "OCSC", "LXSC", "OPHSC")),
    ("Hepatobiliary", -0.1189, ("LIVER", "BILIARY_TRACT", "HCC", "CHOL", "IHCH", "EHCH", "PHCH", "GBC")),
    ("Melanoma", -0.0086, ("MEL", "SKCM", "ACRM", "MUP")),
    ("Mesothelioma", 0.1255, ("PLMESO", "PLBMESO", "PEMESO")),
    ("Non-small cell lung", 0.0008, ("NSCLC", "LUAD", "LUSC", "LUAS", "LCLC")),
    ("Ovarian", -0.052, ("OVT", "SOC", "HGSOC", "LGSOC", "CCOV", "EOV")),
    ("Pancreatic", -1.1169, ("PAAD", "PAASC")),
    ("Renal", 0.5451, ("RCC", "CCRCC", "PRCC", "CHRCC")),
    ("Sarcoma", 0.0542, ("SARCOMA", "LMS", "DDLS", "MFS", "OS", "ES", "ANGS", "SYNS")),
    ("Small cell lung", -0.0033, ("SCLC",)),
)


def loris_schema() -> FeatureSchema:
    """The six inputs of LORIS; the score cannot do without any of them."""
    codes = tuple(code for _, _, group in LORIS_TERMS for code in group)
    return FeatureSchema(
        (
            field_feature(
                "TMB", "Tumour mutational burden", "tmb_per_mb",
                unit="mutations/Mb", low=0, high=2000, group="DNA", missing="refuse",
            ),
            field_feature(
                "Prior systemic therapy", "Earlier chemotherapy or targeted therapy",
                "findings.prior_systemic_therapy", "categorical", levels=("no", "yes"), missing="refuse",
            ),
            field_feature("Albumin", "Albumin", "labs.albumin_g_dl", missing="refuse"),
            field_feature("NLR", "Neutrophil to lymphocyte ratio", "labs.nlr", missing="refuse"),
            field_feature(
                "Age", "Age", "age_years",
                unit="years", low=0, high=120, group="demographics", missing="refuse", actionable=False,
            ),
            field_feature(
                "Tumour type", "Tumour type", "tumour", "categorical",
                levels=codes, missing="refuse", actionable=False,
            ),
        )
    )  # fmt: skip


def _loris_formula() -> bytes:
    terms = {code: term for _, term, group in LORIS_TERMS for code in group}
    # Means over the 964 patients of the published training table (Chowell cohort), after capping: an aggregate
    # of the file Data/chowell_train of the repository named above.
    variables = [
        {"name": "TMB", "label": "Tumour mutational burden, at most 50", "feature": "TMB",
         "coefficient": 0.0371, "high": 50, "reference": 9.71},
        {"name": "PSTH", "label": "Earlier chemotherapy or targeted therapy", "feature": "Prior systemic therapy",
         "coefficient": -0.8775, "reference": 0.663},
        {"name": "albumin", "label": "Albumin", "feature": "Albumin", "coefficient": 0.5382, "reference": 3.81},
        {"name": "NLR", "label": "Neutrophil to lymphocyte ratio, at most 25", "feature": "NLR",
         "coefficient": -0.033, "high": 25, "reference": 5.83},
        {"name": "age", "label": "Age, at most 85", "feature": "Age",
         "coefficient": 0.0049, "high": 85, "reference": 61.8},
        {"name": "tumour term", "label": "Tumour type", "feature": "Tumour type",
         "coefficient": 1.0, "terms": terms, "reference": 0.0191},
    ]  # fmt: skip
    content = {
        "family": "linear",
        "link": "logistic",
        "intercept": -2.0886,
        "reference_name": "the average of the 964 patients LORIS was made from",
        "variables": variables,
    }
    return json.dumps(content, indent=1).encode()


def build_loris(
    path: Path, *, card: Path | None = CARDS / "loris.toml", overwrite: bool = True
) -> ModelBundle:
    """Write the LORIS bundle: one score of immunotherapy response, shown as a score and never as a probability."""
    return build_formula(
        path,
        name="loris",
        title="LORIS: immunotherapy score",
        option="immunotherapy",
        option_labels={"immunotherapy": "Immune checkpoint inhibitor"},
        schema=loris_schema(),
        formula=_loris_formula(),
        output_kind="score",
        card=card,
        overwrite=overwrite,
        date=_DATE,
        version="LLR6, 2024",
        developer="Chang and colleagues, 2024",
        intended_use=(
            "Research and teaching: to compare patients before an immune checkpoint inhibitor by a published score."
        ),
        intended_users="Clinicians and educators who know the publication",
        out_of_scope="Tumour types outside the 16 groups of the score; patients under 18; other medicines",
        outcome="",
        limits=(
            "A score, not a probability: over the 964 patients it was made from its mean is 0.468, while 29.3 % responded.",
            "Six inputs only; PD-L1, single genes and performance status are not seen.",
            "All inputs are required: with one unknown there is no score.",
        ),
        citations=(
            "Chang TG et al. LORIS robustly predicts patient outcomes with immune checkpoint blockade therapy. "
            "Nature Cancer 2024. Coefficients as in github.com/rootchang/LORIS, commit eb87300f.",
        ),
        missing_values="Every input is required; without one the score abstains.",
    )


# Bernard et al. (2022), NEJM Evidence; weights also in github.com/papaemmelab/ipssm (MIT), commit f1035bb0.
# Variable: weight beta, published mean.
IPSSM_WEIGHTS: dict[str, tuple[float, float]] = {
    "HB1": (-0.171, 9.87),
    "TRANSF_PLT100": (-0.222, 1.41),
    "BLAST5": (0.352, 0.922),
    "CYTOVEC": (0.287, 1.39),
    "TP53multi": (1.18, 0.071),
    "FLT3": (0.798, 0.0108),
    "MLL_PTD": (0.798, 0.0247),
    "SF3B1_5q": (0.504, 0.0166),
    "NPM1": (0.43, 0.0112),
    "RUNX1": (0.423, 0.126),
    "NRAS": (0.417, 0.0362),
    "ETV6": (0.391, 0.0216),
    "IDH2": (0.379, 0.0429),
    "CBL": (0.295, 0.0473),
    "EZH2": (0.27, 0.0588),
    "U2AF1": (0.247, 0.0866),
    "SRSF2": (0.239, 0.158),
    "DNMT3A": (0.221, 0.161),
    "ASXL1": (0.213, 0.252),
    "KRAS": (0.202, 0.0271),
    "SF3B1_alpha": (-0.0794, 0.186),
    "nRes2": (0.231, 0.388),
}


def _ipssm_formula() -> bytes:
    content = {
        "family": "ipssm",
        "reference_name": "the published average patient of IPSS-M",
        "beta": {name: beta for name, (beta, _) in IPSSM_WEIGHTS.items()},
        "mean": {name: mean for name, (_, mean) in IPSSM_WEIGHTS.items()},
        "best": {"HB1": 20, "TRANSF_PLT100": 2.5, "BLAST5": 0, "CYTOVEC": 0, "SF3B1_alpha": 1, "all_other_genes": 0},
        "worst": {"HB1": 4, "TRANSF_PLT100": 0, "BLAST5": 4, "CYTOVEC": 4, "SF3B1_alpha": 0, "all_other_genes": 1},
        "cut_points": [-1.5, -0.5, 0, 0.5, 1.5],
        "categories": ["Very Low", "Low", "Moderate Low", "Moderate High", "High", "Very High"],
    }  # fmt: skip
    return json.dumps(content, indent=1).encode()


def build_ipssm(
    path: Path, *, card: Path | None = CARDS / "ipssm.toml", overwrite: bool = True
) -> ModelBundle:
    """Write the IPSS-M bundle: a prognostic score with six risk groups, computed from raw findings."""
    return build_formula(
        path,
        name="ipssm",
        title="IPSS-M: myelodysplastic syndromes",
        option="risk",
        option_labels={"risk": "IPSS-M risk score"},
        schema=ipssm_schema(),
        formula=_ipssm_formula(),
        output_kind="risk_groups",
        card=card,
        overwrite=overwrite,
        date=_DATE,
        version="2022",
        developer="Bernard and colleagues, 2022",
        intended_use="Research and teaching: the published prognostic score of myelodysplastic syndromes at diagnosis.",
        tumours=("MDS",),
        intended_users="Clinicians and educators who know the publication",
        out_of_scope="Acute leukaemia; myelodysplastic syndromes after therapy started; choosing between medicines",
        outcome="",
        limits=(
            "A prognostic score: it speaks of risk, not of the effect of any therapy.",
            "Unknown inputs are filled with the published best, mean and worst values; the range between best and "
            "worst shows how much they matter.",
        ),
        citations=(
            "Bernard E et al. Molecular International Prognostic Scoring System for Myelodysplastic Syndromes. "
            "NEJM Evidence 2022;1(7). Weights also in github.com/papaemmelab/ipssm (MIT), commit f1035bb0.",
        ),
        missing_values=(
            "Unknown inputs take the published mean; the range runs from their best to their worst published value."
        ),
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Write both bundles into a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "bundles")
    folder = parser.parse_args(arguments).out
    folder.mkdir(parents=True, exist_ok=True)
    for bundle in (build_loris(folder / "loris"), build_ipssm(folder / "ipssm")):
        print(f"{bundle.path.name}: {bundle.sha256[:12]}…")


if __name__ == "__main__":
    main()
