"""VCF 4.x with VEP (CSQ) or SnpEff (ANN) annotation, read line by line."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from oncology.intake.draft import PatientDraft, clean_id
from oncology.intake.errors import BrokenFileError
from oncology.intake.opening import GivenFile, GivenFolder
from oncology.intake.options import Options
from oncology.intake.report import Ledger, ReadResult
from oncology.intake.structural import GeneHit, StructuralAllele, StructuralAlleles, is_structural
from oncology.intake.variants import RawVariant, tell_variant
from oncology.patients import Origin
from oncology.vocabulary.consequences import consequence, severity

__all__ = ["read"]

_TUMOUR = re.compile(r"(?i)tumou?r|somatic|metast|primary|(?:^|[_.-])t\d*$")
_NORMAL = re.compile(r"(?i)normal|germline|blood|control|(?:^|[_.-])n\d*$")
_ANN = (
    "Allele",
    "Consequence",
    "IMPACT",
    "SYMBOL",
    "Gene",
    "Feature_type",
    "Feature",
    "BIOTYPE",
    "Rank",
    "HGVSc",
    "HGVSp",
)


# Carried by this share of a population or more, a variant is a polymorphism.
COMMON = 0.01
_POPULATION = ("gnomADe_AF", "gnomADg_AF", "gnomAD_AF", "MAX_AF", "AF", "ExAC_AF")


@dataclass(slots=True)
class _Header:
    samples: list[str] = field(default_factory=list)
    info: str = ""
    fields: dict[str, int] = field(default_factory=dict)
    derived: tuple[str, str] | None = None
    build: str = ""


def read(given: GivenFile | GivenFolder, options: Options) -> ReadResult:
    """The patient of an annotated VCF file.

    Raises
    ------
    BrokenFileError
        Without a header line, without annotation, or where a line has too few columns.
    """
    if isinstance(given, GivenFolder):
        raise BrokenFileError(given.name, "a folder", "a VCF is one file", "Name the file itself.")
    ledger = Ledger()
    lines = given.lines()
    header = _header(given, lines)
    tumour, normal = _columns(header, ledger)
    name = header.samples[tumour] if tumour is not None else "patient"
    draft = PatientDraft(clean_id(name) or "patient")
    part = f"alternative alleles of {given.label}"
    structural = StructuralAlleles(draft, part, options, ledger)
    for number, line in enumerate(lines, start=1):
        if line and not line.startswith("#"):
            cells = line.split("\t")
            if len(cells) < 8:
                raise BrokenFileError(
                    given.name,
                    "a VCF file",
                    f"data line {number} has {len(cells)} columns instead of 8 or more",
                    "Transfer it again.",
                )
            _line(cells, header, tumour, normal, draft, part, options, ledger, structural)
            if options.progress and number % 20_000 == 0:
                # How many there are is not known before the end: the share comes ever closer to one.
                options.progress(number / (number + 50_000), f"{number:,} lines read")
    structural.finish()
    if options.panel is not None:
        draft.assay(options.panel)
        ledger.note(
            f"Assayed genes: the panel you named{f' ({options.panel_name})' if options.panel_name else ''}."
        )
    else:
        ledger.note(
            "Assayed genes: not known; a VCF lists variants, not what was covered. Name the panel to change this."
        )
    source = given.source("vcf", named=False)
    return ReadResult((draft.finish(source, ledger),), ledger.report(source))


def _header(file: GivenFile, lines):  # type: ignore[no-untyped-def]
    header = _Header()
    for line in lines:
        if line.startswith("##INFO=<ID=CSQ"):
            found = re.search(r"Format:\s*([^\">]+)", line)
            if found:
                header.info = "CSQ"
                header.fields = {n.strip(): i for i, n in enumerate(found.group(1).strip().split("|"))}
        elif line.startswith("##INFO=<ID=ANN") and header.info != "CSQ":
            header.info, header.fields = "ANN", {n: i for i, n in enumerate(_ANN)}
        elif line.startswith("##PEDIGREE"):
            derived, original = re.search(r"Derived=([^,>]+)", line), re.search(r"Original=([^,>]+)", line)
            if derived and original:
                header.derived = (derived.group(1), original.group(1))
        elif line.startswith("##reference") or line.startswith("##assembly"):
            header.build = line.partition("=")[2][:40]
        elif line.startswith("#CHROM"):
            header.samples = line.rstrip().split("\t")[9:]
            break
        elif line and not line.startswith("#"):
            raise BrokenFileError(
                file.name, "a VCF file", "the line #CHROM is missing above the data", "Export it again."
            )
    else:
        raise BrokenFileError(
            file.name, "a VCF file", "it ends before the line #CHROM", "Transfer the file again."
        )
    if not header.info or "SYMBOL" not in header.fields:
        raise BrokenFileError(
            file.name, "a VCF file", "its variants carry no annotation by VEP (CSQ) or SnpEff (ANN), so no gene is known",
            "Annotate it with VEP or SnpEff, and read the result.",
        )  # fmt: skip
    return header


def _columns(header: _Header, ledger: Ledger) -> tuple[int | None, int | None]:
    """Which sample column is the tumour, which the normal tissue."""
    names = header.samples
    if not names:
        ledger.note("The file has no sample column: every allele is taken as found, without fraction.")
        return None, None
    if header.derived and set(header.derived) <= set(names):
        tumour, normal = names.index(header.derived[0]), names.index(header.derived[1])
        ledger.note("Tumour and normal column: from the PEDIGREE line of the file.")
        return tumour, normal
    if len(names) == 1:
        return 0, None
    normals = [i for i, n in enumerate(names) if _NORMAL.search(n)]
    tumours = [i for i, n in enumerate(names) if _TUMOUR.search(n) and i not in normals]
    if len(tumours) == 1 or (len(names) == 2 and len(normals) == 1):
        tumour = tumours[0] if len(tumours) == 1 else 1 - normals[0]
        rest = [i for i in normals if i != tumour] or ([1 - tumour] if len(names) == 2 else [])
        ledger.note(f"Tumour column: number {tumour + 1} of {len(names)}, by its name.")
        return tumour, rest[0] if rest else None
    ledger.note(
        f"The file has {len(names)} sample columns and their names do not tell which is the tumour: the last is taken, "
        "and nothing is called somatic or germline."
    )
    return len(names) - 1, None


def _line(
    cells: list[str],
    header: _Header,
    tumour: int | None,
    normal: int | None,
    draft: PatientDraft,
    part: str,
    options: Options,
    ledger: Ledger,
    structural: StructuralAlleles,
) -> None:
    alternatives = cells[4].split(",")
    ledger.hold(part, len(alternatives))
    if cells[6] not in ("PASS", ".", ""):
        words = f"did not pass the caller's filter ({cells[6][:40]})"
        ledger.add(part, "variant", "dropped", words, count=len(alternatives))
        return
    info = dict(_pair(p) for p in cells[7].split(";") if p.startswith((header.info + "=", "SOMATIC", "AF=")))
    notes = (
        [entry.split("|") for entry in info.get(header.info, "").split(",")] if header.info in info else []
    )
    keys = cells[8].split(":") if len(cells) > 8 else []
    call = _call(cells, tumour, keys)
    control = _call(cells, normal, keys)
    for number, alternative in enumerate(alternatives, start=1):
        if alternative in (".", "*", "<NON_REF>", "<*>"):
            ledger.add(part, "variant", "dropped", "no alternative allele (a reference block)")
            continue
        if call.get("GT") and not _carries(call["GT"], number):
            ledger.add(part, "variant", "dropped", "not in the tumour sample")
            continue
        origin: Origin = "unknown"
        if control.get("GT"):
            origin = "germline" if _carries(control["GT"], number) else "somatic"
        elif "SOMATIC" in info:
            origin = "somatic"
        if is_structural(alternative):
            structural.take(_structural(cells, alternative, notes, header, call, origin))
            continue
        chosen = _chosen(notes, header, cells[3], alternative, len(alternatives))
        if chosen is None:
            ledger.add(part, "variant", "dropped", "no annotation for this allele")
            continue
        _tell(chosen, header, call, number, origin, draft, part, options, ledger)


def _structural(
    cells: list[str],
    alternative: str,
    notes: list[list[str]],
    header: _Header,
    call: dict[str, str],
    origin: Origin,
) -> StructuralAllele:
    """A symbolic allele or breakend with every gene that its annotation names."""
    info = dict(_pair(p) for p in cells[7].split(";"))
    symbol = re.match(r"<(\w+)", alternative)
    kind = (symbol.group(1) if symbol else info.get("SVTYPE") or "BND").upper()
    if not symbol and ("[" in alternative or "]" in alternative):
        kind = "BND"
    at, named = header.fields.get("Consequence", -1), header.fields["SYMBOL"]
    terms: dict[str, set[str]] = {}
    for note in notes:
        if len(note) > named and note[named]:
            said = note[at] if 0 <= at < len(note) else ""
            terms.setdefault(note[named][:60], set()).update(said.split("&"))
    copies = next(
        (c for c in (call.get("CN", ""), info.get("CN", "")) if c.replace(".", "", 1).isdigit()), ""
    )
    genotype = call.get("GT", "").replace("|", "/").split("/")
    return StructuralAllele(
        name=cells[2],
        mate=info.get("MATEID", info.get("PARID", "")).split(",")[0],
        place=f"{cells[0]}:{cells[1]}",
        alternative=alternative,
        kind=kind,
        hits=tuple(GeneHit(s, frozenset(t)) for s, t in terms.items()),
        copies=float(copies) if copies else None,
        both=len(genotype) == 2 and genotype[0] == genotype[1] and genotype[0] not in ("", ".", "0"),
        origin=origin,
    )


def _pair(text: str) -> tuple[str, str]:
    key, _, value = text.partition("=")
    return key, value


def _call(cells: list[str], column: int | None, keys: list[str]) -> dict[str, str]:
    if column is None or len(cells) <= 9 + column:
        return {}
    return dict(zip(keys, cells[9 + column].split(":"), strict=False))


def _carries(genotype: str, number: int) -> bool:
    """Whether a genotype holds an allele; unknown genotypes (./.) do not rule it out."""
    if "/" not in genotype and "|" not in genotype:
        return genotype in (str(number), ".", "")
    alleles = genotype.replace("|", "/").split("/")
    return str(number) in alleles or all(a in (".", "") for a in alleles)


def _share(text: str) -> float:
    """A population frequency; of several joined by & the first; 0 where none is told."""
    try:
        return float(text.split("&")[0])
    except ValueError:
        return 0.0


def _vep_allele(reference: str, alternative: str) -> str:
    if reference[:1] == alternative[:1] and (len(reference) > 1 or len(alternative) > 1):
        return alternative[1:] or "-"
    return alternative


def _chosen(
    notes: list[list[str]], header: _Header, reference: str, alternative: str, n: int
) -> list[str] | None:
    """The annotation of an allele: the picked, else MANE, else canonical transcript, else the worst consequence."""
    wanted = {alternative, _vep_allele(reference, alternative)}
    ours = [a for a in notes if a and a[0] in wanted] or (notes if n == 1 else [])
    for name, good in (("PICK", ("1",)), ("MANE_SELECT", None), ("MANE", None), ("CANONICAL", ("YES",))):
        at = header.fields.get(name)
        if at is not None:
            picked = [a for a in ours if len(a) > at and (a[at] in good if good else a[at])]
            if picked:
                return min(picked, key=lambda a: _severity(a, header))
    return min(ours, key=lambda a: _severity(a, header), default=None)


def _severity(annotation: list[str], header: _Header) -> int:
    return severity(annotation[1]) if len(annotation) > 1 else 999


def _tell(
    chosen: list[str],
    header: _Header,
    call: dict[str, str],
    number: int,
    origin: Origin,
    draft: PatientDraft,
    part: str,
    options: Options,
    ledger: Ledger,
) -> None:
    def cell(name: str) -> str:
        at = header.fields.get(name, -1)
        return chosen[at] if 0 <= at < len(chosen) else ""

    effect = consequence(cell("Consequence"))
    symbol = cell("SYMBOL")
    if effect and effect.effect == "does not change the protein" and symbol != "TERT":
        # Most lines of a file end here; they are counted by their consequence alone.
        ledger.add(part, effect.term, "dropped", f"{effect.term} does not change the protein")
        return
    common = max((_share(cell(name)) for name in _POPULATION), default=0.0)
    if common >= COMMON:
        words = f"common in the population ({COMMON:.0%} or more): a polymorphism, no finding"
        ledger.add(
            part, f"{symbol} {cell('HGVSp') or cell('HGVSc')}", "dropped", words, found=f"{common:.2g}"
        )
        return
    depth = None
    fraction = next(
        (
            call[k].split(",")[min(number, len(call[k].split(","))) - 1]
            for k in ("AF", "VAF", "FREQ")
            if call.get(k, ".") != "."
        ),
        "",
    )
    reads = call.get("AD", "").split(",")
    if not fraction and len(reads) > number and all(r.isdigit() for r in reads):
        depth = (float(reads[number]), float(sum(map(int, reads))))
    raw = RawVariant(symbol, cell("HGVSp"), cell("HGVSc"), cell("Consequence"), origin)
    tell_variant(draft, part, raw, options.genes, ledger, fraction=fraction, depth=depth)
