"""Why: what moved the model's answer for one therapy."""

from pages.parts import layout

with layout.page("Why", lead="What moved the model's answer for one therapy?", origin="none"):
    pass
