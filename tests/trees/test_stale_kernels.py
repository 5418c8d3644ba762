"""Kernels compiled from other code are forgotten, and only those."""

from __future__ import annotations

import os

import pytest

from explainers.trees.stale import forget_stale_kernels


@pytest.fixture
def package(tmp_path):
    """A package of two folders, each with a compiled kernel."""
    for folder in (tmp_path / "engine", tmp_path / "engine" / "inner"):
        (folder / "__pycache__").mkdir(parents=True)
        (folder / "code.py").write_text("A = 1\n")
        for name in ("code.f-1.py311.nbi", "code.f-1.py311.1.nbc", "code.cpython-311.pyc"):
            (folder / "__pycache__" / name).write_text("compiled")
    return tmp_path / "engine"


def kernels(folder):
    return sorted(p.name for p in folder.rglob("*.nb[ic]"))


@pytest.mark.parametrize("changed", ["same size", "other size", "new file", "one less"])
def test_a_change_of_any_file_forgets_all_kernels_once(package, monkeypatch, changed):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    assert forget_stale_kernels(package) and not kernels(package)  # nothing is known of how they were made
    (package / "__pycache__" / "code.f-1.py311.nbi").write_text("compiled anew")
    assert not forget_stale_kernels(package) and len(kernels(package)) == 1
    file = package / "inner" / "code.py"
    if changed == "same size":
        file.write_text("A = 2\n")
        os.utime(file, ns=(1, 1))
    elif changed == "other size":
        before = file.stat()
        file.write_text("A = 100\n")
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    elif changed == "new file":
        (package / "inner" / "more.py").write_text("")
    else:
        file.unlink()
    assert forget_stale_kernels(package) and not kernels(package)
    assert len(list(package.rglob("*.pyc"))) == 2
    assert not forget_stale_kernels(package)


def test_kernels_kept_elsewhere_are_forgotten_there_and_those_of_others_stay(package, tmp_path, monkeypatch):
    elsewhere = tmp_path / "kept"
    for name in ("engine_0a1b", "inner_2c3d", "another_4e5f"):
        (elsewhere / name).mkdir(parents=True)
        (elsewhere / name / "code.f-1.py311.nbi").write_text("compiled")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(elsewhere))
    assert forget_stale_kernels(package)
    assert [p.parent.name for p in elsewhere.rglob("*.nbi")] == ["another_4e5f"]
    assert len(kernels(package)) == 4 and not forget_stale_kernels(package)


def test_where_nothing_may_be_written_nothing_is_said_to_be_forgotten(package, monkeypatch):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)

    def refuse(*args, **kwargs):
        raise PermissionError

    monkeypatch.setattr("pathlib.Path.write_text", refuse)
    assert not forget_stale_kernels(package)
