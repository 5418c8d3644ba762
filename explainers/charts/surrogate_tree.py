"""A surrogate tree as nested lists: read aloud as it is drawn, folded by no script, as wide as a phone."""

from __future__ import annotations

from html import escape

from explainers.overall.surrogate_tree import Leaf, Split

__all__ = ["tree_html", "tree_style"]


def tree_style() -> str:
    """The CSS rules of the tree, without a ``<style>`` tag."""
    return """
.gbt { --line: light-dark(#b9c2cb, #4d5a67); --bar: light-dark(#0072b2, #56b4e9); font-variant-numeric: tabular-nums; }
.gbt ul { list-style: none; margin: 0; padding-left: 1.4rem; }
.gbt > ul { padding-left: 0; }
.gbt li { position: relative; padding: 0.2rem 0 0.2rem 0.9rem; border-left: 1px solid var(--line); line-height: 1.35; }
.gbt li:last-child { border-left-color: transparent; }
.gbt li::before { content: ""; position: absolute; left: 0; top: 0; width: 0.7rem; height: 0.85rem;
  border-bottom: 1px solid var(--line); }
.gbt li:last-child::before { border-left: 1px solid var(--line); left: -1px; }
.gbt-answer { font-weight: 600; white-space: nowrap; }
.gbt-bar { display: inline-block; height: 0.55rem; margin-left: 0.5rem; border-radius: 2px; background: var(--bar); }
"""


def tree_html(tree: Split | Leaf, *, caption: str) -> str:
    """The tree in nested lists; answers in bold with a bar where they are probabilities.

    Parameters
    ----------
    caption : str
        What the tree is, for everybody who hears it.

    Examples
    --------
    >>> tree_html(Leaf(0.4, 0.6, 20), caption="A tree").count("60 of 100 (20 patients)")
    1
    """
    inside = _items(tree) if isinstance(tree, Split) else f"<li>{_answer(tree)}</li>"
    return f'<div class="gbt" role="group" aria-label="{escape(caption)}"><ul>{inside}</ul></div>'


def _items(node: Split) -> str:
    out = ""
    for words, child in ((node.holds_words, node.holds), (node.fails_words, node.fails)):
        if isinstance(child, Leaf):
            out += f"<li>{escape(words)}: {_answer(child)}</li>"
        else:
            out += f"<li>{escape(words)}<ul>{_items(child)}</ul></li>"
    return out


def _answer(leaf: Leaf) -> str:
    bar = ""
    if leaf.probability is not None:
        bar = f'<span class="gbt-bar" style="width:{6 * leaf.probability:.2f}rem" aria-hidden="true"></span>'
    return f'<span class="gbt-answer">{escape(leaf.words)}</span>{bar}'
