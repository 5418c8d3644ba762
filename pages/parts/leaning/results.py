"""What the views show: made beside the page with progress and stop, kept on disk where it takes long and holds no patient."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from explainers import kept
from oncology.errors import OncologyError
from pages.parts import library, long_work

if TYPE_CHECKING:
    from explainers.importance import Importance, ShapleySample
    from explainers.overall.beyond_chance import BeyondChance
    from explainers.overall.pairs import Pairs
    from explainers.overall.strongest_markers import Markers
    from oncology.bundles import ModelBundle
    from oncology.evidence import EvidenceStatement

__all__ = [
    "ALL",
    "chance",
    "dropped",
    "evidence",
    "important",
    "pairs",
    "sample",
    "shuffled",
    "strongest",
]

ALL = "all options"
Progress, Stop = Callable[[float], None], Callable[[], bool]


def sample(bundle: ModelBundle, option: str) -> ShapleySample | None:
    """Shapley values of 500 training patients; None while they are made. Rows of patients: never kept on disk."""

    def make(say: Callable[[float, str], None], stop: Stop) -> ShapleySample:
        from explainers.importance import shapley_sample

        return shapley_sample(bundle, option, progress=lambda share: say(share, ""), stop=stop)

    return _result("sample", f"{bundle.sha256} {option}", make, "Explaining training patients")  # type: ignore[no-any-return]


def important(bundle: ModelBundle, option: str) -> Importance | None:
    """Mean size of the Shapley values, of one option or of all together."""
    from explainers.importance import Importance, shapley_importance, shapley_sample
    from explainers.overall.summary import importance_over_options

    def make(progress: Progress, stop: Stop) -> Importance:
        if option == ALL:
            return importance_over_options(bundle, progress=progress, stop=stop)
        return shapley_importance(shapley_sample(bundle, option, progress=progress, stop=stop))

    words = "Explaining training patients"
    return _kept("importance", bundle, option, (Importance,), make, words)  # type: ignore[no-any-return]


def chance(bundle: ModelBundle, option: str) -> BeyondChance | OncologyError:
    """Which inputs are beyond chance, or why that cannot be said."""
    from explainers import stability

    # The file of shuffled trainings may come, or change, while the page is open.
    file = bundle.path / stability.FILE
    changed = file.stat().st_mtime_ns if file.is_file() else 0
    return _chance(bundle.sha256, option, changed, bundle)


@st.cache_resource(max_entries=64, show_spinner=False)
def _chance(sha256: str, option: str, changed: int, _bundle: ModelBundle) -> BeyondChance | OncologyError:
    from explainers.overall.beyond_chance import beyond_chance

    try:
        return beyond_chance(_bundle, None if option == ALL else option)
    except OncologyError as error:
        return error


def pairs(bundle: ModelBundle, option: str) -> Pairs | None:
    """The strongest pairs of inputs."""
    from explainers.overall.cooccurrence import CoOccurrence
    from explainers.overall.pairs import Pair, Pairs, strongest_pairs

    def make(progress: Progress, stop: Stop) -> Pairs:
        return strongest_pairs(bundle, option, progress=progress, stop=stop)

    return _kept("pairs", bundle, option, (Pairs, Pair, CoOccurrence), make, "Working out pairs")  # type: ignore[no-any-return]


def strongest(bundle: ModelBundle) -> Markers | None:
    """The strongest molecular input of every option."""
    from explainers.overall.directions import Direction
    from explainers.overall.strongest_markers import Marker, Markers, strongest_markers

    def make(progress: Progress, stop: Stop) -> Markers:
        return strongest_markers(bundle, progress=progress, stop=stop)

    return _kept("markers", bundle, ALL, (Markers, Marker, Direction), make, "Asking every option's model")  # type: ignore[no-any-return]


def shuffled(bundle: ModelBundle, option: str) -> Importance | None:
    """What shuffling each input costs."""
    from explainers.importance import Importance
    from explainers.shuffling import permutation_importance

    def make(progress: Progress, stop: Stop) -> Importance:
        return permutation_importance(bundle, option, progress=progress, stop=stop)

    return _kept("shuffled", bundle, option, (Importance,), make, "Shuffling every input")  # type: ignore[no-any-return]


def dropped(bundle: ModelBundle, option: str) -> Importance | None:
    """What training without each input costs."""
    from explainers.importance import Importance
    from explainers.overall.dropping import drop_column_importance

    def make(progress: Progress, stop: Stop) -> Importance:
        return drop_column_importance(bundle, option, progress=progress, stop=stop)

    return _kept("dropped", bundle, option, (Importance,), make, "Training without each input")  # type: ignore[no-any-return]


def evidence() -> tuple[EvidenceStatement, ...]:
    """The evidence table: the one that ships, or the file that GLASSBOARD_EVIDENCE names."""
    path = Path(os.environ.get("GLASSBOARD_EVIDENCE") or library.ROOT / "sample_data" / "evidence.csv")
    return _evidence(str(path), path.stat().st_mtime_ns if path.is_file() else 0)


@st.cache_resource(max_entries=4, show_spinner=False)
def _evidence(path: str, changed: int) -> tuple[EvidenceStatement, ...]:
    from oncology.evidence import read_evidence

    return read_evidence(path)


def _kept(
    kind: str,
    bundle: ModelBundle,
    option: str,
    types: tuple[type, ...],
    make: Callable[[Progress, Stop], Any],
    words: str,
) -> Any:
    def work(say: Callable[[float, str], None], stop: Stop) -> Any:
        found = kept.recall(kind, (bundle.sha256, option), types)
        if found is None:
            found = make(lambda share: say(share, ""), stop)
            if not stop():  # half a result is no result
                kept.remember(kind, (bundle.sha256, option), found)
        return found

    return _result(kind, f"{bundle.sha256} {option}", work, words)


def _result(place: str, key: str, make: long_work.Make, words: str) -> Any:
    return long_work.result(f"leaning-{place}", key, make, words)
