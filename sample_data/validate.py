"""Hold a draw of 500,000 synthetic patients against every target: `python -m sample_data.validate`.

Prints one line per target and a summary; exit status 1 where any target is missed. Writes nothing.
"""

from __future__ import annotations

import argparse
import sys
import time

from sample_data.checks import Finding, measure, read_targets, within_tolerance
from sample_data.generator import generate

__all__ = ["main", "table"]


def table(findings: list[Finding]) -> str:
    """The findings as a Markdown table."""
    lines = ["| target | kind | aim | interval | drawn | patients | holds |", "|--|--|--:|--|--:|--:|--|"]
    for f in findings:
        t = f.target
        interval = f"{t.ci_low:g} to {t.ci_high:g}" if t.ci_low == t.ci_low else ""
        aim = f"{'≤ ' if t.is_ceiling else ''}{t.value:g}"
        holds = "yes" if within_tolerance(f) else "NO"
        lines.append(f"| {t.id} | {t.kind} | {aim} | {interval} | {f.estimate:.3g} | {f.n:,} | {holds} |")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Draw, measure, print; 0 where every target holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=500_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--control", action="store_true", help="draw the control cohort, without traps")
    asked = parser.parse_args(arguments)
    started = time.perf_counter()
    cohort = generate(asked.patients, asked.seed, traps=not asked.control)
    seconds = time.perf_counter() - started
    findings = [measure(cohort, target) for target in read_targets()]
    missed = [f for f in findings if not within_tolerance(f)]
    print(table(findings))
    print(
        f"\n{asked.patients:,} patients, seed {asked.seed}, traps {'off' if asked.control else 'on'}: "
        f"{len(findings) - len(missed)} of {len(findings)} targets hold; drawn in {seconds:.0f} s."
    )
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
