"""The theme as Streamlit tells it to the browser: made once, not anew for every run of a page.

Streamlit walks through all its options six times whenever a script starts, which takes as long as drawing a
ranking does. The theme comes from `.streamlit/config.toml` and stays as it is while the dashboard runs.
"""

from __future__ import annotations

import threading

from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.runtime import app_session

_lock = threading.Lock()
_read = app_session._populate_theme_msg
_sections: dict[str, CustomThemeConfig] = {}


def keep() -> None:
    """From now on read each section of the theme the first time only; to be called once its options are set."""
    app_session._populate_theme_msg = _fill


def _fill(msg: CustomThemeConfig, section: str = "theme") -> None:
    with _lock:
        if section not in _sections:
            made = CustomThemeConfig()
            _read(made, section)
            _sections[section] = made
    # An empty section stays unset, as Streamlit leaves it.
    if _sections[section].ByteSize():
        msg.MergeFrom(_sections[section])
