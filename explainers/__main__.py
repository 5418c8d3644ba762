"""The same questions from a terminal: ``.venv/bin/python -m explainers VERB``.

Answers go to standard output, errors to standard error with exit code 2; nothing is sent anywhere.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any

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
    one.add_argument(
        "--germline", action="store_true",
        help="keep findings called germline, where the recorded consent is research or education",
    )  # fmt: skip
    out = argparse.ArgumentParser(add_help=False)
    out.add_argument("--json", action="store_true", help="print the result's fields as JSON")

    verbs.add_parser("predict", parents=[one, out], help="the ranking of a patient's options")

    why = verbs.add_parser("explain", parents=[one, out], help="why the model says so of an option")
    why.add_argument("--option", metavar="O", help="the option; default: the one ranked first")
    why.add_argument("--method", choices=_METHODS, default="shapley")
    why.add_argument(
        "--background", metavar="B", default="default",
        help="default, tree-paths, training, assayed (under this patient's tests) or unaltered",
    )  # fmt: skip
    why.add_argument(
        "--by", choices=("input", "gene", "kind"), default="input",
        help="share the answer out among single inputs, genes or kinds of information (Shapley values)",
    )  # fmt: skip
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
    find.add_argument(
        "--goal", choices=("first", "band", "likely"), default="first",
        help="ranked first, in band 1, or no longer unlikely to help",
    )  # fmt: skip
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
        help="assay: only what was not assayed may change, and calls at the stated error rates",
    )
    _conditions(find)

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

    steady = verbs.add_parser(
        "stabilise",
        parents=[out],
        help="train a bundle's models anew, many times, and keep how explanations scatter",
    )
    steady.add_argument("bundle", metavar="BUNDLE", help="folder of a bundle, or the name of a sample bundle")
    steady.add_argument(
        "--out", metavar="FILE", help="file to write; default: stability.npz in the bundle's folder"
    )
    steady.add_argument(
        "--refits", type=_positive, default=20, metavar="N", help="draws of the training patients"
    )
    steady.add_argument(
        "--shuffles", type=_positive, default=25, metavar="N", help="shuffles of the outcomes"
    )
    steady.add_argument("--seed", type=_seed, default=0)
    steady.add_argument("--quiet", action="store_true", help="no progress on standard error")

    about = verbs.add_parser("card", help="the model card: what a model is for, and what was not told")
    about.add_argument("bundle", metavar="BUNDLE", help="folder of a bundle, or the name of a sample bundle")
    form = about.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as JSON, every statement with who made it")
    form.add_argument("--xml", action="store_true", help="as XML of the CHAI Applied Model Card, v0.2")
    form.add_argument("--html", action="store_true", help="as one HTML file")
    about.add_argument(
        "--no-audit", action="store_true", help="leave out what is measured on training patients"
    )
    about.add_argument("--out", metavar="FILE", help="write it there instead of printing it")

    check = verbs.add_parser(
        "audit", parents=[out], help="how far a model's numbers may be believed, on patients with outcomes"
    )
    check.add_argument("bundle", metavar="BUNDLE", help="folder of a bundle, or the name of a sample bundle")
    check.add_argument(
        "--data", metavar="PATH", help="another cohort: a table, a project JSON or a study's folder; default: its own patients"
    )  # fmt: skip
    check.add_argument("--study", metavar="STUDY", help="study file (TOML) that says where outcomes stand")
    check.add_argument("--mapping", metavar="FILE", help="mapping file (TOML) for a table's own column names")
    check.add_argument(
        "--option", action="append", default=[], metavar="THEIRS=OURS", help="the cohort's name of an option; may be repeated"
    )  # fmt: skip
    check.add_argument("--threshold", type=float, metavar="P", help="a yes from this number on (0 to 1)")
    check.add_argument("--rounds", type=_positive, default=500, metavar="N", help="redraws of the patients")
    check.add_argument("--seed", type=_seed, default=0)
    check.add_argument(
        "--against", metavar="BUNDLE", help="compare with a second bundle, or with 'simple': a logistic regression"
    )  # fmt: skip
    check.add_argument("--out", metavar="FILE.html", help="write the whole audit as one document as well")
    check.add_argument("--no-cache", action="store_true", help="compute anew, keep nothing")
    check.add_argument("--quiet", action="store_true", help="no progress on standard error")

    known = verbs.add_parser(
        "truth",
        parents=[out],
        help="how far explanations of a model can be trusted, where the truth is known",
    )
    known.add_argument("bundle", metavar="BUNDLE", help="folder of a bundle, or the name of a sample bundle")

    sane = verbs.add_parser(
        "sanity",
        parents=[out],
        help="do explanations depend on what was learnt, and are made-up patients treated alike",
    )
    sane.add_argument("bundle", metavar="BUNDLE", help="folder of a bundle, or the name of a sample bundle")
    sane.add_argument("--option", metavar="O", help="the option; default: the first")
    sane.add_argument("--method", choices=_METHODS, default="shapley")
    sane.add_argument("--seed", type=_seed, default=0)

    cases = verbs.add_parser("lessons", parents=[out], help="read lesson files and compute every answer")
    cases.add_argument("folder", nargs="?", metavar="FOLDER", help="default: the lessons that ship")

    trust = verbs.add_parser("trust", parents=[out], help="allow a bundle whose files can run code")
    trust.add_argument("bundle", metavar="BUNDLE", help="folder of the bundle, or its name")

    read = verbs.add_parser("import", parents=[out], help="read a patient file and say what was used of it")
    read.add_argument("file", metavar="FILE", help="a file, or a folder of files that belong together")
    read.add_argument(
        "--panel",
        metavar="GENES",
        help="genes the assay covered, separated by commas, or a file that lists them",
    )
    read.add_argument(
        "--hgnc", metavar="FILE", help="the complete gene set of genenames.org, for genes beyond our table"
    )
    read.add_argument("--assayed", choices=("file", "seen", "unknown"), default="file")
    read.add_argument(
        "--consent", choices=("research", "education", "none"), help="record what the patients agreed to"
    )
    read.add_argument(
        "--germline", action="store_true",
        help="keep findings called germline, where the recorded consent is research or education",
    )  # fmt: skip
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


def _conditions(find: argparse.ArgumentParser) -> None:
    """What a search for the smallest change may and may not do."""
    within = find.add_argument_group("conditions", "which of them were in force stands above the answer")
    many: dict[str, Any] = {"action": "append", "default": [], "metavar": "FEATURE"}
    within.add_argument("--fixed", **many, help="stays as recorded; may be repeated, as the next ones")
    within.add_argument("--only", **(many | {"default": None}), help="nothing else may change")
    within.add_argument(
        "--towards", choices=("any", "known", "altered", "absent"), default="any",
        help="what alterations may become; known: altered or absent, never not assayed",
    )  # fmt: skip
    within.add_argument("--only-altered", **many, help="an alteration that may only be added")
    within.add_argument("--only-absent", **many, help="an alteration that may only be taken away")
    within.add_argument(
        "--numbers",
        **many,
        help="a number or level that may move too, by the intervals the model tells apart; 'all'",
    )
    within.add_argument("--only-rising", **many, help="of --numbers, one that may only rise")
    within.add_argument("--only-falling", **many, help="of --numbers, one that may only fall")
    within.add_argument(
        "--never-together", action="append", default=[], nargs="+", metavar="FEATURE",
        help="at most one of these alterations is altered",
    )  # fmt: skip
    within.add_argument(
        "--drivers-may-meet", action="store_true",
        help="let alterations come together that exclude each other in training",
    )  # fmt: skip
    within.add_argument(
        "--seen-together", type=int, default=0, metavar="S",
        help="the changed values were seen together in at least S training patients",
    )  # fmt: skip
    for kind, what in (
        ("positive", "reported that are not there"),
        ("negative", "reported absent that are there"),
    ):
        within.add_argument(
            f"--false-{kind}",
            type=float,
            metavar="SHARE",
            help=f"mode assay: share of alterations {what} (0.02)",
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; 0 when it answered, 2 when the input was at fault, 130 when interrupted."""
    args = parser().parse_args(arguments)
    # Only now: --help and typing errors should not wait for the scientific stack.
    from explainers.commands import answers, audits, files, model_cards, steadiness, trusting
    from oncology.errors import OncologyError

    verbs = {
        "predict": answers.predict,
        "explain": answers.explain,
        "whatif": answers.whatif,
        "counterfactual": answers.counterfactual,
        "report": answers.report,
        "train": files.train,
        "stabilise": steadiness.stabilise,
        "card": model_cards.card,
        "audit": audits.audit,
        "truth": trusting.truth,
        "sanity": trusting.sanity,
        "lessons": trusting.lessons,
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
