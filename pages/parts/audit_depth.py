"""The questions behind the answer, one at a time: calibration, ranking, usefulness, groups, errors, other models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from oncology import edits
from pages.parts import library, long_work, session, tables
from pages.parts.verbatim import listed, verbatim

if TYPE_CHECKING:
    from explainers.audit.comparison import Comparison
    from explainers.audit.data import AuditData
    from explainers.audit.overview import Audit, OptionAudit
    from explainers.audit.recalibration import Recalibration
    from explainers.audit.worst import Surprise
    from oncology.bundles import ModelBundle

__all__ = ["QUESTIONS", "Asked", "asks_one_option"]

_SIMPLE = "a logistic regression in the same folds"


@dataclass(frozen=True)
class Asked:
    """What a question is asked about."""

    bundle: ModelBundle
    data: AuditData
    audit: Audit
    option: str

    @property
    def of(self) -> OptionAudit:
        """The audit of the option asked about."""
        return self.audit.of(self.option)


def asks_one_option(question: str) -> bool:
    """Whether a question is asked of one option at a time."""
    return QUESTIONS[question] in (_calibration, _threshold, _worth)


# --- is the number a probability? --------------------------------------------------------------------------


def _calibration(asked: Asked) -> None:
    from explainers.audit import findings

    one = asked.of
    st.write(verbatim(findings.finding(one, asked.audit).words))
    if one.fault or not one.n:
        _metrics(one, "calibration")
        return
    left, right = st.columns([3, 2], gap="large")
    with left:
        _calibration_plot(asked, one)
    with right:
        _metrics(one, "calibration")
        if one.chance_error == one.chance_error:
            st.caption(
                f"Intervals: {asked.audit.rounds} redraws of the patients; of the share observed, Wilson's. Expected calibration "
                "error: how far said and observed lie apart, over ten bins of equal size. Chance alone "
                f"gives up to {one.chance_error:.3f} to a perfectly calibrated model with these patients (in 95 of 100 such "
                "cohorts)."
            )
    _recalibrated(asked)


def _calibration_plot(asked: Asked, one: OptionAudit) -> None:
    from explainers.charts.calibration import calibration, calibration_points

    if not one.bins:
        st.caption("Too few patients of one outcome for a plot.")
        return
    _chart(
        calibration(one.bins, one.curve, number=asked.data.number, observed=asked.data.words.responded),
        f"calibration-{one.option}",
    )
    st.caption(
        "Dots: patients with similar numbers, with Wilson's 95 % interval. Line: the same without bins, with its 95 % band. "
        "Dotted: where a probability would lie. Below: patients in each bin; none holds fewer than five of either outcome."
        f"{' ' + one.curve.reason.capitalize() + '.' if one.curve.reason else ''}"
    )
    tables.beside(calibration_points(one.bins), caption="Said and observed", name="calibration")


def _metrics(one: OptionAudit, name: str) -> None:
    from explainers.audit.calibration import METRICS
    from explainers.audit.option_table import figure_rows

    tables.show(figure_rows(one, METRICS), caption=f"{one.label}: {one.n:,} patients", name=f"{name}-metrics")


def _recalibrated(asked: Asked) -> None:
    folded = st.expander(
        "What would recalibrating on these patients do?", key="audit-recalibrate", on_change="rerun"
    )
    if not folded.open:
        return
    from explainers.charts.calibration import calibration

    with folded:
        found = _recalibration(asked)
        if found is None:
            st.info(
                "Too few patients of one outcome, or a number that is no share: nothing to recalibrate on."
            )
            return
        st.write(verbatim(found.words))
        if found.bins:
            _chart(
                calibration(found.bins, found.curve, observed=asked.data.words.responded),
                f"recalibrated-{found.option}",
            )
            st.caption("After Platt's map, each patient mapped by the four fifths without them.")
        tables.show(
            list(found.rows),
            caption="Ways to turn the number into a probability, judged out of part",
            name="recalibration",
        )
        st.caption(
            f"Fitted on all these patients, Platt's map reads: log-odds of the probability = {found.slope:.3f} × log-odds of the "
            f"number {'+' if found.intercept >= 0 else '−'} {abs(found.intercept):.3f}. It is shown to be copied, for patients "
            "like these; the model on disk and every other page stay as they are."
        )


@st.cache_resource(max_entries=64, show_spinner="Fitting on four fifths, judging on the last")
def _recalibration_of(fingerprint: str, option: str, _data: AuditData) -> Recalibration | None:
    from explainers.audit.recalibration import recalibration

    return recalibration(_data, option)


def _recalibration(asked: Asked) -> Recalibration | None:
    return _recalibration_of(asked.data.fingerprint, asked.option, asked.data)


# --- does it tell patients apart? --------------------------------------------------------------------------


def _ranking(asked: Asked) -> None:
    from explainers.charts.intervals import intervals

    shown = sorted((o for o in asked.audit.options if o.n), key=lambda o: -_or_low(o.row("AUC").estimate))
    rows = [o.row("AUC") for o in shown]
    if any(r.is_known for r in rows):
        low = min([0.45, *(r.ci_low for r in rows if r.ci_low == r.ci_low)])
        _chart(
            intervals(rows, [o.label for o in shown], against=0.5, axis="AUC; 95 % interval; dotted: chance",
                      span=(low - 0.02, 1.0)),
            "audit-auc",
        )  # fmt: skip
    labels = asked.data.label_of
    table = [r for o in shown for r in o.metrics.rows(labels) if r["metric"] in ("AUC", "average precision")]
    tables.beside(table, caption="How well patients are told apart", name="audit-ranking")
    st.caption(
        "AUC: the share of pairs, one responder and one other, in which the responder has the higher number. Average precision "
        "looks at the top of the list; somebody who guesses reaches the share of responders."
    )


def _or_low(value: float) -> float:
    return value if value == value else -1.0


def _threshold(asked: Asked) -> None:
    from explainers.audit.discrimination import at_threshold

    number = asked.data.number
    threshold = st.number_input(
        f"A yes from this {number} on", 0.01, 0.99, min(max(float(asked.audit.threshold), 0.01), 0.99), 0.01,
        key=f"audit-threshold-{asked.bundle.sha256[:8]}", width=220,
        help="The model's own line is where an option is listed as unlikely to help.", persist_state="page",
    )  # fmt: skip
    y, p = asked.data.of(asked.option)
    rows = [r for row in at_threshold(asked.option, y, p, threshold) for r in _one(row)]
    tables.show(rows, caption=f"{asked.of.label}: what a line at {threshold:g} gives", name="at-threshold")
    st.caption(
        "Sensitivity: of the responders, the share over the line. Specificity: of the others, the share under it. Predictive "
        "values: of those over (under) the line, the share who did (did not) respond. Wilson's 95 % intervals."
    )


def _one(row: Any) -> list[dict[str, Any]]:
    return [{"figure": row.metric, "value": row.words(), "remark": row.reason if row.is_known else ""}]


# --- is it worth using? ------------------------------------------------------------------------------------


def _worth(asked: Asked) -> None:
    from explainers.audit import findings
    from explainers.audit.net_benefit import SENSIBLE, price_words
    from explainers.charts.decision_curve import decision_curve, decision_points

    one, curve = asked.of, asked.of.decision
    if curve.reason:
        st.info(f"No decision curve: {verbatim(curve.reason)}.")
        return
    if asked.data.words.banner:
        st.info(f"{asked.data.words.banner} No decision about a treatment follows from the curve below.")
    if asked.data.is_score:
        st.warning(
            "The score is no probability, so its thresholds price nothing: the curve shows it as if it were one. Recalibrated, "
            "it would shift."
        )
    chosen = st.slider(
        "From which chance of response on would treating be worth it (of 100)?", 2, 80,
        (round(100 * SENSIBLE[0]), round(100 * SENSIBLE[1])), key="audit-range", persist_state="page",
    )  # fmt: skip
    low, high = chosen[0] / 100, max(chosen[1], chosen[0] + 1) / 100
    if words := findings.utility_words(one, findings.judged(asked.audit), low, high):
        st.warning(words)
    middle = curve.at((low + high) / 2)
    t = curve.thresholds[middle]
    st.write(
        f"{price_words(t)} Treating by the model is then worth {100 * curve.model[middle]:.1f} responses per 100 patients "
        f"({100 * curve.low[middle]:.1f} to {100 * curve.high[middle]:.1f}) more than treating nobody; treating everybody "
        f"{100 * curve.everybody[middle]:.1f}"
        + (f", treating by the {'label' if curve.label_is_known else 'stand-in'} {100 * curve.label[middle]:.1f}." if curve.label else ".")
    )  # fmt: skip
    _chart(decision_curve(curve, low=low, high=high), f"decision-{one.option}")
    rule = (
        f"By label: {curve.label_words} ({curve.label_source})."
        if curve.label
        else "No label or driver is known for this option."
    )
    st.caption(
        f"Net responses: those treated who respond, minus those treated in vain at the threshold's odds. {rule} Bands and "
        "intervals by redraws of the patients, one threshold at a time. A model's gain on paper is not a patient's benefit: no "
        "harm, cost or alternative is counted."
    )
    tables.beside(
        decision_points(curve, low=low, high=high),
        caption="Net responses per 100 patients",
        name="decision-curve",
    )


# --- for whom? ---------------------------------------------------------------------------------------------


def _groups(asked: Asked) -> None:
    from explainers.charts.intervals import intervals
    from pages.parts import audit_groups_panel

    audit_groups_panel.show(asked.data, asked.bundle, lambda i, o: _open(asked, i, o))
    table = asked.audit.by_alterations.where(metric="observed minus predicted")
    if len(table):
        st.markdown("**Said and observed by number of alterations**, all options together")
        names = [r.group.removeprefix("number of alterations: ") for r in table]
        _chart(
            intervals(
                list(table), names, against=0.0, axis="observed minus predicted; 95 % interval", digits=3
            ),
            "audit-alterations",
        )
        tables.beside(
            asked.audit.by_alterations.rows(), caption="By number of alterations", name="audit-alterations"
        )


# --- where was it wrong? -----------------------------------------------------------------------------------


def _errors(asked: Asked) -> None:
    from explainers.audit import worst

    found = _worst(asked.data)
    if not found:
        st.info("No outcome to be wrong about.")
        return
    st.write(
        f"The {len(found)} answers whose outcome surprised the model most. A click on a line opens the patient on Why."
    )
    rows = worst.rows(found, asked.data.number)
    picked: Any = st.dataframe(
        rows, on_select="rerun", selection_mode="single-row", hide_index=True, key="audit-errors", height=320
    )
    tables.download(rows, name="audit-errors")
    if lines := picked["selection"]["rows"]:
        _open(asked, found[lines[0]].patient_id, found[lines[0]].option)


def _worst(data: AuditData) -> tuple[Surprise, ...]:
    """Lines about single patients: those of the user's cohort must not outlive the session."""
    from explainers.audit.worst import worst

    key = f"audit-worst-{data.fingerprint}"
    found: tuple[Surprise, ...] | None = st.session_state.get(key)
    if found is None:
        found = st.session_state[key] = worst(data)
    return found


def _open(asked: Asked, patient_id: str, option: str) -> None:
    open_patient(asked.bundle, asked.data, patient_id, option)


def open_patient(bundle: ModelBundle, data: AuditData, patient_id: str, option: str) -> None:
    """Open a patient of an audit on Why; ids stay out of the address."""
    profile = data.profiles.get(patient_id)
    if profile is None:
        row = data.X.loc[_label_of(data, patient_id)]
        profile, lost = edits.profile_from_row(bundle.schema, row, patient_id, synthetic=data.synthetic)
        missing = f" Not given back by the training table: {', '.join(lost)}." if lost else ""
        profile = profile.replace(
            note=f"A training patient of this model, put together again from the model's inputs.{missing}"
        )
    session.add_patients([profile])
    st.session_state["why-wanted-option"] = option
    st.switch_page("pages/why.py")


def _label_of(data: AuditData, patient_id: str) -> Any:
    return next(i for i in data.X.index if str(i) == patient_id)


# --- against another model ---------------------------------------------------------------------------------


def _rivals(asked: Asked) -> None:
    others = {c.label: c for c in session.offered_bundles() if _fits(c, asked)}
    offered = ([_SIMPLE] if asked.data.origin == "out of fold" else []) + list(others)
    if not offered:
        st.info(
            "There is no second model to compare with: put one that answers for the same options into local/bundles."
        )
        return
    st.caption(
        "Both models answer for the same patients, so the difference has an interval of its own. A simpler model that loses "
        "nothing is easier to explain."
    )
    rival = st.selectbox("Compare with", offered, key="audit-rival", width=420, persist_state="page")
    state = f"audit-compare-{asked.data.fingerprint[:12]}-{rival}"
    st.button("Compare", key="audit-compare", on_click=_want, args=(state,))
    if not st.session_state.get(state):
        return
    found = _comparison(asked, rival, others.get(rival))
    if found is None:
        return
    if found.pooled_words:
        st.markdown(f"**{verbatim(found.pooled_words)}**")
    for option, _ in found.labels:
        st.markdown(listed([found.words(option)]))
    tables.beside(found.rows(), caption="Difference of the two models", name="audit-comparison")
    st.caption(
        f"{found.family} Differences are the second model minus this one. AUC by DeLong for paired curves; the rest by redraws of the patients "
        f"that serve both models. Net benefit at {100 * found.threshold:.0f} of 100. No detectable loss is no proof of "
        "equality: with few patients, even a large loss stays undetected."
    )


def _want(state: str) -> None:
    st.session_state[state] = True


def _fits(choice: library.BundleChoice, asked: Asked) -> bool:
    if choice.manifest is None or choice.sha256 == asked.bundle.sha256:
        return False
    return bool(set(choice.manifest.options) & set(asked.data.options))


def _comparison(asked: Asked, rival: str, choice: library.BundleChoice | None) -> Comparison | None:
    bundle, data = asked.bundle, asked.data
    second = None if choice is None else library.open_bundle(choice)

    def make(say: Callable[[float, str], None], stop: Callable[[], bool]) -> Any:
        from explainers.audit.comparison import compare_with

        return compare_with(bundle, data, second, progress=say, stop=stop)

    made: Comparison | None = long_work.result(
        "audit-rival", f"{data.fingerprint}|{rival}", make, f"Comparing with {rival}"
    )
    return made


def _chart(figure: Any, key: str) -> None:
    st.plotly_chart(figure, key=key, width="stretch", config={"displayModeBar": False})


QUESTIONS: dict[str, Callable[[Asked], None]] = {
    "Is its number a probability?": _calibration,
    "Does it tell patients apart?": _ranking,
    "What does a line through its numbers give?": _threshold,
    "Is it worth more than simpler rules?": _worth,
    "For whom does it work?": _groups,
    "Where was it most wrong?": _errors,
    "Would another model do?": _rivals,
}
