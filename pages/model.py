"""Model: how well does the model do, and for whom."""

from pages.parts import layout

with layout.page("Model", lead="How well does the model do, and for whom?", origin="none"):
    pass
