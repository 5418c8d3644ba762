"""Why: what did the model lean on for one option, and do other methods say the same."""

from functools import partial

from pages.parts import downloads, layout, pickers, session, tabs, why_panel

with layout.page(
    "Why",
    lead="What did the model lean on, and do other methods say the same?",
    origin=session.origin(),
    facts=session.origin_facts(),
) as head:
    bundle, profile = pickers.both(head)
    option = why_panel.pick_option(bundle, profile)
    why = why_panel.show_waterfall(bundle, profile, option)
    tabs.show(
        {
            "Other methods": partial(why_panel.show_methods, bundle, profile, option, why),
            "Facts that act together": partial(why_panel.show_interactions, bundle, profile, option),
            "Similar patients": partial(why_panel.show_neighbours, bundle, profile, option),
        },
        key="why-parts",
    )
    downloads.case(bundle, profile, name="why", option=option)
