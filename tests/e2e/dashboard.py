"""Start the real dashboard on a port of its own, with a home of its own, and stop it again."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parents[2]
SECONDS_TO_START = 60


@dataclass(frozen=True)
class Dashboard:
    """A dashboard that is being served."""

    url: str
    pid: int
    log: Path


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextmanager
def serve(state: Path, settings: Mapping[str, str] | None = None) -> Iterator[Dashboard]:
    """Serve the dashboard as `make run` does until the block is left.

    Parameters
    ----------
    state : Path
        An empty folder; everything the dashboard writes outside the checkout goes there.
    settings : mapping of str to str, optional
        Environment variables on top, such as GLASSBOARD_BUNDLES.
    """
    port = free_port()
    log = state / "server.log"
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("STREAMLIT_", "GLASSBOARD_"))
    }
    environment |= {
        "HOME": str(state),
        "XDG_CONFIG_HOME": str(state / "config"),
        "XDG_CACHE_HOME": str(state / "cache"),
        "XDG_DATA_HOME": str(state / "data"),
        "GLASSBOARD_TRUST": str(state / "trusted.json"),
        "GLASSBOARD_BUNDLES": str(state / "bundles"),
        "GLASSBOARD_PATIENTS": str(state / "patients"),
        "GLASSBOARD_LESSONS": str(state / "lessons"),
        **(settings or {}),
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "pages.parts.server", "--port", str(port)],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_until_ready(process, port, log)
            yield Dashboard(url=f"http://127.0.0.1:{port}", pid=process.pid, log=log)
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_until_ready(process: subprocess.Popen[bytes], port: int, log: Path | None) -> None:
    """Return as soon as the server answers; raise with its log when it does not."""
    until = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            with urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1) as answer:
                if answer.status == 200:
                    return
        except (URLError, ConnectionError, TimeoutError):
            time.sleep(0.05)
    said = log.read_text() if log else ""
    raise RuntimeError(f"The dashboard did not answer within {SECONDS_TO_START} s:\n{said}")
