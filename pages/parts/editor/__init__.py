"""The panel that edits a profile: three states for every alteration, a number or a level for the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from oncology.edits import STATES, Edit
from oncology.features import FeatureSpec, Value
from oncology.vocabulary import tumour_name

if TYPE_CHECKING:
    from explainers.what_if import NumberRange

_HERE = Path(__file__).parent
_WORDS = {value: word for word, value in STATES.items()}
_YES = {"yes": 1.0, "no": 0.0}


@cache
def _component() -> Any:
    # In the page's own document, not behind a shadow root: labels, focus order and assistive technology then
    # meet plain form controls.
    return st.components.v2.component(
        "glassboard.profile_editor",
        html='<div class="gb-editor"></div>',
        css=(_HERE / "editor.css").read_text(encoding="utf-8"),
        js=(_HERE / "editor.js").read_text(encoding="utf-8"),
        isolate_styles=False,
    )


def show(
    groups: Mapping[str, list[dict[str, Any]]],
    edits: Mapping[str, Value],
    specs: Mapping[str, FeatureSpec],
    *,
    revision: int,
    key: str,
    on_change: Callable[[], None],
) -> None:
    """Draw the panel.

    Parameters
    ----------
    groups : mapping of title to rows
        Made by `row`.
    edits : mapping of feature to value
    revision : int
        Another number makes the panel take up `edits`; the same number leaves it its own, newer ones.
    on_change : function
        Called after every change; `edits_of` then tells all edits.
    """
    data = {
        "id": key,
        "revision": revision,
        "edits": {name: _to_browser(specs[name], value) for name, value in edits.items()},
        "groups": [{"title": title, "rows": rows} for title, rows in groups.items() if rows],
    }
    _component()(data=data, key=key, default={"edits": data["edits"]}, on_edits_change=on_change)


def edits_of(key: str, specs: Mapping[str, FeatureSpec]) -> tuple[Edit, ...]:
    """All edits that the panel holds; names that the model does not have are left out."""
    held = st.session_state[key]["edits"] or {}
    return tuple(Edit(n, _from_browser(specs[n], v)) for n, v in held.items() if n in specs)


def row(spec: FeatureSpec, recorded: Value, numbers: NumberRange | None = None) -> dict[str, Any]:
    """One line of the panel in plain data; `numbers` for features that are numbers."""
    line: dict[str, Any] = {
        "feature": spec.name,
        "label": spec.label,
        "recorded": _to_browser(spec, recorded),
        "kind": "states" if spec.is_alteration else "number" if numbers is not None else "choice",
    }
    if numbers is not None:
        names = ("low", "high", "step", "middle", "least", "most")
        line |= {"unit": spec.unit} | {name: getattr(numbers, name) for name in names}
    elif not spec.is_alteration:
        levels = list(spec.levels or _YES)
        # A recorded level that the model does not know stays in the list, so that it can be gone back to.
        levels += [level for level in [line["recorded"]] if level is not None and level not in levels]
        line["levels"] = [[level, _level_words(spec, level)] for level in levels]
    return line


def _level_words(spec: FeatureSpec, level: str) -> str:
    return tumour_name(level) if spec.reads.field == "tumour" else level


def _to_browser(spec: FeatureSpec, value: Value) -> float | str | None:
    if spec.is_alteration:
        return _WORDS[None if value is None else float(value)]
    if spec.kind == "binary" and value is not None:
        return "yes" if float(value) > 0.5 else "no"
    return value


def _from_browser(spec: FeatureSpec, value: Any) -> Value:
    if spec.is_alteration:
        return STATES[value]
    if spec.kind == "binary":
        return _YES.get(value)
    return value if value is None or isinstance(value, str) else float(value)


def is_number(spec: FeatureSpec) -> bool:
    """Whether a feature is edited as a number rather than as one of a few words."""
    return spec.kind in ("continuous", "count")


def specs_by_name(specs: Iterable[FeatureSpec]) -> dict[str, FeatureSpec]:
    """Features by their names."""
    return {spec.name: spec for spec in specs}
