"""How firmly a recommendation stands, in plain words: the calls it hangs on, and the facts that alone keep it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from explainers.smallest import (
    AssayRobustness,
    CallError,
    ErrorRates,
    SmallestChanges,
    SufficientReason,
    rates_words,
)

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = [
    "call_rows",
    "calls_between_rows",
    "calls_between_words",
    "calls_words",
    "chance_words",
    "fact_rows",
    "reason_words",
]

_CHANCE = "chance, as stated"
_IF_WRONG = {
    "false positive": "reported, but not there",
    "false negative": "there, but reported absent",
    "untested": "not assayed until now",
}


def calls_words(found: AssayRobustness) -> str:
    """Which single wrong or missing calls would change the top band, counted by kind."""
    n, not_tried = len(found.errors), _not_tried_words(found)
    if not_tried and not n:
        tried = (
            f"None of the {found.n_checked} single calls that were tried would change the top band."
            if found.n_checked
            else "No single call was left to try."
        )
        return f"{tried}{not_tried}"
    if not n:
        return (
            f"None of {found.n_checked} single calls would change the top band: neither an alteration reported wrongly, nor "
            "one missed, nor a gene that was not assayed."
        )
    positive, negative, untested = (
        len(found.of_kind(kind)) for kind in ("false positive", "false negative", "untested")
    )
    kinds = [
        f"{positive} reported that may not be there (false positive)" if positive else "",
        f"{negative} reported absent that may have been missed (false negative)" if negative else "",
        f"{untested} not assayed that could turn out either way" if untested else "",
    ]
    return (
        f"{n} of {found.n_checked} single calls would change the top band if they were otherwise: "
        f"{'; '.join(k for k in kinds if k)}.{not_tried}"
    )


def _not_tried_words(found: AssayRobustness) -> str:
    """Which errors were left out because their rate was stated as 0; empty where none were."""
    rates = found.error_rates
    if rates is None:
        return ""
    left = [
        what
        for rate, what in (
            (rates.false_positive, "alterations reported wrongly"),
            (rates.false_negative, "alterations missed"),
        )
        if rate == 0
    ]
    return f" Stated never to happen, {' and '.join(left)} were not tried." if left else ""


def calls_between_words(found: AssayRobustness) -> str:
    """How many reported calls would have to be wrong before another option comes first, and how far that is proven."""
    n, rates, some_left_out = found.calls_between, found.error_rates, bool(_not_tried_words(found))
    if n is None:
        if some_left_out and (not found.n_checked or rates == ErrorRates(0.0, 0.0)):
            return f"At the stated rates no reported call can be wrong, so none brings another option before {found.first}."
        if found.proven and some_left_out:
            return (
                f"Up to {found.most_calls} of the reported calls that can be wrong at the stated rates may be so together, and "
                f"{found.first} still comes first (proven: every option and every set of those calls was ruled out)."
            )
        if found.proven:
            return (
                f"Up to {found.most_calls} reported calls may be wrong together, and {found.first} still comes first "
                "(proven: every option and every set of calls was ruled out)."
            )
        return (
            f"No set of wrong calls was found that brings another option before {found.first}, but the search ended before "
            f"all sets of up to {found.most_calls} were ruled out."
        )
    if n == 1:
        return f"One wrong call is enough to bring another option before {found.first} (the model was asked about it)."
    fewer = "no fewer of those that can be wrong do" if some_left_out else "no fewer do"
    how = f"proven: {fewer}" if found.proven else "best found: fewer were not all ruled out"
    return f"{n} reported calls would have to be wrong together to bring another option before {found.first} ({how})."


def call_rows(bundle: ModelBundle, found: AssayRobustness) -> list[dict[str, Any]]:
    """One row for each single call that would change the top band; with its chance where error rates were stated."""
    return [_call_row(bundle, error, rated=found.error_rates is not None) for error in found.errors]


def chance_words(found: AssayRobustness) -> str:
    """What the stated error rates say of the single calls together; empty where none were stated."""
    if found.error_rates is None:
        return ""
    stated = f"Error rates: {rates_words(found.error_rates)}."
    n = sum(e.chance is not None for e in found.errors)
    if found.chance_of_any is None and _not_tried_words(found):
        return f"{stated} No single reported call that can be wrong at these rates would change the top band."
    if found.chance_of_any is None:
        return f"{stated} No single wrong call among those reported would change the top band."
    calls = "this one call is wrong" if n == 1 else f"at least one of these {n} reported calls is wrong"
    return f"{stated} At these rates the chance that {calls} is {_of_100(found.chance_of_any)}, if errors are independent."


def _of_100(chance: float) -> str:
    """A share as a number of 100, with two digits that count.

    Examples
    --------
    >>> _of_100(0.02), _of_100(0.0999), _of_100(0.00012)
    ('2 of 100', '10 of 100', '0.012 of 100')
    """
    return f"{float(f'{100 * chance:.2g}'):g} of 100"


def _call_row(bundle: ModelBundle, error: CallError, *, rated: bool) -> dict[str, Any]:
    spec = bundle.schema.feature(error.change.feature)
    chance = {_CHANCE: "–" if error.chance is None else _of_100(error.chance)} if rated else {}
    return {
        "call": error.change.label,
        "if it were": f"{spec.words(error.change.after)}: {_IF_WRONG[error.kind]} ({error.kind})",
        **chance,
        "joins the top band": ", ".join(error.enters) or "none",
        "leaves the top band": ", ".join(error.leaves) or "none",
        "first then": error.first,
    }


def calls_between_rows(bundle: ModelBundle, found: AssayRobustness) -> list[dict[str, Any]]:
    """The options that the fewest wrong calls would bring first, each with one such set of calls."""
    rates = found.error_rates

    def chance(nearest: SmallestChanges) -> dict[str, str]:
        if rates is None:
            return {}
        wrong = [
            rates.false_positive if c.before == 1.0 else rates.false_negative
            for c in nearest.found[0].changes
        ]
        return {_CHANCE: _of_100(math.prod(wrong))}

    return [
        {
            "wrong calls": "; ".join(change.words for change in nearest.found[0].changes),
            **chance(nearest),
            "comes first then": _goal_option(nearest.goal),
            "proven": "yes" if nearest.status == "proven" else "no",
            "other sets as small": nearest.n_smallest - 1,
        }
        for nearest in found.nearest
        if nearest.found
    ]


def _goal_option(words: str) -> str:
    return words.removesuffix(" ranked first")


def reason_words(found: SufficientReason) -> str:
    """How few of the patient's facts keep the answer, and what is proven about that."""
    kept = f"{found.size} of the {found.n_facts} facts that the model reads"
    alone = f"{kept} alone keep {found.answer}, for every value of the others that the model knows"
    if found.smallest:
        return f"{alone}. No smaller set does (proven)."
    ended = f" ({found.ended_by})" if found.ended_by else ""
    return f"{alone} (proven). Fewer may do, but at least {found.at_least} are needed: the search ended before it could tell{ended}."


def fact_rows(found: SufficientReason) -> list[dict[str, Any]]:
    """One row a fact."""
    return [{"fact": f.label, "this patient": f.words.removeprefix(f"{f.label}: ")} for f in found.facts]
