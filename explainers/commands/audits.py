"""audit: a model held against outcomes, those it was made from or those of a cohort from outside."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explainers.audit import external, findings
from explainers.audit.comparison import Comparison, compare_with
from explainers.audit.data import AuditData, of_bundle
from explainers.audit.errors import AuditError
from explainers.audit.group_audit import GroupAudit, GroupHeadline, group_audit, kept_group_audit
from explainers.audit.option_table import option_rows
from explainers.audit.overview import Audit
from explainers.audit.overview import audit as audit_model
from explainers.audit.recalibration import Recalibration, recalibration
from explainers.audit_report import audit_report
from explainers.commands.plain import to_json
from explainers.commands.sources import open_bundle
from explainers.commands.tables import columns
from explainers.kept import kept

if TYPE_CHECKING:
    from explainers.audit.overview import Progress
    from oncology.bundles import ModelBundle

__all__ = ["audit"]


def audit(args: argparse.Namespace) -> str:
    """How far a model's numbers may be believed, option by option."""
    bundle = open_bundle(args.bundle)
    data = _data(args, bundle)
    found = _audited(args, bundle, data)
    rival = _compared(args, bundle, data)
    repaired = [r for o in data.options if (r := recalibration(data, o)) is not None and r.is_needed]
    groups = (group_audit if args.no_cache else kept_group_audit)(
        data, threshold=args.threshold or bundle.manifest.unlikely_below
    )
    if args.out is not None:
        out = Path(args.out)
        out.write_text(
            audit_report(bundle, found, made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M")), encoding="utf-8"
        )
        sys.stderr.write(f"Wrote {out}.\n")
    if args.json:
        return to_json(_content(bundle, data, found, rival, repaired) | {"groups": _groups(groups)})
    lines = [f"{bundle.manifest.title} · {data.from_words}", ""]
    whole = findings.overall(found)
    lines += [whole.answer, *whole.details, *data.notes, "", *columns(option_rows(found))]
    lines += [
        "",
        "For whom does it work?",
        *GroupHeadline.of(groups).words,
        *groups.for_whom(groups.options[0]).words,
    ]
    lines += ["", *(r.words for r in repaired)] if repaired else []
    if useful := [w for o in found.options if (w := findings.utility_words(o, findings.judged(found)))]:
        lines += ["", "Is it worth more than treating by the label alone?", *useful]
    if rival is not None:
        lines += [
            "",
            f"Beside {rival.second}, on the same patients:",
            *([rival.pooled_words] if rival.pooled_words else []),
            *(rival.words(o) for o, _ in rival.labels),
            rival.family,
        ]
    if bundle.manifest.words.banner:
        lines += ["", bundle.manifest.words.banner]
    return "\n".join(lines)


def _data(args: argparse.Namespace, bundle: ModelBundle) -> AuditData:
    if args.data is None:
        return of_bundle(bundle)
    renamed = dict(_pair(text) for text in args.option)
    cohort = external.read_cohort(args.data, study=args.study, mapping=args.mapping)
    return external.against(bundle, cohort, options=renamed or None)


def _pair(text: str) -> tuple[str, str]:
    theirs, sign, ours = text.partition("=")
    if not sign or not theirs.strip() or not ours.strip():
        raise AuditError(
            f"--option is {text!r}; expected THEIRS=OURS, such as --option nivolumab=immunotherapy."
        )
    return theirs.strip(), ours.strip()


def _audited(args: argparse.Namespace, bundle: ModelBundle, data: AuditData) -> Audit:
    def make() -> Audit:
        return audit_model(
            data, bundle, rounds=args.rounds, seed=args.seed, threshold=args.threshold, progress=_say(args)
        )

    if args.no_cache:
        return make()
    return kept("audit", (data.fingerprint, args.rounds, args.seed, args.threshold), (Audit,), make)


def _say(args: argparse.Namespace) -> Progress:
    def say(share: float, words: str) -> None:
        if not args.quiet:
            sys.stderr.write(f"{share:4.0%} {words}\n")

    return say


def _compared(args: argparse.Namespace, bundle: ModelBundle, data: AuditData) -> Comparison | None:
    if args.against is None:
        return None
    second = None if args.against == "simple" else open_bundle(args.against)
    return compare_with(
        bundle,
        data,
        second,
        rounds=args.rounds,
        seed=args.seed,
        threshold=args.threshold or 0.2,
        progress=_say(args),
    )


def _groups(found: GroupAudit) -> dict[str, Any]:
    """The audit of groups as plain data: the answer in words, every comparison, every figure."""
    labels = dict(zip(found.options, found.labels, strict=True))
    return {
        "words": GroupHeadline.of(found).words,
        "for_whom": {o: found.for_whom(o).words for o in found.options},
        "comparisons": found.gaps.words, "gaps": found.gaps.rows(), "figures": found.table.rows(labels),
    }  # fmt: skip


def _content(
    bundle: ModelBundle,
    data: AuditData,
    found: Audit,
    rival: Comparison | None,
    repaired: list[Recalibration],
) -> dict[str, Any]:
    options = [
        {
            "option": o.option, "label": o.label, "finding": finding, "utility": findings.utility(o.decision, findings.judged(found)),
            "utility_words": findings.utility_words(o, findings.judged(found)), "metrics": o.metrics.rows(), "bins": o.bins,
            "curve": o.curve, "chance_error": o.chance_error,
            # Without a curve its counts may be those that are withheld.
            "decision": o.decision if o.decision.thresholds else {"reason": o.decision.reason},
        }
        for o, finding in zip(found.options, findings.findings(found), strict=True)
    ]  # fmt: skip
    return {
        "bundle": {
            "name": bundle.name, "title": bundle.manifest.title, "sha256": bundle.sha256,
            "output_kind": bundle.output_kind, "synthetic": bundle.manifest.synthetic,
        },
        "cohort": {"origin": data.origin, "name": data.name, "n_patients": len(data), "notes": data.notes},
        "units": {"number": data.number, "margin": bundle.unit, "net_benefit": "responses per patient",
                  "interval_coverage": 0.95},
        "threshold": found.threshold, "rounds": found.rounds, "seed": found.seed,
        "overall": findings.overall(found), "options": options,
        "by_number_of_alterations": found.by_alterations.rows(),
        "recalibration": repaired, "comparison": None if rival is None else rival.rows(),
        "comparison_words": [] if rival is None else [rival.pooled_words, rival.family],
    }  # fmt: skip
