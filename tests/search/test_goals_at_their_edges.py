"""Goals are decided on the model's own scale and at its own digits: classes, limits, thresholds, tables too large."""

from __future__ import annotations

import dataclasses
from itertools import product

import numpy as np
import pytest
from lightgbm import LGBMClassifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.tree import DecisionTreeClassifier
from xgboost import XGBClassifier

from explainers.smallest import (
    Constraints,
    Goal,
    smallest_changes,
)
from explainers.smallest.exact_engine import exact_engine
from explainers.standings import standings
from oncology.errors import UnknownNameError
from oncology.features import alteration_feature
from tests.search.small_bundles import ANSWERS, EVERY, GENES, fewest, made, patient


@pytest.mark.parametrize(
    "estimator",
    [
        RandomForestClassifier(2, max_depth=3, random_state=0),
        RandomForestClassifier(7, max_depth=4, random_state=0),
        DecisionTreeClassifier(max_depth=5, random_state=0),
        HistGradientBoostingClassifier(max_iter=6, max_leaf_nodes=5),
        CalibratedClassifierCV(RandomForestClassifier(5, max_depth=4, random_state=0), ensemble=False, cv=3),
        LGBMClassifier(objective="multiclassova", n_estimators=6, num_leaves=6, verbose=-1, n_jobs=1),
    ],
    ids=["2 trees", "7 trees", "tree", "boosted", "calibrated", "one against the rest"],
)
def test_goals_of_classes_that_exclude_each_other_are_decided_on_the_bundle_s_own_scale(tmp_path, estimator):
    bundle = made(tmp_path, [alteration_feature(g) for g in GENES], estimator, classes=True)
    # What a calibration or a sigmoid for each class makes of the trees is not theirs to say.
    whole = not isinstance(estimator, CalibratedClassifierCV | LGBMClassifier)
    assert (exact_engine(bundle) is not None) == whole
    rows, proven = np.array(list(product((1.0, 0.0, np.nan), repeat=len(GENES)))), 0
    for seed in range(6):
        profile = patient(seed)
        for option in bundle.options:
            shares = standings(bundle, profile, rows).probability[:, bundle.option_index(option)]
            goals = [
                Goal(option, "threshold", v) for v in (0.5, *np.quantile(shares, (0.3, 0.7, 0.97)).round(3))
            ]
            for goal in [*goals, Goal(option, "threshold", 0.2, "under"), Goal(option, "band"), Goal(option)]:
                found = smallest_changes(bundle, profile, goal, constraints=EVERY)
                size = fewest(bundle, profile, goal, rows)
                assert (found.status == "already so") == (size == 0)
                proven += found.status == "proven"
                if found.status == "proven":
                    assert found.size == size
                elif size != 0:
                    assert found.ruled_out in (2, 3) and (size is None or size > found.ruled_out)
    assert proven > 50


def test_an_end_of_the_interval_at_the_limit_itself_is_out_of_unlikely(tmp_path):
    bundle, tried = made(tmp_path, [alteration_feature(g) for g in GENES], HistGradientBoostingClassifier(max_iter=15)), 0  # fmt: skip
    rows = np.array(list(product((1.0, 0.0, np.nan), repeat=len(GENES))))
    for seed, option in product(range(8), bundle.options):
        profile, j = patient(seed), bundle.option_index(option)
        high = standings(bundle, profile, rows).high[:, j]
        limit = float(high.max())
        now = standings(bundle, profile, bundle.schema.encode_row(profile)[None]).high[0, j]
        if limit >= 1 or now >= limit:
            continue
        tried += 1
        at_limit = dataclasses.replace(
            bundle, manifest=dataclasses.replace(bundle.manifest, unlikely_below=limit)
        )
        found = smallest_changes(at_limit, profile, Goal(option, "likely"), constraints=EVERY)
        assert found.found and found.size == fewest(at_limit, profile, Goal(option, "likely"), rows)
    assert tried > 5


@pytest.mark.parametrize("why", ["too large", "no memory"])
def test_a_table_too_large_to_keep_is_not_needed(tmp_path, monkeypatch, why):
    bundle = made(tmp_path, ANSWERS, RandomForestClassifier(6, max_depth=4, random_state=0))
    profile, free = (
        patient(1, ecog=1, line=2, prior_treatments=()),
        Constraints(numbers=True, exclusive_drivers=False),
    )
    goals = [Goal(o, "band") for o in bundle.options]
    with_table = [smallest_changes(bundle, profile, g, constraints=free) for g in goals]

    def no_memory(*_args, **_more):
        raise MemoryError

    if why == "too large":
        monkeypatch.setattr("explainers.trees.flip_table.MOST_PAIR_NUMBERS", 10)
    else:
        monkeypatch.setattr("explainers.trees.flip_table.flip_table", no_memory)
    for goal, before in zip(goals, with_table, strict=True):
        after = smallest_changes(bundle, profile, goal, constraints=free)
        assert (after.status, after.size) == (before.status, before.size)


def test_a_goal_of_no_known_kind_or_side_is_refused(tmp_path):
    bundle = made(
        tmp_path, [alteration_feature(g) for g in GENES], HistGradientBoostingClassifier(max_iter=5)
    )
    with pytest.raises(UnknownNameError, match="'treshold' is not known"):
        smallest_changes(bundle, patient(), Goal("sotorasib", "treshold", 0.5))  # type: ignore[arg-type]
    with pytest.raises(UnknownNameError, match="Side of a threshold 'above'"):
        smallest_changes(bundle, patient(), Goal("sotorasib", "threshold", 0.99, "above"))  # type: ignore[arg-type]


def test_at_a_threshold_the_last_digit_of_the_model_itself_decides(tmp_path):
    bundle = made(
        tmp_path,
        [alteration_feature(g) for g in GENES],
        XGBClassifier(n_estimators=6, max_depth=3, n_jobs=1),
        classes=True,
    )
    rows, tried = np.array(list(product((1.0, 0.0, np.nan), repeat=len(GENES)))), 0
    engine = exact_engine(bundle)
    assert engine is not None and engine.ensemble is not None
    own = bundle.probability(bundle.margin(rows))
    theirs = bundle.probability(engine.margins(engine.ensemble.predict(rows)))
    for seed, (j, option) in product(range(4), enumerate(bundle.options)):
        profile = patient(seed)
        for i in range(0, len(rows), 9):
            between = float((own[i, j] + theirs[i, j]) / 2)
            if not min(own[i, j], theirs[i, j]) < between < max(own[i, j], theirs[i, j]):
                continue
            tried += 1
            goal = Goal(option, "threshold", between, "over" if own[i, j] > between else "under")
            answer, size = smallest_changes(bundle, profile, goal, constraints=EVERY), fewest(bundle, profile, goal, rows)  # fmt: skip
            assert (answer.status == "already so") == (size == 0)
            if size:
                assert answer.size == size if answer.found else size > answer.ruled_out
    assert tried > 20
