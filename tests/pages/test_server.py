"""The start document and the headers, without a browser."""

import base64
import hashlib
import re

from streamlit.runtime.app_session import AppSession

from pages.parts import finished_runs, server


def test_the_start_document_is_ours():
    html = server.shell()
    assert "<title>Glassboard</title>" in html
    assert 'lang="en-GB"' in html
    assert "treamlit" not in re.sub(r"\./static/\S+", "", html)
    assert "agent" not in html
    assert "SourceSans" not in html


def test_every_inline_script_of_the_start_document_is_allowed_by_its_digest_alone():
    html = server.shell()
    policy = server.policy(html)
    scripts = re.findall(r"<script>(.*?)</script>", html, flags=re.DOTALL)
    assert scripts
    for code in scripts:
        assert f"'sha256-{base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()}'" in policy
    allowed = next(rule for rule in policy.split("; ") if rule.startswith("script-src"))
    assert "unsafe" not in allowed


def test_the_policy_names_no_other_host():
    assert not re.search(r"https?:|\*", server.policy(server.shell()))


def test_the_server_drops_no_message_of_a_run_that_came_to_its_end(monkeypatch):
    for name in ("request_rerun", "_handle_scriptrunner_event_on_event_loop"):
        monkeypatch.setattr(AppSession, name, getattr(AppSession, name))
    server.build()
    assert AppSession.request_rerun is finished_runs._ask
    assert AppSession._handle_scriptrunner_event_on_event_loop is finished_runs._listen
