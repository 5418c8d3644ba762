"""What else one may ask about groups, each computed when it is opened: slices, base rates, fairness, markers, drift."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import streamlit as st

from oncology.errors import OncologyError
from pages.parts import long_work, tables
from pages.parts.verbatim import listed, verbatim

if TYPE_CHECKING:
    from explainers.audit.data import AuditData
    from explainers.audit.drift import Drift
    from explainers.audit.effects import MarkerEffects
    from explainers.audit.group_audit import GroupAudit
    from explainers.audit.slices import Slices
    from oncology.bundles import ModelBundle

__all__ = ["show"]


def show(data: AuditData, bundle: ModelBundle, found: GroupAudit, option: str, threshold: float) -> None:
    """Draw one folded question after the other."""
    from explainers.audit.subgroups import POOLED

    single = option if option != POOLED else None
    _folded("Where is it most wrong? A search", "slices", lambda: _slices(data, bundle))
    _folded(
        "What if more, or fewer, patients responded?",
        "rates",
        lambda: _base_rates(data, found, single, threshold),
    )
    _folded("Fairness measures", "fairness", lambda: _fairness(data, found, single, threshold))
    _folded("Is a marker prognostic or predictive?", "markers", lambda: _markers(data, bundle))
    if data.origin == "external cohort" and bundle.training is not None:
        _folded("Do these patients look like those it was made from?", "drift", lambda: _drift(data, bundle))


def _folded(title: str, key: str, draw: Callable[[], None]) -> None:
    folded = st.expander(title, key=f"audit-more-{key}", on_change="rerun")
    if folded.open:
        with folded:
            try:
                draw()
            except OncologyError as error:
                st.info(verbatim(str(error)))


def _slices(data: AuditData, bundle: ModelBundle) -> None:
    def make(say: Callable[[float, str], None], stop: Callable[[], bool]) -> Slices:
        from explainers.audit.slices import worst_slices

        return worst_slices(data, schema=bundle.schema, progress=lambda s: say(s, ""), stop=stop)

    found: Slices | None = long_work.result(
        "audit-slices", data.fingerprint, make, "Searching one half of the patients"
    )
    if found is None:
        return
    said = found.confirmed
    if said:
        st.markdown(listed(s.words() for s in said))
    else:
        st.write("No slice found in one half held in the other.")
    tables.show(
        found.rows(), caption="The worst slices of the search, and what became of them", name="audit-slices"
    )
    st.caption(verbatim(found.words))


def _base_rates(data: AuditData, found: GroupAudit, option: str | None, threshold: float) -> None:
    option = _one_option(found, option)
    if option is not None:
        _slider(data, option, threshold)


@st.fragment
def _slider(data: AuditData, option: str, threshold: float) -> None:
    from explainers.audit.prevalence import at_base_rate, base_rate_curve
    from explainers.charts.subgroups import base_rates

    try:
        curve = base_rate_curve(data, option, threshold=threshold)
    except OncologyError as error:
        st.info(verbatim(str(error)))
        return
    seen = round(100 * curve[0].observed_base_rate)
    said = data.words.responded
    rate = st.slider(
        f"Of 100 patients, how many {said}?",
        1,
        99,
        min(max(seen, 1), 99),
        key=f"audit-rate-{option}",
        width=420,
    )
    chosen = at_base_rate(data, option, threshold=threshold, base_rate=rate / 100)
    st.write(verbatim(f"{data.label(option)}. {chosen.words()}"))
    chart: Any = base_rates(curve, chosen)
    st.plotly_chart(chart, key="audit-base-rates", width="stretch", config={"displayModeBar": False})
    tables.beside([v.row() for v in curve], caption="Predictive values by base rate", name="audit-base-rates")
    st.caption(
        f"Among these patients {seen} of 100 {said}. Sensitivity and specificity at the model's line of {threshold:.0%} are taken to stay "
        "the same, which holds only where those who respond elsewhere are like those who respond here."
    )


def _one_option(found: GroupAudit, option: str | None) -> str | None:
    if option is not None:
        return option
    from explainers.audit.subgroups import POOLED

    single = [o for o in found.options if o != POOLED]
    if len(single) == 1:
        return single[0]
    st.write("Choose one option above.")
    return None


def _fairness(data: AuditData, found: GroupAudit, option: str | None, threshold: float) -> None:
    from explainers.audit.fairness import fairness
    from explainers.audit.grouping import GROUP_LABELS

    option = _one_option(found, option)
    if option is None:
        return
    attributes = [str(c) for c in data.groups.columns]
    first = attributes.index("ancestry") if "ancestry" in attributes else 0
    attribute = st.selectbox(
        "Compare by",
        attributes,
        index=first,
        format_func=lambda a: GROUP_LABELS.get(a, a),
        key="audit-fairness-by",
        width=260,
    )
    measured = fairness(data, option, attribute, threshold=threshold)
    for sentence in measured.words():
        st.write(verbatim(sentence))
    tables.show(
        measured.rows(),
        caption=f"{data.label(option)}: shares at a {data.number} of {threshold:g}",
        name="audit-fairness",
    )
    st.caption(
        "Measured by fairlearn. Equal shares are no aim in themselves: a group that responds less often should be told so. "
        "Numbers that mean the same in every group come first."
    )


def _markers(data: AuditData, bundle: ModelBundle) -> None:
    from explainers.audit.marker_design import markers

    offered = markers(data, bundle.schema)
    if not offered:
        st.write("The model reads no alteration that enough of these patients have.")
        return
    label = dict(offered)
    marker = st.selectbox("Marker", list(label), format_func=label.get, key="audit-marker", width=320)

    def make(say: Callable[[float, str], None], stop: Callable[[], bool]) -> MarkerEffects:
        from explainers.audit.effects import marker_effects

        return marker_effects(
            data,
            bundle.schema,
            marker,
            drivers=bundle.manifest.drivers,
            progress=lambda s: say(s, ""),
            stop=stop,
        )

    key = f"{data.fingerprint}|{marker}"
    found: MarkerEffects | None = long_work.result(
        "audit-marker", key, make, f"Comparing options for {label[marker]}"
    )
    if found is None:
        return
    st.markdown(listed(found.words))
    said = data.words.responded
    tables.show(
        found.rate_rows(),
        caption=f"{found.label}: how many {said} with and without it, under the option and under the others; 95 % intervals",
        name="audit-marker-rates",
    )
    tables.show(
        found.rows(),
        caption=f"{found.label}: adjusted odds ratios, altered against not altered, to be read beside the counts",
        name="audit-marker",
    )


def _drift(data: AuditData, bundle: ModelBundle) -> None:
    def make(say: Callable[[float, str], None], stop: Callable[[], bool]) -> Drift:
        from explainers.audit.drift import drift

        assert bundle.training is not None
        return drift(
            bundle,
            bundle.training.X,
            data.X,
            explained=bundle.options,
            progress=lambda s: say(s, ""),
            stop=stop,
        )

    found: Drift | None = long_work.result(
        "audit-drift", data.fingerprint, make, "Comparing the two groups of patients"
    )
    if found is None:
        return
    st.markdown(listed(found.words))
    compared = [
        bundle.label(o) for o in bundle.options if any(c.option == bundle.label(o) for c in found.changes)
    ]
    option = ""
    if len(compared) > 1:
        option = st.selectbox(
            "What the model leans on, for", ["", *compared], format_func=lambda o: o or "all options",
            key="audit-drift-option", width=320,
        )  # fmt: skip
    tables.beside(
        found.rows(option), caption="Everything compared" if not option else f"Everything compared; leaning: {option}",
        name="audit-drift",
    )  # fmt: skip
