"""Three visible acts, and each way in which a bundle can be at fault."""

from __future__ import annotations

import hashlib
import json
import os
import shutil

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline

from oncology.bundles import (
    BundleError,
    BundleNotFoundError,
    BundleSchemaError,
    ChangedFileError,
    ManifestError,
    MissingBundleFileError,
    NewerLibraryError,
    PredictionDriftError,
    TrustList,
    TrustListError,
    UnknownProtocolError,
    UnknownTypesError,
    UnsafePathError,
    UntrustedBundleError,
    discover,
    inspect,
    load,
    open_inspected,
)
from oncology.bundles.storage import audit_types, dump_joblib, dump_skops, load_skops
from oncology.errors import OncologyError
from tests.bundles.small import boosting, small_bundle, small_cohort


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return small_bundle(tmp_path_factory.mktemp("built") / "small").path


@pytest.fixture
def folder(built, tmp_path):
    return shutil.copytree(built, tmp_path / "small")


def rewrite(folder, **fields):
    """Change fields of the manifest, as somebody would who also knows the format."""
    file = folder / "manifest.json"
    content = json.loads(file.read_text(encoding="utf-8")) | fields
    file.write_text(json.dumps(content), encoding="utf-8")


def put(folder, name, data):
    """Replace a file and its hash in the manifest."""
    (folder / name).write_bytes(data)
    files = json.loads((folder / "manifest.json").read_text())["files"]
    rewrite(folder, files=files | {name: hashlib.sha256(data).hexdigest()})


def test_an_untouched_bundle_passes_both_acts(folder):
    seen = inspect(folder)
    assert seen.can_open and seen.faults == ()
    assert {f.name for f in seen.files} == {"estimators.skops", "background.npy", "cohort.parquet"}
    assert seen.words() == (
        f"Hash: 3 file(s) unchanged; bundle {seen.sha256[:12]}…",
        "Audit: skops: known types only, no code",
    )
    assert load(folder).sha256 == seen.sha256


@pytest.mark.parametrize("name", ["estimators.skops", "background.npy", "cohort.parquet"])
def test_one_changed_byte_is_found_before_anything_is_opened(folder, name):
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / name).write_bytes(bytes(data))
    with pytest.raises(ChangedFileError, match=f"{name}.*has changed since the bundle was built.*not opened"):
        load(folder)
    assert not inspect(folder).can_open


def test_a_changed_manifest_is_another_bundle(folder, built):
    rewrite(folder, title="Another")
    assert inspect(folder).sha256 != inspect(built).sha256


@pytest.mark.parametrize("protocol", [0, 2, 99, "1", True, None])
def test_an_unknown_protocol_is_named(folder, protocol):
    rewrite(folder, protocol=protocol)
    with pytest.raises(UnknownProtocolError, match=f"protocol is {protocol!r}; this version reads 1"):
        load(folder)


def test_a_newer_library_is_refused_with_both_versions(folder):
    rewrite(folder, library_versions={"scikit-learn": "99.1.0"})
    with pytest.raises(NewerLibraryError, match=r"built with scikit-learn 99\.1\.0, here is scikit-learn \d"):
        load(folder)


def test_a_library_that_is_not_installed_is_named(folder):
    rewrite(folder, library_versions={"xgboost": "3.2.0", "lightgbm": "4.0"})
    assert inspect(folder).can_open
    from oncology.bundles import inspecting

    check = inspecting._check_library("lightgbm", "4.0", None)
    assert "lightgbm is not installed here" in check.words


def test_an_older_library_is_said_and_the_stored_rows_decide(folder):
    rewrite(folder, library_versions={"scikit-learn": "1.2.0"})
    (check,) = inspect(folder).audit.libraries
    assert check.fault is None and "another version" in check.words
    assert load(folder).options


def test_a_model_that_predicts_otherwise_than_when_built_is_refused(folder):
    content = json.loads((folder / "manifest.json").read_text())
    content["self_check"][2][1] += 0.01
    rewrite(folder, self_check=content["self_check"])
    with pytest.raises(PredictionDriftError, match=r"'sotorasib' gives .* for a stored test row"):
        load(folder)


def test_a_missing_file_is_named(folder):
    (folder / "background.npy").unlink()
    with pytest.raises(MissingBundleFileError, match=r"names the file 'background\.npy', which is not in"):
        load(folder)


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/b", "..", "", "a\\b", "C:evil"])
def test_a_file_name_that_leads_out_of_the_folder_is_refused(folder, name):
    files = json.loads((folder / "manifest.json").read_text())["files"]
    rewrite(folder, files=files | {name: "0" * 64})
    with pytest.raises(UnsafePathError, match="leads out of the bundle's folder"):
        load(folder)


def test_a_link_is_refused_even_where_its_content_fits(folder, tmp_path):
    shutil.move(folder / "background.npy", tmp_path / "elsewhere.npy")
    os.symlink(tmp_path / "elsewhere.npy", folder / "background.npy")
    with pytest.raises(UnsafePathError, match="is a link to somewhere else"):
        load(folder)
    shutil.move(folder / "manifest.json", tmp_path / "m.json")
    os.symlink(tmp_path / "m.json", folder / "manifest.json")
    with pytest.raises(UnsafePathError, match=r"manifest\.json.*is a link"):
        load(folder)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[: len(text) // 2],
        lambda text: "",
        lambda text: "[1, 2]",
        lambda text: "\x00\x01binary",
        lambda text: text.replace('"options"', '"optoins"'),
        lambda text: json.dumps(json.loads(text) | {"options": []}),
        lambda text: json.dumps(json.loads(text) | {"files": {"estimators.skops": "short"}}),
        lambda text: json.dumps(json.loads(text) | {"synthetic": "yes"}),
        lambda text: json.dumps(json.loads(text) | {"output_kind": "verdict"}),
        lambda text: json.dumps(json.loads(text) | {"calibration": {}}),
        lambda text: json.dumps(json.loads(text) | {"performance": [{"option": "x"}]}),
        lambda text: json.dumps({k: v for k, v in json.loads(text).items() if k != "schema"}),
        lambda text: "[" * 100_000,
    ],
)
def test_a_spoiled_manifest_is_refused_as_such(folder, spoil):
    file = folder / "manifest.json"
    file.write_text(spoil(file.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(ManifestError, match=r"manifest\.json cannot be read: .*; expected"):
        load(folder)


def test_a_schema_that_cannot_be_read_is_an_error_of_ours(folder):
    rewrite(folder, schema=[{"name": "EGFR"}])
    with pytest.raises(OncologyError, match="entry 'EGFR' cannot be read"):
        load(folder)


def test_a_schema_with_a_feature_less_does_not_fit_the_model(folder):
    schema = json.loads((folder / "manifest.json").read_text())["schema"]
    rewrite(folder, schema=schema[1:])
    with pytest.raises(BundleSchemaError, match="takes 8 columns; the manifest's schema has 7"):
        load(folder)


def test_nothing_at_the_path_is_said_plainly(tmp_path):
    with pytest.raises(BundleNotFoundError, match="there is no such folder"):
        load(tmp_path / "absent")
    (tmp_path / "file").write_text("x")
    with pytest.raises(BundleNotFoundError, match="it is a file"):
        load(tmp_path / "file")
    with pytest.raises(BundleNotFoundError, match=r"holds no manifest\.json"):
        load(tmp_path)


def test_a_skops_file_of_another_type_is_refused_whatever_the_manifest_trusts(folder):
    import skops.io

    class Stranger:
        pass

    Stranger.__module__, Stranger.__qualname__ = "somewhere", "Stranger"
    put(folder, "estimators.skops", skops.io.dumps({"osimertinib": Stranger()}))
    rewrite(folder, trusted_types=["somewhere.Stranger"])
    with pytest.raises(UnknownTypesError, match=r"somewhere\.Stranger.*not opened"):
        load(folder)
    data = (folder / "estimators.skops").read_bytes()
    for audited in ((), ("somewhere.Stranger",)):
        with pytest.raises(UnknownTypesError, match=r"somewhere\.Stranger"):
            load_skops(data, "estimators.skops", audited)


def test_bytes_that_are_no_skops_archive_are_refused(folder):
    put(folder, "estimators.skops", b"PK no archive")
    with pytest.raises(ManifestError, match="is not a skops file"):
        load(folder)


def test_numpy_rows_that_hide_a_pickle_are_refused(folder):
    import io

    out = io.BytesIO()
    np.save(out, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    put(folder, "background.npy", out.getvalue())
    with pytest.raises(ManifestError, match=r"background\.npy does not fit"):
        load(folder)


@pytest.fixture
def joblib_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("GLASSBOARD_TRUST", str(tmp_path / "trusted.json"))
    return small_bundle(tmp_path / "own", format="joblib").path


def test_an_untrusted_joblib_bundle_shows_its_hash_and_the_command(joblib_folder):
    seen = inspect(joblib_folder)
    with pytest.raises(UntrustedBundleError, match="python -m explainers trust") as error:
        load(joblib_folder)
    assert seen.sha256 in str(error.value) and error.value.sha256 == seen.sha256
    assert not seen.can_open and seen.audit.runs_code and not seen.audit.trusted


def test_a_trusted_joblib_bundle_opens_until_a_byte_changes(joblib_folder):
    seen = inspect(joblib_folder)
    TrustList.read().with_bundle(seen.sha256, "own")
    assert load(joblib_folder).margin(small_cohort().X).shape == (300, 3)
    put(joblib_folder, "estimators.joblib", dump_joblib({"osimertinib": boosting()}))
    with pytest.raises(UntrustedBundleError):
        load(joblib_folder)


def test_a_changed_joblib_file_is_not_unpickled(joblib_folder, tmp_path):
    seen = inspect(joblib_folder)
    TrustList.read().with_bundle(seen.sha256, "own")

    class Trap:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "sprung"),))

    (joblib_folder / "estimators.joblib").write_bytes(dump_joblib({"osimertinib": Trap()}))
    with pytest.raises(ChangedFileError):
        load(joblib_folder)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"trusted": ["x"]}', '{"trusted": {"short": "x"}}', '{"trusted": {}']
)
def test_a_spoiled_trust_list_trusts_nothing(tmp_path, text):
    (tmp_path / "t.json").write_text(text)
    with pytest.raises(TrustListError, match=r"trust list 't\.json'.*nothing is trusted until then"):
        TrustList.read(tmp_path / "t.json")


def test_a_trust_list_is_made_where_there_was_none(tmp_path):
    path = tmp_path / "new" / "trusted.json"
    assert "a" * 64 not in TrustList.read(path)
    TrustList.read(path).with_bundle("a" * 64, "mine")
    assert "a" * 64 in TrustList.read(path) and path.stat().st_mode & 0o077 == 0
    with pytest.raises(TrustListError, match="no SHA-256"):
        TrustList.read(path).with_bundle("xyz", "mine")


def test_discover_lists_bundles_with_their_faults(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "broken")
    (tmp_path / "broken" / "manifest.json").write_text("{")
    (tmp_path / "no_bundle").mkdir()
    found = discover(tmp_path)
    assert [p.name for p, _ in found] == ["broken", "small"]
    assert isinstance(found[0][1], BundleError) and found[1][1].name == "small"
    assert [p.name for p, _ in discover(folder)] == ["small"]
    assert discover(tmp_path / "absent") == []


@pytest.mark.parametrize(
    ("field", "value"), [("left", 10_000), ("right", 0), ("feature_idx", 8), ("feature_idx", -1)]
)
def test_a_tree_that_points_outside_of_itself_is_refused(folder, field, value):
    estimators = load_skops((folder / "estimators.skops").read_bytes(), "estimators.skops", ())
    nodes = estimators["sotorasib"]._predictors[3][0].nodes
    nodes[field][0] = value
    put(folder, "estimators.skops", dump_skops(estimators)[0])
    with pytest.raises(ManifestError, match="a tree whose nodes point outside of it"):
        load(folder)


def test_a_forest_whose_tree_asks_for_a_column_that_is_not_there_is_refused(tmp_path):
    forest = make_pipeline(SimpleImputer(), RandomForestClassifier(3, max_depth=2, random_state=0))
    path = small_bundle(tmp_path / "b", estimators=forest, options=["sotorasib"]).path
    data = (path / "estimators.skops").read_bytes()
    estimators = load_skops(data, "estimators.skops", audit_types(data, "estimators.skops"))
    member = estimators["sotorasib"].steps[-1][1].estimators_[1]
    state = member.tree_.__getstate__()
    state["nodes"]["feature"][0] = 500
    wide = type(member.tree_)(1000, np.array([2]), 1)
    wide.__setstate__(state)
    member.tree_, member.n_features_in_ = wide, 1000
    put(path, "estimators.skops", dump_skops(estimators)[0])
    with pytest.raises(ManifestError, match="a tree whose nodes point outside of it"):
        load(path)


def test_a_tree_without_nodes_is_refused(folder):
    estimators = load_skops((folder / "estimators.skops").read_bytes(), "estimators.skops", ())
    tree = estimators["sotorasib"]._predictors[3][0]
    tree.nodes = tree.nodes[:0]
    put(folder, "estimators.skops", dump_skops(estimators)[0])
    with pytest.raises(ManifestError, match="a tree whose nodes point outside of it"):
        load(folder)


def test_a_file_that_changes_between_the_acts_is_not_opened(folder):
    seen = inspect(folder)
    data = (folder / "estimators.skops").read_bytes()
    (folder / "estimators.skops").write_bytes(data + b" ")
    with pytest.raises(ChangedFileError):
        open_inspected(seen)


def test_training_patients_that_change_after_opening_are_not_read(folder):
    bundle = load(folder)
    (folder / "cohort.parquet").write_bytes((folder / "background.npy").read_bytes())
    with pytest.raises(ChangedFileError, match=r"cohort\.parquet"):
        _ = bundle.training
