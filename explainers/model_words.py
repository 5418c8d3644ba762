"""What a model is, in words: from its manifest alone, with what nobody wrote down said as such."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from oncology.vocabulary import tumour_name

if TYPE_CHECKING:
    from oncology.bundles import Manifest, ModelBundle

__all__ = ["ModelFact", "left_out_rows", "model_facts", "output_words", "performance_words"]

_OUTPUT = {
    "probabilities": "a calibrated probability for each option, independent of the others",
    "classes": "a probability for each of several exclusive classes",
    "score": "one score; it ranks patients and is no probability",
    "risk_groups": "one score with ordered risk groups; it is no probability",
}
_NOT_SAID = "not provided by the developer"


@dataclass(frozen=True, slots=True)
class ModelFact:
    """One line about a model; `known` is False where the developer left it empty."""

    label: str
    words: str
    known: bool = True


def _fact(label: str, words: str) -> ModelFact:
    return ModelFact(label, words or _NOT_SAID, bool(words))


def output_words(manifest: Manifest) -> str:
    """What the model gives, as a phrase."""
    return _OUTPUT[manifest.output_kind]


def model_facts(bundle: ModelBundle) -> tuple[ModelFact, ...]:
    """What the model is, was made from and is not for; an empty field says so."""
    m = bundle.manifest
    return (
        _fact("What it gives", output_words(m)),
        _fact("Intended use", m.intended_use),
        _fact("Out of scope", m.out_of_scope),
        _fact("Made from", _training_words(m)),
        _fact("Inputs", _input_words(bundle)),
        _fact("Unknown inputs", m.missing_values),
        _fact("Limits", " ".join(m.limits)),
        _fact("Source", " ".join(m.citations)),
        _fact("Version", f"{m.version}, built {m.date}" if m.date else m.version),
        _fact("SHA-256 of the manifest", bundle.sha256),
    )


def _training_words(m: Manifest) -> str:
    if m.format == "formula":
        return "a published formula; it was not fitted here and carries no training patients"
    parts = []
    n = m.training.get("n_patients")
    if n is not None:
        kind = "synthetic patients, invented by a program" if m.synthetic else "patients"
        parts.append(f"{n:,} {kind}")
    if m.training.get("source"):
        parts.append(str(m.training["source"]))
    tumours = sorted({t for counts in m.support.values() for t in counts if t})
    if tumours:
        parts.append("tumour types: " + ", ".join(tumour_name(t) for t in tumours))
    if m.training.get("folds"):
        parts.append(f"performance from {m.training['folds']}-fold cross-validation")
    return "; ".join(parts)


def _input_words(bundle: ModelBundle) -> str:
    groups: dict[str, int] = {}
    for f in bundle.schema.features:
        groups[f.group] = groups.get(f.group, 0) + 1
    listed = ", ".join(f"{n} {name}" for name, n in groups.items())
    return f"{len(bundle.schema.features)} inputs: {listed}"


def performance_words(manifest: Manifest) -> str:
    """How well the model tells patients apart, over its options, in two or three sentences."""
    found = manifest.performance
    if not found:
        return (
            "No performance is recorded: a published formula has to be checked on patients of one's own before its number "
            "means anything for them."
        )
    weak = [manifest.label(p.option) for p in found if not p.has_signal]
    best = max(found, key=lambda p: p.auc)
    words = f"Best for {manifest.label(best.option)}. {best.words()}"
    if weak:
        words += (
            f" For {len(weak)} of {len(found)} options the data do not show that the model tells patients apart at all: "
            f"{', '.join(weak)}."
        )
    return words


def left_out_rows(bundle: ModelBundle) -> list[dict[str, Any]]:
    """Left-out options with their reasons, one row each."""
    return [
        {"option": bundle.label(o), "why there is no model": why}
        for o, why in bundle.manifest.left_out.items()
    ]
