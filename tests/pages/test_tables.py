"""Tables: a frame never hides in silence that there is more, and nothing in it is read as markup."""

from __future__ import annotations

import re

import pytest

from pages.parts import tables


def cells(html: str) -> list[str]:
    return re.findall(r"<td([^>]*)>", html)


def test_a_table_taller_than_its_frame_says_how_many_lines_it_has():
    from streamlit.testing.v1 import AppTest

    def sheet() -> None:
        from pages.parts import tables

        for n in (8, 9, 31):
            tables.show([{"n": i} for i in range(n)], caption=f"Of {n}", name=f"t{n}", most=30)

    app = AppTest.from_function(sheet).run()
    assert not app.exception
    said = [re.search(r"<caption><span>(.*?)</span>", e.proto.body).group(1) for e in app.get("html")]
    assert said == ["Of 8", "Of 9 (9 lines)", "Of 31 (first 30 of 31; the CSV holds all)"]


def test_figures_stay_on_one_line_and_sentences_get_room_where_columns_crowd():
    row = {"option": "Dabrafenib and trametinib", "AUC": "0.84 (0.82 to 0.87)", "n": 12, "why": "x" * 140}
    assert cells(tables.as_html([row], "c")) == [
        "", ' class="short"', ' class="number"', ' style="min-width:20rem"',
    ]  # fmt: skip
    assert cells(tables.as_html([{"option": "a", "why": "x" * 140}], "c")) == [' class="short"', ""]


@pytest.mark.parametrize(("letters", "rem"), [(49, 7), (10_000, 34)])
def test_no_column_is_wider_than_a_page(letters, rem):
    row = dict.fromkeys("abc", "short") | {"why": "x" * letters}
    assert cells(tables.as_html([row], "c"))[3] == f' style="min-width:{rem}rem"'


def test_what_a_cell_or_a_caption_says_is_no_markup():
    html = tables.as_html([{"<b>": "<i>"}], "<u>")
    assert not re.search(r"<[biu]>", html)
