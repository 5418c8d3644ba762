"""Patient: who is this patient, and what was never tested."""

from pages.parts import layout

with layout.page("Patient", lead="Who is this patient, and what was never tested?", origin="none"):
    pass
