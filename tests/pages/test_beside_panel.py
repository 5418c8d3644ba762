"""Everything that belongs beside a number: what is kept of it follows the developer's card."""

from __future__ import annotations

import shutil
from pathlib import Path

from streamlit.testing.v1 import AppTest

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data"


def test_a_card_that_was_mended_is_read_anew(tmp_path):
    """A card that the bundle's hash does not cover changes without it."""

    def page(place):
        from dataclasses import replace
        from pathlib import Path

        from oncology.bundles import load
        from oncology.intake import read_patients
        from pages.parts import beside_panel, session

        bundle = load("sample_data/bundles/loris")
        files = {name: digest for name, digest in bundle.manifest.files.items() if name != "card.toml"}
        bundle = replace(bundle, path=Path(place), manifest=replace(bundle.manifest, files=files))
        (profile,) = read_patients("sample_data/patients/S-36-loris-favourable.json").profiles
        beside_panel.show(bundle, profile, session.ranking(bundle, profile))

    folder = tmp_path / "bundle"
    shutil.copytree(SAMPLE / "bundles" / "loris", folder)
    card = folder / "card.toml"
    card.write_text("[fundings]\n", encoding="utf-8")
    app = AppTest.from_function(page, default_timeout=60, kwargs={"place": str(folder)})
    app.session_state["beside"] = True

    def said() -> str:
        app.run()
        assert not app.exception
        return " ".join(element.proto.body for element in app.get("html"))

    assert "card.toml cannot be used" in said()
    card.write_text('[sources]\nharm = "nobody@example.org"\n', encoding="utf-8")
    assert "cannot be used" not in said() and "its hash does not cover" in said()
