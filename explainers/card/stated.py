"""What a bundle's manifest and its structure say of the model: identity, use, inputs and outputs, upkeep."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explainers.card.entries import Said, Speaker, Statement, new_said
from explainers.model_words import output_words
from oncology.patients import PatientProfile
from oncology.vocabulary import tumour_name

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["stated"]

# Fields of a profile that mark persons or where they are treated; a model that reads one should say why.
_SENSITIVE = {"sex": "sex", "age_years": "age", "ancestry": "ancestry", "site": "treating site"}
_FORMATS = {
    "formula": "A published formula: plain numbers, which cannot run code.",
    "skops": "skops: only known types are constructed, and no code of the file's choosing runs.",
    "joblib": "joblib: opening it can run any code; it opens only where the user has trusted its hash.",
}


def stated(bundle: ModelBundle) -> Said:
    """Statements of the manifest, and what follows from the schema and the files, by (field, part)."""
    m, said = bundle.manifest, new_said()

    def say(field: str, part: str, *texts: str, by: Speaker = "manifest") -> None:
        said[field, part] += [Statement(text, by) for text in texts if text]

    say("identity", "name", f"{m.title} ({m.name})" if m.title != m.name else m.title)
    say("identity", "version", m.version)
    say("identity", "hash", bundle.sha256, by="computed")
    say("identity", "date", m.date)
    say("identity", "licence", m.licence)
    say("developer", "developer", m.developer)
    say("intended_use", "use", m.intended_use)
    say("intended_users", "users", m.intended_users)
    say("intended_patients", "tumours", ", ".join(tumour_name(t) for t in m.tumours))
    say("out_of_scope", "scope", m.out_of_scope)
    say("risks", "risks", *m.limits)
    say("missing_data", "handling", m.missing_values)
    say("sources", "citations", *m.citations)
    if m.format == "joblib":
        say(
            "risks", "failures",
            "The model file can run any code when it is opened; it opens only where the user has trusted its hash.",
            by="computed",
        )  # fmt: skip
    _outputs(bundle, said)
    _inputs(bundle, said)
    _model(bundle, said)
    _keeping(bundle, said)
    return said


def _outputs(bundle: ModelBundle, said: Said) -> None:
    m = bundle.manifest
    labels = ", ".join(m.label(o) for o in bundle.options)
    n = len(bundle.options)
    if bundle.is_score:
        what = f"{labels}: a score of each patient"
    elif m.output_kind == "classes":
        what = f"Which of {n} classes that exclude each other: {labels}"
    else:
        outcome = m.outcome or "respond"
        after = "under each of" if n > 1 else "under"
        what = f"Whether {m.words.alike} {outcome} {after} {f'{n} options: ' if n > 1 else ''}{labels}"
    said["output_definition", "outcome"].append(Statement(what + ".", "manifest"))
    scale = output_words(m)
    if bundle.is_score and bundle.formula is not None and bundle.formula.categories:
        scale += f"; groups: {', '.join(bundle.formula.categories)}"
    said["output_definition", "scale"].append(Statement(f"{scale[0].upper()}{scale[1:]}.", "computed"))
    if m.words.banner:
        said["output_definition", "scale"].append(Statement(m.words.banner, "computed"))
    kinds = {
        "probabilities": f"A prediction: one number from 0 to 1 for each of {n} option{'s' if n > 1 else ''}, with its interval.",
        "classes": f"A prediction: numbers from 0 to 1 for {n} classes that exclude each other, summing to 1.",
        "score": "A prediction: one score.",
        "risk_groups": "A prediction: one score, and the risk group it falls in.",
    }
    said["output_type", "type"].append(Statement(kinds[m.output_kind], "computed"))


def _inputs(bundle: ModelBundle, said: Said) -> None:
    features = bundle.schema.features
    groups: dict[str, list[str]] = {}
    for f in features:
        unit = f" ({f.unit})" if f.unit else ""
        groups.setdefault(f.group or "other", []).append(f"{f.label}{unit}")
    for group, labels in groups.items():
        said["inputs", "list"].append(Statement(f"{group}, {len(labels)}: {', '.join(labels)}.", "computed"))
    refused = [f.label for f in features if f.missing == "refuse"]
    imputed = [f.label for f in features if f.missing == "impute"]
    optional = len(features) - len(refused) - len(imputed)
    words = [f"Required, {len(refused)}: {', '.join(refused)}." if refused else "No input is required."]
    if imputed:
        words.append(f"Replaced by a stated value where unknown, {len(imputed)}: {', '.join(imputed)}.")
    if optional:
        words.append(f"{optional} may be unknown.")
    said["inputs", "missing"].append(Statement(" ".join(words), "computed"))
    read = {_SENSITIVE[f.reads.field] for f in features if f.reads.field in _SENSITIVE}
    used = [word for word in _SENSITIVE.values() if word in read]
    unused = [word for word in _SENSITIVE.values() if word not in read]
    sentence = f"Inputs: {', '.join(used)}." if used else "None among the inputs."
    if unused:
        sentence += f" Not read: {', '.join(unused)}."
    said["sensitive", "variables"].append(Statement(sentence, "computed"))


def _model(bundle: ModelBundle, said: Said) -> None:
    m = bundle.manifest
    if bundle.formula is not None:
        link = (
            "passed through the logistic function" if bundle.formula.link == "logistic" else "taken as it is"
        )
        words = f"A published formula: a weighted sum of {len(bundle.formula.variables)} variables, {link}."
    else:
        named = str(
            m.training.get("estimator")
            or " or ".join(sorted({type(e).__name__ for e in bundle.estimators.values()}))
        )
        each = (
            "one model for each option" if m.output_kind == "probabilities" else "one model for all classes"
        )
        words = f"{named}, {each}." if len(bundle.options) > 1 else f"{named}."
    said["model", "class"].append(Statement(words, "computed"))
    if bundle.calibration is None:
        again = "Not recalibrated: the score is shown as published."
    elif m.output_kind == "classes":
        again = "Recalibrated by one temperature for all classes, fitted on out-of-fold answers."
    else:
        again = "Recalibrated: each option's answer passes one logistic map (Platt), fitted on out-of-fold answers."
    said["imbalance", "recalibrated"].append(Statement(again, "computed"))


def _keeping(bundle: ModelBundle, said: Said) -> None:
    m = bundle.manifest
    said["security", "security"].append(
        Statement(f"{_FORMATS[m.format]} Every file is hashed before it is opened.", "computed")
    )
    versions = ", ".join(f"{name} {version}" for name, version in m.library_versions.items())
    if versions:
        said["components", "components"].append(
            Statement(f"Libraries it was built with: {versions}.", "manifest")
        )
        said["reproducibility", "environment"].append(Statement(versions, "manifest"))
    elif m.format == "formula":
        said["components", "components"].append(Statement("None: the formula's numbers alone.", "computed"))
        said["reproducibility", "environment"].append(
            Statement(
                "The formula's numbers are in the bundle; no other library decides its answer.", "computed"
            )
        )
    said["uncertainty", "method"].append(Statement(interval_words(bundle), "computed"))
    if m.synthetic:
        said["provenance", "provenance"].append(
            Statement("Every training patient is invented by a program.", "manifest")
        )


def interval_words(bundle: ModelBundle) -> str:
    """What the interval of this bundle covers, as it stands beside every prediction."""
    from oncology.prediction import predict

    return predict(bundle, PatientProfile("nobody")).interval_meaning
