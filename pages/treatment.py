"""Treatment: what does the model expect of each option, and how sure is it."""

from pages.parts import beside_panel, downloads, layout, pickers, ranking_panel, session, trust_panel

with layout.page(
    "Treatment",
    lead="What does the model expect of each option, and how sure is it?",
    origin=session.origin(),
    facts=session.origin_facts(),
) as head:
    bundle, profile = pickers.both(head)
    ranking = session.ranking(bundle, profile)
    ranking_panel.show(bundle, ranking)
    trust_panel.beside(bundle, profile, ranking, with_no_benefit=False)
    ranking_panel.show_reading(bundle, ranking)
    trust_panel.show_no_benefit(bundle, profile, ranking)
    ranking_panel.show_abstained(ranking)
    ranking_panel.show_unknowns(ranking, profile)
    ranking_panel.show_not_modelled(ranking)
    beside_panel.show(bundle, profile, ranking)
    downloads.case(bundle, profile, name="treatment")
