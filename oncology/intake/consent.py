"""What a patient's consent allows to leave this screen."""

from __future__ import annotations

from oncology.errors import OncologyError
from oncology.patients import PatientProfile

__all__ = ["ExportRefusedError", "export_refusal"]


class ExportRefusedError(OncologyError, PermissionError):
    """The patient's consent does not allow anything of them to be saved."""


def export_refusal(profile: PatientProfile) -> str:
    """Why nothing of a patient may be exported, in words for the screen; empty where it may.

    Examples
    --------
    >>> export_refusal(PatientProfile("a", consent="research"))
    ''
    >>> export_refusal(PatientProfile("a", consent="none"))
    'Nothing of this patient can be saved or exported: the recorded consent is "none".'
    """
    if profile.consent != "none":
        return ""
    return 'Nothing of this patient can be saved or exported: the recorded consent is "none".'
