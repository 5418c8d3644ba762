"""Forget compiled kernels that were made from other code.

numba compiles a kernel anew when the file it stands in has changed, not when it uses a function or a constant of
another file that has. So that no proof rests on code that was replaced, all kernels are forgotten once any file of
this package changes.
"""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

__all__ = ["forget_stale_kernels"]

_SEEN = "kernels.sha256"


def forget_stale_kernels(package: Path) -> bool:
    """Delete the compiled kernels of a package where one of its files is not the one they were made from.

    Looks at the files' times and sizes, as numba does. Where nothing may be written, nothing can be stale either.

    Returns
    -------
    bool
        Whether they were forgotten.
    """
    files = sorted(p for p in package.rglob("*.py"))
    stamps = (f"{p.relative_to(package)} {(s := p.stat()).st_mtime_ns} {s.st_size}\n" for p in files)
    now = sha256("".join(stamps).encode()).hexdigest()
    elsewhere = os.environ.get("NUMBA_CACHE_DIR")
    folders = [
        folder
        for source in {p.parent for p in files}
        for folder in (Path(elsewhere).glob(f"{source.name}_*") if elsewhere else [source / "__pycache__"])
    ]
    seen = Path(elsewhere or package / "__pycache__") / _SEEN
    try:
        if seen.is_file() and seen.read_text(encoding="ascii") == now:
            return False
        for folder in folders:
            for kernel in (*folder.glob("*.nbi"), *folder.glob("*.nbc")):
                kernel.unlink(missing_ok=True)
        seen.parent.mkdir(parents=True, exist_ok=True)
        seen.write_text(now, encoding="ascii")
    except OSError:
        return False
    return True
