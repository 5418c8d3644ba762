"""The start document and the headers, without a browser."""

import base64
import hashlib
import re

from pages.parts import server


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
