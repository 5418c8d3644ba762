"""Learn: guided cases, where one commits to an answer before model and truth are shown."""

from pages.parts import layout, learn_panel

with layout.page(
    "Learn",
    lead="What can go wrong when a model is believed, and when it is not?",
    origin=learn_panel.origin(),
    facts=learn_panel.facts(),
):
    learn_panel.show()
