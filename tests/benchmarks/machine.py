"""The machine a measurement was taken on, and how a process weighs on it."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version


def describe(*packages: str) -> str:
    """Return date, processor, load, memory, system and versions on a few lines."""
    commit = _run("git", "rev-parse", "--short", "HEAD")
    dirty = "" if _run("git", "status", "--porcelain", "--untracked-files=no") == "" else ", with changes"
    versions = ", ".join(f"{name} {_version(name)}" for name in packages)
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, commit {commit}{dirty}\n"
        f"{_processor()}, {os.cpu_count()} cores (load before: {os.getloadavg()[0]:.1f}), {_memory_gib():.0f} GiB, "
        f"{platform.platform(terse=True)}\n"
        f"Python {platform.python_version()}, {versions}"
    )


def resident_mb(pid: int) -> float:
    """Return how much memory a process holds, in MB (10^6 bytes)."""
    return int(_run("ps", "-o", "rss=", "-p", str(pid))) * 1024 / 1e6


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    if platform.system() == "Darwin":
        return _run("sysctl", "-n", "machdep.cpu.brand_string")
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def _run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
