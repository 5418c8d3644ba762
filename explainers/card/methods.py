"""How a bundle's answers are explained here, and what such an explanation cannot say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explainers.card.entries import Said, Statement, new_said
from explainers.families import Family, family_of

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["explained"]

_FAMILIES = {
    Family.TREES: "Shapley values of trees, computed exactly, against a named background",
    Family.ADDITIVE: "Shapley values of a sum of single terms, computed exactly, against a named background",
    Family.OTHER: "Shapley values estimated from random orders, with their standard error",
}


def explained(bundle: ModelBundle) -> Said:
    """Statements about explanations by (field, part)."""
    said = new_said()
    if bundle.formula is not None:
        methods = (
            "The formula's own terms, each weight times the difference from a cited reference; leave one out."
        )
    else:
        families = dict.fromkeys(family_of(bundle, option) for option in bundle.options)
        shapley = "; ".join(_FAMILIES[f] for f in families)
        methods = f"{shapley}; LIME; leave one out; every coalition where few inputs differ."
    said["explanations", "methods"].append(Statement(methods, "computed"))
    limits = [
        "An explanation says what moved the model's answer, not what moves a tumour: association, not cause.",
        "Inputs that go together share their part in a way that depends on the method; where methods disagree, the page "
        "Why says so.",
    ]
    said["explanations", "limits"] += [Statement(words, "computed") for words in limits]
    return said
