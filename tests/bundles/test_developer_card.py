"""The developer's words beside a manifest: covered by the bundle's hash, or marked as not covered."""

from __future__ import annotations

from pathlib import Path

import pytest

from oncology.bundles import BuildError, CardFileError, ChangedFileError, load, read_card
from oncology.bundles.developer_card import CARD, ReportedStudy, parse_card
from oncology.checklist import checklist
from sample_data.build_scores import build_loris

ROOT = Path(__file__).resolve().parents[2]


def _card(text: str, *, covered: bool = True):
    return parse_card(text.encode(), covered=covered)


def test_a_card_given_when_a_bundle_is_built_is_covered_by_its_hash(tmp_path):
    source = tmp_path / "mine.toml"
    source.write_text('[funding]\nfunding = "None."\n')
    plain = build_loris(tmp_path / "plain", card=None)
    bundle = build_loris(tmp_path / "loris", card=source)
    assert bundle.sha256 != plain.sha256
    found = read_card(bundle.path, bundle.manifest.files)
    assert found is not None and found.covered and found.said("funding", "funding") == ("None.",)
    assert bundle.manifest.files[CARD] == found.sha256
    (bundle.path / CARD).write_text('[funding]\nfunding = "A foundation."\n')
    with pytest.raises(ChangedFileError, match=r"card\.toml"):
        load(bundle.path)


def test_a_card_laid_beside_a_finished_bundle_is_read_and_not_covered(tmp_path):
    bundle = build_loris(tmp_path / "loris", card=None)
    (bundle.path / CARD).write_text('[funding]\nfunding = "None."\n')
    assert load(bundle.path).sha256 == bundle.sha256
    found = read_card(bundle.path, bundle.manifest.files)
    assert found is not None and not found.covered


def test_a_bundle_without_a_card_has_none(tmp_path):
    bundle = build_loris(tmp_path / "loris", card=None)
    assert read_card(bundle.path, bundle.manifest.files) is None


def test_a_link_to_another_file_is_refused(tmp_path):
    bundle = build_loris(tmp_path / "loris", card=None)
    (tmp_path / "elsewhere.toml").write_text('[funding]\nfunding = "x"\n')
    (bundle.path / CARD).symlink_to(tmp_path / "elsewhere.toml")
    with pytest.raises(CardFileError, match="link"):
        read_card(bundle.path, bundle.manifest.files)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[funding", "no TOML document"),
        ('[fundng]\nfunding = "x"', "Did you mean funding"),
        ('[funding]\nfunds = "x"', "Did you mean funding"),
        ('funding = "x"', "expected a section"),
        ("[funding]\nfunding = 3", "expected text"),
        ('[funding]\nfunding = ["a", 3]', "expected text"),
        ('[identity]\nhash = "00"', "read from the bundle itself"),
        (f'[funding]\nfunding = "{"x" * 20_001}"', "at most 20,000"),
        ("studies = 3", "no list"),
        ('[[studies]]\ndesign = "randomized"\nexternal = true', "retrospective, prospective, randomised"),
        ('[[studies]]\ndesign = "prospective"', "true or false"),
        ('[[studies]]\ndesign = "prospective"\nexternal = true\nn_patients = -4', "1 or more"),
        ('[[studies]]\ndesign = "prospective"\nexternal = true\nsize = 4', "known entries"),
    ],
)
def test_a_faulty_card_names_the_entry_and_what_was_expected(text, says):
    with pytest.raises(CardFileError, match=says):
        _card(text)


def test_bytes_that_are_no_text_are_refused():
    with pytest.raises(CardFileError, match="no TOML document"):
        parse_card(b"\xff\xfe\x00", covered=True)


def test_a_huge_card_is_refused():
    with pytest.raises(CardFileError, match="at most 500,000"):
        parse_card(b"#" * 500_001, covered=False)


def test_empty_text_is_nothing_said_and_a_list_keeps_each_text():
    card = _card('[funding]\nfunding = "  "\nconflicts = ["one", "", "two\\n lines"]')
    assert card.said("funding", "funding") == ()
    assert card.said("funding", "conflicts") == ("one", "two lines")


def test_a_reported_study_keeps_what_was_said_of_it():
    card = _card(
        '[[studies]]\ndesign = "retrospective"\nexternal = true\nn_patients = 754\ntested_by = "Others"\nresult = "x"'
    )
    assert card.studies == (ReportedStudy("retrospective", True, 754, "Others", "x"),)


def test_a_faulty_card_stops_a_build_before_anything_is_written(tmp_path):
    (tmp_path / "bad.toml").write_text("[nothing]\n")
    with pytest.raises(CardFileError, match="nothing"):
        build_loris(tmp_path / "loris", card=tmp_path / "bad.toml")
    with pytest.raises(BuildError, match="cannot be opened"):
        build_loris(tmp_path / "loris", card=tmp_path / "absent.toml")
    assert not (tmp_path / "loris").exists()


def test_the_template_names_everything_a_developer_can_say_and_says_nothing():
    text = (ROOT / "docs" / "card_template.toml").read_text(encoding="utf-8")
    import tomllib

    content = tomllib.loads(text)
    listed = {(f, p) for f, section in content.items() if f != "studies" for p in section}
    wanted = {(f.key, p.key) for f in checklist().fields for p in f.parts if p.by_developer}
    assert listed == wanted
    assert not _card(text).statements
