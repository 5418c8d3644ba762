"""The ranking and the attributions as tables: every number that is drawn is also there to be read."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from explainers.charts.attribution_change import attribution_change_html, attribution_change_rows
from explainers.charts.ranking import RankedOption, ranking_html
from explainers.explanation import Explanation

shares = st.floats(0, 1, allow_nan=False)


class Table(HTMLParser):
    """Counts the cells of each row, spans included, and refuses tags that do not close in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.widths: list[int] = []
        self.held = 0
        self.rows_held = 0

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.open.append(tag)
        if tag == "tr":
            self.widths.append(self.held if self.rows_held > 0 else 0)
            self.rows_held -= 1
        if tag in ("td", "th"):
            width = int(given.get("colspan", 1))
            self.widths[-1] += width
            if "rowspan" in given and int(given["rowspan"]) > 1:
                self.held, self.rows_held = width, int(given["rowspan"]) - 1

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def parsed(html: str) -> Table:
    table = Table()
    table.feed(html)
    assert table.open == []
    return table


@st.composite
def options(draw):
    made = []
    for i in range(draw(st.integers(1, 6))):
        if draw(st.booleans()):
            a, b, c = sorted(draw(st.tuples(shares, shares, shares)))
            made.append(RankedOption(f"Option {i}", i // 2 + 1, b, a, c, draw(st.none() | shares), 1))
        else:
            made.append(RankedOption(f"Option {i}", None, None, None, None, None, None, "too few"))
    return made


@given(options(), st.booleans())
def test_every_row_of_the_ranking_fills_the_same_columns(made, compared):
    table = parsed(ranking_html(made, caption="Ranking", compared=compared))
    assert set(table.widths) == {5 if compared else 4}


@given(options())
def test_every_option_is_named_once(made):
    html = ranking_html(made, caption="Ranking", compared=True)
    for option in made:
        assert len(re.findall(rf"{option.label}\b", html)) == 1


@given(shares, shares)
def test_the_change_is_the_difference_of_the_numbers_that_are_seen(recorded, now):
    html = ranking_html([RankedOption("A", 1, now, now, now, recorded, 1)], caption="R", compared=True)
    shown = re.search(r'gbr-change">(.*?)</td>', html).group(1)
    value = int(re.search(r'gbr-value">(\d+)<', html).group(1))
    if re.fullmatch(r"[+−]\d+", shown):
        assert value - int(shown.replace("−", "-")) == round(100 * recorded)
    else:
        assert value == round(100 * recorded) or abs(now - recorded) < 0.005


def test_bands_are_groups_and_silent_options_share_their_reason():
    made = [
        RankedOption("A", 1, 0.6, 0.5, 0.7),
        RankedOption("B", 1, 0.55, 0.5, 0.7),
        RankedOption("C", 2, 0.2, 0.1, 0.3),
        RankedOption("D", None, None, None, None, note="Nobody had it."),
        RankedOption("E", None, None, None, None, note="Nobody had it."),
    ]
    html = ranking_html(made, caption="R")
    assert html.count('scope="rowgroup" class="gbr-band"') == 2
    assert 'rowspan="2"' in html and "D, E" in html and html.count("Nobody had it.") == 1


def test_labels_from_outside_are_escaped():
    html = ranking_html([RankedOption("<script>", 1, 0.5, 0.4, 0.6, note="<b>")], caption="<i>")
    assert "<script>" not in html and "<b>" not in html and "<i>" not in html.replace('<i class="', "")


def why(values, words, base=-1.0) -> Explanation:
    values = np.asarray(values, dtype=float)
    names = tuple(f"f{i}" for i in range(len(values)))
    return Explanation(
        "o", "shapley", names, tuple(n.upper() for n in names), tuple(words), values, base,
        base + float(values.sum()), "log-odds", "200 training patients", "abc",
    )  # fmt: skip


def test_edited_features_come_first_and_the_rest_is_added_up():
    before = why([2.0, -1.0, 0.5, 0.25, 0.0], ["a", "b", "c", "d", "e"])
    after = why([2.0, -1.0, 0.5, 0.25, 0.1], ["a", "b", "c", "d", "x"])
    html = attribution_change_html(before, after, caption="C", most=2)
    rows = re.findall(r"<tbody>(.*)</tbody>", html)[0].split("</tr>")[:-1]
    assert "F4" in rows[0] and "x, was e" in rows[0]
    assert "F0" in rows[1] and "3 other inputs" in rows[2]
    # -1.0 + 0.5 + 0.25, before and after
    assert rows[2].count("−0.25") == 2


def test_the_printed_parts_add_up_to_the_printed_score():
    before = why([2.0, -1.0], ["a", "b"])
    after = why([0.5, -1.0], ["z", "b"])
    html = attribution_change_html(before, after, caption="C")
    now = re.findall(r'<td class="gbc-number">([^<]*)</td>', html)
    numbers = [float(n.replace("−", "-")) for n in now]
    assert abs(sum(numbers[:-1]) - numbers[-1]) < 1e-9


def test_a_remainder_is_shown_and_not_hidden():
    after = why([1.0], ["a"])
    loose = Explanation(
        "o", "lime", after.feature_names, after.feature_labels, after.feature_words, after.values, -1.0, 0.5,
        "log-odds", "b", "abc",
    )  # fmt: skip
    assert "Left unexplained" in attribution_change_html(after, loose, caption="C")
    assert "Left unexplained" not in attribution_change_html(after, after, caption="C")


def test_the_table_holds_every_feature_with_its_change():
    rows = attribution_change_rows(why([2.0, -1.0], ["a", "b"]), why([0.5, -1.0], ["z", "b"]))
    assert [r["input"] for r in rows] == ["F0", "F1"]
    assert rows[0]["change (log-odds)"] == -1.5 and rows[0]["value"] == "z, was a"
