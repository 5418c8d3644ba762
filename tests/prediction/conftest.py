"""One small bundle for the tests of prediction."""

from __future__ import annotations

import pytest

from tests.bundles.small import small_bundle


@pytest.fixture(scope="session")
def bundle(tmp_path_factory):
    return small_bundle(tmp_path_factory.mktemp("prediction") / "small")
