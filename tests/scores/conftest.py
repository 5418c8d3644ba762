"""The two published scores, built once."""

from __future__ import annotations

import pytest

from sample_data.build_scores import build_ipssm, build_loris


@pytest.fixture(scope="session")
def loris(tmp_path_factory):
    return build_loris(tmp_path_factory.mktemp("scores") / "loris")


@pytest.fixture(scope="session")
def ipssm(tmp_path_factory):
    return build_ipssm(tmp_path_factory.mktemp("scores") / "ipssm")
