"""The report of one patient: profile, ranking, why, what was not known, similar patients, limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from explainers import stability
from explainers.agreement import compare
from explainers.assurance_words import no_benefit_rows, option_rows, range_rows, range_words
from explainers.background import BackgroundError
from explainers.beside import beside
from explainers.charts import attribution, outcomes, ranking
from explainers.charts.assurance_glance import glance_html, glance_style
from explainers.explanation import Explanation
from explainers.interactions import patient_interactions
from explainers.local import METHOD_LABELS, explain
from explainers.neighbours import NoCohortError, similar_patients
from explainers.origins import origin_words
from explainers.plausibility import plausibility
from explainers.players import CannotExplainError
from explainers.ranking_words import caution_words, unshown_words
from explainers.report import Block, Chart, Facts, Heading, Markup, Points, Table, Text, document
from explainers.three_depths import tell
from explainers.what_if import change_words, headline, ranked_options
from oncology.assurance import assure
from oncology.patients import PatientProfile
from oncology.prediction import predict
from oncology.recommendations import Ranking, rank
from oncology.summaries import assay_words, facts, finding_rows

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["patient_report"]

_MOST_PAIRS = 20


@dataclass(frozen=True, eq=False, slots=True)
class _Case:
    bundle: ModelBundle
    profile: PatientProfile
    recorded: PatientProfile | None
    now: Ranking
    before: Ranking | None


def patient_report(
    bundle: ModelBundle,
    profile: PatientProfile,
    *,
    option: str | None = None,
    recorded: PatientProfile | None = None,
    methods: Sequence[str] = ("shapley", "lime", "ablation"),
    seed: int = 0,
    made: str = "",
) -> str:
    """The whole case as one HTML document.

    Parameters
    ----------
    profile : PatientProfile
        The patient, edited or not.
    option : str, optional
        The option explained; default: the one ranked first.
    recorded : PatientProfile, optional
        The patient as recorded, where `profile` is an edit of it; the report then says what was changed.
    methods : sequence of str
        Keys of `EXPLAINERS`; those that cannot work for this bundle say so in the report.
    """
    edited = recorded is not None and recorded.fingerprint != profile.fingerprint
    case = _Case(
        bundle,
        profile,
        recorded if edited else None,
        rank(bundle, predict(bundle, profile), profile),
        rank(bundle, predict(bundle, recorded), recorded, with_unknowns=False)
        if edited and recorded
        else None,
    )
    if option is None:
        option = case.now.ordered[0].option if case.now.ordered else bundle.options[0]
    option = bundle.options[bundle.option_index(option)]
    blocks = [
        *_profile(case),
        *_ranking(case),
        *_leaned_on(case),
        *_why(case, option, methods, seed),
        *_similar(case, option),
        *_beside(case, option),
        *_limits(case),
    ]
    return document(
        f"Patient {profile.patient_id}",
        blocks,
        origin=origin_words(bundle, profile),
        subtitle=bundle.manifest.title,
        model=f"{bundle.manifest.title}, version {bundle.manifest.version}",
        model_sha256=bundle.sha256,
        made=made,
    )


def _profile(case: _Case) -> list[Block]:
    # What is not recorded stands there too: unknown is a fact about this case.
    blocks: list[Block] = [
        Heading("The patient"),
        Facts(tuple((f.label, f.words) for f in facts(case.profile))),
    ]
    findings = finding_rows(case.profile, case.bundle.schema)
    if findings:
        blocks.append(Table(findings, "Molecular findings"))
    else:
        blocks.append(Text("No molecular finding is recorded."))
    blocks.append(Text(assay_words(case.profile, case.bundle.schema), soft=True))
    if case.recorded is not None:
        blocks += [
            Heading("Changed from the record", 3),
            Points(tuple(change_words(case.bundle.schema, case.recorded, case.profile))),
            Text("What follows is what the model would say of the changed profile, not what would happen."),
        ]
    cautions = plausibility(case.bundle, case.profile)
    if cautions:
        blocks.append(Points(cautions))
    return blocks


def _ranking(case: _Case) -> list[Block]:
    bundle, now = case.bundle, case.now
    said = headline(bundle, case.before or now, now)
    blocks: list[Block] = [Heading("What the model says"), *(Text(words) for words in said if words)]
    blocks.append(Text(predict(bundle, case.profile).interval_meaning, soft=True))
    if cautions := (*now.cautions, *caution_words(now)):
        blocks.append(Points(cautions))
    if now.has_bands:
        caption = "Options in rank bands, with their intervals; options of one band cannot be told apart"
        html = ranking.ranking_html(
            ranked_options(now, case.before), caption=caption, outcome=bundle.manifest.outcome,
            compared=case.before is not None,
        )  # fmt: skip
        blocks.append(Markup(html, ranking.ranking_style(), caption))
    blocks.append(
        Table(
            [
                {
                    "option": r.label, "band": r.band, "says": r.probability, "low": r.low, "high": r.high,
                    "group": r.group or "", "training patients": r.support_words,
                    "reason": " ".join((r.reason, *r.cautions)),
                }
                for r in (*now.ordered, *now.abstained)
            ],
            "All options with their reasons",
            folded=now.has_bands,
        )
    )  # fmt: skip
    if now.unknowns:
        blocks += [Heading("Tests not done that would move something", 3)]
        blocks.append(Points(tuple(u.words() for u in now.unknowns[:8])))
    return blocks


def _leaned_on(case: _Case) -> list[Block]:
    """How far the numbers can be leaned on: the same glance, tables and words as on the page Treatment."""
    bundle = case.bundle
    found = assure(bundle, case.profile, ranking=case.now)
    blocks: list[Block] = [
        Heading("How far these numbers can be leaned on"),
        Markup(
            glance_html(bundle, found),
            glance_style(),
            "People out of a hundred, and what the numbers rest on",
        ),
    ]
    answered = [o for o in found.options if o.probability is not None]
    if answered:
        title = bundle.manifest.words.unlikely
        blocks += [
            Heading(f"{title[0].upper()}{title[1:]}, as the model sees it", 3),
            Text("Unknown is an answer of its own: it is neither for nor against an option."),
            Table(no_benefit_rows(bundle, answered), "Each option that the model answers on"),
            Table(option_rows(bundle, found.options), "Intervals, prediction sets and support", folded=True),
        ]
    if found.ranges:
        blocks += [
            Text(range_words(found.ranges, is_score=bundle.is_score)),
            Table(
                range_rows(found.ranges, is_score=bundle.is_score),
                "Each unknown input, one at a time: what the model would say, not what a test would find",
                folded=True,
            ),
        ]
    if found.abstention is not None:
        blocks.append(Text(f"{found.abstention.words()} {found.abstention.set_words()}", soft=True))
    return blocks


def _why(case: _Case, option: str, methods: Sequence[str], seed: int) -> list[Block]:
    label = case.bundle.label(option)
    blocks: list[Block] = [Heading(f"Why the model says so of {label}")]
    found: list[Explanation] = []
    refused: list[str] = []
    for method in methods:
        try:
            found.append(explain(case.bundle, case.profile, method, option=option, seed=seed))
        except (CannotExplainError, BackgroundError) as error:
            refused.append(f"{METHOD_LABELS[method]}: {error}")
    entry = case.now.of(option)
    if entry.abstained:
        blocks.append(Text(unshown_words(entry)))
    if found:
        first = found[0]
        interval, words = stability.interval_or_why_not(
            case.bundle, case.bundle.schema.encode_row(case.profile), first
        )
        told = tell(first, "clinical", interval=interval)
        blocks += [
            Text(" ".join(told.sentences)),
            Chart(
                attribution.waterfall(first, interval=interval, mode="light"),
                f"{METHOD_LABELS[first.method]}, in {first.unit}, compared with {first.background}. "
                + (f"Not explained: {first.residual():+.3g}. " if abs(first.residual()) > 1e-6 else "")
                + words,
                attribution.waterfall_rows(first, interval),
            ),
        ]
    blocks += _interactions(case, option)
    if len(found) > 1:
        agreement = compare(found)
        blocks += [
            Heading("Where the methods agree, and where not", 3),
            Chart(
                attribution.comparison(found, mode="light"),
                "The largest inputs by several methods",
                attribution.comparison_rows(found),
            ),
            Text(agreement.words),
            Points(tuple(c.words for c in (*agreement.agreed, *agreement.disputed))),
        ]
    limits = list(dict.fromkeys(f"{METHOD_LABELS[e.method]}: {words}" for e in found for words in e.limits))
    if limits or refused:
        blocks.append(Points((*limits, *refused)))
    return blocks


def _interactions(case: _Case, option: str) -> list[Block]:
    blocks: list[Block] = [Heading("Which facts act together", 3)]
    try:
        found = patient_interactions(case.bundle, case.bundle.schema.encode_row(case.profile), option)
    except CannotExplainError as error:
        return [*blocks, Text(str(error))]
    blocks.append(Text(found.words))
    if strongest := found.strongest():
        blocks.append(Points(tuple(pair.words for pair in strongest)))
    if rows := found.rows()[:_MOST_PAIRS]:
        blocks.append(Table(rows, "The strongest pairs of facts", folded=True))
    return [*blocks, Text(found.small_print, soft=True)]


def _similar(case: _Case, option: str) -> list[Block]:
    blocks: list[Block] = [Heading("Similar patients")]
    try:
        found = similar_patients(case.bundle, case.profile)
    except NoCohortError as error:
        return [*blocks, Text(str(error))]
    chosen = (option, *(r.option for r in case.now.ordered if r.option != option))[:8]
    return [
        *blocks,
        Text(found.words),
        Chart(
            outcomes.observed_outcomes(found, options=chosen, mode="light"),
            f"Observed outcomes ({case.bundle.manifest.words.responded}) with 95 % intervals; counts under five are withheld",
            found.rows(),
        ),
    ]


def _beside(case: _Case, option: str) -> list[Block]:
    found = beside(case.bundle, case.profile, case.now, option=option)
    caption = f"{found.label}: what is not recorded here says so"
    return [Heading("Everything that belongs beside this number"), Table(found.rows(), caption)]


def _limits(case: _Case) -> list[Block]:
    manifest = case.bundle.manifest
    about = [("Intended use", manifest.intended_use), ("Outside its use", manifest.out_of_scope)]
    return [
        Heading("What this does not tell"),
        Points((*(f"Not modelled: {words}" for words in case.now.not_modelled), *manifest.limits)),
        Facts(tuple((k, v) for k, v in about if v)),
    ]
