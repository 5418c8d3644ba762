"""Genomic observations of FHIR: variants, fusions, copy number, and which genes were studied."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from oncology.intake.draft import PatientDraft
from oncology.intake.options import Options
from oncology.intake.readers.fhir.coded import code_set, components, concept_words
from oncology.intake.report import Fate, Ledger
from oncology.intake.structural import MIN_AMPLIFIED
from oncology.intake.tree import LeafTale, Path, first, many, number, text_of
from oncology.intake.variants import RawVariant, read_fraction, read_variant
from oncology.patients import Alteration, Origin
from oncology.vocabulary import NAMED_CHANGES

__all__ = ["read_region", "read_variant_observation"]

PRESENT, ABSENT = "LA9633-4", "LA9634-2"
_ORIGINS: dict[str, Origin] = {"LA6683-2": "germline", "LA6684-0": "somatic"}
_GAINS = {"SO:0001742", "SO:0001019", "LA14033-7"}
_LOSSES = {"SO:0001743"}


def _genes(component: dict[str, Any], options: Options, notes: list[str]) -> list[str]:
    """Symbols of a "gene studied" component; every coding counts, because panels list theirs in one component."""
    symbols = []
    for _, coding in many(first(component, "valueCodeableConcept"), "coding"):
        code, display = text_of(first(coding, "code")), text_of(first(coding, "display"))
        by_id = options.genes.by_hgnc_id(code)
        bare = re.sub(r"(?i)^hgnc[:#]", "", code)
        written = display or ("" if bare.isdigit() else bare)
        if not re.match(r"(?i)^hgnc:\d+$", code) and code:
            notes.append(f"gene coded as {code!r} instead of HGNC:number")
        if by_id and written and options.genes.resolve(written).symbol != by_id:
            notes.append(f"the code says {by_id}, the words say {written}; the code is used")
        symbol = by_id or (options.genes.resolve(written).symbol if written else "")
        if symbol:
            symbols.append(symbol)
        elif code:
            notes.append(f"gene code {code!r} is not in the table and has no symbol beside it")
    if not symbols:
        words = text_of(first(component, "valueCodeableConcept", "text")) or text_of(
            first(component, "valueString")
        )
        if words:
            symbols.append(options.genes.resolve(words).symbol)
    return symbols


def _hgvs(component: dict[str, Any]) -> str:
    concept = first(component, "valueCodeableConcept")
    for _, coding in many(concept, "coding"):
        for key in ("code", "display"):
            if re.search(r"[cgpnm]\.", text_of(first(coding, key))):
                return text_of(first(coding, key))
    return text_of(first(concept, "text")) or text_of(first(component, "valueString"))


def read_region(
    resource: dict[str, Any], draft: PatientDraft, options: Options, tale: LeafTale, ledger: Ledger
) -> None:
    """Genes of a region-studied observation are the assayed ones."""
    for path, codes, component in components(resource):
        if "48018-6" not in codes:
            continue
        notes: list[str] = []
        genes = _genes(component, options, notes)
        if genes:
            draft.assay(genes)
            fate: Fate = "normalised" if notes else "used"
            tale.take(path, fate, "genes studied (53041-0)", _short(notes), became=", ".join(genes)[:60])
        else:
            tale.take(path, "dropped", "genes studied (53041-0)", _short(notes) or "no gene is named")
    if draft.assayed:
        ledger.note("Assayed genes: the regions the file says were studied; other genes are not assayed.")


def _short(notes: list[str]) -> str:
    unique = list(dict.fromkeys(notes))
    return "; ".join(unique[:3]) + (f" and {len(unique) - 3} more remarks" if len(unique) > 3 else "")


def read_variant_observation(
    resource: dict[str, Any], draft: PatientDraft, options: Options, tale: LeafTale, ledger: Ledger
) -> None:
    """A variant (69548-6): altered where present, tested and absent where absent, unknown otherwise."""
    element = "variant (69548-6)"
    notes: list[str] = []
    genes: list[str] = []
    raw = {"protein": "", "coding": "", "fraction": "", "change": ""}
    copies: float | None = None
    change_codes: set[str] = set()
    origin: Origin = "unknown"
    paths: list[Path] = [("valueCodeableConcept",)]
    clinvar = ""
    for path, codes, component in components(resource):
        used = True
        if "48018-6" in codes:
            genes += _genes(component, options, notes)
        elif "48005-3" in codes:
            raw["protein"] = raw["protein"] or _hgvs(component)
        elif "48004-6" in codes:
            raw["coding"] = raw["coding"] or _hgvs(component)
        elif "81290-9" in codes:
            written = _hgvs(component)
            used = ":c." in written or written.startswith("c.")
            if used and not raw["coding"]:
                raw["coding"] = written
                notes.append("a coding change stood in the place of the genomic one")
        elif "81252-9" in codes:
            clinvar = concept_words(first(component, "valueCodeableConcept"))
            used = "p." in clinvar or "c." in clinvar
        elif "81258-6" in codes:
            value = number(first(component, "valueQuantity", "value"))
            unit = text_of(first(component, "valueQuantity", "code")) or text_of(
                first(component, "valueQuantity", "unit")
            )
            raw["fraction"] = "" if value is None else f"{value}{'%' if unit.strip() == '%' else ''}"
        elif "82155-3" in codes:
            copies = number(first(component, "valueQuantity", "value"))
            if copies is None:
                copies = number(first(component, "valueRange", "low", "value"))
        elif "48002-0" in codes:
            named = code_set(first(component, "valueCodeableConcept"))
            origin = next((_ORIGINS[c] for c in sorted(named) if c in _ORIGINS), "unknown")
        elif "48019-4" in codes:
            change_codes = code_set(first(component, "valueCodeableConcept"))
        else:
            used = False
        if used:
            paths.append(path)
    if clinvar:
        _from_clinvar(clinvar, raw, genes, options, notes)
    value = first(resource, "valueCodeableConcept")
    state = code_set(value)
    found = f"{' '.join(genes)} {raw['protein'] or raw['coding']}".strip()

    def tell(fate: Fate, reason: str, became: str = "") -> None:
        for path in paths:
            tale.take(path, fate, f"{element} {found}".strip(), reason, found=found, became=became)

    if not genes:
        tell("dropped", "no gene is named")
        return
    if ABSENT in state or concept_words(value).casefold() in ("absent", "not detected", "negative"):
        read = read_variant(RawVariant(genes[0], raw["protein"], raw["coding"]), options.genes).alteration
        name = read.name if read and read.protein_change else genes[0]
        draft.tested_absent.add(name)
        tell("used", "tested and absent", f"{name} absent")
        return
    if not (PRESENT in state or concept_words(value).casefold() in ("present", "detected", "positive")):
        draft.not_tested.update(genes)
        tell(
            "dropped",
            f"neither present nor absent ({concept_words(value) or 'no value'}); the gene is not assayed",
        )
        return
    alteration, fate = _alteration(genes, raw, copies, change_codes, origin, options, draft, ledger, notes)
    if alteration is None:
        tell(fate, _short(notes))
    elif not draft.altered(alteration):
        tell("dropped", "repeats a variant of this patient that is told already", alteration.name)
    else:
        doubtful = any(n.startswith("the code says") for n in notes)
        tell(
            "ambiguous" if doubtful else "normalised" if notes and fate == "used" else fate,
            _short(notes),
            alteration.name,
        )


def _from_clinvar(
    text: str, raw: dict[str, str], genes: list[str], options: Options, notes: list[str]
) -> None:
    """What a ClinVar name tells where the proper places are empty: NM_024675.3(PALB2):c.3549C>A (p.Tyr1183Ter)."""
    protein = re.search(r"\((p\.[^)\s]+)\)", text) or re.search(r"(p\.[A-Za-z]{1,3}\d+\S*)", text)
    coding = re.search(r"(c\.[^\s)]+)", text)
    gene = re.search(r"\(([A-Z][A-Z0-9-]+)\):", text)
    if protein and not raw["protein"]:
        raw["protein"] = protein.group(1)
        notes.append("protein change taken from the ClinVar name")
    if coding and not raw["coding"]:
        raw["coding"] = coding.group(1)
    if gene and not genes:
        genes.append(options.genes.resolve(gene.group(1)).symbol)


def _alteration(
    genes: list[str],
    raw: dict[str, str],
    copies: float | None,
    change_codes: set[str],
    origin: Origin,
    options: Options,
    draft: PatientDraft,
    ledger: Ledger,
    notes: list[str],
) -> tuple[Alteration | None, Fate]:
    unique = list(dict.fromkeys(genes))
    if len(unique) >= 2:
        return Alteration(unique[1], "fusion", partner=unique[0], origin=origin), "used"
    if copies is not None or change_codes & (_GAINS | _LOSSES):
        if copies is not None and not 0 <= copies <= 1000:
            notes.append(f"a copy number of {copies:g} cannot be")
            return None, "dropped"
        gained = copies >= MIN_AMPLIFIED if copies is not None else bool(change_codes & _GAINS)
        lost = copies < 0.5 if copies is not None else bool(change_codes & _LOSSES)
        if not (gained or lost):
            notes.append(
                f"{copies:g} copies are neither an amplification ({MIN_AMPLIFIED} or more) nor a deep loss"
            )
            return None, "dropped"
        return Alteration(
            unique[0], "amplification" if gained else "deletion", copy_number=copies, origin=origin
        ), "used"
    reading = read_variant(RawVariant(unique[0], raw["protein"], raw["coding"], origin=origin), options.genes)
    if reading.reason:
        notes.append(reading.reason)
    if reading.contradiction:
        ledger.contradiction(draft.patient_id, reading.contradiction, reading.choice)
    if reading.alteration is None:
        return None, reading.fate
    found, fate = reading.alteration, reading.fate
    if found.protein_change is None and (found.gene, raw["protein"]) in NAMED_CHANGES:
        # A class such as ITD or exon 14 skipping, which no HGVS stands for.
        found, fate = replace(found, protein_change=raw["protein"]), "normalised"
    vaf, why = read_fraction(raw["fraction"])
    if why:
        notes.append(why)
    if vaf is None:
        return found, fate
    return replace(found, vaf=vaf), fate
