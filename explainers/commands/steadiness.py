"""stabilise: train a bundle's models again, many times, and keep how far their explanations scatter."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from explainers.commands.plain import to_json
from explainers.commands.sources import open_bundle
from explainers.commands.tables import columns
from explainers.explanation import FloatMatrix
from explainers.stabilising import stabilise as measure
from explainers.stability import FILE, write

__all__ = ["stabilise"]


def stabilise(args: argparse.Namespace) -> str:
    """Refit a bundle's models on resampled patients and on shuffled outcomes; write the result beside them."""
    bundle = open_bundle(args.bundle)

    def say(share: float, words: str) -> None:
        sys.stderr.write(f"{share:4.0%} {words}\n")

    found = measure(
        bundle,
        n_refits=args.refits,
        n_shuffles=args.shuffles,
        seed=args.seed,
        progress=None if args.quiet else say,
    )
    path = write(found, Path(args.out) if args.out else bundle.path / FILE)
    rows = [
        {
            "option": bundle.label(o),
            "held of fresh refits": f"{100 * found.coverage[found.position(o)]:.0f} %",
            "leads by itself": f"{100 * _steady(found.refit_importance[found.position(o)]):.0f} %",
        }
        for o in found.options
        if found.has(o)
    ]
    if args.json:
        about = {"file": path.name, "sha256": bundle.sha256, "model": found.model, "left_out": found.left_out}
        return to_json(about | {"options": rows})
    return "\n".join(
        [
            f"Wrote {path.name}: {found.n_refits} refits and {found.n_shuffles} shuffles of each of {len(rows)} options.",
            *columns(rows),
            "held of fresh refits: how many of each patient's ten largest shares lay in their interval when the model was "
            f"trained anew {found.n_checks} more times (95 % intended).",
            "leads by itself: in how many refits the same input leads over all patients.",
            *(f"Left out: {bundle.label(o)}. {why}" for o, why in found.left_out.items()),
        ]
    )


def _steady(refit_importance: FloatMatrix) -> float:
    leads = refit_importance.argmax(axis=1)
    return max(int((leads == j).sum()) for j in set(leads.tolist())) / len(leads)
