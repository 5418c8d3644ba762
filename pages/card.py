"""Card: what is this model for, who stands behind it, and what was not told."""

from pages.parts import card_panel, layout

with layout.page(
    "Card",
    lead="What is this model for, who stands behind it, and what was not told?",
    origin=card_panel.origin(),
    facts=card_panel.facts(),
) as head:
    bundle = card_panel.open_model(head)
    card = card_panel.card_of(bundle)
    card_panel.show_first(card)
    card_panel.show_exports(card)
    card_panel.show_measuring(bundle)
    card_panel.show_fields(card)
    card_panel.show_sources(card)
