"""Small tables that lie beside a MAF file: called copy number, and fusions of one patient."""

from __future__ import annotations

import re

from oncology.intake.draft import PatientDraft
from oncology.intake.opening import GivenFile
from oncology.intake.options import Options
from oncology.intake.report import Fate, Ledger
from oncology.intake.tabular import read_rows
from oncology.patients import Alteration, AlterationKind, Origin
from oncology.vocabulary.fusions import FUSION_DRIVERS

__all__ = [
    "copy_number_kind",
    "is_copy_number",
    "is_fusions",
    "read_copy_number",
    "read_fusions",
    "tell_fusion",
]

# Fewer supporting reads than this, and a fusion called from RNA alone is next to always noise.
MIN_FUSION_READS = 3
_CALLS: dict[str, AlterationKind | None] = {
    "amplification": "amplification", "amp": "amplification", "2": "amplification", "+2": "amplification",
    "high level amplification": "amplification", "deletion": "deletion", "deep deletion": "deletion", "-2": "deletion",
    "homozygous deletion": "deletion", "homdel": "deletion", "loss": None, "gain": None, "1": None, "-1": None, "0": None,
    "neutral": None, "-1.5": "deletion", "diploid": None, "shallow deletion": None, "hemizygous deletion": None,
}  # fmt: skip


def is_copy_number(header: list[str]) -> bool:
    """Whether a header (lower case) is that of a table of copy-number calls."""
    return (
        bool({"gene", "hugo_symbol"} & set(header))
        and bool({"call", "value", "cna", "copy_number"} & set(header))
        and (len(header) < 12)
    )


def is_fusions(header: list[str]) -> bool:
    """Whether a header (lower case) is that of a fusion caller such as STAR-Fusion."""
    return bool({"#fusionname", "fusionname", "fusion", "gene_fusion"} & set(header)) and bool(
        {"junctionreads", "junctionreadcount", "spanningfragcount", "leftgene", "left_gene"} & set(header)
    )


def copy_number_kind(call: str) -> tuple[AlterationKind | None, bool]:
    """Kind of a copy-number call, and whether the call is a word that is known.

    Examples
    --------
    >>> copy_number_kind("-2"), copy_number_kind("1"), copy_number_kind("Amplification"), copy_number_kind("huge")
    (('deletion', True), (None, True), ('amplification', True), (None, False))
    """
    word = call.strip().casefold()
    if re.fullmatch(r"[+-]?\d+\.0+", word):
        word = word.partition(".")[0]
    return _CALLS.get(word), word in _CALLS


def read_copy_number(file: GivenFile, draft: PatientDraft, options: Options, ledger: Ledger) -> None:
    """Add the copy-number calls of one patient."""
    table = read_rows(file)
    keys = [h.casefold() for h in table.header]
    gene_at = keys.index("gene") if "gene" in keys else keys.index("hugo_symbol")
    call_at = next(keys.index(k) for k in ("call", "value", "cna", "copy_number") if k in keys)
    part = f"rows of {file.name}"
    for row in table.rows:
        ledger.hold(part)
        gene = options.genes.resolve(row[gene_at])
        what = f"{row[gene_at]} {row[call_at]}"
        kind, known = copy_number_kind(row[call_at])
        if not row[gene_at]:
            ledger.add(part, what, "dropped", "no gene is named")
        elif not known:
            ledger.add(
                part,
                what,
                "dropped",
                "not a call that is known (-2 to 2, Amplification, Deletion)",
                patient_id=draft.patient_id,
            )
        elif kind is None:
            ledger.add(
                part, what, "dropped", "not a high-level gain or a deep loss", patient_id=draft.patient_id
            )
        else:
            fresh = draft.altered(Alteration(gene.symbol, kind, origin="somatic"))
            fate: Fate = "dropped" if not fresh else "used" if gene.status == "current" else "normalised"
            why = (
                "repeats a call"
                if not fresh
                else ""
                if gene.status in ("current", "unknown")
                else f"{gene.written} is now {gene.symbol}"
            )
            ledger.add(part, what, fate, why, became=f"{gene.symbol} {kind}", patient_id=draft.patient_id)


def read_fusions(file: GivenFile, draft: PatientDraft, options: Options, ledger: Ledger) -> None:
    """Add the fusions of one patient that have at least three supporting reads and two different genes."""
    table = read_rows(file, comment="##")
    keys = [h.casefold().lstrip("#") for h in table.header]
    name_at = next(keys.index(k) for k in ("fusionname", "fusion", "gene_fusion") if k in keys)
    support = [
        keys.index(k)
        for k in ("junctionreads", "junctionreadcount", "spanningfragcount", "spanningfragcount")
        if k in keys
    ]
    sides = [keys.index(k) for k in ("leftgene", "rightgene") if k in keys]
    part = f"rows of {file.name}"
    for row in table.rows:
        ledger.hold(part)
        genes = re.split(r"--|::", row[name_at])
        if len(genes) != 2:
            ledger.add(
                part, row[name_at], "dropped", "does not name two genes (A--B)", patient_id=draft.patient_id
            )
            continue
        reads = sum(int(row[i]) for i in dict.fromkeys(support) if row[i].isdigit())
        if support and reads < MIN_FUSION_READS:
            ledger.add(
                part,
                f"fusion with fewer than {MIN_FUSION_READS} reads",
                "dropped",
                "too few supporting reads",
                patient_id=draft.patient_id,
            )
            continue
        written = [row[i].partition("^")[0] for i in sides]
        if len(written) == 2 and {w for w in written if w} and set(written) != set(genes):
            ledger.contradiction(
                draft.patient_id,
                f"a fusion is called {row[name_at]}, but its break points lie in {written[0]} and {written[1]}",
                "the name is used",
            )
        tell_fusion(draft, part, genes[0], genes[1], options, ledger)


def tell_fusion(
    draft: PatientDraft,
    part: str,
    left: str,
    right: str,
    options: Options,
    ledger: Ledger,
    *,
    note: str = "",
    each: bool = True,
    origin: Origin = "unknown",
) -> None:
    """Add a fusion: the gene that drugs aim at first, its partner beside it; one element of `part`."""
    who = draft.patient_id if each else ""
    five, three = options.genes.resolve(left), options.genes.resolve(right)
    if not left or not right or five.symbol == three.symbol:
        only = five.symbol or three.symbol
        if not only:
            ledger.add(part, "fusion", "dropped", "no gene is named", patient_id=who)
            return
        if left and right:
            draft.altered(Alteration(only, "other", "rearrangement within the gene", origin=origin))
            ledger.add(
                part,
                f"{left}-{right}",
                "normalised",
                "both ends lie in one gene",
                became=f"{only} rearrangement",
                patient_id=who,
            )
            return
        fresh = draft.altered(Alteration(only, "fusion", origin=origin))
        reason = "one of the two genes is not named" + (f"; {note}" if note else "")
        ledger.add(part, f"{only} fusion", "ambiguous" if fresh else "dropped", reason if fresh else "repeats a fusion",
                   became=f"{only} fusion", patient_id=who)  # fmt: skip
        return
    main, other = (
        (five, three)
        if five.symbol in FUSION_DRIVERS and three.symbol not in FUSION_DRIVERS
        else (three, five)
    )
    alteration = Alteration(main.symbol, "fusion", partner=other.symbol, origin=origin)
    if not draft.altered(alteration):
        ledger.add(part, f"{left}-{right}", "dropped", "repeats a fusion of this patient", patient_id=who)
        return
    renamed = [f"{g.written} is now {g.symbol}" for g in (five, three) if g.status in ("previous", "alias")]
    reasons = "; ".join([*renamed, *([note] if note else [])])
    ledger.add(
        part,
        f"{left}-{right}",
        "normalised" if reasons else "used",
        reasons,
        became=alteration.name,
        patient_id=who,
    )
