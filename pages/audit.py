"""Audit: may this model's numbers be believed, and for whom?"""

from pages.parts import audit_panel, layout, open_model

with layout.page(
    "Audit",
    lead="May this model's numbers be believed, and for whom?",
    origin=audit_panel.origin(),
    facts=audit_panel.facts(),
) as head:
    audit_panel.show(open_model.open_model(head))
