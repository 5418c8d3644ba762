"""One self-contained HTML document: text, tables and charts, to keep, send or print; it asks no other host."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

__all__ = ["Block", "Chart", "Facts", "Heading", "Markup", "Points", "Table", "Text", "document", "file_name"]

NOTICE = (
    "This document shows what a statistical model says and why. It is for research and teaching; it is no medical "
    "device and recommends no treatment. What a changed profile shows is what the model would say of it, not what "
    "would happen to a patient."
)


@dataclass(frozen=True, slots=True)
class Heading:
    """A second-level heading, or a third-level one."""

    text: str
    level: Literal[2, 3] = 2


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph; `soft` for small print."""

    text: str
    soft: bool = False


@dataclass(frozen=True, slots=True)
class Points:
    """A list of sentences."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """Names with their values."""

    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, eq=False, slots=True)
class Table:
    """Rows as a table; the keys of the first row are the column heads. `folded` hides it behind its caption."""

    rows: Sequence[Mapping[str, Any]]
    caption: str
    folded: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class Chart:
    """A plotly figure in the light palette, with its caption and the table that says the same."""

    figure: Figure
    caption: str
    rows: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class Markup:
    """HTML made by `explainers.charts` (which escapes its texts), with its style rules and a caption."""

    html: str
    style: str = ""
    caption: str = ""


Block = Heading | Text | Points | Facts | Table | Chart | Markup


def document(
    title: str,
    blocks: Iterable[Block],
    *,
    origin: Sequence[str],
    subtitle: str = "",
    model: str = "",
    model_sha256: str = "",
    made: str = "",
) -> str:
    """A whole HTML document.

    Parameters
    ----------
    title : str
    blocks : iterable of Block
        In reading order; all texts are escaped here, `Markup` alone is taken as it is.
    origin : sequence of str
        Where patient and model come from (`explainers.origins`); stands under the title of every document.
    model, model_sha256 : str
        Name and hash of the bundle whose answers are shown, for the foot.
    made : str
        When, in UTC.

    Notes
    -----
    Scripts, styles and charts are inside; a content security policy in the head forbids every request. Charts are
    drawn again at the paper's width before printing, because a browser clips them otherwise.
    """
    blocks = list(blocks)
    charts = sum(isinstance(b, Chart) for b in blocks)
    styles = [(Path(__file__).parent / "report.css").read_text(encoding="utf-8"), _font_face()]
    styles += list(dict.fromkeys(b.style for b in blocks if isinstance(b, Markup) and b.style))
    body = "\n".join(_html(block, i) for i, block in enumerate(blocks))
    script = _scripts() if charts else ""
    foot = [escape(NOTICE)]
    if model:
        foot.append(f"Model: {escape(model)}, <code>{escape(model_sha256)}</code>.")
    if made:
        foot.append(f"Made {escape(made)} (UTC) with Glassboard.")
    lead = f'<p class="soft">{escape(subtitle)}</p>' if subtitle else ""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data: blob:; font-src data:">
<meta name="robots" content="noindex">
<title>{escape(title)}</title>
<style>
{"".join(styles)}
</style>
{script}
</head>
<body>
<header>
<h1>{escape(title)}</h1>
{lead}
<p><span class="origin">{escape("Research use only. " + "; ".join(origin).capitalize() + ".")}</span></p>
</header>
<main>
{body}
</main>
<footer>
{"".join(f"<p>{line}</p>" for line in foot)}
</footer>
</body>
</html>
"""


def file_name(title: str, content: str) -> str:
    """A name for saving a document: words of the title and a short hash, never a patient's id.

    Examples
    --------
    >>> file_name("Why: osimertinib", "<html>")
    'why-osimertinib-b7d082ee.html'
    """
    words = "".join(c if c.isalnum() else "-" for c in title.casefold())
    words = "-".join(w for w in words.split("-") if w)
    return f"{words}-{hashlib.sha256(content.encode()).hexdigest()[:8]}.html"


def _html(block: Block, position: int) -> str:
    match block:
        case Heading(text, level):
            return f"<h{level}>{escape(text)}</h{level}>"
        case Text(text, soft):
            return f'<p class="soft">{escape(text)}</p>' if soft else f"<p>{escape(text)}</p>"
        case Points(items):
            return "<ul>" + "".join(f"<li>{escape(item)}</li>" for item in items) + "</ul>"
        case Facts(pairs):
            return "<dl>" + "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in pairs) + "</dl>"
        case Table(rows, caption, folded):
            table = _table(rows, "" if folded else caption)
            return f"<details><summary>{escape(caption)}</summary>{table}</details>" if folded else table
        case Markup(html, _, caption):
            below = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
            return f"<figure>{html}{below}</figure>"
        case Chart(figure, caption, rows):
            from explainers.charts import embed

            drawn = (
                f'<div class="chart" aria-hidden="true">{embed.division(figure, f"chart-{position}")}</div>'
            )
            table = (
                f"<details><summary>The same as a table</summary>{_table(rows, '')}</details>" if rows else ""
            )
            return f"<figure>{drawn}<figcaption>{escape(caption)}</figcaption>{table}</figure>"


def _table(rows: Sequence[Mapping[str, Any]], caption: str) -> str:
    if not rows:
        return f'<p class="soft">{escape(caption)}: nothing to list.</p>' if caption else ""
    heads = list(rows[0])
    numeric = {h for h in heads if all(_is_number(r.get(h)) or r.get(h) is None for r in rows)}

    def side(head: str) -> str:
        return ' class="number"' if head in numeric else ""

    top = "".join(f'<th scope="col"{side(h)}>{escape(h)}</th>' for h in heads)
    lines = "".join(
        "<tr>" + "".join(f"<td{side(h)}>{escape(_words(r.get(h)))}</td>" for h in heads) + "</tr>"
        for r in rows
    )
    said = f"<caption>{escape(caption)}</caption>" if caption else ""
    return (
        f'<div class="scroll"><table class="data">{said}<thead><tr>{top}</tr></thead>'
        f"<tbody>{lines}</tbody></table></div>"
    )


def _is_number(cell: Any) -> bool:
    return isinstance(cell, (int, float)) and not isinstance(cell, bool)


def _words(cell: Any) -> str:
    if cell is None or (isinstance(cell, float) and cell != cell):
        return "–"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return f"{cell:,.0f}" if abs(cell) >= 1000 else f"{cell:.3g}"
    return str(cell)


def _scripts() -> str:
    from explainers.charts import embed

    return (
        f"<script>{embed.script()}</script>\n<script>\n"
        "function fit(width) { document.querySelectorAll('.js-plotly-plot').forEach("
        "function (p) { Plotly.relayout(p, {width: width || p.parentElement.clientWidth}); }); }\n"
        "window.addEventListener('beforeprint', function () { fit(680); });\n"
        "window.addEventListener('afterprint', function () { fit(0); });\n</script>"
    )


def _font_face() -> str:
    """The dashboard's own font inside the document, where the checkout has it; else the system's."""
    file = Path(__file__).resolve().parents[1] / "static" / "inter-latin.woff2"
    if not file.is_file():
        return ""
    data = base64.b64encode(file.read_bytes()).decode()
    return (
        "@font-face { font-family: Inter; font-weight: 100 900; "
        f"src: url(data:font/woff2;base64,{data}) format('woff2'); }}\n"
    )
