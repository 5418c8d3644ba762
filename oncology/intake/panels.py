"""Gene panels by name, as far as the patients at hand tell what they cover."""

from __future__ import annotations

from collections.abc import Iterable

from oncology.patients import PatientProfile

__all__ = ["named_panels"]


def named_panels(profiles: Iterable[PatientProfile]) -> dict[str, frozenset[str]]:
    """Genes of each panel that is named by a patient with known assayed genes.

    A name under which patients have different genes is left out: it would be a guess which of them is meant.

    Examples
    --------
    >>> a = PatientProfile("a", panel="Hotspot 2", assayed_genes=frozenset({"EGFR", "KRAS"}))
    >>> {name: sorted(genes) for name, genes in named_panels([a, PatientProfile("b", panel="Other")]).items()}
    {'Hotspot 2': ['EGFR', 'KRAS']}
    """
    found: dict[str, set[frozenset[str]]] = {}
    for p in profiles:
        if p.panel and p.assayed_genes:
            found.setdefault(p.panel, set()).add(p.assayed_genes)
    return {name: next(iter(genes)) for name, genes in sorted(found.items()) if len(genes) == 1}
