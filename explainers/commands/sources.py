"""What a verb is given: a bundle by path or sample name, a patient by file or sample id."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from oncology.errors import OncologyError, UnknownNameError
from oncology.intake.germline_hiding import covered_report, hidden_findings, may_show, without_germline
from oncology.patients import PatientProfile

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle
    from oncology.intake import ImportReport

__all__ = [
    "GermlineRefusedError",
    "ManyPatientsError",
    "NoSuchInputError",
    "bundle_folder",
    "open_bundle",
    "patient",
    "shown",
]

# Lines of an import's report that an answer shows beside itself.
_MOST_LINES = 12
ROOT = Path(__file__).resolve().parents[2]


class NoSuchInputError(OncologyError, LookupError):
    """Neither a file nor the name of a sample."""


class GermlineRefusedError(OncologyError, PermissionError):
    """Germline findings were asked for, and the patient's consent does not allow to show them."""

    def __init__(self, profile: PatientProfile) -> None:
        found = (
            "no consent is recorded"
            if profile.consent is None
            else f'the recorded consent is "{profile.consent}"'
        )
        super().__init__(
            f"Germline findings of this patient cannot be shown: {found}. Expected research or education; where the "
            "patient agreed, `import FILE --consent research --germline --out FILE.json` records it. Leave out "
            "--germline for an answer without them."
        )


class ManyPatientsError(OncologyError, ValueError):
    """A file with several patients, of whom one has to be named."""

    def __init__(self, name: str, ids: tuple[str, ...]) -> None:
        shown = ", ".join(ids[:8]) + (f" and {len(ids) - 8} more" if len(ids) > 8 else "")
        super().__init__(f"{name} holds {len(ids)} patients: {shown}. Name one with --patient-id.")
        self.ids = ids


def bundle_folder(given: str) -> Path:
    """The folder of a bundle given by path, or by the name of a sample bundle or one of GLASSBOARD_BUNDLES.

    Raises
    ------
    NoSuchInputError
        If it is neither; the names that exist are listed.
    """
    if Path(given).exists():
        return Path(given)
    known = {folder.name: folder for folder in _bundle_folders()}
    if given in known:
        return known[given]
    if any(sign in given for sign in ("/", "\\")):
        raise NoSuchInputError(
            f"There is no bundle folder {given!r}. Known by name: {', '.join(known) or 'none'}."
        )
    raise UnknownNameError("Bundle", given, known)


def open_bundle(given: str) -> ModelBundle:
    """The loaded bundle: hashed, audited, then constructed."""
    from oncology.bundles import load

    return load(bundle_folder(given))


def patient(given: str, patient_id: str | None = None, *, germline: bool = False) -> PatientProfile:
    """The patient of a file, or the sample patient of that id.

    Parameters
    ----------
    given : str
        A path, or the id of a sample patient or of one in GLASSBOARD_PATIENTS; enough of its beginning will do.
    patient_id : str, optional
        Which one, where the file holds several.
    germline : bool
        Whether findings called germline were asked for; without, they and what tells their gene are left out.

    Raises
    ------
    NoSuchInputError, ManyPatientsError, UnknownNameError, GermlineRefusedError, OncologyError
    """
    from oncology.intake import read_patients

    path = Path(given)
    if path.exists():
        result = read_patients(path)
        profiles = result.profiles
        ids = tuple(p.patient_id for p in profiles)
        if patient_id is not None:
            if patient_id not in ids:
                raise UnknownNameError("Patient", patient_id, ids)
        elif len(profiles) != 1:
            raise ManyPatientsError(path.name, ids)
        chosen = profiles[0] if patient_id is None else profiles[ids.index(patient_id)]
        return _told(chosen, path.name, result.report, germline)
    known: dict[str, PatientProfile] = {}
    for file in _patient_files():
        result = read_patients(file)
        for profile in result.profiles:
            if given in (profile.patient_id, file.stem) and patient_id in (None, profile.patient_id):
                return _told(profile, file.name, result.report, germline)
            known[profile.patient_id] = profile
    if path.suffix or any(sign in given for sign in ("/", "\\")):
        raise NoSuchInputError(
            f"There is no patient file {given!r}. Sample patients: {', '.join(known) or 'none'}."
        )
    starting = [i for i in known if i.casefold().startswith(given.casefold())]
    if len(starting) == 1 and patient_id in (None, starting[0]):
        return patient(starting[0], germline=germline)
    if len(starting) > 1:
        raise NoSuchInputError(
            f"{given!r} begins several patients' ids: {', '.join(starting[:12])}. Name one of them."
        )
    raise UnknownNameError("Patient", given, known)


def shown(profile: PatientProfile, *, germline: bool) -> PatientProfile:
    """What of a patient an answer may rest on: the record, or less, with a word on standard error.

    Raises
    ------
    GermlineRefusedError
        If germline findings were asked for and the recorded consent does not allow it.
    """
    if not hidden_findings(profile) or may_show(profile, asked=germline):
        return profile
    if germline:
        raise GermlineRefusedError(profile)
    print(
        "A germline finding of this patient is left out, and the genes that could hold it count as not assayed. "
        "--germline keeps it where the recorded consent is research or education.",
        file=sys.stderr,
    )
    return without_germline(profile)


def _told(profile: PatientProfile, name: str, report: ImportReport, germline: bool) -> PatientProfile:
    chosen = shown(profile, germline=germline)
    own = report.for_patient(profile.patient_id)
    _tell(
        name if chosen is profile else "the file",
        own if chosen is profile else covered_report(own, [profile]),
    )
    return chosen


def _tell(name: str, report: ImportReport) -> None:
    """Say on standard error what of a patient's file could not be used, so that no answer hides it."""
    lost = [e for e in report.entries if e.fate in ("dropped", "ambiguous")]
    for entry in lost[:_MOST_LINES]:
        found = f" {entry.found}" if entry.found else ""
        print(f"{name}: {entry.fate}: {entry.element}{found}: {entry.reason}", file=sys.stderr)
    if len(lost) > _MOST_LINES:
        print(f"{name}: {len(lost) - _MOST_LINES} more lines; the verb import lists all.", file=sys.stderr)
    for contradiction in report.contradictions[:_MOST_LINES]:
        print(f"{name}: {contradiction.what}; {contradiction.choice}", file=sys.stderr)


def _bundle_folders() -> Iterator[Path]:
    from oncology.bundles import discover

    for folder in (ROOT / "sample_data" / "bundles", *_own("GLASSBOARD_BUNDLES", "local/bundles")):
        for path, _ in discover(folder):
            yield path


def _patient_files() -> Iterator[Path]:
    yield from sorted((ROOT / "sample_data" / "patients").glob("*.json"))
    for place in _own("GLASSBOARD_PATIENTS", "local/patients"):
        if place.is_file():
            yield place
        else:
            yield from sorted(p for p in place.glob("*") if p.is_file() and not p.name.startswith("."))


def _own(variable: str, default: str) -> tuple[Path, ...]:
    """The user's own folder or file, where it exists; relative paths are seen from the project's folder."""
    place = ROOT / (os.environ.get(variable) or default)
    return (place,) if place.exists() else ()
