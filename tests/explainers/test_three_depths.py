"""Words at three depths: equal numbers, plain enough to read, and never a causal verb."""

from __future__ import annotations

import ast
import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest

from explainers import agreement
from explainers.local import explain, explain_groups
from explainers.three_depths import DEPTHS, TEMPLATES, tell, tell_agreement
from oncology.bundles import load
from oncology.intake import read_patients
from tests.explainers.test_shipped import SAMPLE

ROOT = Path(__file__).resolve().parents[2]
NUMBER = re.compile(r"\d+(?:\.\d+)?")
CAUSAL = re.compile(
    r"\b(caus\w*|lead(?:s|ing)? to|led to|driv(?:e|es|en|ing)|due to|owing to|result(?:s|ed)? in|improv\w*|worsen\w*|prevent\w*|"
    r"effective\w*|effect|effects|because of|responsible|thanks to|trigger\w*|produc\w*|boost\w*|benefits? from|treat with|"
    r"should|must|recommend\w*)\b",
    re.IGNORECASE,
)


def syllables(word: str) -> int:
    """Groups of vowels, with a silent e at the end not counted."""
    word = re.sub(r"[^a-z]", "", word.lower())
    if not word:
        return 1  # a number
    groups = len(re.findall(r"[aeiouy]+", word))
    if word.endswith("e") and not word.endswith(("le", "ee")) and groups > 1:
        groups -= 1
    return max(groups, 1)


def grade(text: str) -> float:
    """Flesch-Kincaid grade (Kincaid et al. 1975)."""
    sentences = [s for s in re.split(r"(?<=[.!?])\s+", text) if s.strip()]
    words = text.split()
    return 0.39 * len(words) / len(sentences) + 11.8 * sum(map(syllables, words)) / len(words) - 15.59


def one_syllable(text: str, why) -> str:
    """Names of inputs and their states stand as one syllable each: they are the reader's own, not ours."""
    for label, state in zip(why.feature_labels, why.feature_words, strict=True):
        text = text.replace(f"{label} ({state})", "Xx (yy)")
    return text


@pytest.fixture(scope="module")
def explanations():
    made = []
    people = [read_patients(f).profiles[0] for f in sorted((SAMPLE / "patients").glob("*.json"))]
    for name in ("solid_tumours", "loris", "ipssm"):
        bundle = load(SAMPLE / "bundles" / name)
        for person in people[::5]:
            try:
                made.append(explain(bundle, person, "shapley", option=bundle.options[0]))
                made.append(explain(bundle, person, "ablation", option=bundle.options[0]))
                made.append(explain_groups(bundle, person, "kind", option=bundle.options[0]))
            except ValueError:
                continue
    assert len(made) > 20
    return made


def test_the_grade_of_known_sentences():
    assert grade("The cat sat on the mat.") == pytest.approx(0.39 * 6 + 11.8 * 1 - 15.59)
    assert grade("Interventional attributions necessitate multidisciplinary interpretation.") > 20


def test_plain_words_are_read_at_grade_nine_or_lower(explanations):
    for why in explanations:
        interval = (why.values - 0.12, why.values + 0.34)
        for ends in (None, interval):
            told = tell(why, "plain", interval=ends)
            assert grade(one_syllable(" ".join(told.sentences), why)) <= 9.0
            for sentence in told.sentences:
                assert grade(one_syllable(sentence, why)) <= 9.0, sentence


def test_every_plain_template_is_read_at_grade_nine_or_lower():
    for name, template in TEMPLATES["plain"].items():
        filled = re.sub(r"\{(label|state)\}", "Xx", re.sub(r"\{(?!label|state)\w+\}", "12", template))
        assert grade(filled.strip()) <= 9.0, name


def test_every_depth_has_the_same_numbers(explanations):
    for why in explanations:
        ends = (why.values - 0.12, why.values + 0.34)
        for interval in (None, ends):
            found = [
                sorted(NUMBER.findall(one_syllable(" ".join(tell(why, d, interval=interval).sentences), why)))
                for d in DEPTHS
            ]
            assert found[0] == found[1] == found[2] and len(found[0]) >= 2
        compared = agreement.compare([why, why])
        counted = [NUMBER.findall(" ".join(tell_agreement(compared, d))) for d in DEPTHS]
        assert counted[0] == counted[1] == counted[2] == ["2", str(len(compared.agreed))]
        turned = dataclasses.replace(why, values=-why.values)
        against = agreement.compare([why, turned])
        counted = [NUMBER.findall(" ".join(tell_agreement(against, d))) for d in DEPTHS]
        assert counted[0] == counted[1] == counted[2] == ["2", "0", str(len(against.disputed))]


def test_the_numbers_are_those_of_the_explanation(explanations):
    why = max(explanations, key=lambda e: abs(e.values).max())
    told = tell(why, "technical", most=2)
    first, second = why.order()[:2]
    assert f"{abs(why.score):.2f}" in told.start and f"{abs(why.base_value):.2f}" in told.start
    sign = "+" if why.values[first] > 0 else "−"
    assert told.points[0].endswith(f"{sign}{abs(why.values[first]):.2f}.")
    rest = why.values.sum() - why.values[first] - why.values[second]
    assert (
        any(w.startswith("Sum of all other") and w.endswith(f"{abs(rest):.2f}.") for w in told.points)
        or abs(rest) < 0.005
    )
    assert (
        tell(why, "plain").points[0].startswith(f"{why.feature_labels[first]} ({why.feature_words[first]})")
    )
    assert ("adds" in tell(why, "plain").points[0]) == bool(why.values[first] > 0)


def test_a_range_is_told_in_the_direction_of_its_share(explanations):
    why = explanations[0]
    values = np.zeros_like(why.values)
    values[:2] = [-0.42, 0.3]
    turned = dataclasses.replace(why, values=values)
    ends = (values - 0.25, values + np.where(np.arange(len(values)) == 0, 0.2, 0.4))
    down, up = tell(turned, "plain", interval=ends).points[:2]
    assert down.endswith("takes away 0.42. With new training that could be 0.22 to 0.67, in 95 of 100 tries.")
    assert up.endswith("adds 0.30. With new training that could be 0.05 to 0.70, in 95 of 100 tries.")
    across = (values - 0.5, values + 0.5)
    down, up = tell(turned, "clinical", interval=across).points[:2]
    assert down.endswith("from 0.08 the other way to 0.92 in 95 of 100.")
    assert up.endswith("from 0.20 the other way to 0.80 in 95 of 100.")
    assert "[−0.92, 0.08]" in tell(turned, "technical", interval=across).points[0]


def test_nothing_that_moves_nothing_is_named(explanations):
    nothing = dataclasses.replace(
        explanations[0], values=np.zeros_like(explanations[0].values), score=explanations[0].base_value
    )
    assert [tell(nothing, d).points for d in DEPTHS] == [(TEMPLATES[d]["none"],) for d in DEPTHS]


def test_all_depths_have_all_templates_and_none_a_causal_verb():
    assert TEMPLATES.keys() == DEPTHS.keys()
    assert len({frozenset(t) for t in TEMPLATES.values()}) == 1
    for depth, templates in TEMPLATES.items():
        for name, template in templates.items():
            assert not CAUSAL.search(template), (depth, name)
    assert CAUSAL.search("EGFR drives the response") and CAUSAL.search("This is due to KRAS")


SPEAKING = (
    "agreement", "alike_to_the_model", "faithfulness", "interactions", "near_identical", "stability", "three_depths",
    "local/grouped", "local/repeated_surrogate", "local/surrogate", "local/unassayed", "local/ablation", "local/exact",
)  # fmt: skip


@pytest.mark.parametrize("module", SPEAKING)
def test_no_sentence_about_an_explanation_has_a_causal_verb(module):
    """Text of the module but its docstrings: what a reader of a page may meet."""
    tree = ast.parse((ROOT / "explainers" / f"{module}.py").read_text(encoding="utf-8"))
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.FunctionDef, ast.ClassDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    spoken = [
        n.value
        for n in ast.walk(tree)
        if isinstance(n, ast.Constant) and isinstance(n.value, str) and id(n) not in docs
    ]
    found = [s for s in spoken if " " in s and CAUSAL.search(s)]
    assert found == []
