"""The part of the Audit page that asks for whom a model works, drawn without a browser."""

import time
from html import escape

import pytest
from streamlit.testing.v1 import AppTest


def section(lift: float, pooled: bool) -> None:
    """The section as a page of its own, on invented patients."""
    from types import SimpleNamespace

    import numpy as np
    import pandas as pd
    import streamlit as st

    from explainers.audit.data import of_arrays
    from pages.parts import audit_groups_panel

    rng = np.random.default_rng(1)
    n = 1200
    group = np.array(["a", "b", "c"])[rng.integers(0, 3, n)]
    p = rng.beta(2, 3, (n, 2))
    odds = p / (1 - p) * np.exp(lift * (group == "a"))[:, None]
    y = (rng.random((n, 2)) < odds / (1 + odds)).astype(float)
    if pooled:
        y[np.arange(n), rng.integers(0, 2, n)] = np.nan
    groups = pd.DataFrame({"arm": group, "subtype": np.where(np.arange(n) < 12, "rare", "common")})
    data = of_arrays(y, p, options=["one", "two"], name="invented", groups=groups)
    # Of the model the section asks no more than this until a folded question is opened.
    bundle = SimpleNamespace(manifest=SimpleNamespace(unlikely_below=0.15), training=None, schema=None)
    for line in audit_groups_panel.at_hand(data, bundle):
        st.caption(line)
    audit_groups_panel.show(data, bundle, lambda patient, option: st.success(f"open {patient} {option}"))


def drawn(**asked) -> AppTest:
    app = AppTest.from_function(section, default_timeout=120, kwargs=asked).run()
    for _ in range(600):
        if app.selectbox:
            return app
        time.sleep(0.2)
        app.run()
    raise AssertionError("the comparison never ended")


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GLASSBOARD_CACHE", str(tmp_path))


def said(app: AppTest) -> str:
    parts = [e.proto.body for e in app.get("html")]
    return "\n".join(
        [*parts, *(str(e.value) for kind in ("markdown", "caption", "info") for e in getattr(app, kind))]
    )


def test_the_section_says_for_whom_draws_the_groups_and_lists_what_differs():
    app = drawn(lift=1.5, pooled=True)
    assert not app.exception
    seen = said(app)
    assert "Works otherwise for: arm: a" in seen
    assert "more responded than the numbers said" in seen
    assert app.get("plotly_chart")
    assert "arm: a" in set(app.dataframe[0].value["group"])
    assert "in 1% of these draws" in seen


def test_what_was_found_stands_on_the_first_screen_the_next_time():
    first = drawn(lift=1.5, pooled=True)
    assert "a question of its own" in said(first) or "Not for everybody alike" in said(first)
    again = drawn(lift=1.5, pooled=True)
    assert "Not for everybody alike" in said(again)


def test_one_option_can_be_asked_about_in_every_figure():
    app = drawn(lift=1.5, pooled=True)
    app.selectbox[0].set_value("one").run()
    figure = next(s for s in app.selectbox if s.label == "Figure")
    for metric in figure.options:
        next(s for s in app.selectbox if s.label == "Figure").set_value(metric).run()
        assert not app.exception, metric
    assert "subtype: rare (too few)" in said(app)


def test_where_all_are_served_alike_the_section_says_so_without_promising_it():
    seen = said(drawn(lift=0.0, pooled=False))
    assert "None differs by more than chance" in seen and "no proof" in seen


def leaning(app: AppTest, options: list[str]) -> set[str]:
    """The options whose attributions stand in the first rows of the drift's open table."""
    assert not app.exception
    table = next(e.proto.body for e in app.get("html") if "Everything compared" in e.proto.body)
    rows = [row for row in table.split("<tr>") if "leans on" in row]
    return {o for o in options if any(escape(o) in row for row in rows)}


def test_drift_compares_what_the_model_leans_on_for_every_option_and_one_can_be_asked_about():
    def page():
        from dataclasses import replace

        from explainers.audit.data import of_bundle
        from oncology.bundles import load
        from pages.parts import audit_groups_more

        bundle = load("sample_data/bundles/solid_tumours")
        data = replace(of_bundle(bundle), origin="external cohort", name="theirs")
        audit_groups_more._drift(data, bundle)

    app = AppTest.from_function(page, default_timeout=60).run()
    for _ in range(200):
        if app.selectbox:
            break
        time.sleep(0.2)
        app.run()
    (box,) = app.selectbox
    assert len(box.options) == 19 and box.options[0] == "all options"
    options = box.options[1:]
    app.session_state["table-audit-drift"] = True
    assert leaning(app.run(), options) > {"Osimertinib"}
    app.selectbox[0].set_value("Osimertinib").run()
    assert leaning(app, options) == {"Osimertinib"}
