"""Several samples of one patient over time: what the model says at each, and what changed in between."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from explainers.ranking_words import lead_words
from explainers.what_if import headline
from oncology.intake.timeline import Step, TimelineError, samples_of, timeline
from oncology.patients import PatientProfile
from pages.parts import germline_gate, session
from pages.parts.verbatim import listed, verbatim

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle
    from oncology.recommendations import Ranking


def show(profile: PatientProfile, bundle: ModelBundle | None) -> None:
    """Draw the samples of this patient in the order of their days; nothing where there is one sample only."""
    samples = samples_of(profile, [germline_gate.shown(c) for c in session.offered_patients()])
    if len(samples) < 2:
        return
    st.header("Over time", anchor=False)
    try:
        steps = timeline(samples)
    except TimelineError as error:
        st.warning(verbatim(str(error)))
        return
    st.write(
        f"{len(steps)} samples of this patient. What the model says of each is worked out from that sample alone; "
        "it knows nothing of the others."
    )
    # One element for all samples: each costs the browser more than its words do.
    with st.container(border=True, key="timeline"):
        said, before = [], None
        for step in steps:
            said.append(_step(step, before, bundle, opened=step.profile.patient_id == profile.patient_id))
            before = step.profile
        st.markdown("\n\n".join(said))


def _step(step: Step, before: PatientProfile | None, bundle: ModelBundle | None, *, opened: bool) -> str:
    """One sample in Markdown: its day, what changed since the one before, what the model says and how that moved."""
    day = f"Day {step.profile.sample_day}" + (f", {step.days} days later" if step.days is not None else "")
    lines = [f"**{day}**" + (" (open now)" if opened else "")]
    if before is not None:
        lines.append(listed(step.changes or ("Nothing recorded changed.",)))
    if bundle is not None:
        now = session.ranking(bundle, step.profile, with_unknowns=False)
        lines.append(verbatim(lead_words(bundle, now)))
        if before is not None:
            was = session.ranking(bundle, before, with_unknowns=False)
            lines.append(f"Since the sample before: {verbatim(_moved(bundle, was, now))}")
    return "\n\n".join(lines)


def _moved(bundle: ModelBundle, before: Ranking, now: Ranking) -> str:
    if not bundle.is_score:
        return headline(bundle, before, now)[1] or "the model says the same."
    was = {r.option: r for r in before.ordered}
    said = [
        f"{r.label} from {was[r.option].probability:.2f} to {r.probability:.2f}"
        if r.option in was
        else f"{r.label} had no answer before"
        for r in now.ordered
    ]
    return f"{'; '.join(said)}." if said else "no answer now."
