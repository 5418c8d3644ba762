"""truth, sanity, lessons: how far explanations of a model can be trusted, and the cases that teach it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from explainers import truth as known_truth
from explainers.commands.plain import to_json
from explainers.commands.sources import ROOT, open_bundle, patient
from explainers.commands.tables import columns
from explainers.lessons import World, answer, read_lessons
from explainers.sanity import probe, sanity_checks
from oncology.errors import OncologyError

__all__ = ["lessons", "sanity", "truth"]


class NoTruthError(OncologyError, LookupError):
    """A model whose explanations were never held against a truth."""


class NoLessonError(OncologyError, ValueError):
    """A folder without a lesson, or with lessons that cannot be used."""


def truth(args: argparse.Namespace) -> str:
    """What was measured of a model's explanations against a known truth."""
    bundle = open_bundle(args.bundle)
    report = known_truth.read_truth_report(bundle)
    if report is None:
        raise NoTruthError(
            f"For {bundle.manifest.title} no truth is known to hold its explanations against. The verb sanity asks what can "
            "be asked of any model."
        )
    if args.json:
        return to_json(report)
    return "\n".join(
        [
            f"{bundle.manifest.title}: explanations against the truth, measured {report.date}",
            *known_truth.summary(report),
            "",
            *columns(known_truth.recovery_table(report)),
            "",
            *columns(known_truth.trap_table(report)),
            "",
            f"{report.patients}. {report.seeds}. {report.machine}.",
        ]
    )


def sanity(args: argparse.Namespace) -> str:
    """Whether explanations depend on what a model has learnt, and whether it treats made-up patients alike."""
    bundle = open_bundle(args.bundle)
    option = bundle.options[bundle.option_index(args.option or bundle.options[0])]
    checks = sanity_checks(bundle, option, method=args.method, seed=args.seed)
    found = probe(bundle, option, seed=args.seed)
    if args.json:
        kept: list[dict[str, Any]] = [
            {
                "kind": c.kind,
                "likeness": c.likeness,
                "refit": c.refit,
                "n_patients": c.n_patients,
                "n_models": c.n_models,
                "verdict": c.verdict,
            }
            for c in checks
        ]
        off = {"probe": found, "loss": found.loss, "verdict": found.verdict}
        return to_json(
            {"bundle": bundle.name, "bundle_sha256": bundle.sha256, "option": option, "checks": kept} | off
        )
    return "\n".join([*(c.words() for c in checks), found.words()])


def lessons(args: argparse.Namespace) -> str:
    """Read the lessons of a folder and compute every answer, so that a teacher sees what learners will be told."""
    folder = Path(args.folder) if args.folder else ROOT / "sample_data" / "lessons"
    found, problems = read_lessons(folder)
    if problems or not found:
        raise NoLessonError(
            " ".join(problems) or f"{folder.name} holds no lesson: no file that ends in .toml."
        )
    lines, content = [], []
    for lesson in found:
        bundle = open_bundle(lesson.bundle)
        lines.append(f"{lesson.title} ({lesson.path.name})")
        for q in lesson.questions:
            world = World(
                bundle,
                patient,
                q.patient or lesson.patient,
                q.option or lesson.option,
                lesson.truth,
                lesson.effects,
            )
            told = answer(lesson, q, world)
            right = q.choices[told.right].text
            lines += [f"  {q.key}: {q.text}", f"    right: {right}", f"    {told.words}"]
            content.append(
                {
                    "lesson": lesson.key,
                    "question": q.key,
                    "right": right,
                    "value": told.value,
                    "reveal": told.words,
                }
            )
    return to_json({"lessons": content}) if args.json else "\n".join(lines)
