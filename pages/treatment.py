"""Treatment: what does the model expect of each option, and how sure is it."""

from pages.parts import beside_panel, downloads, layout, pickers, ranking_panel, session

with layout.page(
    "Treatment",
    lead="What does the model expect of each option, and how sure is it?",
    origin=session.origin(),
    facts=session.origin_facts(),
) as head:
    bundle, profile = pickers.both(head)
    ranking = session.ranking(bundle, profile)
    ranking_panel.show(bundle, ranking)
    ranking_panel.show_reading(bundle, ranking)
    ranking_panel.show_unlikely(bundle, ranking)
    ranking_panel.show_abstained(ranking)
    ranking_panel.show_unknowns(ranking, profile)
    ranking_panel.show_not_modelled(ranking)
    beside_panel.show(bundle, profile, ranking)
    downloads.case(bundle, profile, name="treatment")
