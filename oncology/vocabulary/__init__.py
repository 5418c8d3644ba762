"""One spelling per thing: laboratory values, tumour types, named protein changes."""

from oncology.vocabulary.changes import NAMED_CHANGES, NamedChange
from oncology.vocabulary.findings import finding_name
from oncology.vocabulary.labs import LABS, LabTest
from oncology.vocabulary.tumours import TUMOURS, tumour_name

__all__ = ["LABS", "NAMED_CHANGES", "TUMOURS", "LabTest", "NamedChange", "finding_name", "tumour_name"]
