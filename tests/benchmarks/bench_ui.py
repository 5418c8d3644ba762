"""How fast the dashboard answers, and what it weighs: `make bench` or `python -m tests.benchmarks.bench_ui`.

Everything is measured from outside: a real browser that clicks, websocket clients that toggle, the memory
that the operating system counts. Each figure stands beside its target; a miss is printed, not hidden.
"""

import argparse
import asyncio
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.benchmarks import machine, sessions
from tests.e2e.browser import PAGES, launch, painted
from tests.e2e.dashboard import ROOT, Dashboard, free_port, serve, wait_until_ready

SECONDS_TO_WARM_UP = 12

# Clicks one switch and tells when the ranking was painted anew, and when the whole page came to rest. A wrapper
# that only greys out while it waits does not count as painted: texts and positions must differ.
TOGGLE = """
async (row) => {
  const ranking = () => document.querySelector('.st-key-ranking');
  const signature = () => ranking().textContent
    + [...ranking().querySelectorAll('[style]')].map(e => e.getAttribute('style')).join();
  const app = document.querySelector('[data-testid="stApp"]');
  const frame = () => new Promise(done => requestAnimationFrame(() => setTimeout(done, 0)));
  const states = document.querySelectorAll('.st-key-alterations [role="radiogroup"]')[row];
  const altered = states.querySelector('input[value="altered"]');
  const input = altered.checked ? states.querySelector('input[value="absent"]') : altered;
  const before = signature();
  let repainted = null, last = null;
  const start = performance.now();
  const observer = new MutationObserver(async () => {
    await frame();
    last = performance.now() - start;
    if (repainted === null && signature() !== before) repainted = last;
  });
  observer.observe(app, {subtree: true, childList: true, characterData: true, attributes: true});
  input.click();
  while (performance.now() - start < 10000) {
    await new Promise(done => setTimeout(done, 25));
    const quiet = performance.now() - start - (last ?? 0);
    if (last !== null && quiet > 400 && app.dataset.testScriptState === 'notRunning') break;
  }
  observer.disconnect();
  return [repainted, last];
}
"""

# Clicks a link to another page and tells when that page, all of it, came to rest.
SWITCH = """
async ([href, title]) => {
  const app = document.querySelector('[data-testid="stApp"]');
  let last = 0;
  const start = performance.now();
  const observer = new MutationObserver(() => requestAnimationFrame(() => { last = performance.now() - start; }));
  observer.observe(app, {subtree: true, childList: true, characterData: true, attributes: true});
  document.querySelector(`[data-testid="stTopNavLink"][href$="/${href}"]`).click();
  while (performance.now() - start < 20000) {
    await new Promise(done => setTimeout(done, 25));
    const there = document.querySelector('h1')?.textContent.trim() === title;
    if (there && performance.now() - start - last > 400 && app.dataset.testScriptState === 'notRunning') break;
  }
  observer.disconnect();
  return last;
}
"""
TITLES = {
    "patient": "Patient",
    "treatment": "Treatment",
    "why": "Why",
    "what_if": "What if",
    "model": "Model",
    "audit": "Audit",
    "card": "Card",
    "learn": "Learn",
}


def p95(values: Sequence[float]) -> float:
    """Return the 95th percentile, by linear interpolation between the two nearest values.

    Examples
    --------
    >>> p95(range(101))
    95.0
    """
    if len(values) < 2:
        return float(values[0])
    return statistics.quantiles(values, n=20, method="inclusive")[-1]


def spread(values: Sequence[float]) -> str:
    """Return count, median and maximum in words."""
    return f"{len(values)} times, median {statistics.median(values):.0f}, longest {max(values):.0f}"


@contextmanager
def open_page(browser: Browser, url: str) -> Iterator[tuple[Page, list[bytes]]]:
    """Open a page and keep every message it sends to the server."""
    frames: list[bytes] = []
    profile = browser.new_context(viewport={"width": 1280, "height": 800})
    page = profile.new_page()
    page.on(
        "websocket",
        lambda socket: socket.on(
            "framesent", lambda frame: frames.append(frame) if isinstance(frame, bytes) else None
        ),
    )
    try:
        page.goto(url)
        painted(page)
        yield page, frames
    finally:
        profile.close()


def toggles(
    browser: Browser, served: Dashboard, n: int
) -> tuple[list[float], list[float], sessions.Recording]:
    """Toggle alterations on What if, a random one each time: a walk through profiles seldom seen before."""
    ranking, page_ms = [], []
    with open_page(browser, f"{served.url}/what_if") as (page, frames):
        switches_shown = page.locator('.st-key-alterations [role="radiogroup"]')
        switches_shown.first.wait_for(timeout=60_000)
        rows = switches_shown.count()
        walk = random.Random(7)
        for turn in range(n + 1):
            repainted, rest = page.evaluate(TOGGLE, walk.randrange(rows))
            # The first switch loads what later ones find loaded.
            if turn and repainted is not None:
                ranking.append(repainted)
                page_ms.append(rest)
        return ranking, page_ms, sessions.recording(frames)


def switches(browser: Browser, served: Dashboard, rounds: int) -> dict[str, list[float]]:
    """Go round all pages by their links; the first round, where pages compute for the first time, is left out."""
    taken: dict[str, list[float]] = {name: [] for name in PAGES}
    with open_page(browser, f"{served.url}/model") as (page, _):
        for turn in range(rounds + 1):
            for name in PAGES:
                rest = page.evaluate(SWITCH, [name, TITLES[name]])
                if turn:
                    taken[name].append(rest)
    return taken


def starts(browser: Browser, n: int) -> list[float]:
    """Type `make run` and wait for the painted first page; milliseconds, the first (cold) start left out."""
    taken = []
    for turn in range(n + 1):
        port = free_port()
        begun = time.perf_counter()
        process = subprocess.Popen(
            [shutil.which("make") or "make", "run", f"PORT={port}"],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        profile = browser.new_context(viewport={"width": 1280, "height": 800})
        try:
            wait_until_ready(process, port, log=None)
            page = profile.new_page()
            page.goto(f"http://127.0.0.1:{port}")
            painted(page)
            if turn:
                taken.append((time.perf_counter() - begun) * 1000)
        finally:
            profile.close()
            process.terminate()
            process.wait()
    return taken


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="bench_ui", description=__doc__)
    parser.add_argument("--toggles", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--people", type=int, nargs="+", default=[30, 50])
    parser.add_argument("--seconds", type=float, default=40, help="how long each crowd toggles")
    parser.add_argument("--starts", type=int, default=5)
    given = parser.parse_args(arguments)

    print(machine.describe("streamlit", "numpy", "pandas", "scikit-learn", "shap", "playwright"), flush=True)
    with tempfile.TemporaryDirectory() as state, serve(Path(state)) as served:
        with sync_playwright() as playwright, launch(playwright) as browser:
            print(f"Chromium {browser.version}, headless\n", flush=True)
            record = one_person(browser, served, given.toggles, given.rounds)
        for n in given.people:
            crowd(served, record, n, given.seconds)
    if given.starts:
        with sync_playwright() as playwright, launch(playwright) as browser:
            taken = starts(browser, given.starts)
        report("command to painted first page, longest", max(taken), "ms", 7000, spread(taken))


def one_person(browser: Browser, served: Dashboard, n: int, rounds: int) -> sessions.Recording:
    """Measure what one person waits for, and what the server weighs; return the toggles as they were sent."""
    with open_page(browser, served.url):
        time.sleep(SECONDS_TO_WARM_UP)
    with open_page(browser, f"{served.url}/what_if"):
        time.sleep(2)
    report("memory of the server, warmed up", machine.resident_mb(served.pid), "MB", 600)
    ranking, whole, record = toggles(browser, served, n)
    detail = f"; {n - len(ranking)} more moved nothing" if len(ranking) < n else ""
    report("toggle to repainted ranking, p95", p95(ranking), "ms", 150, spread(ranking) + detail)
    report("toggle to whole what-if page, p95", p95(whole), "ms", 350, spread(whole))
    taken_by = switches(browser, served, rounds)
    every = [value for values in taken_by.values() for value in values]
    report("page switch, p95", p95(every), "ms", 350, spread(every))
    for name, values in taken_by.items():
        print(f"    to {name:<12} p95 {p95(values):.0f} ms, {spread(values)}", flush=True)
    return record


def crowd(served: Dashboard, record: sessions.Recording, n: int, seconds: float) -> None:
    """Measure `n` people toggling at once, and what each of them weighs."""
    before = machine.resident_mb(served.pid)
    tally = asyncio.run(sessions.people(served.url, "what_if", record, n, seconds))
    weight = (machine.resident_mb(served.pid) - before) / n
    report(f"{n} people toggling, errors", len(tally.errors), "", 0, "; ".join(sorted(set(tally.errors))[:3]))
    if tally.ranking_ms:
        timely = 150 if n <= 30 else 350
        report(
            f"{n} people toggling, ranking, p95",
            p95(tally.ranking_ms),
            "ms",
            timely,
            spread(tally.ranking_ms),
        )
        report(
            f"{n} people toggling, all of it, p95", p95(tally.answer_ms), "ms", 350, spread(tally.answer_ms)
        )
    report(f"memory for each of {n} people", weight, "MB", 5)


def report(name: str, value: float, unit: str, target: float, detail: str = "") -> None:
    """Print one figure beside its target, at once: a long run shows what it has."""
    verdict = "within" if value <= target else "OVER"
    print(f"{name:<42} {value:>8.0f} {unit:<3} {verdict:>6} {target:>5.0f}   {detail}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
