"""What was measured of a model's explanations against a known truth: a small file beside the bundle."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from oncology.errors import OncologyError

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = [
    "FORMAT",
    "Figure",
    "MethodRecovery",
    "TrapReading",
    "TruthFileError",
    "TruthReport",
    "model_fingerprint",
    "read_truth_report",
    "truth_path",
]

FORMAT = 1
_FILES = ("estimators", "cohort", "background")
Figure = tuple[float, float, float]  # value, low and high end of the 95 % interval; NaN where there is none


class TruthFileError(OncologyError, ValueError):
    """A truth file that cannot be used: broken, or measured on another model."""


@dataclass(frozen=True, slots=True)
class MethodRecovery:
    """How near one method comes to the truth, and to what the model itself does.

    Parameters
    ----------
    method : str
        Key, followed by the background where it is not the method's usual one.
    label : str
    scope : {"patient", "model"}
        Whether it explains single patients or the model over all of them.
    effects_truth, effects_model : Figure
        Rank correlation, over the alterations of an option, of the mean share among carriers with their true effect
        and with the model's own change when the alteration is taken away; mean over options.
    top_truth : Figure
        Share of the five alterations with the largest shares that are among the five with the largest true effect.
    patient_truth, patient_model : Figure
        Share of the five largest inputs of a single patient that are among the five truly (or for the model) largest.
    """

    method: str
    label: str
    scope: Literal["patient", "model"]
    effects_truth: Figure
    effects_model: Figure
    top_truth: Figure
    patient_truth: Figure
    patient_model: Figure


@dataclass(frozen=True, slots=True)
class TrapReading:
    """What one method shows where something was planted.

    trap : short key; figure : what is measured, in words; truth : what it would be if the method read the truth.
    """

    trap: str
    method: str
    label: str
    figure: str
    value: Figure
    truth: float


@dataclass(frozen=True, slots=True)
class TruthReport:
    """All that was measured for one model.

    bundle_sha256 : the bundle it was measured on; model : fingerprint of its files, inputs and options, which other words
    in the manifest leave as it is.
    """

    bundle: str
    bundle_sha256: str
    model: str
    date: str
    machine: str
    seeds: str
    patients: str
    recovery: tuple[MethodRecovery, ...]
    traps: tuple[TrapReading, ...]
    left_out: tuple[str, ...] = ()

    def to_json(self) -> str:
        """As text, unknown figures as null."""
        content = {"glassboard_truth": FORMAT} | dataclasses.asdict(self)
        return json.dumps(_plain(content), indent=1, ensure_ascii=False, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> TruthReport:
        """Read what `to_json` wrote.

        Raises
        ------
        TruthFileError
            If it is something else.
        """
        try:
            content = json.loads(text)
            version = content.pop("glassboard_truth")
            if version != FORMAT:
                raise TruthFileError(
                    f"The truth file is of format {version}; this version reads {FORMAT}. Measure it again."
                )
            recovery = tuple(MethodRecovery(**_figures(r)) for r in content.pop("recovery"))
            traps = tuple(TrapReading(**_figures(t)) for t in content.pop("traps"))
            left_out = tuple(content.pop("left_out"))
            return cls(recovery=recovery, traps=traps, left_out=left_out, **content)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            if isinstance(error, TruthFileError):
                raise
            raise TruthFileError(
                f"The truth file cannot be read ({type(error).__name__}). Measure it again, or delete it."
            ) from error


def model_fingerprint(bundle: ModelBundle) -> str:
    """Hash of the model itself: its file, its patients, its inputs and options; no word about it."""
    named = {n: h for n, h in bundle.manifest.files.items() if n.partition(".")[0] in _FILES}
    content = [bundle.schema.fingerprint, list(bundle.options), sorted(named.items())]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def truth_path(bundle_folder: Path) -> Path:
    """Where the truth file of a bundle lies: beside its folder, so that the bundle's own hash stays."""
    return bundle_folder.parent / f"{bundle_folder.name}.truth.json"


def read_truth_report(bundle: ModelBundle) -> TruthReport | None:
    """What was measured for exactly this model; None where nothing was.

    Raises
    ------
    TruthFileError
        If the file is broken or belongs to another version of the model.
    """
    path = truth_path(bundle.path)
    if not path.is_file():
        return None
    report = TruthReport.from_json(path.read_text(encoding="utf-8"))
    if report.model != model_fingerprint(bundle):
        raise TruthFileError(
            f"The truth file beside this model was measured on another version of it ({report.bundle_sha256[:12]}, and "
            f"this one is {bundle.sha256[:12]}), so its figures are not shown. Measure again."
        )
    return report


def _figures(row: dict[str, Any]) -> dict[str, Any]:
    return {
        k: tuple(math.nan if x is None else float(x) for x in v) if isinstance(v, list) else v
        for k, v in row.items()
    }


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, float):
        return round(value, 4) if math.isfinite(value) else None
    return value
