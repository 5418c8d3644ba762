"""The rooms within Patient, opened: samples over time, germline findings, exports, the import report, the correction form."""

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.browser import NARROW, WIDE, Scheme, barriers, opened, painted, whole
from tests.e2e.dashboard import Dashboard
from tests.e2e.test_intake import give
from tests.e2e.test_readable_by_everyone import sideways

DROPPED = (
    "patient_id,age,tumour,albumin (g/L),KRAS,alterations,assayed_genes,favourite colour\n"
    'Q-1,61,LUAD,3800,1,"BRCA9 p.Q37*; EGFR p.L858R",KRAS EGFR,a long value that nobody can use for anything\n'
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_sections_of_the_patient_page_shut_nobody_out(
    browser: Browser, dashboard: Dashboard, scheme: Scheme
):
    query = "?bundle=solid_tumours&patient=S-12-two-questions"
    with opened(browser, f"{dashboard.url}/patient{query}", scheme=scheme) as (page, heard):
        page.get_by_text("Show germline and possible incidental findings").click()
        expect(page.get_by_text("genetic counselling").first).to_be_visible()
        painted(page)
        page.get_by_text("Correct a field", exact=True).click()
        give(page, ("table.csv", DROPPED.encode()))
        page.get_by_text("What the file may not tell").click()
        expect(page.get_by_role("region", name="Import report")).to_be_visible()
        expect(page.get_by_role("button", name="FHIR R4")).to_be_visible()
        for width, height in (WIDE, NARROW):
            page.set_viewport_size({"width": width, "height": height})
            painted(page)
            whole(page)
            assert sideways(page) == [], width
            assert barriers(page) == [], width
        assert heard.complaints == []


def test_samples_over_time_are_read_on_a_phone(browser: Browser, dashboard: Dashboard):
    query = "?bundle=solid_tumours&patient=S-46-egfr-day-690"
    with opened(browser, f"{dashboard.url}/patient{query}", size=NARROW) as (page, heard):
        time = page.locator(".st-key-timeline")
        expect(time).to_contain_text("EGFR p.C797S is new")
        expect(time).to_contain_text("Day 690, 360 days later (open now)")
        whole(page)
        assert sideways(page) == [] and barriers(page) == []
        assert heard.complaints == []
