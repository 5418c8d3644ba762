"""What is open in this session: the model, the patient, the edits; and what was computed of them.

State lives under keys of our own, so that it survives page switches: the bundle's key, the patient's key,
the edits of each pair, and the patients that were uploaded. A reload restores sample patients and
bundles from the URL; the id of any other patient never enters it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import streamlit as st

from explainers import origins
from oncology import edits as editing
from oncology.edits import Edit
from oncology.errors import OncologyError
from oncology.features import FeatureSchema, Value
from oncology.intake import consent
from oncology.patients import PatientProfile
from oncology.vocabulary import tumour_name
from pages.parts import germline_gate, kept_results, layout, library
from pages.parts.library import BundleChoice, PatientChoice

if TYPE_CHECKING:
    from explainers.background import Background
    from explainers.counterfactuals import SingleChanges
    from explainers.explanation import Explanation
    from oncology.bundles import Manifest, ModelBundle
    from oncology.prediction import Predictions
    from oncology.recommendations import Ranking

BUNDLE, PATIENT, EDITS, UPLOADED = "open-bundle", "open-patient", "open-edits", kept_results.UPLOADED
PROBLEMS, REVISION, CORRECTIONS, EDITED = "open-problems", "open-revision", "corrections", "open-edited"


def start() -> None:
    """Take up what the URL names, the first time a session shows any page; later calls do nothing."""
    state = st.session_state
    if EDITS in state:
        return
    state[EDITS], state[UPLOADED] = {}, {}
    named = st.query_params
    keys = {c.key for c in library.bundles()}
    if named.get("bundle") in keys:
        state[BUNDLE] = named["bundle"]
    if any(c.in_url and c.profile.patient_id == named.get("patient") for c in library.sample_patients()):
        state[PATIENT] = f"sample:{named['patient']}"
        _take_edits(named.get_all("set"))


def _take_edits(texts: list[str]) -> None:
    model = bundle_or_error()[0]
    found = []
    for text in texts if model is not None else []:
        try:
            found.append(editing.parse_edit(model.schema, text))
        except OncologyError as error:
            st.session_state.setdefault(PROBLEMS, []).append(f"Part of the link was left out. {error}")
    replace_edits(found)


# --- what is offered -------------------------------------------------------------------------------------


def offered_bundles() -> tuple[BundleChoice, ...]:
    """Bundles in the order of the picker."""
    return library.bundles()


def offered_patients() -> tuple[PatientChoice, ...]:
    """Patients in the order of the picker: those the open model is meant for first."""
    start()
    uploaded = st.session_state[UPLOADED]
    own = library.own_patients().choices
    everyone = (*uploaded.values(), *own, *library.sample_patients())
    tumours = intended_tumours()
    if not tumours:
        return everyone
    return tuple(sorted(everyone, key=lambda c: c.profile.tumour not in tumours))


def intended_tumours() -> tuple[str, ...]:
    """OncoTree codes the open model is meant for, from its manifest; empty where it names none."""
    choice = bundle_choice()
    return () if choice is None else choice.tumours


# --- what is open ----------------------------------------------------------------------------------------


def bundle_choice() -> BundleChoice | None:
    """The picked bundle, opened or not; the first one offered until somebody picks."""
    start()
    offered = library.bundles()
    picked = [c for c in offered if c.key == st.session_state.get(BUNDLE)]
    readable = [c for c in offered if c.manifest is not None]
    return (picked or readable or list(offered) or [None])[0]


def bundle_or_error() -> tuple[ModelBundle | None, str]:
    """The open model, or None and why it cannot be opened, in words for the screen."""
    choice = bundle_choice()
    if choice is None:
        return None, "No model was found. Put a bundle folder into local/bundles, or build the sample data."
    if choice.error:
        return None, choice.error
    try:
        return library.open_bundle(choice), ""
    except OncologyError as error:
        return None, str(error)


def bundle() -> ModelBundle | None:
    """The open model, or None where it cannot be opened (`bundle_or_error` tells why)."""
    return bundle_or_error()[0]


def patient_choice() -> PatientChoice | None:
    """The picked patient; the first one offered until somebody picks."""
    start()
    wanted = st.session_state.get(PATIENT)
    if wanted is not None:
        for offered in (
            st.session_state[UPLOADED].values(),
            library.own_patients().choices,
            library.sample_patients(),
        ):
            for choice in offered:
                if choice.key == wanted:
                    return choice
    first = offered_patients()[:1]
    return first[0] if first else None


def patient() -> PatientProfile | None:
    """The open patient without the edits of What if; germline findings are left out until they are asked for."""
    choice = patient_choice()
    return None if choice is None else germline_gate.shown(choice)


def recorded_patient() -> PatientProfile | None:
    """The open patient with everything that is recorded, germline findings included; never to be drawn as it is."""
    return None if (choice := patient_choice()) is None else choice.profile


def export_refusal() -> str:
    """Why nothing of the open patient may be exported; empty where it may."""
    profile = recorded_patient()
    return "" if profile is None else consent.export_refusal(profile)


def open_bundle(key: str) -> None:
    """Make a bundle the open one."""
    start()
    st.session_state[BUNDLE] = key


def open_patient(key: str) -> None:
    """Make a patient the open one."""
    start()
    st.session_state[PATIENT] = key


def add_patients(
    profiles: Iterable[PatientProfile], *, open_first: bool = True, corrected: bool = False
) -> tuple[str, ...]:
    """Offer more patients for the rest of this session, in place of those of the same id; return their keys.

    Unless it is the same one `corrected`, it may be another person's: what was edited or asked of it is forgotten.
    """
    start()
    added = [PatientChoice(f"session:{p.patient_id}", "session", p) for p in profiles]
    held = st.session_state[UPLOADED]
    for c in added:
        if not corrected and c.key in held and held[c.key].profile.fingerprint != c.profile.fingerprint:
            _forget(c)
    held.update({c.key: c for c in added})
    if added and open_first:
        open_patient(added[0].key)
    return tuple(c.key for c in added)


def _forget(choice: PatientChoice) -> None:
    made = st.session_state[EDITS]
    st.session_state[EDITS] = {pair: edits for pair, edits in made.items() if pair[1] != choice.key}
    st.session_state.get(CORRECTIONS, {}).pop(choice.profile.patient_id, None)
    germline_gate.forget(choice.key)


def origin() -> layout.Origin:
    """What `layout.page` shows beside the title: what kind of data the open pair is."""
    profile = patient()
    if profile is None:
        return "none"
    choice = bundle_choice()
    return origins.origin_kind(
        choice if choice is not None and choice.manifest is not None else None, profile
    )


def origin_facts() -> tuple[str, ...]:
    """Where the open patient and the open model come from, in words."""
    return origins.patient_origin(patient()), origins.model_origin(_manifest())


def _manifest() -> Manifest | None:
    return None if (choice := bundle_choice()) is None else choice.manifest


def mismatch() -> str:
    """Why the open model may not be meant for the open patient, in one sentence; empty where it is."""
    profile, tumours = patient(), intended_tumours()
    if profile is None or not tumours or profile.tumour in tumours:
        return ""
    meant = ", ".join(tumour_name(t) for t in tumours)
    found = "no tumour type is recorded for this patient"
    if profile.tumour is not None:
        found = f"this patient has {tumour_name(profile.tumour)}"
    return f"This model was made for {meant}; {found}. Its answer reaches beyond what it was made from."


# --- edits -----------------------------------------------------------------------------------------------


def _edits() -> dict[str, Value]:
    start()
    chosen_bundle, chosen = bundle_choice(), patient_choice()
    pair = (chosen_bundle.key if chosen_bundle else "", chosen.key if chosen else "")
    found: dict[str, Value] = st.session_state[EDITS].setdefault(pair, {})
    return found


def edits() -> tuple[Edit, ...]:
    """The edits of this model and patient, in the order they were first made."""
    return tuple(Edit(name, value) for name, value in _edits().items())


def replace_edits(wanted: Iterable[Edit], *, from_panel: bool = False) -> None:
    """Make these the edits of the open patient; what no patient can have is left out, and the page says so.

    from_panel : the editing panel holds them already, so it need not take them up again.
    """
    model, profile = bundle(), patient()
    if model is None or profile is None:
        return
    # Alterations go first: an allele fraction can only be edited where its alteration is there.
    ordered = sorted(wanted, key=lambda e: not model.schema.feature(e.feature).is_alteration)
    made = _edits()
    made.clear()
    edited = profile
    for edit in ordered:
        if model.schema.value(profile, edit.feature) == edit.value:
            continue
        try:
            edited = editing.apply(model.schema, edited, (edit,))
        except OncologyError as error:
            st.session_state.setdefault(PROBLEMS, []).append(str(error))
            continue
        made[edit.feature] = edit.value
    if not from_panel:
        st.session_state[REVISION] = revision() + 1


def revision() -> int:
    """Counts the times edits were set by something else than the editing panel."""
    count: int = st.session_state.get(REVISION, 0)
    return count


def problems() -> list[str]:
    """What could not be used of a link or an edit since this was last asked, in whole sentences."""
    found: list[str] = st.session_state.pop(PROBLEMS, [])
    return found


def edited_patient(schema: FeatureSchema, profile: PatientProfile) -> PatientProfile:
    """The open patient with the edits applied; the very same object where there is none.

    Raises
    ------
    ImpossibleValueError
        If the edits do not go together (an allele fraction of an alteration that was taken away).
    """
    made = edits()
    # A page asks for it several times a run: the same object spares reading it anew.
    held: tuple[FeatureSchema, PatientProfile, tuple[Edit, ...], PatientProfile] | None
    held = st.session_state.get(EDITED)
    if held is None or held[0] is not schema or held[1] is not profile or held[2] != made:
        held = (schema, profile, made, editing.apply(schema, profile, made))
        st.session_state[EDITED] = held
    return held[3]


# --- what was computed -----------------------------------------------------------------------------------
# Every result hangs on content hashes and is frozen, so that one object may serve every session.


def predictions(bundle: ModelBundle, profile: PatientProfile) -> Predictions:
    """What the model says of one profile, recorded or edited."""
    return _predictions((bundle.sha256, profile.fingerprint), bundle, profile)


@kept_results.keep(1000)
def _predictions(key: tuple[str, str], bundle: ModelBundle, profile: PatientProfile) -> Predictions:
    from oncology.prediction import predict

    return predict(bundle, [profile])


def ranking(bundle: ModelBundle, profile: PatientProfile, *, with_unknowns: bool = True) -> Ranking:
    """The options of one profile in bands, with abstentions; unknowns cost time, so they can be left out."""
    return _ranking((bundle.sha256, profile.fingerprint, with_unknowns), bundle, profile)


@kept_results.keep(1000)
def _ranking(key: tuple[str, str, bool], bundle: ModelBundle, profile: PatientProfile) -> Ranking:
    from oncology.recommendations import rank

    return rank(bundle, predictions(bundle, profile), profile, with_unknowns=key[2])


def single_changes(bundle: ModelBundle, profile: PatientProfile) -> SingleChanges:
    """Every alteration of the model in its other states, one at a time."""
    return _single_changes((bundle.sha256, profile.fingerprint), bundle, profile)


@kept_results.keep(200)
def _single_changes(key: tuple[str, str], bundle: ModelBundle, profile: PatientProfile) -> SingleChanges:
    from explainers.counterfactuals import single_changes as enumerate_changes

    return enumerate_changes(bundle, profile, margin=library.fast_margin(bundle))


def explanation(
    bundle: ModelBundle,
    profile: PatientProfile,
    method: str,
    *,
    option: str,
    background: Background | None = None,
    seed: int = 0,
) -> Explanation:
    """Why the model says what it says of one option, by one method of `explainers.local.EXPLAINERS`.

    Without a background the method takes its own default, which the explanation names.
    """
    compared = "" if background is None else background.fingerprint
    return _explanation(
        (bundle.sha256, profile.fingerprint, compared, method, option, seed), bundle, profile, background
    )


@kept_results.keep(1000)
def _explanation(
    key: tuple[str, str, str, str, str, int],
    bundle: ModelBundle,
    profile: PatientProfile,
    background: Background | None,
) -> Explanation:
    from explainers.local import explain

    method, option, seed = key[3:]
    return explain(bundle, profile, method, option=option, background=background, seed=seed)
