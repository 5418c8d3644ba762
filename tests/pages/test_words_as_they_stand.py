"""Labels and notes of models and patients are drawn letter by letter: no link, no emphasis, no lost asterisk."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from streamlit.testing.v1 import AppTest

from pages.parts.verbatim import listed, verbatim
from tests.explainers.small_cohort import build_small

ROOT = Path(__file__).resolve().parents[2]
HOSTILE = (
    "p.R213* p.Q61* [see](https://evil.example) ![x](https://evil.example/i.png) <b>_bold_</b> ~1~ `c` $a$"
)
MARKDOWN = MarkdownIt("gfm-like", {"linkify": False})
KINDS = ("title", "header", "subheader", "markdown", "caption", "info", "warning", "error", "success")


def read(source: str) -> str:
    """What a reader of the Markdown sees, as another library draws it."""
    return drawn_text(source).replace("\u2060", "")


def drawn_text(source: str) -> str:
    return unescape(re.sub(r"<[^>]+>", "", MARKDOWN.render(source)))


@settings(max_examples=300)
@given(st.text(st.sampled_from("ab 1.)-+#>*_`~[](){}!<>/&;:|$\\=\n\t"), max_size=24))
@example("1) one")
@example("&amp; &#42;")
@example("- a\n- b")
@example("a_b_c and _d_")
@example("<!-- gone -->")
@example("=====")
def test_whatever_is_written_is_what_is_read(text):
    drawn = MARKDOWN.render(verbatim(text))
    letters = " ".join(text.split())
    assert " ".join(read(verbatim(text)).split()) == letters
    assert drawn == "" if not letters else re.sub(r"</?p>\n?", "", drawn).count("<") == 0


@given(st.lists(st.text(st.sampled_from("ab1.-*_[]()#\n"), min_size=1, max_size=9), min_size=1, max_size=4))
def test_a_list_has_one_entry_a_sentence(lines):
    said = [" ".join(x.split()) for x in lines]
    drawn = MARKDOWN.render(listed(lines))
    assert drawn.count("<li>") == len(lines)
    assert [" ".join(x.split()) for x in re.findall(r"<li>\n?(?:<p>)?(.*?)(?:</p>\n)?</li>", drawn)] == said


# Streamlit's Markdown looks for addresses in the text as it is drawn, when no escape is left (mdast-util-gfm-autolink-literal).
LINKED = re.compile(r"https?://|www(?=\.)|[-.\w+]+@[-\w]+(?:\.[-\w]+)+", re.IGNORECASE)


@pytest.mark.parametrize("address", ["https://evil.example/a", "HTTP://evil.example", "www.evil.example", "WWW.evil.example", "a.b+c@evil.example"])  # fmt: skip
def test_an_address_is_read_as_it_is_written_and_is_no_link(address):
    for words in (address, f"see {address}, or ({address})."):
        assert LINKED.search(words) and not LINKED.search(drawn_text(verbatim(words)))
        assert read(verbatim(words)).strip() == words
    assert verbatim("www and http: at 5 @ home") == "www and http: at 5 @ home"


def test_signs_that_only_streamlit_knows_are_letters_too():
    assert verbatim(":red[no] :material/home: :smile: at 10:30: so") == (
        r"\:red\[no\] \:material/home: \:smile: at 10:30: so"
    )
    assert verbatim("costs $5 or $6") == r"costs \$5 or \$6"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A small model whose every label holds Markdown and HTML, and a patient whose note does."""
    folder = tmp_path_factory.mktemp("hostile")
    bundle = build_small(folder / "bundles" / "boosting", "boosting")
    manifest = bundle.path / "manifest.json"
    content = json.loads(manifest.read_text(encoding="utf-8"))
    content["name"] = "hostile"
    content["option_labels"] = {o: f"{o} {HOSTILE}" for o in content["options"]}
    for feature in content["schema"]:
        feature["label"] = f"{feature['label']} {HOSTILE}"
    manifest.write_text(json.dumps(content), encoding="utf-8")
    bundle.path.rename(folder / "bundles" / "hostile")
    patient = {
        "glassboard_profile": 1, "patient_id": "H-1", "age_years": 63, "sex": "female", "tumour": "LUAD", "synthetic": True,
        "note": HOSTILE, "assayed_genes": ["EGFR", "KRAS", "TP53"],
        "alterations": [{"gene": "EGFR", "protein_change": "p.L858R"}],
    }  # fmt: skip
    (folder / "patients").mkdir()
    (folder / "patients" / "h.json").write_text(json.dumps(patient), encoding="utf-8")
    return folder


PLACES = [
    ("patient", None), ("treatment", None), ("model", None), ("why", "Asked again"), ("why", "Other methods"),
    ("why", "Facts that act together"), ("why", "What is not known"), ("why", "How steady"),
    ("why", "How far to trust it"), ("why", "Similar patients"),
]  # fmt: skip


@pytest.mark.parametrize(("page", "part"), PLACES)
def test_a_label_with_markup_is_read_as_it_is_written(hostile, monkeypatch, page, part):
    monkeypatch.setenv("GLASSBOARD_BUNDLES", str(hostile / "bundles"))
    monkeypatch.setenv("GLASSBOARD_PATIENTS", str(hostile / "patients"))
    app = AppTest.from_file(str(ROOT / "dashboard.py"), default_timeout=120)
    app.query_params["bundle"], app.query_params["patient"] = "hostile", "H-1"
    app.run()
    if part is not None:
        app.session_state[f"{page}-parts"] = part
    app.switch_page(f"pages/{page}.py").run()
    assert not app.exception and not app.error
    seen = 0
    for kind in KINDS:
        for element in getattr(app, kind):
            drawn = MARKDOWN.render(str(element.value))
            for sign in ("<a ", "<img", "<b>", "<em>", "<del>", "<s>", "<code>c"):
                assert sign not in drawn, f"{kind}: {element.value}"
            assert not re.search(r"(?<!\\)\$", str(element.value)), f"{kind}: {element.value}"
            seen += read(str(element.value)).count(HOSTILE)
    for block in app.get("html"):
        assert "<b>_bold_" not in block.proto.body
        seen += "evil.example" in block.proto.body
    assert seen, "the label stands nowhere on this page: nothing was tried"


def test_the_audit_of_groups_draws_labels_as_they_stand():
    def page():
        import dataclasses

        import numpy as np
        import pandas as pd

        from explainers.audit.data import of_arrays
        from explainers.audit.group_audit import group_audit
        from pages.parts import audit_groups_more
        from tests.pages.test_words_as_they_stand import HOSTILE

        rng = np.random.default_rng(0)
        chance = rng.random(300)
        groups = pd.DataFrame({"arm": rng.choice(["*a* [b](https://evil.example)", "c"], 300)})
        y = (rng.random(300) < chance).astype(float)
        data = of_arrays(y, chance, options=["drug"], name="t", groups=groups)
        data = dataclasses.replace(data, labels=(HOSTILE,))
        audit_groups_more._slider(data, "drug", 0.3)
        audit_groups_more._fairness(data, group_audit(data, n_draws=99), "drug", 0.3)

    app = AppTest.from_function(page, default_timeout=60).run()
    assert not app.exception
    said = [str(e.value) for kind in ("markdown", "caption", "info") for e in getattr(app, kind)]
    drawn = [MARKDOWN.render(s) for s in said]
    assert any(HOSTILE in read(s) for s in said)
    assert not [d for d in drawn if "<a " in d or "<em>" in d or "<img" in d]
