"""Card: what is this model for, who stands behind it, and what was not told."""

from pages.parts import card_panel, layout, open_model

with layout.page(
    "Card",
    lead="What is this model for, who stands behind it, and what was not told?",
    origin=open_model.origin(),
    facts=open_model.facts(),
) as head:
    bundle = open_model.open_model(head)
    card = card_panel.card_of(bundle)
    card_panel.show_first(card)
    card_panel.show_exports(card)
    card_panel.show_measuring(bundle)
    card_panel.show_fields(card)
    card_panel.show_sources(card)
