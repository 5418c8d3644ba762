"""Where a patient and a model come from: two facts that every screen and document states side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from oncology.bundles import Manifest, ModelBundle
    from oncology.patients import PatientProfile

__all__ = ["GERMLINE_WITHHELD", "OriginKind", "model_origin", "origin_kind", "origin_words", "patient_origin"]


class HasManifest(Protocol):
    """A bundle, or the choice of one that has not been opened yet."""

    @property
    def manifest(self) -> Manifest: ...


GERMLINE_WITHHELD = (
    "a germline finding is left out; for the model, the genes that could hold it count as not assayed"
)
OriginKind = Literal["synthetic", "mixed", "research"]


def patient_origin(profile: PatientProfile | None) -> str:
    """Where a patient comes from; only a profile that says so itself is synthetic."""
    if profile is None:
        return "no patient is open"
    return "patient: synthetic" if profile.synthetic else "patient: real or of unknown origin"


def model_origin(manifest: Manifest | None) -> str:
    """What a model was made from, by its manifest."""
    if manifest is None:
        return "no model is open"
    if manifest.format == "formula":
        return "model made from: a published formula"
    return f"model made from: {'synthetic' if manifest.synthetic else 'real'} patients"


def origin_words(bundle: ModelBundle | None, profile: PatientProfile | None) -> tuple[str, ...]:
    """Both facts in words, the patient first; neither is inferred from the other.

    Returns
    -------
    tuple of str
        ``("patient: synthetic", "model made from: real patients")`` and the like, without a full stop; a third one
        where germline findings were left out of the profile.
    """
    both = patient_origin(profile), model_origin(None if bundle is None else bundle.manifest)
    if profile is not None and profile.germline_withheld:
        return *both, GERMLINE_WITHHELD
    return both


def origin_kind(bundle: HasManifest | None, profile: PatientProfile | None) -> OriginKind:
    """How the label is coloured: "synthetic" where nothing real is shown, "mixed" where one of the two is synthetic.

    A published formula is neither: it takes the kind of its patient.
    """
    invented_patient = profile is not None and profile.synthetic
    if bundle is None or bundle.manifest.format == "formula":
        return "synthetic" if invented_patient else "research"
    invented_model = bundle.manifest.synthetic
    if profile is None or invented_patient == invented_model:
        return "synthetic" if invented_model else "research"
    return "mixed"
