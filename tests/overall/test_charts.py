"""Charts of the whole model hold the numbers they are given, escaped, without a small count."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from explainers.charts import global_importance, partial_effects, shape, surrogate_tree
from explainers.dependence import dependence
from explainers.importance import shapley_importance, shapley_sample
from explainers.overall.asked_patients import training_rows
from explainers.overall.general_logic import general_logic
from explainers.overall.partial_effects import accumulated_effect, partial_dependence
from explainers.overall.surrogate_tree import Leaf, Split
from tests.explainers.small_cohort import SCHEMA

OPTION = "osimertinib"


@pytest.mark.parametrize("mode", ["screen", "light", "dark"])
def test_shapes_are_drawn_from_the_numbers(small, mode):
    bundle = small()
    for feature in ("albumin", "ALK fusion", "tumour"):
        found = partial_dependence(bundle, OPTION, feature, n_patients=60)
        made = partial_effects.partial_dependence(found, mode=mode)
        assert list(made.data[1].y) == pytest.approx(found.mean.tolist())
        thin = np.array(made.data[0].y, dtype=float).reshape(len(found.individual), -1)
        assert thin[:, :-1] == pytest.approx(found.individual) and np.isnan(thin[:, -1]).all()
        assert not re.search(r"nan|Infinity", json.dumps(made.to_plotly_json(), default=list), re.IGNORECASE)
    local = accumulated_effect(bundle, OPTION, "albumin")
    assert list(partial_effects.accumulated_effect(local, mode=mode).data[0].y) == pytest.approx(
        local.effect.tolist()
    )


def test_states_on_a_chart_withhold_small_counts(small):
    rows = training_rows(small(), OPTION, most=100, seed=0)
    at = SCHEMA.columns.index("ALK fusion")
    rows[:, at] = 0.0
    rows[:2, at] = 1.0
    made = partial_effects.partial_dependence(partial_dependence(small(), OPTION, "ALK fusion", rows=rows))
    assert made.layout.xaxis.ticktext[0].endswith("n &lt; 5") and "n = 98" in made.layout.xaxis.ticktext[1]
    sample = shapley_sample(small(), OPTION, n_patients=14, seed=2)
    seen = dependence(small(), sample, "EGFR p.L858R")
    assert 0 < seen.levels[0].n < 5
    chart = shape.dependence(seen)
    assert chart.layout.xaxis.ticktext[0].endswith("n &lt; 5")
    assert seen.rows()[0]["patients"] == "fewer than 5" and seen.rows()[0]["median part"] is None


def test_a_dependence_is_coloured_by_its_partner(small):
    sample = shapley_sample(small(), OPTION, n_patients=300)
    found = dependence(small(), sample, "TP53", partner="EGFR p.L858R")
    assert found.partner == "EGFR p.L858R"
    made = shape.dependence(found)
    dots = {t.name: len(t.x) for t in made.data if t.mode == "markers"}
    altered = int((sample.rows[:, 0] == 1).sum())
    assert dots == {
        "EGFR p.L858R: low, or not altered": 300 - altered, "EGFR p.L858R: high, or altered": altered,
    }  # fmt: skip
    number = shape.dependence(dependence(small(), sample, "albumin", partner="age_years"))
    known = int((~np.isnan(sample.rows[:, SCHEMA.columns.index("albumin")])).sum())
    assert sum(len(t.x) for t in number.data if t.name and t.name.startswith("Age:")) == known


def test_what_is_not_beyond_chance_is_grey(small):
    found = shapley_importance(shapley_sample(small(), OPTION, n_patients=100))
    order = found.order()
    made = global_importance.importance(found, beyond={order[0]}, mode="light")
    colours = {len(t.x): t.marker.color for t in made.data if t.mode == "markers"}
    assert colours == {1: "#0072B2", 9: "#5A6672"}
    assert sum(len(t.x) for t in global_importance.importance(found).data if t.mode == "markers") == 10


def test_a_tree_is_nested_lists_with_every_answer_once(small):
    found = general_logic(small(), OPTION)
    html = surrogate_tree.tree_html(found.tree, caption="A <tree>")
    assert "A &lt;tree&gt;" in html
    leaves = [line.rsplit(": ", 1)[1] for line in found.tree_lines() if line.endswith(")")]
    assert html.count("gbt-answer") == len(leaves) and all(leaf in html for leaf in leaves)
    assert html.count("<ul>") == html.count("</ul>") and html.count("<li>") == html.count("</li>")
    nasty = Split("<b>x</b> altered", "no", Leaf(1.0, None, 9), Leaf(0.0, None, 9))
    assert "<b>" not in surrogate_tree.tree_html(nasty, caption="t")
