"""The front door: page settings and the way to every page."""

import streamlit as st

from pages.parts import layout, session, startup

layout.configure()
# Before the navigation: it drops what the address names when the first page is opened by the bare address.
session.start()

ROOMS = [
    st.Page("pages/patient.py", title="Patient", icon=":material/person:", url_path="patient"),
    st.Page(
        "pages/treatment.py", title="Treatment", icon=":material/format_list_numbered:", url_path="treatment"
    ),
    st.Page("pages/why.py", title="Why", icon=":material/help:", url_path="why"),
    st.Page("pages/what_if.py", title="What if", icon=":material/tune:", url_path="what_if"),
    st.Page("pages/model.py", title="Model", icon=":material/fact_check:", url_path="model"),
    st.Page("pages/audit.py", title="Audit", icon=":material/rule:", url_path="audit"),
    st.Page("pages/card.py", title="Card", icon=":material/description:", url_path="card"),
    st.Page("pages/learn.py", title="Learn", icon=":material/school:", url_path="learn"),
]


def enter() -> None:
    """Lead whoever opens the bare address into the first room, so that every room keeps its own address."""
    st.switch_page(ROOMS[0])


door = st.Page(enter, title="Glassboard", default=True, visibility="hidden")
room = st.navigation([door, *ROOMS], position="top")
layout.style()
try:
    room.run()
finally:
    startup.warm_up_after_first_page()
