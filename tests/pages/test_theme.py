"""The theme that is kept is the theme that Streamlit would have read."""

from __future__ import annotations

import pytest
from streamlit import config
from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.runtime import app_session

from pages.parts import theme

INNER = {
    "theme.light": lambda m: m.light,
    "theme.dark": lambda m: m.dark,
    "theme.sidebar": lambda m: m.sidebar,
    "theme.light.sidebar": lambda m: m.light.sidebar,
    "theme.dark.sidebar": lambda m: m.dark.sidebar,
}


@pytest.fixture(autouse=True)
def from_the_start(monkeypatch):
    """Nothing read yet, and Streamlit as it was once the test is over."""
    monkeypatch.setattr(app_session, "_populate_theme_msg", theme._read)
    monkeypatch.setattr(theme, "_sections", {})


def whole_theme() -> bytes:
    told = CustomThemeConfig()
    app_session._populate_theme_msg(told)
    for section, part in INNER.items():
        app_session._populate_theme_msg(part(told), section)
    return told.SerializeToString(deterministic=True)


def test_the_theme_is_told_as_streamlit_reads_it_every_time():
    read = whole_theme()
    theme.keep()
    assert read == whole_theme() == whole_theme()
    told = CustomThemeConfig.FromString(read)
    assert told.font_faces, "the theme of .streamlit/config.toml has its own font"
    assert not told.dark.HasField("sidebar"), "a section without options stays unset"


def test_each_section_is_read_once(monkeypatch):
    asked = []
    options = config.get_options_for_section
    monkeypatch.setattr(config, "get_options_for_section", lambda s: (asked.append(s), options(s))[1])
    theme.keep()
    whole_theme()
    whole_theme()
    assert sorted(asked) == sorted(["theme", *INNER])
