"""The full fuzz of intake as a test of `make validate`."""

import pytest

from tests.validate import fuzz_intake


@pytest.mark.validate
def test_twenty_thousand_broken_files_are_read_or_refused_in_words():
    figures = fuzz_intake.run(20_006)
    assert figures["files"] >= 20_000 and figures["failures"] == []
