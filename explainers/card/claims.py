"""What is claimed of a model beside what was shown: on whom, by whom, and what its outcome is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explainers.card.entries import Claim

if TYPE_CHECKING:
    from oncology.bundles import DeveloperCard, Manifest, ModelBundle, ReportedStudy

__all__ = ["claims", "validation_words"]


def claims(bundle: ModelBundle, card: DeveloperCard | None) -> tuple[Claim, ...]:
    """The strip: own patients, patients of others, prospective, randomised, and what the outcome is not."""
    studies = _trusted(card)
    external = [s for s in studies if s.external]
    prospective = [s for s in studies if s.design == "prospective"]
    randomised = [s for s in studies if s.design == "randomised"]
    own = _own_patients(
        bundle.manifest, [s for s in studies if s.design == "retrospective" and not s.external]
    )
    return (
        Claim("retrospective", "Looking back, on its own patients", own, not own.startswith("None")),
        Claim(
            "external",
            "On patients of others",
            _studies(external) or "Not externally validated.",
            bool(external),
        ),
        Claim("prospective", "Looking forward", _studies(prospective) or "None reported.", bool(prospective)),
        Claim(
            "randomised", "In a randomised trial", _studies(randomised) or "None reported.", bool(randomised)
        ),
        Claim("outcome", "What it predicts is not", outcome_words(bundle), True),
    )


def validation_words(card: DeveloperCard | None) -> str:
    """The header's word on external validation; words outside the bundle's hash cannot change it."""
    external = [s for s in _trusted(card) if s.external]
    if not external:
        words = "Not externally validated"
        if card is not None and not card.covered and any(s.external for s in card.studies):
            words += "; a card that the bundle's hash does not cover reports a test, which does not count"
        return words
    counted = [s.n_patients for s in external]
    known = sum(n for n in counted if n is not None)
    # Patients of several studies may be the same people.
    n = (
        f", {known:,} patients"
        if len(external) == 1 and known
        else f" in {len(external)} studies"
        if len(external) > 1
        else ""
    )
    designs = " and ".join(dict.fromkeys(s.design for s in external))
    return f"Tested on patients of others according to its developer ({designs}{n}); nothing of it was checked here"


def outcome_words(bundle: ModelBundle) -> str:
    """What a good answer must not be taken for."""
    m = bundle.manifest
    if m.setting == "laboratory":
        return "Sensitivity of cells outside the body is not response of a patient, and response is not survival."
    if m.output_kind == "risk_groups":
        return "Risk is not the effect of a therapy: a high score does not say what would help."
    if m.output_kind == "score":
        return "A score is not a probability, response is not survival, and an association is not an effect."
    if m.output_kind == "classes":
        return "A likely class is not a likely benefit, and an association is not an effect."
    return "Response is not survival, and what goes with an option in past patients is not the effect of giving it."


def _trusted(card: DeveloperCard | None) -> tuple[ReportedStudy, ...]:
    return card.studies if card is not None and card.covered else ()


def _own_patients(m: Manifest, reported: list[ReportedStudy]) -> str:
    words = []
    if m.performance:
        n = m.training.get("n_patients")
        who = f"{n:,} patients" if isinstance(n, int) else "the patients"
        words.append(f"Cross-validated on {who} it was made from.")
        if m.synthetic:
            words.append("They are invented: this says nothing of real patients.")
    if reported:
        words.append(_studies(reported))
    return " ".join(words) or "None recorded in the bundle."


def _studies(studies: list[ReportedStudy]) -> str:
    return " ".join(study_words(s) for s in studies)


def study_words(study: ReportedStudy) -> str:
    """One reported study in a sentence.

    Examples
    --------
    >>> from oncology.bundles import ReportedStudy
    >>> study_words(ReportedStudy("retrospective", True, 754, "another group", "C-index 0.75."))
    'Retrospective, 754 patients of others, tested by another group: C-index 0.75.'
    """
    of = " of others" if study.external else ""
    n = (
        f", {study.n_patients:,} patients{of}"
        if study.n_patients
        else f", number of patients{of} not reported"
    )
    by = f", tested by {study.tested_by}" if study.tested_by else ""
    result = f": {study.result.rstrip('.')}." if study.result else "."
    source = f" {study.source.rstrip('.')}." if study.source else ""
    return f"{study.design.capitalize()}{n}{by}{result}{source}"
