"""What the model leans on beside what is published, and the strongest marker of every option."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from oncology.errors import OncologyError
from pages.parts import tables
from pages.parts.leaning import results
from pages.parts.verbatim import verbatim

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["show_known", "show_strongest"]


def show_known(bundle: ModelBundle, option: str) -> None:
    """Draw the strongest inputs with their standing: known, against what is published, new, or suspicious."""
    from explainers.overall.known_biology import known_biology

    sample, important = results.sample(bundle, option), results.important(bundle, option)
    if sample is None or important is None:
        return
    beyond = results.chance(bundle, option)
    found = known_biology(
        bundle,
        sample,
        important,
        results.evidence(),
        chance=None if isinstance(beyond, OncologyError) else beyond,
    )
    st.write(verbatim(found.words))
    tables.show(found.rows(), caption="The strongest inputs beside what is published", name="known-markers")
    st.caption(
        "From a short table of cited trial results; it holds less than what is known. That a marker is published does not "
        "make the model right, and that it is not in the table does not make it new."
    )


def show_strongest(bundle: ModelBundle, option: str) -> None:
    """Draw the strongest molecular input of every option, from the model alone."""
    found = results.strongest(bundle)
    if found is None:
        return
    tables.show(found.rows(), caption="Strongest marker of each option", name="strongest-markers")
    st.caption(verbatim(" ".join(t for t in (found.small_print, bundle.manifest.words.banner) if t)))
