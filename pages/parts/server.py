"""The dashboard behind a server that answers only to this machine and lets the browser talk to nobody else.

`python -m pages.parts.server` starts it; `streamlit run dashboard.py` shows the same pages without the
response headers set here.
"""

import argparse
import base64
import hashlib
import re
import sys
import threading
from pathlib import Path

import streamlit
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.runtime.pages_manager import PagesManager
from streamlit.starlette import App

from pages.parts import finished_runs, startup, theme

ROOT = Path(__file__).resolve().parents[2]
SECONDS_BEFORE_ANOTHER_THREAD = 0.001
PAGES = ("patient", "treatment", "why", "what_if", "model", "learn", "audit", "card")


def shell() -> str:
    """Return the document that starts the dashboard, with our own title, font, skip link and notice."""
    html = (Path(streamlit.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    html = re.sub(r"<!--.*?-->", "", html, flags=re.DOTALL)
    html = re.sub(r'<link\s+rel="(preload|service-desc)".*?/>', "", html, flags=re.DOTALL)
    html = re.sub(
        r"<noscript>.*?</noscript>",
        "<noscript><p>Glassboard draws its pages with JavaScript. Please switch it on for this address; "
        "nothing is loaded from any other.</p></noscript>",
        html,
        flags=re.DOTALL,
    )
    html = html.replace("<title>Streamlit</title>", "<title>Glassboard</title>")
    html = html.replace("./favicon.png", "./app/static/glassboard.svg").replace('lang="en"', 'lang="en-GB"')
    font = (
        '<link rel="preload" href="./app/static/inter-latin.woff2" as="font" type="font/woff2" crossorigin />'
    )
    scheme = '<meta name="color-scheme" content="light dark" />'
    return html.replace("</head>", f"{font}\n{scheme}\n</head>")


def policy(html: str) -> str:
    """Return the content security policy: everything from here, nothing from or to any other host.

    Streamlit sets styles at run time (hence inline styles) and reads downloads and workers from blobs.
    """
    inline = re.findall(r"<script>(.*?)</script>", html, flags=re.DOTALL)
    digests = (base64.b64encode(hashlib.sha256(code.encode()).digest()).decode() for code in inline)
    scripts = " ".join(f"'sha256-{digest}'" for digest in digests)
    return "; ".join(
        [
            "default-src 'self'",
            f"script-src 'self' blob: {scripts}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self' data: blob:",
            "worker-src 'self' blob:",
            "frame-src 'self' blob: data:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ]
    )


class SecurityHeaders:
    """Add the headers that Streamlit leaves out to every response.

    Parameters
    ----------
    app : ASGIApp
        The application behind.
    content_security_policy : str
        What the browser may load, and from where.
    """

    def __init__(self, app: ASGIApp, content_security_policy: str) -> None:
        self.app = app
        self.headers = {
            "Content-Security-Policy": content_security_policy,
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and send its response with our headers."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self.headers)
                # Charts and downloads of a patient must not stay behind in the browser's cache on disk.
                if scope["path"].startswith("/media/"):
                    headers["Cache-Control"] = "no-store"
            await send(message)

        await self.app(scope, receive, send_with_headers)


class OpenWhenLoaded:
    """Hold sessions back, and nothing else, until the libraries that every page needs are there.

    The browser fetches its own files meanwhile, and no page imports a library that is half imported elsewhere.

    Parameters
    ----------
    app : ASGIApp
        The application behind.
    loading : threading.Thread
        Ends when the libraries are there.
    """

    def __init__(self, app: ASGIApp, loading: threading.Thread) -> None:
        self.app = app
        self.loading = loading

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, a session only once the libraries are there."""
        if scope["type"] == "websocket" and self.loading.is_alive():
            await run_in_threadpool(self.loading.join)
        await self.app(scope, receive, send)


def build() -> App:
    """Return the dashboard as an application: its pages, its start document, its headers."""
    html = shell()
    # Otherwise Streamlit takes the folder pages/ for its older way of finding pages until dashboard.py has run.
    PagesManager.uses_pages_directory = False
    theme.keep()
    finished_runs.hear_out()

    async def start(_request: Request) -> HTMLResponse:
        return HTMLResponse(html, headers={"Cache-Control": "no-cache"})

    return App(
        ROOT / "dashboard.py",
        routes=[Route(path, start) for path in ("/", *(f"/{page}" for page in PAGES))],
        middleware=[
            Middleware(SecurityHeaders, content_security_policy=policy(html)),
            Middleware(TrustedHostMiddleware, allowed_hosts=["localhost", "127.0.0.1"]),
            Middleware(OpenWhenLoaded, loading=startup.load_ahead()),
        ],
    )


def main() -> None:
    """Serve on 127.0.0.1 until stopped."""
    parser = argparse.ArgumentParser(prog="python -m pages.parts.server", description="Serve the dashboard.")
    parser.add_argument("--port", type=int, default=8501, help="where to listen on 127.0.0.1 (default 8501)")
    port = parser.parse_args().port
    if not 1 <= port <= 65535:
        parser.error(f"port {port} does not exist; choose one from 1 to 65535, 8501 for instance")
    sys.argv = sys.argv[:1]
    # A thread that answers a hand gets the processor from one that draws the depth after this long, not after 5 ms.
    sys.setswitchinterval(SECONDS_BEFORE_ANOTHER_THREAD)
    build().run(config={"server.port": port, "browser.serverPort": port})


if __name__ == "__main__":
    main()
