"""The full fuzz of intake: at least 20,000 broken files of all formats, with time and memory of each.

`python -m tests.validate.fuzz_intake` runs it, prints the figures and keeps them in `fuzz_intake.json` beside this file.
Exit code 1 where anything but a report or a refusal in words came out, or a file took too long or too much memory.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
import traceback
from collections import Counter
from pathlib import Path

from tests.benchmarks import machine
from tests.intake.breaking import broken, verdict
from tests.intake.seeds import SEEDS

FIGURES = Path(__file__).with_suffix(".json")
# Bounds of one small broken file (the largest mutation adds about 300 kB), wide enough for a busy machine.
MAX_SECONDS = 5.0
MAX_GROWTH_MB = 150.0


def run(n_files: int, first_seed: int = 0) -> dict[str, object]:
    """Read `n_files` broken files, spread over all formats; returns the figures."""
    each = -(-n_files // len(SEEDS))
    counts: Counter[tuple[str, str]] = Counter()
    failures: list[dict[str, object]] = []
    slowest, largest = 0.0, 0.0
    started = time.perf_counter()
    for name, data in SEEDS.items():
        assert verdict(name, data) == "read", name
        for seed in range(first_seed, first_seed + each):
            file = broken(data, seed)
            before, clock = _peak_mb(), time.perf_counter()
            try:
                counts[name, verdict(name, file)] += 1
            except Exception as error:  # noqa: BLE001  (the search is for whatever comes out)
                where = traceback.extract_tb(error.__traceback__)[-1]
                failures.append(
                    {
                        "file": name,
                        "seed": seed,
                        "error": type(error).__name__,
                        "at": f"{Path(where.filename).name}:{where.lineno}",
                    }
                )
            seconds, growth = time.perf_counter() - clock, _peak_mb() - before
            if seconds > MAX_SECONDS or growth > MAX_GROWTH_MB:
                failures.append(
                    {"file": name, "seed": seed, "seconds": round(seconds, 2), "growth_mb": round(growth)}
                )
            slowest, largest = max(slowest, seconds), max(largest, growth)
    return {
        "machine": machine.describe("defusedxml", "PyYAML", "openpyxl", "pyarrow").splitlines(),
        "files": each * len(SEEDS),
        "read": sum(n for (_, what), n in counts.items() if what == "read"),
        "refused": sum(n for (_, what), n in counts.items() if what == "refused"),
        "by_format": {name: {what: counts[name, what] for what in ("read", "refused")} for name in SEEDS},
        "failures": failures,
        "slowest_seconds": round(slowest, 2),
        "largest_growth_mb": round(largest, 1),
        "peak_mb": round(_peak_mb()),
        "minutes": round((time.perf_counter() - started) / 60, 1),
    }


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (
        1e-6 if sys.platform == "darwin" else 1024e-6
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=20_006, help="number of broken files (20,006)")
    parser.add_argument("--seed", type=int, default=0, help="first seed (0)")
    parser.add_argument("--keep", action="store_true", help="write the figures beside this file")
    arguments = parser.parse_args()
    figures = run(arguments.files, arguments.seed)
    text = json.dumps(figures, indent=1)
    print(text)
    if arguments.keep:
        FIGURES.write_text(text + "\n", encoding="utf-8")
    return 1 if figures["failures"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
