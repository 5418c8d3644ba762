"""The small cohort of the explainers' tests, built once."""

from __future__ import annotations

import pytest

from tests.explainers.small_cohort import build_small


@pytest.fixture(scope="session")
def small(tmp_path_factory):
    """Bundles of the small cohort by kind of model."""
    made = {}
    folder = tmp_path_factory.mktemp("overall")

    def make(kind="boosting"):
        if kind not in made:
            made[kind] = build_small(folder / kind, kind)
        return made[kind]

    return make
