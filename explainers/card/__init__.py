"""The model card: all 41 fields of the checklist, from the bundle, its developer's words and what was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explainers.card.claims import claims, study_words, validation_words
from explainers.card.entries import (
    NOT_SAID,
    Claim,
    Completeness,
    Entry,
    Metric,
    ModelCard,
    Said,
    Speaker,
    Statement,
    entries_of,
    new_said,
)
from explainers.card.making import made, metrics
from explainers.card.methods import explained
from explainers.card.stated import stated
from explainers.origins import model_origin
from oncology.checklist import checklist

if TYPE_CHECKING:
    from explainers.card.measured import Measured
    from oncology.bundles import DeveloperCard, ModelBundle

__all__ = [
    "NOT_SAID",
    "Claim",
    "Completeness",
    "Entry",
    "Metric",
    "ModelCard",
    "Statement",
    "card_stamp",
    "model_card",
]

_NOT_ESTABLISHED = {("regulatory", part): "not established" for part in ("status", "reimbursement")}
# Parts that `explainers.card.measured` fills from the training patients.
_MEASURABLE = (
    ("internal_performance", "net_benefit"),
    ("subgroups", "subgroups"),
    ("explanations", "tests"),
)


def card_stamp(bundle: ModelBundle) -> str:
    """A mark that changes with the bundle and with a card.toml beside it, for whoever keeps cards."""
    from oncology.bundles import BundleError, read_card

    try:
        found = read_card(bundle.path, bundle.manifest.files)
    except (BundleError, OSError) as error:
        return f"{bundle.sha256}|{error}"
    return f"{bundle.sha256}|{'' if found is None else found.sha256}"


def model_card(bundle: ModelBundle, *, measured: Measured | None = None) -> ModelCard:
    """The card of a bundle.

    Parameters
    ----------
    bundle : ModelBundle
    measured : Measured, optional
        What `explainers.card.measured.measure` found on the training patients.

    Notes
    -----
    A ``card.toml`` that cannot be read does not stop the card: why stands in `ModelCard.problems`.
    """
    from oncology.bundles import BundleError, read_card

    problems: tuple[str, ...] = ()
    card = None
    try:
        card = read_card(bundle.path, bundle.manifest.files)
    except (BundleError, OSError) as error:
        problems = (str(error),)
    said = new_said()
    sources = [stated(bundle), made(bundle), explained(bundle), _developer(card)]
    if measured is not None:
        sources.append(measured.said)
    for source in sources:
        for key, statements in source.items():
            said[key] += statements
    m = bundle.manifest
    return ModelCard(
        m.title,
        m.name,
        m.version,
        bundle.sha256,
        model_origin(m),
        validation_words(card),
        checklist(),
        entries_of(checklist(), said, _notes(bundle, measured)),
        claims(bundle, card),
        (*metrics(bundle), *(() if measured is None else measured.metrics)),
        problems,
        None if card is None else card.sha256,
        card is not None and not card.covered,
        "" if measured is None else measured.words,
    )


def _notes(bundle: ModelBundle, measured: Measured | None) -> dict[tuple[str, str], str]:
    """What could fill a part that is empty."""
    if measured is not None or bundle.training is None:
        return _NOT_ESTABLISHED
    return _NOT_ESTABLISHED | dict.fromkeys(_MEASURABLE, "it can be measured here, on the training patients")


def _developer(card: DeveloperCard | None) -> Said:
    """The developer's statements, and the reported studies where they belong."""
    said = new_said()
    if card is None:
        return said
    by: Speaker = "card" if card.covered else "uncovered"
    for key, texts in card.statements.items():
        said[key] += [Statement(text, by) for text in texts]
    for study in card.studies:
        words = study_words(study)
        if study.external:
            said["external_performance", "results"].append(Statement(words, by))
            if study.tested_by:
                said["external_performance", "tested_by"].append(
                    Statement(f"{study.tested_by.rstrip('.')}.", by)
                )
        elif study.design == "retrospective":
            said["internal_performance", "discrimination"].append(Statement(words, by))
        if study.design == "randomised":
            said["outcome_impact", "evidence"].append(Statement(words, by))
    return said
