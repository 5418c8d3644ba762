"""Forget compiled kernels that were made from other code.

numba compiles a kernel anew when the file it stands in has changed, not when it uses a function or a constant of
another file that has. So that no proof rests on code that was replaced, all kernels are forgotten once any file of
this package changes.

numba keeps the kernels of a source folder in the first of these that it can write to (`numba.core.caching`): a folder
of its own within NUMBA_CACHE_DIR, named by the source folder's name and the SHA-1 of its path; ``__pycache__`` beside
the source; a folder of that same name in the user's cache. It never reads one that it cannot write to. The folder that
it will use is the one that is looked after here, and no other: a package installed where nothing may be written still has
kernels, in the user's cache. Who names places of another kind (NUMBA_CACHE_LOCATOR_CLASSES) has to empty them himself.
"""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha1, sha256
from pathlib import Path

__all__ = ["forget_stale_kernels"]

_SEEN = "kernels.sha256"
_SETTINGS = ".numba_config.yaml"


def forget_stale_kernels(package: Path) -> bool:
    """Delete the compiled kernels of a package where one of its files is not the one they were made from.

    Files are compared by content, and what the kernels were made from is noted beside them. Call it before numba sees
    the package's functions. Where stale kernels cannot be deleted, or there is no folder for kernels at all, this process
    gets a new one and compiles all of them; a RuntimeWarning says so and what to do.

    Parameters
    ----------
    package : Path
        Folder of the package; all Python files in it and below count.

    Returns
    -------
    bool
        Whether kernels made from other code, or from code that is not known, were there to be forgotten or may have been.
    """
    files = sorted(package.rglob("*.py"))
    now = sha256()
    for file in files:
        content = file.read_bytes()
        now.update(f"{file.relative_to(package).as_posix()} {len(content)}\n".encode() + content)
    made_from = now.hexdigest().encode()
    forgotten = False
    for source in sorted({file.parent for file in files}):
        for told in _told_folders():
            folder = next((f for f in _folders(source, told) if _usable(f)), None)
            if folder is None:
                _compile_apart("There is no folder in which compiled kernels can be kept.")
                return forgotten
            seen = folder / _SEEN
            if seen.is_file() and seen.read_bytes() == made_from:
                continue
            forgotten = True
            try:
                for kernel in (*folder.glob("*.nbi"), *folder.glob("*.nbc")):
                    kernel.unlink(missing_ok=True)
            except OSError as error:
                _compile_apart(f"Kernels compiled from other code cannot be deleted: {error}.")
                return forgotten
            with suppress(OSError):  # without the note they are forgotten once more next time
                seen.write_bytes(made_from)
    return forgotten


def _told_folders() -> set[str]:
    """What numba is told to use; it reads the environment again when it compiles. Empty where it is told nothing."""
    told = {os.environ.get("NUMBA_CACHE_DIR", "")}
    if "numba" in sys.modules or Path(_SETTINGS).is_file():
        from numba.core import config

        told.add(str(config.CACHE_DIR))
    return told


def _folders(source: Path, told: str) -> Iterator[Path]:
    """Where numba would keep the kernels of a source folder, in its order."""
    path = os.path.abspath(source)
    own = f"{os.path.basename(path)}_{sha1(path.encode(), usedforsecurity=False).hexdigest()}"
    if told:
        yield Path(told, own)
    yield source / "__pycache__"
    from numba.misc.appdirs import AppDirs

    yield Path(AppDirs(appname="numba", appauthor=False).user_cache_dir, own)


def _usable(folder: Path) -> bool:
    """Whether numba would use it: it tries by writing."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True


def _compile_apart(reason: str) -> None:
    """Let this process, and those it starts, keep kernels in a new folder that is deleted at its end."""
    folder = tempfile.mkdtemp(prefix="glassboard-kernels-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["NUMBA_CACHE_DIR"] = folder
    if "numba" in sys.modules:
        from numba.core import config

        config.CACHE_DIR = folder
    warnings.warn(
        f"{reason} All kernels of the tree engine are compiled anew for this process, which takes about a minute. "
        "To start faster next time, set NUMBA_CACHE_DIR to an empty folder that you can write to.",
        RuntimeWarning,
        stacklevel=4,
    )
