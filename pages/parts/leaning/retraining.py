"""What each input is worth to the model: shuffled among patients, or left out of the training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.parts import tables
from pages.parts.leaning import results
from pages.parts.leaning.importance import chart

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["show"]

_SHUFFLE, _DROP = "Shuffle the input", "Train without the input"
_WORDS = {
    _SHUFFLE: "Each input is shuffled among patients whom the fold's model has not seen, and the fall in AUC is measured "
    "(permutation importance). Five models are trained again, which takes some seconds.",
    _DROP: "The model is trained again without each input, and the fall in AUC on patients it has not seen is measured "
    "(drop-column importance). This takes five trainings an input; a model that would need more than three minutes is "
    "refused.",
}


def show(bundle: ModelBundle, option: str) -> None:
    """Draw the question, and its answer once it was asked for."""
    from explainers.charts import global_importance

    how = st.segmented_control(
        "How", [_SHUFFLE, _DROP], default=_SHUFFLE, key="retraining-how", required=True, width="content"
    )
    how = how or _SHUFFLE
    st.caption(_WORDS[how])
    asked = f"retraining-{bundle.sha256[:12]}-{option}-{how}"
    if not st.session_state.get(asked):
        if not st.button("Measure", key=f"measure-{option}-{how}"):
            return
        st.session_state[asked] = True
    found = (results.shuffled if how == _SHUFFLE else results.dropped)(bundle, option)
    if found is None:
        return
    chart(global_importance.importance(found), "retraining")
    tables.beside(found.rows(), caption=found.measure, name="retraining")
    st.caption(found.method)
