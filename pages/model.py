"""Model: what is it, how well does it do, what does it lean on, and where was it most wrong."""

from pages.parts import downloads, layout, model_panel

with layout.page(
    "Model",
    lead="What is this model, how well does it do, and what does it lean on?",
    origin=model_panel.origin(),
    facts=model_panel.facts(),
) as head:
    bundle = model_panel.open_model(head)
    model_panel.show_facts(bundle)
    model_panel.show_performance(bundle)
    model_panel.show_global(bundle)
    model_panel.show_errors(bundle)
    downloads.model(bundle, model_panel.overall(bundle))
