"""What if: how would the model's answer change with another molecular profile."""

from pages.parts import layout

with layout.page(
    "What if", lead="How would the model's answer change with another molecular profile?", origin="none"
):
    pass
