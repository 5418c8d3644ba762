"""Model: what is it, what does it lean on, how well does it do, and where was it most wrong."""

from pages.parts import downloads, layout, model_panel

with layout.page(
    "Model",
    lead="What is this model, and what does it lean on?",
    origin=model_panel.origin(),
    facts=model_panel.facts(),
) as head:
    bundle = model_panel.open_model(head)
    model_panel.show(bundle)
    downloads.model(bundle)
