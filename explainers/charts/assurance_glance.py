"""How far the numbers can be leaned on, at a glance: people out of a hundred, the profile, what is unknown."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from explainers.assurance_words import no_benefit_words, profile_words, set_words, share_sentence
from explainers.charts.icon_array import icon_array_html, icon_array_style
from oncology.assurance.words import people

if TYPE_CHECKING:
    from oncology.assurance import Assurance, OptionAssurance
    from oncology.bundles import ModelBundle

__all__ = ["glance_html", "glance_style"]

_PICTURES = 3


def glance_style() -> str:
    """The CSS rules of the block, without a ``<style>`` tag."""
    return (
        icon_array_style()
        + """
.gbt { font-size: 13.5px; line-height: 1.4; }
.gbt ul, .gbt dl, .gbt li, .gbt dd { padding: 0; }
.gbt .gbt-people { display: flex; flex-wrap: wrap; gap: 0.75rem 1.5rem; margin: 0 0 1rem; padding: 0; list-style: none; }
.gbt-people li { display: flex; gap: 0.75rem; align-items: center; flex: 1 1 17rem; max-width: 26rem; margin: 0; }
.gbt-people b { display: block; }
.gbt-note { color: light-dark(#52606d, #a9b5c0); }
.gbt dl { margin: 0; display: grid; grid-template-columns: minmax(8rem, max-content) 1fr; gap: 0.35rem 1rem; }
.gbt dt { font-weight: 600; margin: 0; }
.gbt dd { margin: 0; }
.gbt-out { font-weight: 600; }
@media (max-width: 640px) { .gbt dl { grid-template-columns: 1fr; gap: 0.1rem; } .gbt dd { margin-bottom: 0.5rem; } }
"""
    )


def glance_html(
    bundle: ModelBundle, found: Assurance, *, most: int = _PICTURES, only: str | None = None
) -> str:
    """The block as one piece of HTML.

    Parameters
    ----------
    most : int
        Options drawn as people out of a hundred, the first of the ranking.
    only : str, optional
        The one option to draw instead.
    """
    answered = [o for o in found.options if o.probability is not None and only in (None, o.option)]
    pictures = "".join(_option(bundle, o) for o in answered[:most])
    known = found.familiarity
    status = (
        "within what it was made for" if known.in_domain else "unusual" if not known.cautions else "outside"
    )
    kind = "" if known.in_domain else " class=gbt-out"
    facts = [
        ("Profile", f"<span{kind}>{status[0].upper()}{status[1:]}.</span> {escape(profile_words(found))}"),
        (
            "Inputs known",
            f"{known.n_known} of {known.n_features}; what is not known counts as unknown, never as absent.",
        ),
    ]
    if found.options:
        facts.append(("Who is unlikely to benefit", escape(no_benefit_words(bundle, found.options))))
    if found.without_held_out:
        facts.append(("Held-out patients", escape(found.without_held_out)))
    listed = "".join(f"<dt>{escape(name)}</dt><dd>{words}</dd>" for name, words in facts)
    people_list = f'<ul class="gbt-people">{pictures}</ul>' if pictures else ""
    return f'<div class="gbt">{people_list}<dl>{listed}</dl></div>'


def _option(bundle: ModelBundle, option: OptionAssurance) -> str:
    assert option.probability is not None and option.low is not None and option.high is not None
    said = share_sentence(bundle, option)
    picture = icon_array_html(
        people(option.probability), people(option.low), people(option.high), words=f"{option.label}: {said}"
    )
    return (
        f"<li>{picture}<div><b>{escape(option.label)}</b>{escape(said)}"
        f' <span class="gbt-note">For this one case: {escape(set_words(bundle, option))}.</span></div></li>'
    )
