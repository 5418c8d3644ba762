"""One patient's ranking in words and rows for the screen: what stands beside each number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle
    from oncology.patients import PatientProfile
    from oncology.recommendations import Ranking, Recommendation

__all__ = [
    "caution_words",
    "lead_words",
    "ranking_rows",
    "score_span",
    "silences",
    "support_words",
    "unshown_words",
]


def silences(bundle: ModelBundle, profile: PatientProfile) -> dict[str, str]:
    """Options that the model gives no answer on for this patient, each with the reason."""
    from oncology.prediction import predict
    from oncology.recommendations import abstentions

    return abstentions(bundle, predict(bundle, profile), 0)


def unshown_words(entry: Recommendation) -> str:
    """What stands before the explanation of an option on which the model is silent; empty where it answers."""
    if not entry.abstained:
        return ""
    return (
        f"On {entry.label} the model gives no answer: {entry.reason} What follows explains a number that is not shown "
        "because too little stands behind it."
    )


def lead_words(bundle: ModelBundle, ranking: Ranking) -> str:
    """What the model says of this patient in one or two sentences, with its uncertainty and its silence."""
    if not ranking.ordered:
        return "The model gives no answer for this patient; the reasons stand below."
    first = ranking.ordered[0]
    if bundle.is_score:
        words = f"{first.label} is {first.probability:z.2f}"
        if first.group:
            words += f", in the group {first.group}"
        return words + ". It is a score: higher or lower, but no share of patients and no probability."
    if not ranking.has_bands:
        return f"{first.label}: {first.per_100}."
    top = ranking.bands[0]
    if len(top) == 1:
        words = f"One option stands in the top band, {first.label}: {first.per_100}."
    else:
        words = (
            f"{len(top)} options share the top band and cannot be told apart by this model: {_named(top)}."
        )
    if ranking.abstained:
        n = len(ranking.abstained)
        words += f" On {n} option{'s' if n > 1 else ''} the model gives no answer."
    return words


def _named(entries: Sequence[Recommendation], most: int = 5) -> str:
    """Labels in one phrase, the first few where there are many."""
    labels = [r.label for r in entries]
    if len(labels) > most:
        return f"{', '.join(labels[:3])} and {len(labels) - 3} more"
    return ", ".join(labels[:-1]) + f" and {labels[-1]}"


def support_words(entry: Recommendation) -> str:
    """How many training patients stand behind a number, with what was observed among them."""
    return entry.support_words


def caution_words(ranking: Ranking) -> tuple[str, ...]:
    """What speaks against single options, one sentence a caution with the options it is about."""
    found: dict[str, list[str]] = {}
    for r in ranking.ordered:
        for words in r.cautions:
            found.setdefault(words, []).append(r.label)
    return tuple(f"{', '.join(labels)}: {words}" for words, labels in found.items())


def ranking_rows(bundle: ModelBundle, ranking: Ranking) -> list[dict[str, Any]]:
    """One row an option, ranked ones first: every number of the chart, and what stands behind it."""
    scale = 1.0 if bundle.is_score else 100.0
    unit = "score" if bundle.is_score else "per 100"
    low = {r.option for r in ranking.unlikely_to_help}

    def number(value: float | None) -> float | None:
        return None if value is None else round(scale * value, 2 if bundle.is_score else 1)

    return [
        {
            "band": r.band,
            "option": r.label,
            unit: number(r.probability),
            "low": number(r.low),
            "high": number(r.high),
            "training patients": support_words(r),
            "note": "; ".join(
                [
                    *(
                        [f"whole interval under {100 * ranking.unlikely_below:.0f} of 100"]
                        if r.option in low
                        else []
                    ),
                    *([r.reason] if r.abstained else []),
                    *r.cautions,
                ]
            ),
        }
        for r in (*ranking.ordered, *ranking.abstained)
    ]


def score_span(bundle: ModelBundle, *values: float | None) -> tuple[float, float]:
    """Ends of a score's scale: 0 to 1 for a logistic score, else one group's width beyond the outer cut points."""
    formula = bundle.formula
    if formula is None or formula.link == "logistic":
        return 0.0, 1.0
    cuts = formula.cut_points or (0.0, 1.0)
    room = max((cuts[-1] - cuts[0]) / 2, 0.5)
    known = [v for v in values if v is not None]
    return min(cuts[0] - room, *known), max(cuts[-1] + room, *known)
