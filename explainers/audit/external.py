"""A cohort from outside: patients and their outcomes from files, and what a model says of them."""

from __future__ import annotations

import hashlib
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from explainers.audit.data import AuditData, of_cohort
from explainers.audit.errors import AuditError, NoOutcomesError
from explainers.audit.matching import few
from oncology.counts import count_words
from oncology.intake import read_patients
from oncology.patients import PatientProfile
from oncology.training import profiles as study_profiles
from oncology.training.responses import read_responses
from oncology.training.study import Study, read_study
from oncology.vocabulary import tumour_name
from oncology.vocabulary.tumours import is_within

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["OutsideCohort", "against", "of_profiles", "read_cohort", "read_uploaded"]

STUDIES = Path(__file__).resolve().parents[2] / "sample_data" / "studies"
# A row that knows less than this is like many others by chance.
_FEWEST_KNOWN = 3


@dataclass(frozen=True, eq=False)
class OutsideCohort:
    """Patients with outcomes, not yet held against any model.

    Parameters
    ----------
    profiles : tuple of PatientProfile, (n,)
    outcomes : DataFrame (n, options)
        1 responded, 0 did not, NaN not known; index = patient ids.
    name : str
    notes : tuple of str
        How it was read, and what was not used.
    setting : {"clinic", "laboratory", ""}
        Where outcomes were seen; "" where nothing tells.
    """

    profiles: tuple[PatientProfile, ...]
    outcomes: pd.DataFrame
    name: str
    notes: tuple[str, ...] = ()
    setting: str = ""

    def __len__(self) -> int:
        return len(self.profiles)

    @cached_property
    def fingerprint(self) -> str:
        """Hash of patients and outcomes, in hexadecimal."""
        digest = hashlib.sha256("\n".join(p.fingerprint for p in self.profiles).encode())
        digest.update("\n".join(map(str, self.outcomes.columns)).encode())
        digest.update(self.outcomes.to_numpy(dtype=np.float64).tobytes())
        return digest.hexdigest()


def of_profiles(profiles: Sequence[PatientProfile], name: str, notes: Sequence[str] = ()) -> OutsideCohort:
    """The patients among profiles whose outcome under an option is recorded.

    Raises
    ------
    NoOutcomesError
        If none has one.
    """
    known = tuple(p for p in profiles if p.outcome is not None and p.outcome.response is not None)
    if not known:
        raise NoOutcomesError(
            f"{name}: {len(profiles)} patient{'' if len(profiles) == 1 else 's'}, none with an outcome. A table needs a "
            "column 'option' (what was given) and a column 'response' (yes or no); a study file can name other columns."
        )
    said = [*notes]
    if len(known) < len(profiles):
        said.append(
            f"{len(profiles) - len(known):,} of {len(profiles):,} patients have no outcome and were left out."
        )
    options = sorted({p.outcome.option for p in known if p.outcome is not None})
    outcomes = pd.DataFrame(np.nan, index=pd.Index([p.patient_id for p in known]), columns=options)
    for p in known:
        assert p.outcome is not None and p.outcome.response is not None
        outcomes.loc[p.patient_id, p.outcome.option] = float(p.outcome.response)
    return OutsideCohort(known, outcomes, name, tuple(said))


def read_cohort(
    path: str | Path, *, study: str | Path | None = None, mapping: str | Path | None = None
) -> OutsideCohort:
    """Patients with outcomes from a file or a folder.

    Parameters
    ----------
    path : a table, a project JSON, or the folder of a study
    study : a study file (TOML) that says where patients and outcomes stand, or the name of one that ships. Where
        none is given and the folder holds the tables that a shipped study names, that one is used, and said.
    mapping : a mapping file (TOML) for a table with columns of its own names

    Raises
    ------
    NoOutcomesError, OncologyError
    """
    place = Path(path)
    if not place.exists():
        raise AuditError(f"There is no file or folder {place.name!r}. Check the path given as data.")
    if study is not None:
        return _of_study(_study_file(study), place if place.is_dir() else place.parent, ())
    if mapping is None:
        folder = place if place.is_dir() else place.parent
        fitting = _fitting(folder, place)
        if len(fitting) == 1:
            note = f"Read as the study file {fitting[0].name} says, which names the tables found in {place.name}."
            return _of_study(fitting[0], folder, (note,))
        if len(fitting) > 1:
            names = ", ".join(f.stem for f in fitting)
            raise AuditError(
                f"Several study files fit the folder {folder.name!r}: {names}. Name one as the study."
            )
    result = read_patients(place, mapping=mapping)
    counts = result.report.counts()
    lost = {k: counts.get(k, 0) for k in ("dropped", "ambiguous")}
    notes = [f"{n:,} elements of {place.name} were {k} by the import." for k, n in lost.items() if n]
    return of_profiles(result.profiles, place.name, notes)


def _study_file(given: str | Path) -> Path:
    path = Path(given)
    if path.is_file():
        return path
    shipped = {f.stem: f for f in _shipped()}
    if str(given) in shipped:
        return shipped[str(given)]
    raise AuditError(f"There is no study file {str(given)!r}. Those that ship: {', '.join(shipped)}.")


def _shipped() -> list[Path]:
    """The study files that ship; other descriptions lie in the same folder."""
    return [
        f for f in sorted(STUDIES.glob("*.toml")) if "study" in tomllib.loads(f.read_text(encoding="utf-8"))
    ]


def _fitting(folder: Path, place: Path) -> list[Path]:
    """Shipped study files whose outcomes and patients are both in the folder, and the file asked for among them."""
    found = []
    for file in _shipped():
        study = read_study(file)
        tables = (folder / study.outcomes_table, folder / study.patients_path)
        if all(t.exists() for t in tables) and (place.is_dir() or place in tables):
            found.append(file)
    return found


def _of_study(file: Path, folder: Path, notes: Sequence[str]) -> OutsideCohort:
    study: Study = read_study(file)
    everybody = {p.patient_id: p for p in study_profiles(study, folder)}
    responses = read_responses(study, folder)
    y = responses.y[responses.y.notna().any(axis=1)]
    known = [i for i in y.index if i in everybody]
    if not known:
        raise NoOutcomesError(
            f"None of the {len(y)} patients with an outcome in {study.outcomes_table} is among the {len(everybody)} "
            "patients read."
        )
    said = [*notes, f"Who counts as a responder: {study.responder.words()}."]
    if len(known) < len(y):
        said.append(f"{len(y) - len(known):,} outcomes belong to nobody among the patients read.")
    said += [f"{option}: left out, {why}." for option, why in list(responses.left_out.items())[:5]]
    title = str(study.about.get("title", study.about["name"]))
    setting = str(study.about.get("setting", "clinic"))
    name = f"{folder.name} ({title})"
    return OutsideCohort(tuple(everybody[i] for i in known), y.loc[known], name, tuple(said), setting)


def read_uploaded(
    files: Sequence[tuple[str, bytes]], *, told: tuple[str, bytes] | None = None
) -> OutsideCohort:
    """As `read_cohort`, for files that came through a browser.

    Parameters
    ----------
    files : names and contents that belong together
    told : name and content of a study file or a mapping file

    The files lie in a private temporary folder while they are read, and are deleted before this returns.
    """
    if not files:
        raise AuditError("No file was given.")
    with tempfile.TemporaryDirectory(prefix="glassboard-") as private:
        folder = Path(private) / "cohort"
        folder.mkdir(mode=0o700)
        for name, data in files:
            (folder / Path(name).name).write_bytes(data)
        place = folder / Path(files[0][0]).name if len(files) == 1 else folder
        if told is None:
            found = read_cohort(place)
        else:
            file = Path(private) / Path(told[0]).name
            file.write_bytes(told[1])
            is_study = b"[study]" in told[1]
            found = read_cohort(place, **{"study" if is_study else "mapping": file})
    name = files[0][0] if len(files) == 1 else f"{len(files)} uploaded files"
    return replace(found, name=name)


def against(
    bundle: ModelBundle, cohort: OutsideCohort, *, options: Mapping[str, str] | None = None
) -> AuditData:
    """What a model says of the cohort, beside what was observed.

    Where both know one option only, under different names, they are held against each other, and the notes say so.

    Raises
    ------
    NoOutcomesError
        If the cohort knows no outcome of the model's options.
    """
    renamed, notes = dict(options or {}), [*cohort.notes]
    theirs = [str(c) for c in cohort.outcomes.columns]
    known = {o.casefold() for o in bundle.options} | {bundle.label(o).casefold() for o in bundle.options}
    if not renamed and len(theirs) == len(bundle.options) == 1 and theirs[0].casefold() not in known:
        renamed = {theirs[0]: bundle.options[0]}
        notes.append(
            f"The outcomes of {theirs[0]!r} are held against {bundle.label(bundle.options[0])!r}, the model's only option."
        )
    notes += _beyond(bundle, cohort)
    data = of_cohort(
        bundle, cohort.profiles, cohort.name, outcomes=cohort.outcomes, options=renamed, notes=notes
    )
    said, is_warning = _seen_in_training(bundle, data)
    if is_warning:
        return replace(data, warning=said)
    return replace(data, notes=(*data.notes, said)) if said else data


def _beyond(bundle: ModelBundle, cohort: OutsideCohort) -> list[str]:
    """What the model was not made for: tumour types, and the place where outcomes were seen."""
    said = []
    meant = set(bundle.manifest.tumours) or {
        level for f in bundle.schema.features if f.reads.field == "tumour" for level in f.levels
    }
    other = [
        p.tumour
        for p in cohort.profiles
        if p.tumour is not None and not any(is_within(p.tumour, m) for m in meant)
    ]
    if meant and other:
        names = few([tumour_name(t) for t in sorted(set(other))])
        said.append(
            f"{count_words(len(other), of=len(cohort)).capitalize()} of {len(cohort):,} patients have a tumour that the model was not made for ({names}). What it "
            "says of them reaches beyond what it was made from."
        )
    if cohort.setting and cohort.setting != bundle.manifest.setting:
        where = {"clinic": "seen in treated patients", "laboratory": "measured on cells in the laboratory"}
        said.append(
            f"The outcomes of this cohort were {where[cohort.setting]}; those of the model were "
            f"{where[bundle.manifest.setting]}. These are different questions."
        )
    return said


def _seen_in_training(bundle: ModelBundle, data: AuditData) -> tuple[str, bool]:
    """Whether the cohort is from outside at all: rows that a training patient has to the last digit; and if that is grave."""
    if bundle.formula is not None:
        return (
            "A published formula does not carry the patients it was made from. If these are among them, the figures here "
            "flatter it."
        ), False
    if bundle.training is None:
        return "", False
    theirs, ours = (t.to_numpy(dtype=np.float64) for t in (data.X, bundle.training.X))
    known = {row.tobytes() for row in np.nan_to_num(ours, nan=-1e300)}
    enough = (~np.isnan(theirs)).sum(axis=1) >= _FEWEST_KNOWN
    rows = np.nan_to_num(theirs, nan=-1e300)
    same = sum(bool(e) and row.tobytes() in known for e, row in zip(enough, rows, strict=True))
    if not same:
        return "", False
    many = f"{count_words(same, of=len(data)).capitalize()} of these {len(data):,} patients"
    if same < len(data) / 2:
        return (
            f"{many} have the very inputs of a training patient: by chance, or because the model "
            "has seen them."
        ), False
    return (
        f"{many} have the very inputs of a training patient: the model has most likely seen "
        "them, and the figures here flatter it. This is no external validation."
    ), True
