"""Gene panels: by name, as far as the patients at hand tell what they cover, or from a file that lists their genes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from oncology.errors import OncologyError
from oncology.intake.germline_hiding import hidden_findings
from oncology.patients import PatientProfile
from oncology.vocabulary.genes import GENES, GeneTable

__all__ = ["PanelFileError", "named_panels", "read_panel"]

# The largest panels list some thousands of genes.
_MOST_BYTES = 1_000_000


class PanelFileError(OncologyError, ValueError):
    """A file that does not list the genes of a panel."""


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


def read_panel(path: str | Path, genes: GeneTable = GENES) -> tuple[str, frozenset[str]]:
    """Name and genes of a panel file: cBioPortal's ``data_gene_panel_*.txt``, or genes parted by blanks or commas.

    Old symbols become current ones; lines that begin with ``#`` are remarks.

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
    return fields.get("stable_id", place.stem).strip(), frozenset(g.symbol for g in read)
