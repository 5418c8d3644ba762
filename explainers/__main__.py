"""The same questions from a terminal: ``.venv/bin/python -m explainers VERB``.

Answers go to standard output, errors to standard error with exit code 2; nothing is sent anywhere.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

__all__ = ["main", "parser"]

_METHODS = ("shapley", "lime", "lime-repeated", "ablation", "exact")


def parser() -> argparse.ArgumentParser:
    """The verbs and their arguments."""
    top = argparse.ArgumentParser(
        prog=".venv/bin/python -m explainers",
        description="Glassboard: what a model says of a patient, why, and what if. Research and teaching; "
        "no medical device, no treatment recommendation.",
    )
    verbs = top.add_subparsers(dest="verb", metavar="VERB", required=True)

    one = argparse.ArgumentParser(add_help=False)
    one.add_argument("bundle", metavar="BUNDLE", help="folder of a bundle, or the name of a sample bundle")
    one.add_argument("patient", metavar="PATIENT", help="a patient file, or the id of a sample patient")
    one.add_argument("--patient-id", metavar="ID", help="which patient, where the file holds several")
    out = argparse.ArgumentParser(add_help=False)
    out.add_argument("--json", action="store_true", help="print the result's fields as JSON")

    verbs.add_parser("predict", parents=[one, out], help="the ranking of a patient's options")

    why = verbs.add_parser("explain", parents=[one, out], help="why the model says so of an option")
    why.add_argument("--option", metavar="O", help="the option; default: the one ranked first")
    why.add_argument("--method", choices=_METHODS, default="shapley")
    why.add_argument(
        "--background", metavar="B", default="default", help="default, tree-paths, training or unaltered"
    )
    why.add_argument("--seed", type=_seed, default=0, help="0 to 4294967295, for methods that draw")
    why.add_argument("--top", type=_positive, default=12, metavar="N", help="inputs listed in words")

    edit = verbs.add_parser("whatif", parents=[one, out], help="the ranking after changes of the profile")
    edit.add_argument(
        "--set", action="append", default=[], metavar="FEATURE=VALUE",
        help='"EGFR p.L858R=absent": altered, absent, not-assayed, a number or a level; may be repeated; '
        "without it every single change is listed",
    )  # fmt: skip
    edit.add_argument("--top", type=_positive, default=20, metavar="N", help="single changes listed in words")

    find = verbs.add_parser(
        "counterfactual", parents=[one, out], help="the smallest change that reaches a goal"
    )
    find.add_argument(
        "--target", metavar="O", help="the option the goal is about; a single one needs no name"
    )
    find.add_argument("--goal", choices=("first", "band"), default="first", help="ranked first, or in band 1")
    limit = find.add_mutually_exclusive_group()
    limit.add_argument("--over", type=float, metavar="V", help="goal: probability (or score) over V")
    limit.add_argument("--under", type=float, metavar="V", help="goal: probability (or score) under V")
    find.add_argument("--max-size", type=_positive, default=6, metavar="N", help="most changes at once")
    find.add_argument("--seconds", type=_positive, default=10, metavar="S", help="when the search gives up")
    find.add_argument("--most", type=_positive, default=10, metavar="N", help="smallest sets listed")
    find.add_argument(
        "--mode",
        choices=("model", "assay"),
        default="model",
        help="assay: only what was not assayed may change",
    )

    case = verbs.add_parser("report", parents=[one, out], help="the whole case as one HTML file")
    case.add_argument("--option", metavar="O", help="the option explained; default: the one ranked first")
    case.add_argument(
        "--set", action="append", default=[], metavar="FEATURE=VALUE", help="a change, as for whatif"
    )
    case.add_argument("--out", required=True, metavar="FILE.html")

    study = verbs.add_parser("train", parents=[out], help="train the models of a study file")
    study.add_argument("study", metavar="STUDY", help="the study file (TOML)")
    study.add_argument("--data", required=True, metavar="DIR", help="folder with the study's tables")
    study.add_argument("--out", required=True, metavar="BUNDLE", help="folder of the bundle to write")
    study.add_argument("--overwrite", action="store_true", help="replace a bundle that is already there")
    study.add_argument("--quiet", action="store_true", help="no progress on standard error")

    trust = verbs.add_parser("trust", parents=[out], help="allow a bundle whose files can run code")
    trust.add_argument("bundle", metavar="BUNDLE", help="folder of the bundle, or its name")

    read = verbs.add_parser("import", parents=[out], help="read a patient file and say what was used of it")
    read.add_argument("file", metavar="FILE", help="a file, or a folder of files that belong together")
    read.add_argument("--panel", metavar="GENES", help="genes the assay covered, separated by commas")
    read.add_argument("--assayed", choices=("file", "seen", "unknown"), default="file")
    read.add_argument("--out", metavar="FILE.json", help="write the profiles in the project's own format")
    return top


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return number


def _seed(text: str) -> int:
    number = int(text)
    if not 0 <= number < 2**32:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and {2**32 - 1}")
    return number


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; 0 when it answered, 2 when the input was at fault, 130 when interrupted."""
    args = parser().parse_args(arguments)
    # Only now: --help and typing errors should not wait for the scientific stack.
    from explainers.commands import answers, files
    from oncology.errors import OncologyError

    verbs = {
        "predict": answers.predict,
        "explain": answers.explain,
        "whatif": answers.whatif,
        "counterfactual": answers.counterfactual,
        "report": answers.report,
        "train": files.train,
        "trust": files.trust,
        "import": files.import_file,
    }
    try:
        print(verbs[args.verb](args))
        sys.stdout.flush()
    except OncologyError as error:
        print(f"{args.verb}: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # The reader of our output has gone; what is left must not raise again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        print(f"{args.verb}: {error.strerror or error}: {error.filename or ''}".rstrip(": "), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"{args.verb}: stopped.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
