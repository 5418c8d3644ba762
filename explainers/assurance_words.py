"""How far one patient's numbers can be leaned on, in words and rows for screen, report and terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from oncology.assurance.words import people_words

if TYPE_CHECKING:
    from oncology.assurance import Assurance, InputRange, NoBenefit, OptionAssurance
    from oncology.bundles import ModelBundle

__all__ = [
    "ANSWER_WORDS",
    "assurance_words",
    "no_benefit_rows",
    "no_benefit_words",
    "option_rows",
    "profile_words",
    "range_rows",
    "range_words",
    "ranges_of",
    "set_words",
    "share_sentence",
]

# The three answers as they stand on every screen; "unknown" is never read as benefit.
ANSWER_WORDS = {"unlikely": "unlikely", "unknown": "unknown", "not unlikely": "no sign of it"}
_LISTED = 4


def share_sentence(bundle: ModelBundle, option: OptionAssurance) -> str:
    """People out of a hundred with the interval and the word of the fixed table."""
    if option.probability is None or option.low is None or option.high is None:
        return f"{option.label}: no answer."
    said = bundle.manifest.words
    ends = f"{people_words(option.low)} to {people_words(option.high)}"
    return (
        f"{people_words(option.probability)} of 100 {said.alike} {bundle.manifest.outcome} "
        f"({ends}): {option.in_words}."
    )


def set_words(bundle: ModelBundle, option: OptionAssurance) -> str:
    """What cannot be ruled out for the single case, at the coverage of the set."""
    if option.cannot_rule_out is None:
        return "No prediction set."
    yes = bundle.manifest.outcome
    said = {
        "yes": f"only “{yes}”",
        "no": f"only “not {yes}”",
        "either": "either outcome",
    }[option.cannot_rule_out]
    return f"{100 * option.set_coverage:.0f}\u00a0% prediction set: {said}"


def no_benefit_words(bundle: ModelBundle, options: Sequence[OptionAssurance]) -> str:
    """One sentence on who is unlikely to benefit; what is unknown is counted, never left out."""
    unlikely = [o.label for o in options if o.no_benefit.answer == "unlikely"]
    unknown = sum(o.no_benefit.answer == "unknown" for o in options)
    name = bundle.manifest.words.unlikely
    first = (
        f"{name[0].upper()}{name[1:]}: {_listed(unlikely) if unlikely else 'none, as far as can be told'}."
    )
    if unknown:
        first += f" Insufficient evidence to tell on {unknown} of {len(options)} options."
    return first


def no_benefit_rows(bundle: ModelBundle, options: Sequence[OptionAssurance]) -> list[dict[str, Any]]:
    """One row an option: the answer, the probability of no response with its interval, and what stands behind it."""
    order = {"unlikely": 0, "unknown": 1, "not unlikely": 2}
    name = bundle.manifest.words.unlikely
    found = sorted(options, key=lambda o: order[o.no_benefit.answer])
    return [
        {
            "option": o.label,
            f"{name}?": ANSWER_WORDS[o.no_benefit.answer],
            f"{bundle.manifest.words.did_not_respond}, of 100": _of_100(o.no_benefit),
            "why": o.no_benefit.why,
        }
        for o in found
    ]


def _of_100(entry: NoBenefit) -> str:
    if entry.probability is None or entry.low is None or entry.high is None:
        return "no answer"
    return f"{people_words(entry.probability)} ({people_words(entry.low)} to {people_words(entry.high)})"


def profile_words(found: Assurance) -> str:
    """How unusual the profile is, and what makes it so, in one or two sentences."""
    known = found.familiarity
    said = [known.words()]
    if known.unusual:
        said.append("Most apart by: " + "; ".join(u.words for u in known.unusual) + ".")
    if known.never_together:
        n = len(known.never_together)
        pairs = "; ".join(pair.words() for pair in known.never_together[:_LISTED])
        more = f"; and {n - _LISTED} more pairs" if n > _LISTED else ""
        said.append(f"No training patient of the type had both: {pairs}{more}.")
    return " ".join(said)


def range_words(found: Sequence[InputRange], *, is_score: bool = False) -> str:
    """The unknown input that could move most, in one sentence."""
    moving = [r for r in found if r.options]
    if not found:
        return "Every input that can be asked about is known."
    if not moving:
        return f"{len(found)} inputs are unknown; none of them, asked one at a time, would move an option."
    first, option = moving[0], moving[0].options[0]
    low, high = (_number(v, is_score) for v in (option.low, option.high))
    of = "" if is_score else " of 100"
    return (
        f"{len(found)} input{' is' if len(found) == 1 else 's are'} unknown. {first.label} could move most: {option.label} "
        f"from {low} ({option.at_low}) to {high}{of} ({option.at_high})."
    )


def ranges_of(found: Sequence[InputRange], option: str) -> tuple[InputRange, ...]:
    """The ranges of one option alone, widest first; inputs that do not move it stay, with nothing to tell."""
    kept = [replace(r, options=tuple(o for o in r.options if o.option == option)) for r in found]
    return tuple(sorted(kept, key=lambda r: -r.span))


def range_rows(found: Sequence[InputRange], *, is_score: bool = False) -> list[dict[str, Any]]:
    """One row an unknown input: the option it could move most, how far, and which others."""
    rows = []
    for entry in found:
        widest = entry.options[0] if entry.options else None
        row: dict[str, Any] = {"input": entry.label, "state": entry.state, "asked at": ", ".join(entry.asked)}
        if widest is None:
            row |= {"moves most": "nothing", "now": "", "lowest": "", "highest": "", "also moves": ""}
        else:
            row |= {
                "moves most": widest.label,
                "now": _number(widest.now, is_score),
                "lowest": f"{_number(widest.low, is_score)} ({widest.at_low})",
                "highest": f"{_number(widest.high, is_score)} ({widest.at_high})",
                "also moves": ", ".join(
                    f"{o.label} {_number(o.low, is_score)} to {_number(o.high, is_score)}"
                    for o in entry.options[1:4]
                ),
            }
        rows.append(row)
    return rows


def option_rows(bundle: ModelBundle, options: Sequence[OptionAssurance]) -> list[dict[str, Any]]:
    """One row an option that the model answers on: interval, Venn-Abers, set, and support."""
    had = bundle.manifest.words.had_it
    return [
        {
            "option": o.label,
            "of 100": f"{people_words(o.probability)} ({people_words(o.low)} to {people_words(o.high)})",
            "in words": o.in_words,
            "Venn-Abers": "" if o.venn_abers is None else " to ".join(people_words(p) for p in o.venn_abers),
            "single case": set_words(bundle, o),
            "set valid for": o.set_basis,
            f"same tumour type, {had}": _count(o.same_tumour),
            "of them in the same state": _count(o.same_state),
        }
        for o in options
        if o.probability is not None and o.low is not None and o.high is not None
    ]


def assurance_words(bundle: ModelBundle, found: Assurance) -> list[str]:
    """The record in sentences, for a terminal or a document."""
    lines = [profile_words(found), *found.familiarity.cautions]
    if found.ranges:
        lines.append(range_words(found.ranges, is_score=bundle.is_score))
    if found.options:
        lines.append(no_benefit_words(bundle, found.options))
    if found.without_held_out:
        lines.append(found.without_held_out)
    if found.abstention is not None:
        lines += [found.abstention.words(), found.abstention.set_words()]
    return lines


def _count(n: int | None) -> str:
    return "not told" if n is None else f"{n:,}"


def _number(value: float, is_score: bool) -> str:
    return f"{value:z.2f}" if is_score else f"{100 * value:.0f}"


def _listed(labels: Sequence[str]) -> str:
    shown = ", ".join(labels[:_LISTED])
    return shown if len(labels) <= _LISTED else f"{shown} and {len(labels) - _LISTED} more"
