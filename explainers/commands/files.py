"""train, trust, import: from a study's tables to a bundle, a bundle to trust, a file to profiles."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection
from pathlib import Path

from explainers.commands.plain import as_plain, to_json
from explainers.commands.sources import bundle_folder, shown
from explainers.commands.tables import columns
from oncology.errors import OncologyError
from oncology.intake import ReadResult
from oncology.intake.consent import ExportRefusedError, export_refusal
from oncology.intake.germline_hiding import covered_report, hidden_findings, without_germline
from oncology.intake.panels import read_panel
from oncology.vocabulary.genes import GENES, GeneTable, load_hgnc

__all__ = ["UntrustableBundleError", "import_file", "train", "trust"]


class UntrustableBundleError(OncologyError, ValueError):
    """A bundle that trust would not open, because something else is wrong with it."""


def train(args: argparse.Namespace) -> str:
    """A study file and its tables become a bundle."""
    from oncology.training import train as train_study

    def say(share: float, words: str) -> None:
        sys.stderr.write(f"{share:4.0%} {words}\n")

    bundle = train_study(
        args.study, args.data, args.out, overwrite=args.overwrite, progress=None if args.quiet else say
    )
    figures = [bundle.manifest.performance_of(o) for o in bundle.options]
    if args.json:
        about = {"name": bundle.name, "sha256": bundle.sha256, "options": bundle.options}
        return to_json({"bundle": about, "performance": figures, "left_out": bundle.manifest.left_out})
    n = len(bundle.options)
    lines = [
        f"Wrote {args.out}: {bundle.manifest.title}, {n} option{'' if n == 1 else 's'}, hash {bundle.sha256[:12]}…"
    ]
    lines += columns(
        [
            {
                "option": bundle.label(o),
                "patients": p.n,
                "responders": p.n_events,
                "AUC": None if p.auc is None else f"{p.auc:.2f}",
                "95 % interval": "–" if p.auc is None else f"{p.auc_low:.2f} to {p.auc_high:.2f}",
                "signal": "yes" if p.has_signal else "none that can be told from chance",
            }
            for o, p in zip(bundle.options, figures, strict=True)
            if p is not None
        ]
    )
    lines += [f"Left out: {option}. {why}" for option, why in bundle.manifest.left_out.items()]
    return "\n".join(lines)


def trust(args: argparse.Namespace) -> str:
    """Put a bundle's hash on the user's own list, after showing what it is."""
    from oncology.bundles import TrustList, UntrustedBundleError, inspect

    folder = bundle_folder(args.bundle)
    trusted = TrustList.read()
    found = inspect(folder, trust=trusted)
    other = [fault for fault in found.faults if not isinstance(fault, UntrustedBundleError)]
    if other:
        raise UntrustableBundleError(
            "This bundle would not open even if it were trusted, so it was not put on the list. "
            + " ".join(str(fault) for fault in other)
        )
    already = found.sha256 in trusted
    if not already:
        trusted.with_bundle(found.sha256, found.manifest.name)
    result = {
        "name": found.manifest.name,
        "sha256": found.sha256,
        "list": trusted.path.name,
        "already": already,
    }
    if args.json:
        return to_json(result)
    now = "was trusted already" if already else "is trusted from now on"
    return "\n".join(
        [*inspect(folder, trust=TrustList.read()).words(), f"{found.manifest.name} ({found.sha256}) {now}, on the list {trusted.path.name}.",
         "Trust covers these bytes only: a changed file is another bundle."]
    )  # fmt: skip


def _panel(given: str | None, genes: GeneTable) -> tuple[str | None, Collection[str] | None]:
    """Name and genes of the panel that was named: a file that lists it, or genes separated by commas."""
    if given is None:
        return None, None
    if Path(given).is_file():
        found = read_panel(given, genes)
        return found.name, found.written
    return None, [g.strip() for g in given.split(",") if g.strip()]


def _shown(result: ReadResult, args: argparse.Namespace) -> ReadResult:
    """What of a file may be told: with the consent that was named, and without germline findings unless asked for."""
    profiles = result.profiles
    if args.consent is not None:
        profiles = tuple(p.replace(consent=args.consent) for p in profiles)
    if args.germline:
        return ReadResult(tuple(shown(p, germline=True) for p in profiles), result.report)
    holding = sum(bool(hidden_findings(p)) for p in profiles)
    if holding:
        sys.stderr.write(
            f"Germline findings of {holding} patient{'' if holding == 1 else 's'} are left out, and the genes that "
            "could hold them count as not assayed. --germline keeps them where the consent is research or education.\n"
        )
    return ReadResult(tuple(without_germline(p) for p in profiles), covered_report(result.report, profiles))


def import_file(args: argparse.Namespace) -> str:
    """Profiles of a patient file, with the report of what was used and what was not."""
    from oncology.intake import read_patients, write_profiles

    genes = GENES if args.hgnc is None else load_hgnc(args.hgnc)
    name, panel = _panel(args.panel, genes)
    read = read_patients(args.file, panel=panel, panel_name=name, assayed=args.assayed, genes=genes)
    result = _shown(read, args)
    if args.out is not None:
        for profile in result.profiles:
            if refusal := export_refusal(profile):
                raise ExportRefusedError(f"{profile.patient_id}: {refusal}")
        Path(args.out).write_text(write_profiles(result.profiles), encoding="utf-8")
    if args.json:
        report = as_plain(result.report) | {
            "counts": result.report.counts(),
            "adds_up": result.report.adds_up,
        }
        return to_json({"profiles": result.profiles, "report": report})
    n = len(result.profiles)
    lines = [f"{n} patient{'' if n == 1 else 's'}. {result.report.summary()}"]
    told = [r for r in result.report.to_rows() if r["fate"] != "used"]
    lines += columns(
        [{k: r[k] for k in ("fate", "element", "found", "became", "reason", "count")} for r in told[:40]]
    )
    if len(told) > 40:
        lines.append(f"… and {len(told) - 40} more lines (--json has all)")
    lines += [f"{c.patient_id}: {c.what}; {c.choice}" for c in result.report.contradictions[:20]]
    lines += list(result.report.notes)
    if args.out is not None:
        lines.append(f"Wrote {args.out}.")
    return "\n".join(lines)
