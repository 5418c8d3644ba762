"""Why: what did the model lean on for one option, and do other methods say the same."""

from functools import partial

from pages.parts import downloads, layout, pickers, session, tabs, trust_panel, why_depth, why_panel

with layout.page(
    "Why",
    lead="Which facts moved the model's answer, and how far does that hold?",
    origin=session.origin(),
    facts=session.origin_facts(),
) as head:
    bundle, profile = pickers.both(head)
    option = why_panel.pick_option(bundle, profile)
    why_panel.show_answer(bundle, profile, option)
    tabs.show(
        {
            title: partial(draw, bundle, profile, option)
            for title, draw in {
                "Asked again": why_depth.show_points,
                "Other methods": why_depth.show_methods,
                "Facts that act together": why_depth.show_interactions,
                "What is not known": why_depth.show_unknowns,
                "How steady": why_depth.show_steadiness,
                "How far to trust it": trust_panel.show_for_option,
                "Similar patients": why_depth.show_neighbours,
            }.items()
        },
        key="why-parts",
    )
    downloads.case(bundle, profile, name="why", option=option)
