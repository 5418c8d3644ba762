"""Kernels compiled from other code are forgotten, and only those, in whichever folder numba keeps them."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from numba.core import config
from numba.core.caching import UserProvidedCacheLocator
from numba.misc.appdirs import AppDirs

from explainers.trees.stale import forget_stale_kernels


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of two folders, each with a compiled kernel; numba is told nothing, the user's cache is empty."""
    for folder in (tmp_path / "engine", tmp_path / "engine" / "inner"):
        (folder / "__pycache__").mkdir(parents=True)
        (folder / "code.py").write_text("A = 1\n")
        (folder / "__pycache__" / "code.cpython-311.pyc").write_text("compiled")
        compiled(folder / "__pycache__")
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setattr(config, "CACHE_DIR", "")
    monkeypatch.setattr(AppDirs, "user_cache_dir", str(tmp_path / "home" / "numba"))
    return tmp_path / "engine"


def compiled(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("code.f-1.py311.nbi", "code.f-1.py311.1.nbc"):
        (folder / name).write_text("compiled")


def kernels(folder):
    return sorted(p.name for p in folder.rglob("*.nb[ic]"))


def own(source):
    """What numba itself calls the folder of a source folder."""
    return UserProvidedCacheLocator.get_suitable_cache_subpath(str(source / "code.py"))


def read_only(monkeypatch, *folders):
    """Nothing can be written or deleted in these folders; chmod would not keep an administrator out."""

    def guarded(method):
        def refuse(path, *args, **kwargs):
            if any(Path(path).is_relative_to(folder) for folder in folders):
                raise PermissionError(13, "Permission denied", str(path))
            return method(path, *args, **kwargs)

        return refuse

    for name in ("write_text", "write_bytes", "unlink", "mkdir"):
        monkeypatch.setattr(Path, name, guarded(getattr(Path, name)))
    there = guarded(lambda path, **more: temporary(dir=path, **more))
    temporary = tempfile.TemporaryFile
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda dir, **more: there(dir, **more))


@pytest.mark.parametrize("changed", ["same size and time", "other size", "new file", "one less", "name"])
def test_a_change_of_any_file_forgets_all_kernels_once(package, changed):
    assert forget_stale_kernels(package) and not kernels(package)  # nothing is known of how they were made
    compiled(package / "__pycache__")
    assert not forget_stale_kernels(package) and len(kernels(package)) == 2
    file = package / "inner" / "code.py"
    before = file.stat()
    if changed == "same size and time":
        file.write_text("A = 2\n")
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    elif changed == "other size":
        file.write_text("A = 100\n")
    elif changed == "new file":
        (package / "inner" / "more.py").write_text("")
    elif changed == "name":
        file.rename(file.with_name("other.py"))
    else:
        file.unlink()
    assert forget_stale_kernels(package) and not kernels(package)
    assert len(list(package.rglob("*.pyc"))) == 2
    assert not forget_stale_kernels(package)


def test_the_same_files_written_again_forget_nothing(package):
    forget_stale_kernels(package)
    compiled(package / "__pycache__")
    os.utime(package / "code.py", ns=(1, 1))
    assert not forget_stale_kernels(package) and len(kernels(package)) == 2


@pytest.mark.parametrize("told", ["before numba is loaded", "after"])
def test_in_a_shared_folder_only_this_package_is_forgotten(package, tmp_path, monkeypatch, told):
    shared = tmp_path / "kept"
    others = (own(tmp_path / "of another project" / "engine"), "engine_0a1b", "inner_2c3d", "another_4e5f")
    for name in (own(package), own(package / "inner"), *others):
        compiled(shared / name)
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(shared))
    if told == "before numba is loaded":
        monkeypatch.setattr(config, "CACHE_DIR", str(shared))
    assert forget_stale_kernels(package)
    assert {p.parent.name for p in shared.rglob("*.nb[ic]")} == set(others)
    assert len(kernels(package)) == (4 if told == "before numba is loaded" else 0)
    assert not forget_stale_kernels(package)


def test_where_the_package_cannot_be_written_those_in_the_users_cache_are_forgotten(
    package, tmp_path, monkeypatch
):
    read_only(monkeypatch, package)
    cache = tmp_path / "home" / "numba"
    for name in (own(package), own(package / "inner"), "engine_0a1b"):
        compiled(cache / name)
    assert forget_stale_kernels(package)
    assert {p.parent.name for p in cache.rglob("*.nb[ic]")} == {"engine_0a1b"}
    assert len(kernels(package)) == 4  # numba does not look at them
    compiled(cache / own(package))
    assert not forget_stale_kernels(package)
    assert (cache / own(package) / "code.f-1.py311.nbi").exists()


@pytest.mark.parametrize("obstacle", ["they cannot be deleted", "nothing can be written anywhere"])
def test_kernels_that_cannot_be_forgotten_are_not_used(package, tmp_path, monkeypatch, obstacle):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    if obstacle == "they cannot be deleted":

        def refuse(path, missing_ok=False):
            raise PermissionError(13, "Permission denied", str(path))

        monkeypatch.setattr(Path, "unlink", refuse)
    else:
        read_only(monkeypatch, package, tmp_path / "home")
    monkeypatch.setenv("NUMBA_CACHE_DIR", "")
    with pytest.warns(RuntimeWarning, match="set NUMBA_CACHE_DIR to an empty folder"):
        forget_stale_kernels(package)
    (apart,) = (tmp_path / "temporary").iterdir()
    assert os.environ["NUMBA_CACHE_DIR"] == config.CACHE_DIR == str(apart)
    assert not kernels(apart)


def test_a_note_that_cannot_be_read_as_text_counts_as_other_code(package):
    (package / "__pycache__" / "kernels.sha256").write_bytes(b"\xff\xfe")
    assert forget_stale_kernels(package) and not kernels(package)


CALLS = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from explainers.trees.stale import forget_stale_kernels
forget_stale_kernels(Path(sys.argv[1], "engine"))
from engine.kernel import constant
print(constant(0))
"""


@pytest.mark.parametrize("kept", ["beside the source", "in NUMBA_CACHE_DIR"])
def test_numba_itself_returns_what_the_other_file_says_now(tmp_path, monkeypatch, kept):
    engine = tmp_path / "engine"
    engine.mkdir()
    (engine / "__init__.py").write_text("")
    (engine / "kernel.py").write_text(
        "from numba import njit\nfrom engine.other import A\n\n\n@njit(cache=True)\ndef constant(x):\n    return x + A\n"
    )
    folder = engine / "__pycache__" if kept == "beside the source" else tmp_path / "kept" / own(engine)
    monkeypatch.setenv("NUMBA_CACHE_DIR", "" if kept == "beside the source" else str(tmp_path / "kept"))
    for value in (7, 8):
        (engine / "other.py").write_text(f"A = {value}\n")
        os.utime(engine / "other.py", ns=(value * 10**9, value * 10**9))
        done = subprocess.run(
            [sys.executable, "-c", CALLS, str(tmp_path)], capture_output=True, text=True, check=True
        )
        assert done.stdout.split() == [str(value)]
        assert kernels(folder)
