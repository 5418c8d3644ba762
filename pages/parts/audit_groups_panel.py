"""For whom does the model work: the answer in words, every group with its figures, and which of them differ."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.parts import audit_groups_more, long_work, tables
from pages.parts.verbatim import verbatim

if TYPE_CHECKING:
    from explainers.audit.data import AuditData
    from explainers.audit.group_audit import GroupAudit
    from oncology.bundles import ModelBundle

__all__ = ["at_hand", "show"]

_MOST_GROUPS = 48
_SHOWN = (
    "option",
    "group",
    "figure",
    "here",
    "in the rest",
    "by mix of patients",
    "beyond that",
    "low",
    "high",
)


def show(data: AuditData, bundle: ModelBundle, open_patient: Callable[[str, str], None]) -> None:
    """Draw the section; `open_patient` takes a patient's id and an option to Why."""
    threshold = bundle.manifest.unlikely_below
    found = _audited(data, threshold)
    if found is None:
        return
    option, metric = _choices(found, data)
    _words(found, option)
    _forest(found, data, option, metric)
    _findings(found, data, open_patient)
    audit_groups_more.show(data, bundle, found, option, threshold)


def at_hand(data: AuditData, bundle: ModelBundle) -> tuple[str, ...]:
    """What the groups' audit found, where it has been made before; otherwise where to ask. Nothing is computed."""
    from explainers.audit.group_audit import kept_headline

    kept = kept_headline(data, threshold=bundle.manifest.unlikely_below)
    if kept is not None:
        return kept.words
    return (
        "Whether every group of patients is served alike is a question of its own: For whom does it work?",
    )


def _audited(data: AuditData, threshold: float) -> GroupAudit | None:
    def make(say: Callable[[float, str], None], stop: Callable[[], bool]) -> GroupAudit:
        from explainers.audit.group_audit import kept_group_audit

        return kept_group_audit(data, threshold=threshold, progress=lambda s: say(s, ""), stop=stop)

    made: GroupAudit | None = long_work.result(
        "audit-groups", f"{data.fingerprint}|{threshold}", make, "Comparing every group with the rest"
    )
    return made


def _choices(found: GroupAudit, data: AuditData) -> tuple[str, str]:
    from explainers.audit.group_metrics import METRICS
    from explainers.audit.subgroups import POOLED

    with st.container(horizontal=True, vertical_alignment="bottom", key="audit-groups-choices"):
        option = st.selectbox(
            "Option", found.options, format_func=found.label, key=f"audit-groups-option-{data.fingerprint[:8]}", width=340,
            persist_state="page",
        )  # fmt: skip
        metric = "observed minus predicted"
        if option != POOLED:
            metric = st.selectbox(
                "Figure", list(METRICS), key="audit-groups-metric", width=260, persist_state="page"
            )
    return option, metric


def _words(found: GroupAudit, option: str) -> None:
    items = "".join(f"<li>{escape(w)}</li>" for w in found.for_whom(option).words)
    st.html(f"<p><strong>For whom: {escape(found.label(option))}</strong></p><ul>{items}</ul>")


def _forest(found: GroupAudit, data: AuditData, option: str, metric: str) -> None:
    from explainers.audit.group_metrics import METRICS
    from explainers.audit.tables import ALL
    from explainers.charts.subgroups import forest

    mine = found.table.where(option=option, metric=metric)
    rows = [r for r in mine if r.group != ALL and r.n][:_MOST_GROUPS]
    differs = {g.group for g in found.gaps.where(option=option, metric=metric) if g.is_finding}
    kind = METRICS[metric]
    chart: Any = forest(
        rows, mine.get(option, metric), findings=differs, best=float(kind.best) if kind.best in "01" else None,
        axis=_axis(data, metric, found.gaps.threshold),
    )  # fmt: skip
    st.plotly_chart(chart, key="audit-forest", width="stretch", config={"displayModeBar": False})
    st.caption(
        f"{kind.means} Bars: 95 % interval of each group by itself ({kind.method}); with so many groups, some stand apart by chance. "
        "The second colour marks those that differ from the rest beyond chance after correcting for all that was compared, and "
        "beyond what the mix of patients in the group explains. Dotted: all patients."
    )
    tables.beside(mine.rows({option: found.label(option)}), caption=f"{metric} by group", name="audit-groups")


def _axis(data: AuditData, metric: str, threshold: float) -> str:
    if metric in ("sensitivity", "false negative rate", "net benefit"):
        return f"{metric} at a {data.number} of {threshold:g}"
    return metric.replace("predicted", "score") if data.is_score else metric


def _findings(found: GroupAudit, data: AuditData, open_patient: Callable[[str, str], None]) -> None:
    from explainers.audit.group_audit import most_surprising

    st.markdown("**Groups that differ from the rest**, over all options and figures")
    findings = found.gaps.findings
    if not findings:
        st.write(
            "None differs by more than chance and the mix of patients explain. That is no proof that all are served alike."
        )
    else:
        rows = [{h: r[h] for h in _SHOWN} for r in found.gaps.rows(findings)]
        number = st.column_config.NumberColumn(format="%.2f", width="small")
        picked: Any = st.dataframe(
            rows, on_select="rerun", selection_mode="single-row", hide_index=True, key="audit-group-findings",
            column_config=dict.fromkeys(_SHOWN[3:], number),
            height=min(320, 40 + 36 * len(rows)),
        )  # fmt: skip
        st.caption("A click on a line opens the patient of that group who surprised the model most on Why.")
        if lines := picked["selection"]["rows"]:
            open_patient(*most_surprising(data, findings[lines[0]]))
    with st.container(horizontal=True):
        tables.download(found.gaps.rows(), name="audit-group-comparisons")
    st.caption(verbatim(f"{found.gaps.words} {' '.join(found.gaps.left_out)}"))
