"""Everything that belongs beside one number, folded away on Treatment until somebody asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from oncology.errors import OncologyError
from pages.parts import kept_results, tables
from pages.parts.verbatim import verbatim

if TYPE_CHECKING:
    from explainers.beside import Beside
    from oncology.bundles import ModelBundle
    from oncology.patients import PatientProfile
    from oncology.recommendations import Ranking


def show(bundle: ModelBundle, profile: PatientProfile, ranking: Ranking) -> None:
    """Draw the seventeen things beside the number of one option, once the fold is opened."""
    folded = st.expander("Everything that belongs beside this number", key="beside", on_change="rerun")
    if not folded.open:
        return
    with folded:
        options = [r.option for r in (*ranking.ordered, *ranking.abstained)]
        option = options[0]
        if len(options) > 1:
            option = st.selectbox(
                "Option",
                options,
                format_func=bundle.label,
                key=f"beside-option-{bundle.sha256[:8]}",
                width=340,
            )
        from explainers.card import card_stamp

        try:
            # The stamp names the bundle, and a card beside it that its hash may not cover.
            found = _beside((card_stamp(bundle), profile.fingerprint, option), bundle, profile, ranking)
        except OncologyError as error:
            st.info(verbatim(str(error)))
            return
        tables.show(found.rows(), caption=f"{found.label}: what is not recorded here says so", name="beside")


@kept_results.keep(200)
def _beside(
    key: tuple[str, str, str], bundle: ModelBundle, profile: PatientProfile, ranking: Ranking
) -> Beside:
    from explainers.beside import beside

    with st.spinner("Collecting"):
        return beside(bundle, profile, ranking, option=key[2])
