"""What a bundle tells of its making: training patients, validation, the performance its manifest holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explainers.card.entries import Metric, Said, Statement, new_said
from explainers.card.patients import demographics, shares
from explainers.model_words import performance_words
from oncology.counts import count_words
from oncology.recommendations import MIN_SUPPORT
from oncology.vocabulary import tumour_name

if TYPE_CHECKING:
    from oncology.bundles import Manifest, ModelBundle
    from oncology.performance import OptionPerformance

__all__ = ["made", "metrics"]


def made(bundle: ModelBundle) -> Said:
    """Statements about training, validation and performance by (field, part)."""
    m, said = bundle.manifest, new_said()
    training = m.training
    if source := training.get("source"):
        said["training_data", "source"].append(Statement(str(source), "manifest"))
        said["provenance", "provenance"].append(Statement(str(source), "manifest"))
    if rule := training.get("responder_rule"):
        said["output_definition", "definition"].append(
            Statement(f"{str(rule)[:1].upper()}{str(rule)[1:]}.", "manifest")
        )
    n = training.get("n_patients")
    if isinstance(n, int):
        kind = "synthetic patients" if m.synthetic else "patients"
        said["training_data", "size"].append(Statement(f"{n:,} {kind}.", "manifest"))
    if m.performance:
        said["training_data", "size"] += [Statement(_events(m, p), "manifest") for p in m.performance]
    if tumours := sorted({t for counts in m.support.values() for t in counts if t}):
        seen = ", ".join(tumour_name(t) for t in tumours)
        said["intended_patients", "tumours"].append(Statement(f"Training patients had: {seen}.", "computed"))
    if bundle.training is not None and "site" in bundle.training.groups:
        said["training_data", "sites"].append(
            Statement(f"{shares(bundle.training.groups['site'])}.", "computed")
        )
    said["demographics", "training"] += [Statement(words, "computed") for words in demographics(bundle)]
    if folds := training.get("folds"):
        said["validation", "scheme"].append(
            Statement(
                f"{folds}-fold cross-validation on the training patients: each is predicted by a model that had not seen them.",
                "manifest",
            )
        )
    if "seed" in training:
        said["validation", "seeds"].append(Statement(f"Seed {training['seed']}.", "manifest"))
    _performance(m, said)
    _abstention(bundle, said)
    _privacy(bundle, said)
    return said


def _events(m: Manifest, p: OptionPerformance) -> str:
    hits = count_words(p.n_events, of=p.n)
    return f"{m.label(p.option)}: {count_words(p.n)} patients {m.words.had_it}, {hits} of them {m.words.responded}."


def _performance(m: Manifest, said: Said) -> None:
    found = m.performance
    if not found:
        return
    said["internal_performance", "discrimination"].append(Statement(performance_words(m), "computed"))
    for p in found:
        label = m.label(p.option)
        said["internal_performance", "discrimination"].append(
            Statement(
                f"{label}: AUC {p.auc:.2f} (95 % interval {p.auc_low:.2f} to {p.auc_high:.2f}).", "manifest"
            )
        )
        said["internal_performance", "calibration"].append(
            Statement(
                f"{label}: slope {p.calibration_slope:.2f}, intercept {p.calibration_intercept:+.2f} of the answer before "
                "calibration (1 and 0 would need none).",
                "manifest",
            )
        )
        said["internal_performance", "overall"].append(
            Statement(
                f"{label}: Brier score {p.brier:.3f}; {p.brier_base_rate:.3f} for giving everybody the average.",
                "manifest",
            )
        )
    better = [p for p in found if p.brier < p.brier_base_rate]
    words = (
        f"Against giving everybody the average of an option, the squared error is smaller for {len(better)} of {len(found)} "
        f"option{'s' if len(found) > 1 else ''}."
    )
    if worse := [m.label(p.option) for p in found if p not in better]:
        words += f" No better: {', '.join(worse)}."
    said["comparator", "simple"].append(Statement(words, "computed"))


def metrics(bundle: ModelBundle) -> tuple[Metric, ...]:
    """The numbers of the manifest, each with its interval where it has one."""
    found = []
    for p in bundle.manifest.performance:
        label = bundle.manifest.label(p.option)
        found.append(Metric("usefulness", f"AUC, {label}", p.auc, p.auc_low, p.auc_high, 95))
        found.append(Metric("usefulness", f"Brier score, {label}", p.brier))
        found.append(Metric("safety", f"Calibration slope before calibration, {label}", p.calibration_slope))
    return tuple(found)


def _abstention(bundle: ModelBundle, said: Said) -> None:
    rules = []
    if any(f.missing == "refuse" for f in bundle.schema.features):
        rules.append("a required input is not known")
    if bundle.manifest.support:
        rules.append(
            f"fewer than {MIN_SUPPORT} training patients of the patient's tumour type {bundle.manifest.words.had_it}"
        )
    words = f"No answer where {' or where '.join(rules)}." if rules else "It answers every patient."
    said["abstention", "rule"].append(Statement(words, "computed"))
    coverage = (
        "None: the range of a score is no interval of error."
        if bundle.is_score
        else "Nominally 95 %, of what the method above says; the true chance of one patient lies outside more often."
    )
    said["uncertainty", "coverage"].append(Statement(coverage, "computed"))


def _privacy(bundle: ModelBundle, said: Said) -> None:
    m = bundle.manifest
    if m.format == "formula":
        words = "The bundle holds no patient: coefficients and published averages alone."
    else:
        rows = m.reference.get("n")
        held = [
            f"{rows:,} training rows to compare with"
            if isinstance(rows, int)
            else "training rows to compare with"
        ]
        if "cohort.parquet" in m.files:
            held.append("all training patients with inputs, outcomes and groups")
        of = (
            "Invented patients. " if m.synthetic else "Rows of patients: keep it as the data they came from. "
        )
        words = f"{of}The bundle holds {' and '.join(held)}."
    said["provenance", "privacy"].append(Statement(words, "computed"))
