"""What a clinical column means by its header, and how its cells become values in our units."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from oncology.vocabulary import LABS
from oncology.vocabulary.biomarkers import Reading, read_msi, read_number, read_pdl1, read_tmb
from oncology.vocabulary.tumour_codes import tumour_from_text

__all__ = [
    "KNOWN_HEADERS",
    "PRIVATE",
    "UNKNOWN_WORDS",
    "ClinicalColumn",
    "column_of",
    "header_key",
    "read_cell",
    "unit_factor",
]

UNKNOWN_WORDS = frozenset(
    [
        "na",
        "n/a",
        "nan",
        "none",
        "null",
        ".",
        "-",
        "?",
        "unknown",
        "unk",
        "missing",
        "[not",
        "available]",
        "[not",
        "applicable]",
        "[unknown]",
        "not",
        "available",
        "not",
        "applicable",
        "not",
        "recorded",
        "notavailable",
        "declined",
        "#n/a",
    ]
) | {"not available", "not recorded", "not applicable", "[not available]", "[not applicable]", "not known"}

# Header, as `header_key` writes it -> target field. `labs.X` and `findings.X` name an entry of those mappings.
_TARGETS: dict[str, str] = {
    **dict.fromkeys(("age", "age_years", "age_at_diagnosis", "age_at_sample", "age_at_seq_reported", "current_age",
                     "age_at_surgery", "diagnosis_age", "age_at_seq_report", "age_in_years", "alter"), "age_years"),
    **dict.fromkeys(("sex", "gender", "geschlecht"), "sex"),
    **dict.fromkeys(("ancestry", "race", "ethnicity", "genetic_ancestry"), "ancestry"),
    **dict.fromkeys(("tumour", "tumor", "oncotree", "oncotree_code", "tumour_type", "tumor_type", "cancer_type",
                     "cancertype", "cancer_type_detailed", "diagnosis", "dx", "histology", "primary_diagnosis"), "tumour"),
    **dict.fromkeys(("stage", "tumour_stage", "tumor_stage", "stage_group", "ajcc_stage", "ajcc_pathologic_tumor_stage",
                     "disease_stage"), "stage"),
    **dict.fromkeys(("line", "line_of_therapy", "therapy_line", "treatment_line"), "line"),
    **dict.fromkeys(("ecog", "ecog_ps", "ps", "performance_status", "ecog_performance_status"), "ecog"),
    **dict.fromkeys(("site", "centre", "center", "hospital", "institution"), "site"),
    **dict.fromkeys(("panel", "gene_panel", "assay", "seq_assay_id"), "panel"),
    **dict.fromkeys(("sample_day", "day_of_sample", "days_to_sample"), "sample_day"),
    "consent": "consent", "note": "note", "notes": "note", "comment": "note",
    **dict.fromkeys(("tmb", "tmb_per_mb", "tmb_nonsynonymous", "tumour_mutational_burden", "tumor_mutational_burden",
                     "tmb_score", "tmb_mut_mb", "mutation_burden"), "tmb_per_mb"),
    **dict.fromkeys(("msi", "msi_type", "msi_status", "mmr", "mmr_status", "microsatellite_status"), "msi"),
    **dict.fromkeys(("pdl1", "pd_l1", "pdl1_tps", "pd_l1_tps", "pdl1_percent", "pdl1_expression"), "pdl1"),
    **dict.fromkeys(("prior_treatments", "prior_therapies", "previous_treatments", "prior_treatment"), "prior_treatments"),
    **dict.fromkeys(("treatment", "therapy", "drug", "option"), "outcome.option"),
    **dict.fromkeys(("response", "responder", "best_response"), "outcome.response"),
    **dict.fromkeys(("pfs_months", "progression_free_survival_months"), "outcome.pfs_months"),
    **dict.fromkeys(("progressed", "pfs_event", "pfs_status"), "outcome.progressed"),
    **dict.fromkeys(("albumin", "albumin_g_dl", "alb"), "labs.albumin_g_dl"),
    **dict.fromkeys(("nlr", "neutrophil_lymphocyte_ratio", "neutrophil_to_lymphocyte_ratio"), "labs.nlr"),
    **dict.fromkeys(("ldh", "ldh_u_l", "lactate_dehydrogenase"), "labs.ldh_u_l"),
    **dict.fromkeys(("haemoglobin", "hemoglobin", "hb", "hgb", "haemoglobin_g_dl", "hemoglobin_g_dl"), "labs.haemoglobin_g_dl"),
    **dict.fromkeys(("platelets", "plt", "thrombocytes", "platelets_10e9_l", "platelet_count"), "labs.platelets_10e9_l"),
    **dict.fromkeys(("neutrophils", "anc", "neutrophils_10e9_l", "absolute_neutrophil_count"), "labs.neutrophils_10e9_l"),
    **dict.fromkeys(("wbc", "white_blood_cells", "leukocytes", "leucocytes", "wbc_10e9_l", "white_blood_cell_count"),
                    "labs.wbc_10e9_l"),
    **dict.fromkeys(("marrow_blasts", "blastsbm", "bm_blasts", "bm_blast", "blasts_in_marrow", "marrow_blasts_percent"),
                    "labs.marrow_blasts_percent"),
    **dict.fromkeys(("blood_blasts", "blastspb", "pb_blasts", "pb_blast", "blasts_in_blood", "blood_blasts_percent"),
                    "labs.blood_blasts_percent"),
    **dict.fromkeys(("eln", "eln2017", "eln_risk"), "findings.eln"),
    **dict.fromkeys(("specimentype", "specimen_type", "sample_type"), "findings.specimen"),
    "cebpa_biallelic": "findings.cebpa_biallelic", "cytogenetics": "findings.cytogenetics", "cyto_ipssr": "findings.cytogenetics",
    "synthetic": "synthetic",
}  # fmt: skip

KNOWN_HEADERS = tuple(_TARGETS)

PRIVATE = re.compile(
    r"(^|_)(first|last|family|given|sur|full|patient|maiden)?_?name$|(^|_)(mrn|nhs|ssn|medical_record|insurance|passport|"
    r"national_id|social_security|accession)(_|$)|birth|(^|_)dob(_|$)|address|street|postcode|zip_?code|(^|_)city(_|$)|"
    r"phone|telephone|e_?mail|(^|_)date(_|$)|_date$|^date_|(^|_)dod(_|$)|contact|next_of_kin|physician|doctor"
)

# (target, unit as `_unit_key` writes it) -> factor into our unit. Molar mass of haemoglobin's monomer: 16.114 g/mmol.
_FACTORS: dict[tuple[str, str], float] = {
    ("labs.albumin_g_dl", "g/dl"): 1, ("labs.albumin_g_dl", "g/l"): 0.1, ("labs.albumin_g_dl", "mg/dl"): 0.001,
    ("labs.albumin_g_dl", "umol/l"): 0.00665, ("labs.haemoglobin_g_dl", "g/dl"): 1, ("labs.haemoglobin_g_dl", "g/l"): 0.1,
    ("labs.haemoglobin_g_dl", "mmol/l"): 1.6114, ("labs.ldh_u_l", "u/l"): 1, ("labs.ldh_u_l", "iu/l"): 1,
    ("labs.ldh_u_l", "ukat/l"): 60, ("age_years", "years"): 1, ("age_years", "year"): 1, ("age_years", "y"): 1,
    ("age_years", "a"): 1, ("age_years", "months"): 1 / 12, ("age_years", "mo"): 1 / 12, ("age_years", "days"): 1 / 365.25,
    ("age_years", "d"): 1 / 365.25, ("tmb_per_mb", "mut/mb"): 1, ("tmb_per_mb", "mutations/mb"): 1, ("tmb_per_mb", "/mb"): 1,
    ("tmb_per_mb", "1/mb"): 1, ("tmb_per_mb", "1/1000000"): 1, ("pdl1", "%"): 1, ("pdl1", "percent"): 1,
    ("pdl1", "fraction"): 100, ("labs.nlr", ""): 1, ("labs.nlr", "ratio"): 1, ("sample_day", "days"): 1, ("sample_day", "d"): 1,
    ("outcome.pfs_months", "months"): 1, ("outcome.pfs_months", "days"): 12 / 365.25,
    **{(f"labs.{cells}", unit): factor
       for cells in ("platelets_10e9_l", "neutrophils_10e9_l", "wbc_10e9_l")
       for unit, factor in {"10^9/l": 1, "10e9/l": 1, "109/l": 1, "x10^9/l": 1, "g/l": 1, "giga/l": 1, "10^3/ul": 1,
                            "k/ul": 1, "/nl": 1, "10e3/ul": 1, "103/ul": 1, "x10^3/ul": 1, "/ul": 0.001, "cells/ul": 0.001,
                            "10*3/ul": 1, "10*9/l": 1, "1/ul": 0.001}.items()},
    **{(f"labs.{blasts}", unit): factor
       for blasts in ("marrow_blasts_percent", "blood_blasts_percent")
       for unit, factor in {"%": 1, "percent": 1, "fraction": 100}.items()},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ClinicalColumn:
    """A column whose meaning is known: its header, the field it fills, and the factor into our unit.

    `unit` is the unit the header names, or an empty string; `factor` is None where that unit is not known.
    """

    header: str
    target: str
    unit: str
    factor: float | None


def header_key(header: str) -> str:
    """A header without case, unit and punctuation.

    Examples
    --------
    >>> header_key("Albumin (g/L)"), header_key("PD-L1 TPS [%]"), header_key("TMB (nonsynonymous)")
    ('albumin', 'pd_l1_tps', 'tmb_nonsynonymous')
    """
    bare, unit = _split_unit(header)
    if unit and not any(u == _unit_key(unit) for _, u in _FACTORS):
        bare = header
    return re.sub(r"[^a-z0-9]+", "_", bare.casefold()).strip("_")


def _split_unit(header: str) -> tuple[str, str]:
    found = re.fullmatch(r"(.*?)\s*[(\[]\s*([^()\[\]]*)\s*[)\]]\s*", header.strip())
    if found:
        return found.group(1), found.group(2)
    bare, comma, unit = header.rpartition(",")
    if comma and any(u and u == _unit_key(unit) for _, u in _FACTORS):
        return bare, unit
    return header, ""


def _unit_key(unit: str) -> str:
    text = (
        unit.strip()
        .casefold()
        .replace("µ", "u")
        .replace("μ", "u")
        .replace("⁹", "^9")
        .replace("³", "^3")
        .replace(" ", "")
    )
    text = (
        re.sub(r"(mutations|muts?|mutationen)(/|per)", "mut/", text)
        .replace("megabase", "mb")
        .replace("×", "x")
    )
    return text.removeprefix("x") if text.startswith("x10") else text


def column_of(header: str) -> ClinicalColumn | None:
    """What a header means; None where it is not a clinical column we know.

    Examples
    --------
    >>> column_of("Albumin (g/L)")
    ClinicalColumn(header='Albumin (g/L)', target='labs.albumin_g_dl', unit='g/L', factor=0.1)
    >>> column_of("favourite colour") is None
    True
    """
    bare, unit = _split_unit(header)
    target = _TARGETS.get(re.sub(r"[^a-z0-9]+", "_", bare.casefold()).strip("_"))
    if target is None:
        target, unit = _TARGETS.get(header_key(header)), ""
    if target is None:
        key = header_key(header)
        for prefix in ("labs_", "findings_"):
            if key.startswith(prefix) and (prefix == "findings_" or key.removeprefix(prefix) in LABS):
                return ClinicalColumn(header, f"{prefix[:-1]}.{key.removeprefix(prefix)}", "", 1)
        return None
    if not unit:
        return ClinicalColumn(header, target, "", 1)
    return ClinicalColumn(header, target, unit.strip(), _FACTORS.get((target, _unit_key(unit))))


def unit_factor(target: str, unit: str) -> float | None:
    """Factor from a written unit into ours; None where the unit is not known for that field."""
    return 1.0 if not unit.strip() else _FACTORS.get((target, _unit_key(unit)))


def _read_sex(text: str) -> Reading[Any]:
    word = {"f": "female", "female": "female", "w": "female", "woman": "female", "weiblich": "female", "m": "male",
            "male": "male", "man": "male", "männlich": "male"}.get(text.strip().casefold())  # fmt: skip
    if word is None:
        return Reading(
            None, "dropped", "not a word for sex (female, male); codes such as 0 and 1 need a mapping file"
        )
    return Reading(word, "used" if word == text.strip() else "normalised")


def _read_tumour(text: str) -> Reading[Any]:
    found = tumour_from_text(text)
    if found is None:
        return Reading(
            None, "dropped", "not an OncoTree code, and no tumour type that is known by these words"
        )
    if found.others:
        return Reading(found.code, "ambiguous", f"may also be {', '.join(found.others)}")
    return Reading(found.code, "used" if found.code == text.strip() else "normalised")


_TRUE = frozenset(["1", "true", "yes", "y", "t", "ja", "responder", "progressed", "1:progressed", "1:progression", "cr", "pr"]) | {
    "complete response", "partial response"
}  # fmt: skip
_FALSE = frozenset(["0", "false", "no", "n", "f", "nein", "non-responder", "nonresponder", "censored", "0:censored", "sd", "pd"]) | {
    "stable disease", "progressive disease", "no response"
}  # fmt: skip


def _read_bool(text: str) -> Reading[Any]:
    word = text.strip().casefold()
    if word in _TRUE or word == "1.0":
        return Reading(True, "used" if word in ("1", "true") else "normalised")
    if word in _FALSE or word == "0.0":
        return Reading(False, "used" if word in ("0", "false") else "normalised")
    return Reading(None, "dropped", "neither yes nor no (1, 0, true, false)")


def _read_integer(text: str) -> Reading[Any]:
    number = read_number(re.sub(r"(?i)^(ecog|ps|line)\s*", "", text))
    if number.value is None:
        return number
    if number.value != int(number.value):
        return Reading(None, "dropped", "not a whole number")
    return Reading(int(number.value), number.how, number.note)


def _read_consent(text: str) -> Reading[Any]:
    word = text.strip().casefold()
    if word in ("research", "education", "none"):
        return Reading(word, "used")
    return Reading(None, "dropped", "not one of research, education, none")


def _read_list(text: str) -> Reading[Any]:
    return Reading(tuple(w.strip() for w in re.split(r"[;|]", text) if w.strip()), "used")


def _read_text(text: str) -> Reading[Any]:
    return Reading(" ".join(text.split())[:200], "used")


_READERS: dict[str, Callable[[str], Reading[Any]]] = {
    "sex": _read_sex, "tumour": _read_tumour, "msi": read_msi, "tmb_per_mb": read_tmb, "pdl1": read_pdl1,
    "line": _read_integer, "ecog": _read_integer, "sample_day": _read_integer, "age_years": read_number,
    "consent": _read_consent, "prior_treatments": _read_list, "outcome.response": _read_bool,
    "outcome.progressed": _read_bool, "outcome.pfs_months": read_number, "synthetic": _read_bool,
}  # fmt: skip


def read_cell(column: ClinicalColumn, text: str) -> Reading[Any]:
    """The value of a cell in our unit.

    Examples
    --------
    >>> read_cell(column_of("albumin (g/L)"), "38")
    Reading(value=3.8, how='normalised', note='from g/L')
    >>> read_cell(column_of("age"), "old").how
    'dropped'
    """
    if len(text) > 2000:
        return Reading(None, "dropped", "longer than any value of this kind")
    if column.factor is None:
        return Reading(None, "dropped", f"the unit {column.unit!r} is not known for {column.target}")
    reader = read_number if column.target.startswith("labs.") else _READERS.get(column.target, _read_text)
    reading: Reading[Any] = reader(text)
    if column.factor != 1 and isinstance(reading.value, (int, float)) and not isinstance(reading.value, bool):
        note = f"from {column.unit}" + (f"; {reading.note}" if reading.note else "")
        how = "ambiguous" if reading.how == "ambiguous" else "normalised"
        return Reading(round(reading.value * column.factor, 6), how, note)  # type: ignore[arg-type]
    return reading
