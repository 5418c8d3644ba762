"""The front door: page settings and the way to every page."""

import streamlit as st

from pages.parts import layout, startup

layout.configure()
page = st.navigation(
    [
        st.Page(
            "pages/patient.py", title="Patient", icon=":material/person:", url_path="patient", default=True
        ),
        st.Page(
            "pages/treatment.py",
            title="Treatment",
            icon=":material/format_list_numbered:",
            url_path="treatment",
        ),
        st.Page("pages/why.py", title="Why", icon=":material/help:", url_path="why"),
        st.Page("pages/what_if.py", title="What if", icon=":material/tune:", url_path="what_if"),
        st.Page("pages/model.py", title="Model", icon=":material/fact_check:", url_path="model"),
    ],
    position="top",
)
layout.style()
page.run()
startup.warm_up_after_first_page()
