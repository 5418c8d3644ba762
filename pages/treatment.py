"""Treatment: what does the model say about each therapy, and how sure is it."""

from pages.parts import layout

with layout.page(
    "Treatment", lead="What does the model say about each therapy, and how sure is it?", origin="none"
):
    pass
