"""What the pickers offer: model bundles and patients, those that ship and those of one's own folders."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import streamlit as st

from oncology.errors import OncologyError
from oncology.intake.germline_hiding import without_germline
from oncology.patients import PatientProfile
from oncology.vocabulary import tumour_name
from pages.parts import startup

if TYPE_CHECKING:
    from oncology.bundles import Manifest, ModelBundle
    from oncology.intake import ReadResult

log = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[2]
_LOOK_AGAIN_SECONDS = 2.0
Where = Literal["sample", "own", "session"]
WHERE_WORDS: dict[Where, str] = {"sample": "sample", "own": "your folder", "session": "this session"}


@dataclass(frozen=True)
class BundleChoice:
    """A bundle that can be picked: its manifest, or why it has none that can be read.

    Parameters
    ----------
    key : str
        The folder's name, unique among the choices; safe to stand in a URL.
    path : Path
    where : {"sample", "own"}
    sha256 : str
        Hash of the manifest's bytes; empty where there is none.
    manifest : Manifest or None
    error : str
        Why the manifest cannot be read, in words for the screen; empty where it can.
    """

    key: str
    path: Path
    where: Where
    sha256: str
    manifest: Manifest | None
    error: str = ""

    @property
    def tumours(self) -> tuple[str, ...]:
        """OncoTree codes the model is meant for: those it was trained on; empty where it names none."""
        if self.manifest is None:
            return ()
        if self.manifest.tumours:
            return self.manifest.tumours
        counted = {code for by_tumour in self.manifest.support.values() for code in by_tumour if code}
        read = [f.get("levels", ()) for f in self.manifest.schema if f["reads"].get("field") == "tumour"]
        return tuple(sorted(counted)) or tuple(code for levels in read for code in levels)

    @property
    def label(self) -> str:
        """The model's own title, and whose folder it comes from where that is not the sample's."""
        title = self.manifest.title if self.manifest is not None else f"{self.key} (cannot be opened)"
        return title if self.where == "sample" else f"{title} · {WHERE_WORDS[self.where]}"


@dataclass(frozen=True, eq=False)
class PatientChoice:
    """A patient that can be picked.

    Parameters
    ----------
    key : str
        ``where:patient_id``, unique among the choices; stays on this machine.
    where : {"sample", "own", "session"}
    """

    key: str
    where: Where
    profile: PatientProfile

    @cached_property
    def label(self) -> str:
        """Id, tumour and the first alterations, as the picker shows them; germline findings are never named."""
        found = [a.name for a in self.profile.alterations if a.origin != "germline"]
        none = "no alteration recorded" if not self.profile.alterations else "no tumour alteration recorded"
        more = f" +{len(found) - 2}" if len(found) > 2 else ""
        parts = [without_germline(self.profile).patient_id]
        if self.where == "session":
            parts.append("this session")
        if self.profile.tumour is not None:
            parts.append(tumour_name(self.profile.tumour))
        parts.append(", ".join(found[:2]) + more if found else none)
        return " · ".join(parts)

    @property
    def in_url(self) -> bool:
        """Whether the id may stand in a URL: sample patients only, never a real one."""
        return self.where == "sample" and self.profile.synthetic


@dataclass(frozen=True, eq=False)
class OwnPatients:
    """What one's own patient files gave: profiles, the import's report, or why it could not be read."""

    path: Path
    choices: tuple[PatientChoice, ...] = ()
    result: ReadResult | None = None
    error: str = ""


def own_folder(variable: str, default: str) -> Path:
    """A path of the user's from the environment, seen from the project's folder where it is relative."""
    return ROOT / (os.environ.get(variable) or default)


def sample_folder() -> Path:
    """Where the sample data lie."""
    return ROOT / "sample_data"


def bundles() -> tuple[BundleChoice, ...]:
    """Every bundle there is: the sample's first, then those of ``GLASSBOARD_BUNDLES``."""
    return _bundles(own_folder("GLASSBOARD_BUNDLES", "local/bundles"), _tick())


def _tick() -> int:
    """Number that moves on when it is time to look at the disk again; a page asks many times per run what is offered."""
    return int(time.monotonic() / _LOOK_AGAIN_SECONDS)


@lru_cache(maxsize=8)
def _bundles(own: Path, tick: int) -> tuple[BundleChoice, ...]:
    folders: list[tuple[Where, Path]] = [("sample", p) for p in _bundle_folders(sample_folder() / "bundles")]
    folders += [("own", p) for p in _bundle_folders(own)]
    return _bundle_choices(tuple((where, str(p), _stamp(p / "manifest.json")) for where, p in folders))


def _rank_first(choice: BundleChoice) -> tuple[bool, int]:
    """Order of the picker: the sample's before one's own, models of many options before single scores."""
    return choice.where != "sample", -len(choice.manifest.options) if choice.manifest is not None else 0


def _bundle_folders(folder: Path) -> list[Path]:
    if (folder / "manifest.json").is_file():
        return [folder]
    return sorted(p.parent for p in folder.glob("*/manifest.json")) if folder.is_dir() else []


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_mtime_ns, status.st_size


@st.cache_resource(max_entries=4, show_spinner=False)
def _bundle_choices(found: tuple[tuple[Where, str, tuple[int, int]], ...]) -> tuple[BundleChoice, ...]:
    choices: dict[str, BundleChoice] = {}
    for where, folder, _ in found:
        path = Path(folder)
        key = path.name if path.name not in choices else f"{path.name}-{where}"
        while key in choices:
            key += "+"
        choices[key] = _bundle_choice(key, path, where)
    return tuple(sorted(choices.values(), key=_rank_first))


def _bundle_choice(key: str, path: Path, where: Where) -> BundleChoice:
    from oncology.bundles.manifest import read_manifest

    try:
        manifest, sha256 = read_manifest(path)
        return BundleChoice(key, path, where, sha256, manifest)
    except OncologyError as error:
        return BundleChoice(key, path, where, "", None, str(error))


def open_bundle(choice: BundleChoice) -> ModelBundle:
    """The bundle behind a choice, loaded once per process and content; treat it as read-only.

    Raises
    ------
    OncologyError
        If it is not trusted, was changed, or does not fit this version; the text says what to do.
    """
    return _open(str(choice.path), choice.sha256)


@st.cache_resource(max_entries=8, show_spinner="Opening the model")
def _open(path: str, sha256: str) -> ModelBundle:
    from oncology import bundles

    bundle = bundles.load(Path(path))
    startup.freeze()
    threading.Thread(target=_ready, args=(bundle,), name="ready-trees", daemon=True).start()
    return bundle


_SECONDS_TO_WARM_UP = 180.0
_margins: dict[str, Callable[[Any], Any]] = {}


def fast_margin(bundle: ModelBundle) -> Callable[[Any], Any] | None:
    """The tree engine's twin of `bundle.margin`, a few times faster on a hundred rows.

    None until it is ready, and for models that have no exact tree form.
    """
    return _margins.get(bundle.sha256)


def _ready(bundle: ModelBundle) -> None:
    """Convert the models of a bundle in the background, so that no click waits for it; after the first paint."""
    if not startup.warmed.wait(_SECONDS_TO_WARM_UP) or not bundle.estimators:
        return
    from explainers import families
    from explainers.trees import from_bundle
    from explainers.trees.errors import TreeEngineError

    for option in bundle.options:
        families.tree_form(bundle, option)
    # For exclusive classes the engine gives scores before the softmax, which are other numbers.
    if bundle.output_kind == "classes":
        return
    try:
        _margins[bundle.sha256] = from_bundle(bundle).predict
    except TreeEngineError:
        log.info("%s has no exact tree form; its own predict is used", bundle.name)
    startup.freeze()


def sample_patients() -> tuple[PatientChoice, ...]:
    """The synthetic patients that ship."""
    return _samples(sample_folder() / "patients", _tick())


@lru_cache(maxsize=2)
def _samples(folder: Path, tick: int) -> tuple[PatientChoice, ...]:
    files = sorted(folder.glob("*.json")) if folder.is_dir() else []
    if not files:
        return ()
    return _sample_patients(tuple((str(p), *_stamp(p)) for p in files))


@st.cache_resource(max_entries=2, show_spinner=False)
def _sample_patients(files: tuple[tuple[str, int, int], ...]) -> tuple[PatientChoice, ...]:
    from oncology.intake import read_patients

    profiles = [p for name, *_ in files for p in read_patients(Path(name)).profiles]
    return tuple(PatientChoice(f"sample:{p.patient_id}", "sample", p) for p in profiles)


def own_patients() -> OwnPatients:
    """The patients of ``GLASSBOARD_PATIENTS`` (a file or a folder), with the report of their import."""
    return _own(own_folder("GLASSBOARD_PATIENTS", "local/patients"), _tick())


@lru_cache(maxsize=8)
def _own(path: Path, tick: int) -> OwnPatients:
    if not path.exists():
        return OwnPatients(path)
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    return _own_patients(str(path), tuple((str(p), *_stamp(p)) for p in files))


@st.cache_resource(max_entries=2, show_spinner="Reading the patients")
def _own_patients(path: str, files: tuple[tuple[str, int, int], ...]) -> OwnPatients:
    if not files:
        return OwnPatients(Path(path))
    from oncology.intake import read_patients

    try:
        result = read_patients(Path(path))
    except OncologyError as error:
        return OwnPatients(Path(path), error=str(error))
    choices = tuple(PatientChoice(f"own:{p.patient_id}", "own", p) for p in result.profiles)
    return OwnPatients(Path(path), choices, result)
