"""Charts hold the data they are given, in bounds, escaped, and without a missing number."""

from __future__ import annotations

import dataclasses
import json
import re

import numpy as np
import pytest

from explainers.charts import attribution, curves, embed, global_importance, outcomes, palette, shape
from explainers.dependence import dependence
from explainers.explanation import Explanation
from explainers.faithfulness import faithfulness
from explainers.importance import shapley_importance, shapley_sample
from explainers.local import explain
from explainers.neighbours import similar_patients
from explainers.swarm import swarm

MODES = ("screen", "light", "dark")


@pytest.fixture(scope="module")
def why(make_bundle):
    row = make_bundle().training.X.to_numpy()[12]
    return explain(make_bundle(), row, "shapley", option="osimertinib")


@pytest.fixture(scope="module")
def figures(make_bundle, why):
    bundle = make_bundle()
    row = bundle.training.X.to_numpy()[12]
    sample = shapley_sample(bundle, "osimertinib", n_patients=120)
    whys = [why, *(explain(bundle, row, m, option="osimertinib") for m in ("lime", "ablation"))]
    near = similar_patients(bundle, row)

    def draw(mode):
        return {
            "waterfall": attribution.waterfall(why, mode=mode),
            "comparison": attribution.comparison(whys, mode=mode),
            "importance": global_importance.importance(shapley_importance(sample), mode=mode),
            "beeswarm": global_importance.beeswarm(swarm(bundle, sample), mode=mode),
            "states": shape.dependence(dependence(bundle, sample, "ALK fusion"), mode=mode),
            "number": shape.dependence(dependence(bundle, sample, "albumin"), mode=mode),
            "outcomes": outcomes.observed_outcomes(near, mode=mode),
        }

    return draw


def numbers(figure):
    for trace in figure.data:
        for axis in ("x", "y", "base"):
            values = getattr(trace, axis, None)
            if values is not None:
                yield from (float(v) for v in np.ravel(values) if v is not None)


def labels(figure, name):
    return [n for n in figure.layout.annotations if n.name == name]


def foot(figure):
    (note,) = labels(figure, "foot")
    return note.text.replace("<br>", " ")


def test_no_chart_holds_a_missing_number(figures):
    for name, figure in figures("screen").items():
        found = np.array(list(numbers(figure)))
        assert len(found) and np.isfinite(found).all(), name
        assert "NaN" not in figure.to_json(), name


def test_charts_stand_on_a_transparent_ground_in_the_projects_font(figures):
    for mode in MODES:
        for figure in figures(mode).values():
            assert figure.layout.paper_bgcolor == figure.layout.plot_bgcolor == "rgba(0,0,0,0)"
            assert figure.layout.font.family.startswith("Inter")
            assert figure.layout.yaxis.automargin and figure.layout.xaxis.automargin


def test_colours_are_those_of_the_mode_and_never_red_or_green(figures):
    for mode in MODES:
        colours = palette.palette(mode)
        own = {getattr(colours, name).casefold() for name in colours.__slots__}
        for name, figure in figures(mode).items():
            used = {
                c.casefold()
                for c in re.findall(r"#[0-9a-fA-F]{6}", json.dumps(figure.to_dict(), default=list))
            }
            template = {
                c.casefold()
                for c in re.findall(r"#[0-9a-fA-F]{6}", figure.layout.template.to_plotly_json().__str__())
            }
            assert used - template <= own, name
    assert (palette.LIGHT.down, palette.LIGHT.up) == ("#0072B2", "#D55E00")


def contrast(one, other):
    """The contrast of two colours by WCAG 2.2: 1 for the same, 21 for black on white."""

    def light(colour):
        parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return linear @ (0.2126, 0.7152, 0.0722)

    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


def test_words_of_charts_can_be_read_in_the_light_and_in_the_dark():
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    for colours in (palette.LIGHT, palette.DARK):
        assert min(contrast(word, colours.ground) for word in (colours.text, colours.quiet)) >= 4.5
    # On the screen the theme's own colours are put in; of its greys only that of the text is strong enough.
    assert palette.SCREEN.quiet == palette.SCREEN.text == "#000037"


def test_a_waterfall_steps_from_the_base_to_the_score(why):
    bars, ends = attribution.waterfall(why, most=4).data
    assert bars.base[0] == why.base_value and ends.x[0] == why.base_value and ends.x[1] == why.score
    for i in range(len(bars.x) - 1):
        assert bars.base[i] + bars.x[i] == pytest.approx(bars.base[i + 1])
    assert bars.base[-1] + bars.x[-1] == pytest.approx(why.score)
    assert len(bars.x) == 5  # four features and the rest
    low, high = attribution.waterfall(why).layout.xaxis.range
    assert low < min(why.base_value, why.score) and high > max(why.base_value, why.score)


def test_a_waterfall_names_its_background_and_shows_its_residual(make_bundle, patient):
    lime = explain(make_bundle(), patient, "lime", option="osimertinib")
    figure = attribution.waterfall(lime)
    assert "40 training patients" in foot(figure)
    assert any("Not explained" in t for t in figure.layout.yaxis.ticktext)
    rows = attribution.waterfall_rows(lime)
    assert rows[-2]["feature"] == "Not explained (residual)" and rows[-2]["value"] == pytest.approx(
        lime.residual(), abs=1e-5
    )
    total = rows[0]["value"] + sum(r["value"] for r in rows[1:-1])
    assert total == pytest.approx(rows[-1]["value"], abs=1e-4)


def test_number_labels_stand_right_of_the_plot(why):
    figure = attribution.waterfall(why)
    notes = labels(figure, "value")
    assert len(notes) == len(figure.layout.yaxis.tickvals)
    assert all(n.xref == "paper" and n.x == 1 and n.xanchor == "left" for n in notes)
    # Room for the longest label at 12 px, which is under 7 px a character.
    longest = max(len(re.sub("<[^>]+>|&lt;", "x", n.text)) for n in notes)
    assert figure.layout.margin.r >= 6 + 7 * longest


def test_texts_from_outside_are_escaped():
    bad = "<img src=x onerror=alert(1)>"
    why = Explanation(
        "o", "shapley", ("a", "b"), (bad, "b"), (bad, "1"), np.array([1.0, -0.5]), 0.0, 0.5, "score", bad, "f"
    )
    for figure in (attribution.waterfall(why), attribution.comparison([why, why])):
        assert "<img" not in figure.to_json() and "\\u003cimg" not in figure.to_json()


def test_an_explanation_without_any_part_is_drawn():
    why = Explanation("o", "ablation", ("a",), ("a",), ("x",), np.zeros(1), 0.3, 0.3, "score", "b", "f")
    assert len(attribution.waterfall(why).data[1].x) == 2
    assert attribution.comparison([why, why]).layout.height > 0


def test_methods_stand_side_by_side_in_one_order(make_bundle, patient):
    whys = [explain(make_bundle(), patient, m, option="osimertinib") for m in ("shapley", "lime", "ablation")]
    figure = attribution.comparison(whys, top=5)
    assert [t.name for t in figure.data] == ["Shapley", "LIME", "Leave one out"]
    assert all(len(t.x) == 5 for t in figure.data)
    rows = attribution.comparison_rows(whys)
    assert rows[0]["feature"] == "EGFR p.L858R" and rows[0]["LIME"] == pytest.approx(
        whys[1].values[0], abs=1e-5
    )
    assert [t.x[0] for t in figure.data] == [w.values[0] for w in whys]


def test_a_large_swarm_is_thinned_and_says_so(make_bundle):
    bundle = make_bundle()
    sample = shapley_sample(bundle, "osimertinib", n_patients=900)
    figure = global_importance.beeswarm(swarm(bundle, sample))
    dots = sum(len(t.x) for t in figure.data)
    assert dots == 2500 and "250 of 900 patients are drawn" in foot(figure)
    assert all(t.type == "scatter" for t in figure.data)


def test_withheld_counts_are_not_drawn(make_bundle, patient):
    near = similar_patients(make_bundle(), patient, n=8)
    figure = outcomes.observed_outcomes(near, options=make_bundle().options)
    shown = [o for o in near.observed if o.share is not None]
    assert len(figure.data[1].x or ()) == len(shown)
    texts = [n.text for n in labels(figure, "value")]
    assert len(texts) == 3 and all(("withheld" in t) or ("&lt; 5" in t) or (" of " in t) for t in texts)
    few = [o for o in near.observed if o.n_treated is None]
    assert few and "fewer than 5 of these patients had it" in foot(outcomes.observed_outcomes(near))


def test_the_script_cannot_end_its_element_early():
    assert "</script" not in embed.script()


def test_whiskers_stand_about_the_end_of_their_own_bar(why):
    interval = (why.values - 0.2, why.values + 0.5)
    bars, whiskers, _ = attribution.waterfall(why, interval=interval, most=4).data
    ends = np.array(bars.base) + np.array(bars.x)
    assert list(whiskers.x) == pytest.approx(ends[:4])
    assert list(whiskers.y) == list(bars.y[:4])
    assert list(whiskers.error_x.array) == pytest.approx([0.5] * 4)
    assert list(whiskers.error_x.arrayminus) == pytest.approx([0.2] * 4)
    low, high = attribution.waterfall(why, interval=interval, most=4).layout.xaxis.range
    assert low <= (ends[:4] - 0.2).min() and high >= (ends[:4] + 0.5).max()
    rows = attribution.waterfall_rows(why, interval)
    assert len({tuple(r) for r in rows}) == 1
    assert (
        rows[1]["refits from"] == pytest.approx(rows[1]["value"] - 0.2, abs=1e-5)
        and rows[0]["refits to"] is None
    )


def test_long_words_of_a_group_do_not_run_into_the_next_label(make_bundle, why):
    long = "Albumin 4 g/dL, Neutrophil to lymphocyte ratio 3.2, Lactate dehydrogenase 215 U/L and 1 more"
    told = dataclasses.replace(why, feature_words=(long,) * len(why.values))
    figure = attribution.waterfall(told)
    labels = figure.layout.yaxis.ticktext
    lines = max(label.count("<br>") for label in labels) + 1
    assert lines <= 4 and "…" in labels[1]
    # 12 px a line, and a little air.
    assert figure.layout.height - 64 >= len(labels) * (12 * lines + 8)
    assert long in figure.data[0].customdata[0]


def test_curves_show_every_method_and_chance(make_bundle):
    found = faithfulness(make_bundle(), "osimertinib", methods=("shapley", "ablation"), n_patients=6)
    made = curves.curves(found, "deletion")
    assert [t.name for t in made.data] == ["Random order", "Shapley values", "Leave one out"]
    assert list(made.data[1].y) == pytest.approx(found.methods[0].deletion * 100)
    back = curves.curves(found, "insertion", mode="light")
    assert list(back.data[0].y) == pytest.approx(100 - found.random_insertion * 100)
