"""Gene panels: by name, as far as the patients at hand tell what they cover, or from a file that lists their genes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from oncology.errors import OncologyError
from oncology.intake.germline_hiding import hidden_findings
from oncology.intake.report import ImportEntry, ReadResult, safe
from oncology.patients import PatientProfile
from oncology.vocabulary.genes import GENES, GeneTable

__all__ = ["PanelFile", "PanelFileError", "named_panels", "read_panel", "with_panel"]

# The largest panels list some thousands of genes.
_MOST_BYTES = 1_000_000
# Unknown names told in a sentence; the report lists all.
_MOST_NAMED = 8
_NOT_COUNTED = "the file tells for itself what was assayed, so the named genes were not needed"


class PanelFileError(OncologyError, ValueError):
    """A file that does not list the genes of a panel."""


@dataclass(frozen=True, slots=True)
class PanelFile:
    """A panel as its file lists it.

    Parameters
    ----------
    name : str
    written : tuple of str
        Genes as they stand in the file, each once.
    genes : frozenset of str
        Current symbols; a name that is no known symbol stays as it is written.
    """

    name: str
    written: tuple[str, ...]
    genes: frozenset[str]


def named_panels(profiles: Iterable[PatientProfile]) -> dict[str, frozenset[str]]:
    """Genes of each panel that is named by a patient with known assayed genes.

    A name under which patients have different genes is left out: it would be a guess which of them is meant. So are
    patients with a germline finding, whose assayed genes may hold more than the panel.

    Examples
    --------
    >>> a = PatientProfile("a", panel="Hotspot 2", assayed_genes=frozenset({"EGFR", "KRAS"}))
    >>> {name: sorted(genes) for name, genes in named_panels([a, PatientProfile("b", panel="Other")]).items()}
    {'Hotspot 2': ['EGFR', 'KRAS']}
    """
    found: dict[str, set[frozenset[str]]] = {}
    for p in profiles:
        if p.panel and p.assayed_genes and not p.germline_withheld and not hidden_findings(p):
            found.setdefault(p.panel, set()).add(p.assayed_genes)
    return {name: next(iter(genes)) for name, genes in sorted(found.items()) if len(genes) == 1}


def read_panel(path: str | Path, genes: GeneTable = GENES) -> PanelFile:
    """A panel file: cBioPortal's ``data_gene_panel_*.txt``, or genes parted by blanks or commas.

    Old symbols become current ones; lines that begin with ``#`` are remarks. What became of each name is told by
    `with_panel` in the report of the patients read with it.

    Raises
    ------
    PanelFileError
        Where the file cannot be read, lists nothing, or lists names that are no genes (the first ones are told).
    """
    place = Path(path)
    try:
        if place.stat().st_size > _MOST_BYTES:
            raise PanelFileError(
                f"{place.name} is larger than any list of genes. Expected a text of gene symbols."
            )
        text = place.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise PanelFileError(
            f"{place.name} cannot be read as text. Expected a list of gene symbols."
        ) from None
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    fields = dict(line.split(":", 1) for line in lines if re.match(r"\w+\s*:", line))
    listed = fields.get("gene_list", " ".join(line for line in lines if ":" not in line))
    read = [genes.resolve(name) for name in re.split(r"[\s,;]+", listed) if name]
    strange = [g.written for g in read if g.status in ("unknown", "ambiguous")]
    # A list of the genes of a large panel has some that our table lacks; a list of other words has little else.
    if not read or len(strange) > len(read) / 2:
        few = f": {', '.join(strange[:5])} {'is' if len(strange) == 1 else 'are'} none" if strange else ""
        raise PanelFileError(
            f"{place.name} lists {len(read)} names, of which {len(strange)} are no known genes{few}. Expected gene symbols, "
            "parted by blanks or commas, or cBioPortal's gene_list."
        )
    return PanelFile(
        fields.get("stable_id", place.stem).strip(),
        tuple(dict.fromkeys(g.written for g in read)),
        frozenset(g.symbol for g in read),
    )


def with_panel(
    result: ReadResult, panel: Collection[str] | None, name: str | None, genes: GeneTable = GENES
) -> ReadResult:
    """The result with what became of every gene that was named as assayed; unknown ones with their reason.

    Parameters
    ----------
    panel : collection of str, optional
        As the user wrote them; None where no panel was named.
    """
    if panel is None:
        return result
    part = f"genes of the panel {safe(name)}" if name else "genes named as assayed"
    read = [genes.resolve(written) for written in sorted(set(panel))]
    symbols = {g.symbol for g in read}
    counted = any(p.assayed_genes is not None and symbols <= p.assayed_genes for p in result.profiles)
    fates: Counter[tuple[str, str, str, str, str]] = Counter()
    for gene in read:
        if not counted:
            fates["gene", "dropped", _NOT_COUNTED, "", ""] += 1
        elif gene.status in ("unknown", "ambiguous"):
            fates[
                safe(gene.written), "ambiguous", _why(gene.others), safe(gene.written), safe(gene.symbol)
            ] += 1
        elif gene.symbol != gene.written:
            also = f"; it has also meant {' or '.join(sorted(gene.others)[:4])}" if gene.others else ""
            why = f"an old or other symbol; the current one is used{also}"
            fates[safe(gene.written), "normalised", why, safe(gene.written), gene.symbol] += 1
        else:
            fates["gene", "used", "", "", ""] += 1
    entries = tuple(
        ImportEntry(part, element, fate, reason, found, became, n)  # type: ignore[arg-type]
        for (element, fate, reason, found, became), n in fates.items()
    )
    strange = [e.found for e in entries if e.fate == "ambiguous"]
    notes = result.report.notes
    if strange:
        listed = ", ".join(strange[:_MOST_NAMED]) + (
            f" and {len(strange) - _MOST_NAMED} more, in the report" if len(strange) > _MOST_NAMED else ""
        )
        notes += (
            f"Of the {len(read)} {part}, {len(strange)} are no known symbols and were kept as written: {listed}.",
        )
    report = replace(
        result.report,
        held={**result.report.held, part: len(read)},
        entries=(*result.report.entries, *entries),
        notes=notes,
    )
    return ReadResult(result.profiles, report)


def _why(others: Collection[str]) -> str:
    if others:
        return f"may mean {' or '.join(sorted(others)[:4])}; kept as written, so none of these counts as assayed by it"
    return "no symbol of the gene table; kept as written, so only an input of this very name counts as assayed by it"
