"""Model: what is it, what does it lean on, how well does it do, and where was it most wrong."""

from pages.parts import downloads, layout, model_panel, open_model

with layout.page(
    "Model",
    lead="What is this model, and what does it lean on?",
    origin=open_model.origin(),
    facts=open_model.facts(),
) as head:
    bundle = open_model.open_model(head)
    model_panel.show(bundle)
    downloads.model(bundle)
