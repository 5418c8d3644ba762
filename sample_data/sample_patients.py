"""The invented patients that ship with the dashboard, each with the one thing it is there to teach."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from oncology.intake.readers.project_json import write_profile
from oncology.patients import Alteration, PatientProfile
from oncology.scores.ipssm import MAIN_GENES, RESIDUAL_GENES
from sample_data.generator.panels import PANEL_GENES, sees
from sample_data.generator.vocabulary import ALTERATIONS

__all__ = [
    "blood_patients",
    "later_samples",
    "sample_patients",
    "score_patients",
    "solid_patients",
    "write_patients",
]

_LABS = {"albumin_g_dl": 4.0, "nlr": 3.2, "ldh_u_l": 215, "haemoglobin_g_dl": 13.1}
_WHOLE = "Comprehensive 46"
_BROAD = "Broad DNA and RNA 42"
_DNA = "Middle DNA 29"


def _mutation(gene: str, change: str, vaf: float, **more: Any) -> Alteration:
    return Alteration(gene, protein_change=change, vaf=vaf, **({"origin": "somatic"} | more))


def _fusion(gene: str, partner: str) -> Alteration:
    return Alteration(gene, "fusion", partner=partner, origin="somatic")


def _solid(
    patient_id: str,
    note: str,
    tumour: str,
    *alterations: Alteration,
    panel: str = _WHOLE,
    labs: Mapping[str, float] | None = None,
    also_tested: tuple[str, ...] = (),
    **fields: Any,
) -> PatientProfile:
    """A synthetic patient: genes as the panel covers them, usual laboratory values unless others are given."""
    genes = PANEL_GENES[panel] | {name.split()[0] for name in also_tested}
    gaps = frozenset(
        c.name
        for c in ALTERATIONS
        if c.gene in genes and not sees(panel, c) and not {c.name, c.gene} & set(also_tested)
    )
    prior = fields.get("prior_treatments", ())
    systemic = set(prior) - {"immunotherapy", "aromatase inhibitor"}
    findings = {"prior_systemic_therapy": "yes" if systemic else "no"} | fields.pop("findings", {})
    usual: dict[str, Any] = {
        "age_years": 63, "sex": "female", "ancestry": "European", "stage": "IV", "line": 1, "ecog": 1,
        "site": "Site 2", "consent": "education", "prior_treatments": (), "msi": "stable",
    }  # fmt: skip
    return PatientProfile(
        patient_id=patient_id,
        tumour=tumour,
        panel=panel,
        alterations=alterations,
        assayed_genes=frozenset(genes),
        not_tested=gaps,
        labs=_LABS if labs is None else labs,
        findings=findings,
        synthetic=True,
        note=note,
        **(usual | fields),
    )


def _lung() -> list[PatientProfile]:
    l858r, tp53 = _mutation("EGFR", "p.L858R", 0.34), _mutation("TP53", "p.R273H", 0.41)
    g12c = _mutation("KRAS", "p.G12C", 0.29)
    twin = {"age_years": 66, "sex": "male", "tmb_per_mb": 6.1, "pdl1": 20.0}
    return [
        _solid("S-01-egfr-l858r", "One driver and one option that matches it: start here.", "LUAD",
               l858r, tp53, tmb_per_mb=3.9, pdl1=10.0, age_years=61, sample_day=0),
        _solid("S-02-egfr-t790m-after-tki", "Resistance: the same gene, a second alteration, a later line.", "LUAD",
               _mutation("EGFR", "p.E746_A750del", 0.38), _mutation("EGFR", "p.T790M", 0.12),
               line=2, prior_treatments=("EGFR inhibitor",), tmb_per_mb=4.4, pdl1=0.0, age_years=58),
        _solid("S-03-kras-stk11", "STK11 lowers every option alike: prognostic is not predictive.", "LUAD",
               g12c, _mutation("STK11", "p.Q37*", 0.44), _mutation("KEAP1", "p.R320Q", 0.40),
               sex="male", line=2, prior_treatments=("chemotherapy",), tmb_per_mb=12.3, pdl1=60.0),
        _solid("S-04-alk-fusion", "Two options for one fusion: do their intervals tell them apart?", "LUAD",
               _fusion("ALK", "EML4"), age_years=44, tmb_per_mb=2.6, pdl1=40.0),
        _solid("S-05-hotspot-panel", "A small DNA panel found nothing, and cannot see a fusion.", "LUAD",
               panel="Hotspot DNA 13", sex="male", msi=None, pdl1=30.0),
        _solid("S-06-nothing-altered", "Every gene tested, nothing altered: what is left to go by?", "LUAD",
               sex="male", age_years=71, tmb_per_mb=5.0, pdl1=0.0),
        _solid("S-07-ntrk-fusion", "A rare target: few patients stand behind the number.", "LUAD",
               _fusion("NTRK1", "TPM3"), age_years=39, tmb_per_mb=1.8, pdl1=0.0),
        _solid("S-08-met-exon-14", "An older patient: age, frailty and a target at once.", "LUAD",
               _mutation("MET", "exon 14 skipping", 0.31), age_years=82, ecog=2, tmb_per_mb=5.3, pdl1=80.0,
               labs=_LABS | {"albumin_g_dl": 3.3, "nlr": 6.5}),
        _solid("S-09-rare-subtype", "The markers speak for immunotherapy; in this rare subtype they should not.", "LUAD",
               _mutation("SMARCA4", "p.Q1166*", 0.52), tp53, sex="male", tmb_per_mb=17.5, pdl1=90.0),
        _solid("S-10-site-4", "Compare with S-11: the same patient at another site.", "LUAD",
               _mutation("KRAS", "p.G12D", 0.33), site="Site 4", **twin),
        _solid("S-11-site-2", "Compare with S-10: does the site change biology, or who is referred?", "LUAD",
               _mutation("KRAS", "p.G12D", 0.33), site="Site 2", **twin),
        _solid("S-12-two-questions", "A germline finding matters to the family; it does not make olaparib work here.",
               "LUAD", _mutation("BRCA2", "p.S1982fs", 0.49, origin="germline"), g12c,
               tmb_per_mb=7.7, pdl1=5.0, age_years=55),
        _solid("S-13-under-represented", "Few genes tested, a group the model serves badly and never sees.", "LUAD",
               _mutation("EGFR", "p.L747_P753delinsS", 0.27), panel="Hotspot DNA 13", ancestry="East Asian",
               msi=None, site="Site 6", age_years=57),
        _solid("S-14-missing-labs", "Blood values, PD-L1 and TMB unknown: how much could they move?", "LUAD",
               l858r, panel="Liquid biopsy 31", labs={}, ecog=None, msi=None),
        _solid("S-15-seven-alterations", "Seven alterations at once: which of them does the model use?", "LUAD",
               g12c, tp53, _mutation("STK11", "p.D194Y", 0.36), _mutation("SMARCA4", "p.R1192C", 0.2),
               _mutation("ATM", "p.R337C", 0.18), _mutation("PIK3CA", "p.E545K", 0.11),
               _mutation("CDKN2A", "p.R80*", 0.4), sex="male", tmb_per_mb=24.0, pdl1=70.0, line=2,
               prior_treatments=("chemotherapy", "immunotherapy")),
    ]  # fmt: skip


def _other_tumours() -> list[PatientProfile]:
    tp53 = _mutation("TP53", "p.R248Q", 0.47)
    v600e = _mutation("BRAF", "p.V600E", 0.36)
    hormone = {"hormone receptors": "positive", "HER2-low": "no"}
    stromal = {"panel": _DNA, "also_tested": ("KIT", "PDGFRA"), "msi": None}
    return [
        _solid("S-16-melanoma-braf", "Targeted or immune first: response is not the whole question.", "SKCM",
               v600e, _mutation("CDKN2A", "p.R80*", 0.5), sex="male", age_years=54, tmb_per_mb=13.0),
        _solid("S-17-melanoma-nras", "High TMB without a targeted option.", "SKCM",
               _mutation("NRAS", "p.Q61R", 0.39), Alteration("TERT", coding_change="c.-124C>T", vaf=0.3, origin="somatic"), sex="male",
               age_years=70, tmb_per_mb=41.0, labs=_LABS | {"ldh_u_l": 390}),
        _solid("S-18-colorectal-braf-msi", "Two findings that point to different options.", "COADREAD",
               v600e, _mutation("RNF43", "p.G659fs", 0.35), msi="high", tmb_per_mb=44.0, age_years=74),
        _solid("S-19-colorectal-ras-wild-type", "A negative finding that opens an option: KRAS and NRAS tested.",
               "COADREAD", _mutation("APC", "p.R1450*", 0.45), tp53, panel=_BROAD, sex="male", line=2,
               prior_treatments=("chemotherapy",)),
        _solid("S-20-colorectal-six-alterations", "Six alterations; one of them closes an option.", "COADREAD",
               _mutation("KRAS", "p.G12D", 0.32), _mutation("APC", "p.Q1378*", 0.44), tp53,
               _mutation("PIK3CA", "p.E545K", 0.2), _mutation("SMAD4", "p.R361H", 0.28),
               _mutation("FBXW7", "p.R465H", 0.3), tmb_per_mb=5.2, age_years=59),
        _solid("S-21-colorectal-kras-unknown", "KRAS was never tested: unknown is not wild type.", "COADREAD",
               panel="none", sex="male", msi=None),
        _solid("S-22-breast-pik3ca", "A target and a resistance alteration in one tumour.", "BRCA",
               _mutation("PIK3CA", "p.H1047R", 0.31), _mutation("ESR1", "p.D538G", 0.14), panel=_BROAD, line=2,
               prior_treatments=("aromatase inhibitor",), findings=hormone, msi=None),
        _solid("S-23-breast-her2-low", "HER2-low: a finding that is neither positive nor negative.", "BRCA",
               tp53, panel=_DNA, also_tested=("ERBB2 amplification",), line=2, msi=None,
               prior_treatments=("chemotherapy",), findings={"hormone receptors": "positive", "HER2-low": "yes"}),
        _solid("S-24-breast-her2-positive", "An amplification, not a mutation, is the target.", "BRCA",
               Alteration("ERBB2", "amplification", copy_number=14, origin="somatic"), tp53, panel=_BROAD, line=2,
               prior_treatments=("HER2 antibody",), findings=hormone, msi=None, age_years=49),
        _solid("S-25-breast-triple-negative", "Inherited and druggable; the family comes into the room.", "BRCA",
               _mutation("BRCA1", "p.Q1756fs", 0.5, origin="germline"), tp53, panel=_BROAD, msi=None, age_years=41,
               findings={"hormone receptors": "negative", "HER2-low": "no"}),
        _solid("S-26-ovary-second-line", "A strong match in the first lines, weaker in the fourth: move the line.", "HGSOC",
               _mutation("BRCA2", "p.Y1894*", 0.52, origin="germline"), tp53, panel=_BROAD, line=2,
               prior_treatments=("chemotherapy",), age_years=60),
        _solid("S-27-ovary-ccne1", "A finding that excludes another: CCNE1 and BRCA hardly ever meet.", "HGSOC",
               Alteration("CCNE1", "amplification", copy_number=9, origin="somatic"), tp53, panel=_BROAD, line=3,
               prior_treatments=("chemotherapy",), labs=_LABS | {"albumin_g_dl": 3.4}),
        _solid("S-28-bile-duct-fgfr2", "A matched option that still helps only one in three.", "IHCH",
               _fusion("FGFR2", "BICC1"), _mutation("BAP1", "p.R60*", 0.4), line=2, age_years=52,
               prior_treatments=("chemotherapy",), tmb_per_mb=2.1),
        _solid("S-29-bile-duct-idh1", "The medicine for this alteration is not among the model's options.", "IHCH",
               _mutation("IDH1", "p.R132C", 0.3), _mutation("ARID1A", "p.R1989*", 0.2), sex="male", line=2,
               prior_treatments=("chemotherapy",), tmb_per_mb=3.5),
        _solid("S-30-gist-kit-exon-11", "A single driver that the first option was made for.", "GIST",
               _mutation("KIT", "p.W557_K558del", 0.45), sex="male", **stromal),
        _solid("S-31-gist-d842v", "Same tumour, one other letter: the first option hardly ever works.", "GIST",
               _mutation("PDGFRA", "p.D842V", 0.42), sex="male", age_years=68, **stromal),
    ]  # fmt: skip


def _outside() -> list[PatientProfile]:
    return [
        _solid("S-32-outside-pancreas", "A tumour the model never saw: it should say so.", "PAAD",
               _mutation("KRAS", "p.G12D", 0.25), _mutation("TP53", "p.R175H", 0.3), tmb_per_mb=1.9),
        _solid("S-33-outside-age-15", "Fifteen years old: outside every training patient.", "SKCM",
               _mutation("BRAF", "p.V600E", 0.4), age_years=15, tmb_per_mb=6.0),
        _solid("S-34-outside-exclusive-drivers", "Two drivers that exclude each other: two samples mixed up?", "LUAD",
               _mutation("EGFR", "p.L858R", 0.33), _mutation("KRAS", "p.G12C", 0.31), tmb_per_mb=6.6, pdl1=15.0),
        _solid("S-35-outside-extreme-labs", "Blood values beyond all training patients: a typing error, or dying?",
               "COADREAD", _mutation("KRAS", "p.G13D", 0.3), panel=_BROAD, ecog=3, line=3,
               prior_treatments=("chemotherapy",),
               labs={"albumin_g_dl": 1.3, "nlr": 58, "ldh_u_l": 4800, "haemoglobin_g_dl": 5.1}),
    ]  # fmt: skip


def solid_patients() -> list[PatientProfile]:
    """Patients for the model of solid tumours."""
    return [*_lung(), *_other_tumours(), *_outside()]


def later_samples() -> list[PatientProfile]:
    """The first patient again, twice: what an EGFR-mutated tumour may acquire under one inhibitor after another."""
    before = {"findings": {"patient": "S-01-egfr-l858r"}, "pdl1": 10.0, "tmb_per_mb": 4.2}
    tp53, t790m = _mutation("TP53", "p.R273H", 0.38), _mutation("EGFR", "p.T790M", 0.17)
    return [
        _solid("S-45-egfr-day-330", "The patient of S-01 after 330 days: T790M under the first inhibitor.", "LUAD",
               _mutation("EGFR", "p.L858R", 0.36), tp53, t790m, line=2, age_years=62, sample_day=330,
               prior_treatments=("EGFR inhibitor",), **before),
        _solid("S-46-egfr-day-690", "The patient of S-01 after 690 days: C797S, which the model has no input of its own for.",
               "LUAD", _mutation("EGFR", "p.L858R", 0.41), tp53, t790m, _mutation("EGFR", "p.C797S", 0.11), line=3,
               age_years=63, ecog=2, sample_day=690, prior_treatments=("EGFR inhibitor", "osimertinib"), **before),
    ]  # fmt: skip


def score_patients() -> list[PatientProfile]:
    """Patients with all inputs of LORIS, and one without."""
    return [
        _solid("S-36-loris-favourable", "LORIS: high TMB, good blood values, no therapy before.", "SKCM",
               panel=_WHOLE, sex="male", age_years=68, tmb_per_mb=38.0,
               labs=_LABS | {"albumin_g_dl": 4.4, "nlr": 1.9}),
        _solid("S-37-loris-unfavourable", "LORIS: low TMB, inflamed, treated before.", "PAAD", age_years=64,
               line=3, prior_treatments=("chemotherapy",), tmb_per_mb=1.5, ecog=2,
               labs=_LABS | {"albumin_g_dl": 2.9, "nlr": 11.5}),
        _solid("S-38-loris-beyond-the-caps", "LORIS: TMB over 50, NLR over 25 and age over 85 count no further.",
               "UCEC", age_years=88, tmb_per_mb=92.0, msi="high", labs=_LABS | {"nlr": 31.0}),
        _solid("S-39-loris-albumin-unknown", "LORIS: one input unknown, and the score abstains.", "RCC", sex="male",
               tmb_per_mb=4.1, labs={"nlr": 4.0, "ldh_u_l": 260}),
    ]  # fmt: skip


def _blood(
    patient_id: str, note: str, *alterations: Alteration, tumour: str = "MDS", untested: tuple[str, ...] = (),
    **fields: Any,
) -> PatientProfile:  # fmt: skip
    panel = {*MAIN_GENES, *RESIDUAL_GENES, "SF3B1", "TP53", "FLT3", "KMT2A"} - set(untested)
    return PatientProfile(
        patient_id=patient_id,
        tumour=tumour,
        alterations=alterations,
        assayed_genes=frozenset(panel),
        panel="Myeloid panel",
        synthetic=True,
        consent="education",
        note=note,
        **fields,
    )


def blood_patients() -> list[PatientProfile]:
    """Patients with myelodysplastic syndromes for IPSS-M, and one with acute myeloid leukaemia."""
    normal = {"del5q": "no", "del7_7q": "no", "complex_karyotype": "no", "del17_17p": "no", "tp53_loh": "no"}
    return [
        _blood("S-40-mds-sf3b1", "IPSS-M: one favourable mutation and good counts.",
               _mutation("SF3B1", "p.K700E", 0.38), age_years=72, sex="male",
               labs={"haemoglobin_g_dl": 10.2, "platelets_10e9_l": 240, "marrow_blasts_percent": 2},
               findings={"ipssr_cytogenetics": "good"} | normal),
        _blood("S-41-mds-tp53-both-copies", "IPSS-M: both copies of TP53 and a complex karyotype.",
               _mutation("TP53", "p.R248Q", 0.42), _mutation("TP53", "p.Y220C", 0.35), age_years=69, sex="female",
               labs={"haemoglobin_g_dl": 7.9, "platelets_10e9_l": 34, "marrow_blasts_percent": 12},
               findings={"ipssr_cytogenetics": "very poor"} | normal
               | {"complex_karyotype": "yes", "del5q": "yes", "del17_17p": "yes"}),
        _blood("S-42-mds-half-known", "IPSS-M: a small panel; see how far best and worst lie apart.",
               _mutation("ASXL1", "p.G646fs", 0.3), _mutation("SRSF2", "p.P95H", 0.41), age_years=77, sex="male",
               untested=("RUNX1", "EZH2", "FLT3", "KMT2A", "NPM1", "STAG2", "BCOR", "SETBP1", "ETV6"),
               labs={"haemoglobin_g_dl": 9.1, "platelets_10e9_l": 88, "marrow_blasts_percent": 6}, findings=normal),
        _blood("S-43-mds-one-tp53", "IPSS-M: one TP53 mutation, the other copy unknown: which question next?",
               _mutation("TP53", "p.R175H", 0.28), _mutation("DNMT3A", "p.R882H", 0.31), age_years=65, sex="female",
               labs={"haemoglobin_g_dl": 8.8, "platelets_10e9_l": 120, "marrow_blasts_percent": 4},
               findings={"ipssr_cytogenetics": "good", "del5q": "yes", "del7_7q": "no", "complex_karyotype": "no",
                         "del17_17p": "no"}),
        _blood("S-44-aml-flt3-itd", "Acute leukaemia: outside IPSS-M, made for a model of your own.",
               Alteration("FLT3", protein_change="ITD", vaf=0.36, origin="somatic"),
               _mutation("NPM1", "p.W288fs", 0.4), _mutation("DNMT3A", "p.R882C", 0.44), tumour="AML",
               age_years=54, sex="female",
               labs={"haemoglobin_g_dl": 8.4, "platelets_10e9_l": 51, "wbc_10e9_l": 88, "marrow_blasts_percent": 76},
               findings={"ipssr_cytogenetics": "good"}),
    ]  # fmt: skip


def sample_patients() -> list[PatientProfile]:
    """Every patient that ships, in the order of the picker."""
    return [*solid_patients(), *score_patients(), *blood_patients(), *later_samples()]


def write_patients(folder: Path) -> list[Path]:
    """Write one JSON file per patient, named by its id; files of patients that are gone are removed."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for profile in sample_patients():
        path = folder / f"{profile.patient_id}.json"
        path.write_text(write_profile(profile) + "\n", encoding="utf-8")
        written.append(path)
    for path in sorted(folder.glob("S-*.json")):
        if path not in written:
            path.unlink()
    return written
