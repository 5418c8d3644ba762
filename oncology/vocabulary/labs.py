"""Laboratory values by one name each, with the unit and the range in which a value is believable."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LABS", "LabTest"]


@dataclass(frozen=True, slots=True)
class LabTest:
    """A laboratory value: how it is called, its unit, and the range outside which it is a typing error."""

    name: str
    label: str
    unit: str
    low: float
    high: float


# The ranges are wide on purpose: they catch wrong units, not sick patients.
LABS: dict[str, LabTest] = {
    test.name: test
    for test in (
        LabTest("albumin_g_dl", "Albumin", "g/dL", 0.5, 7.0),
        LabTest("nlr", "Neutrophil to lymphocyte ratio", "", 0.0, 200.0),
        LabTest("ldh_u_l", "Lactate dehydrogenase", "U/L", 20.0, 20000.0),
        LabTest("haemoglobin_g_dl", "Haemoglobin", "g/dL", 1.0, 25.0),
        LabTest("platelets_10e9_l", "Platelets", "10⁹/L", 0.0, 5000.0),
        LabTest("neutrophils_10e9_l", "Neutrophils", "10⁹/L", 0.0, 500.0),
        LabTest("wbc_10e9_l", "White blood cells", "10⁹/L", 0.0, 1000.0),
        LabTest("marrow_blasts_percent", "Blasts in marrow", "%", 0.0, 100.0),
        LabTest("blood_blasts_percent", "Blasts in blood", "%", 0.0, 100.0),
    )
}
