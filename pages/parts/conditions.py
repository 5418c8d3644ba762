"""Under which conditions a smallest change is searched for: folded away, kept while the model stays open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.parts import fold

if TYPE_CHECKING:
    from explainers.smallest import Constraints, ErrorRates, Towards
    from explainers.smallest.constraints import Mode
    from oncology.bundles import ModelBundle

__all__ = ["KEY", "Conditions", "error_rates", "rate_fields", "rates_filled", "show"]

KEY = "smallest"
_START: dict[str, Any] = {
    "fixed": (), "towards": "any", "turning-out": "any", "added": (), "removed": (), "never": (), "apart": True, "numbers": (),
    "rising": (), "falling": (), "most": 6, "seen": 0, "positive": None, "negative": None,
}  # fmt: skip
_TOWARDS: dict[Towards, str] = {
    "any": "become altered, not altered or not assayed",
    "known": "become altered or not altered",
    "altered": "only become altered",
    "absent": "only become not altered",
}
_TURN_OUT: dict[Towards, str] = {
    "any": "turn out altered or not",
    "altered": "only turn out altered",
    "absent": "only turn out not altered",
}
# A list of other words is another field: under one key it would go on showing the words of the first.
_DIRECTION: dict[Mode, str] = {"model": "towards", "assay": "turning-out"}


@dataclass(frozen=True)
class Conditions:
    """What was filled in, whether the fields are on the screen or folded away."""

    bundle: ModelBundle
    mode: Mode
    filled: dict[str, Any]

    @property
    def most(self) -> int:
        """Changes at most."""
        return int(self.filled["most"])

    def constraints(self) -> Constraints:
        """The constraints of the search.

        Raises
        ------
        ConstraintError
            If some of them contradict each other.
        """
        from explainers.smallest import conditions_from

        filled = self.filled
        rates = _shares(filled) if self.mode == "assay" else (None, None)
        return conditions_from(
            self.bundle,
            mode=self.mode,
            fixed=filled["fixed"],
            towards=filled[_DIRECTION[self.mode]],
            only_altered=filled["added"],
            only_absent=filled["removed"],
            numbers=filled["numbers"] if self.mode == "model" else (),
            only_rising=filled["rising"] if self.mode == "model" else (),
            only_falling=filled["falling"] if self.mode == "model" else (),
            never_together=[filled["never"]] if filled["never"] else (),
            exclusive_drivers=filled["apart"],
            seen_together=int(filled["seen"] or 0),
            false_positive=rates[0],
            false_negative=rates[1],
        )

    def count(self) -> int:
        """How many were set otherwise than at the start."""
        silent = {
            "model": ("positive", "negative", "turning-out"),
            "assay": ("numbers", "rising", "falling", "towards"),
        }[self.mode]
        return sum(self.filled[n] != v for n, v in _start(self.bundle).items() if n not in silent)


def show(bundle: ModelBundle, mode: Mode) -> Conditions:
    """Draw the fields in an expander, closed at first; what was set stays in force when it is closed again."""
    if st.session_state.setdefault(f"{KEY}-of", bundle.sha256) != bundle.sha256:
        # Another model has other alterations and numbers.
        _clear()
        st.session_state[f"{KEY}-of"] = bundle.sha256
    folded = fold.show("Conditions", key=f"{KEY}-conditions")
    if folded.open:
        with folded:
            _fields(bundle, mode)
    stated = Conditions(bundle, mode, _filled(bundle))
    if n := stated.count():
        # Beside the label it would make another expander of it, which closes.
        st.caption(f"{n} condition{'' if n == 1 else 's'} set; the answer names all that are in force.")
    return stated


def rate_fields(key: str) -> None:
    """Two fields for the error rates of an assay; `error_rates` reads them."""
    st.number_input(
        "Of 100 reported, not there", 0.0, 99.9, None, 0.5, width=210, key=f"{key}-positive", persist_state="page",
        format="%g", placeholder="not stated", help="False positives, as the laboratory states them; 0 rules them out.",
    )  # fmt: skip
    st.number_input(
        "Of 100 absent, there after all", 0.0, 99.9, None, 0.5, width=210, key=f"{key}-negative", persist_state="page",
        format="%g", placeholder="not stated", help="False negatives, as the laboratory states them; 0 rules them out.",
    )  # fmt: skip


def rates_filled(key: str) -> bool:
    """Whether any of them was filled in."""
    return any(_state(key, n) is not None for n in ("positive", "negative"))


def error_rates(key: str) -> ErrorRates | None:
    """The error rates that were filled in, or None.

    Raises
    ------
    ConstraintError
        If only one of them was.
    """
    from explainers.smallest import error_rates_from

    return error_rates_from(*_shares({n: _state(key, n) for n in ("positive", "negative")}))


def _shares(filled: dict[str, Any]) -> tuple[float | None, float | None]:
    positive, negative = (None if filled[n] is None else filled[n] / 100 for n in ("positive", "negative"))
    return positive, negative


def _state(key: str, name: str) -> Any:
    return st.session_state.get(f"{key}-{name}")


def _start(bundle: ModelBundle) -> dict[str, Any]:
    """What stands in the fields at first: a model without alterations has nothing but its numbers to move."""
    if any(f.is_alteration for f in bundle.schema.features):
        return _START
    return _START | {"numbers": tuple(_numbers(bundle))}


def _numbers(bundle: ModelBundle) -> dict[str, str]:
    from explainers.smallest import numbers_of

    return {f.name: f.label for f in numbers_of(bundle)}


def _filled(bundle: ModelBundle) -> dict[str, Any]:
    found = {n: _state(KEY, n) if f"{KEY}-{n}" in st.session_state else v for n, v in _start(bundle).items()}
    found |= {n: tuple(v) for n, v in found.items() if isinstance(v, list)}
    return found


def _clear() -> None:
    for name in _START:
        st.session_state.pop(f"{KEY}-{name}", None)


def _fields(bundle: ModelBundle, mode: Mode) -> None:
    alterations = {f.name: f.label for f in bundle.schema.features if f.is_alteration}
    if alterations:
        with st.container(horizontal=True, vertical_alignment="bottom", key=f"{KEY}-directions"):
            _directions(alterations, mode)
    if mode == "model":
        _movements(bundle)
    with st.container(horizontal=True, vertical_alignment="bottom", key=f"{KEY}-limits"):
        st.number_input(
            "Changes at most", 1, 10, 6, width=140, key=f"{KEY}-most", persist_state="page",
            help="Goals about the top band, and published scores, are searched up to three changes at once.",
        )  # fmt: skip
        if bundle.training is not None:
            who = bundle.manifest.words.who
            st.number_input(
                f"Seen together in training {who}, at least", 0, None, 0, 5, width=290, key=f"{KEY}-seen",
                persist_state="page",
                help=f"So many training {who} had all the changed values; what stays as recorded is not part of it, and each "
                "interval of a number counts by itself. 0 asks for none. Counts of 1 to 4 are withheld, so ask for 1 or for 5 and more.",
            )  # fmt: skip
            if alterations:
                st.checkbox(
                    "Keep exclusive drivers apart", True, key=f"{KEY}-apart", persist_state="page",
                    help="No change brings alterations together that hardly ever occur together in training.",
                )  # fmt: skip
    if alterations and mode == "assay":
        with st.container(horizontal=True, vertical_alignment="bottom", key=f"{KEY}-rates"):
            rate_fields(KEY)
        st.caption("With both error rates stated, calls that were made may be wrong too.")
    st.button("Clear the conditions", on_click=_clear, key=f"{KEY}-clear", type="tertiary")


def _movements(bundle: ModelBundle) -> None:
    from explainers.smallest import directed_numbers

    numbers = _numbers(bundle)
    if not numbers:
        return
    with st.container(horizontal=True, vertical_alignment="bottom", key=f"{KEY}-movements"):
        st.multiselect(
            "Numbers and levels that may move", list(numbers), list(_start(bundle)["numbers"]),
            format_func=numbers.__getitem__, width=420, key=f"{KEY}-numbers", persist_state="page",
            placeholder="None: they stay as recorded",
            help="Each is tried at one value of every interval that the model tells apart, within the plausible range. "
            "A published score is tried at some values only.",
        )  # fmt: skip
        directed = [f.name for f in directed_numbers(bundle)]
        for name, label, placeholder in (
            ("rising", "May only rise", "Numbers that must not fall"),
            ("falling", "May only fall", "Numbers that must not rise"),
        ):
            st.multiselect(
                label, directed, format_func=numbers.__getitem__, width=360, key=f"{KEY}-{name}",
                placeholder=placeholder, persist_state="page",
            )  # fmt: skip


def _directions(alterations: dict[str, str], mode: Mode) -> None:
    words = _TOWARDS if mode == "model" else _TURN_OUT
    st.selectbox(
        "Alterations may", list(words), format_func=words.__getitem__, width=360, key=f"{KEY}-{_DIRECTION[mode]}",
        persist_state="page",
    )  # fmt: skip
    for name, label, placeholder in (
        ("fixed", "Keep as they are", "Alterations that must not change"),
        ("added", "May only be added", "Only become altered"),
        ("removed", "May only be taken away", "Only become not altered"),
        ("never", "Never together", "At most one of these altered"),
    ):
        st.multiselect(
            label, list(alterations), format_func=alterations.__getitem__, width=360, key=f"{KEY}-{name}",
            placeholder=placeholder, persist_state="page",
        )  # fmt: skip
