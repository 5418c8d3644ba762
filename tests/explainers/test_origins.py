"""Two facts stand on every screen and document: where the patient comes from, and what the model was made from."""

from types import SimpleNamespace

import pytest

from explainers.origins import origin_kind, origin_words


def pair(synthetic_model, synthetic_patient, format="skops"):
    bundle = SimpleNamespace(manifest=SimpleNamespace(format=format, synthetic=synthetic_model))
    return bundle, SimpleNamespace(synthetic=synthetic_patient, germline_withheld=False)


@pytest.mark.parametrize(
    ("given", "words", "kind"),
    [
        (pair(True, True), ("patient: synthetic", "model made from: synthetic patients"), "synthetic"),
        (pair(True, False), ("patient: real or of unknown origin", "model made from: synthetic patients"), "mixed"),
        (pair(False, True), ("patient: synthetic", "model made from: real patients"), "mixed"),
        (pair(False, False), ("patient: real or of unknown origin", "model made from: real patients"), "research"),
        (pair(False, True, "formula"), ("patient: synthetic", "model made from: a published formula"), "synthetic"),
        (pair(False, False, "formula"), ("patient: real or of unknown origin", "model made from: a published formula"),
         "research"),
    ],
)  # fmt: skip
def test_patient_and_model_are_told_apart(given, words, kind):
    assert origin_words(*given) == words
    assert origin_kind(*given) == kind


def test_without_a_patient_or_a_model_nothing_is_claimed_of_it():
    bundle, profile = pair(True, False)
    assert origin_words(None, profile)[1] == "no model is open"
    assert origin_words(bundle, None)[0] == "no patient is open"
    assert origin_kind(None, None) == "research"


def test_what_was_left_out_of_a_profile_is_a_third_fact():
    bundle, profile = pair(True, True)
    profile.germline_withheld = True
    assert (
        len(origin_words(bundle, profile)) == 3
        and "a germline finding is left out" in origin_words(bundle, profile)[2]
    )
