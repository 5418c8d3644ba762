"""What the search says when a limit ends it, when there is nothing to do, and when the question is wrong."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from explainers.trees.ensemble import build
from explainers.trees.errors import TreeEngineError
from explainers.trees.search import TOLERANCE, Goal, SearchError, smallest_sets
from explainers.trees.search.solving import SearchResult
from tests.search.random_models import every_set, random_case, random_tree, smallest_by_trying


@pytest.fixture(scope="module")
def hard():
    """A case whose smallest sets have five changes, with the truth about it."""
    case = random_case(5, kinds="b" * 14, n_outputs=1, n_trees=60, depth=6)
    sets, outputs = every_set(case)
    by_size = [max(v for s, v in zip(sets, outputs[:, 0], strict=True) if len(s) == n) for n in range(15)]
    level = (max(by_size[:5]) + by_size[5]) / 2
    assert by_size[5] > level  # five changes do what four cannot
    goal = Goal.over(0, 1, float(level))
    return case, goal, smallest_by_trying(sets, goal.score(outputs), TOLERANCE)


@pytest.mark.parametrize(
    ("limit", "reason"),
    [
        ({"node_limit": 1}, "node limit"),
        ({"node_limit": 3}, "node limit"),
        ({"time_limit_s": 0.0}, "time limit"),
        ({"stop": lambda: True}, "stopped"),
    ],
)
def test_a_limit_gives_what_is_proven_and_what_was_found(hard, limit, reason):
    case, goal, (size, _) = hard
    result = smallest_sets(case.ensemble, case.row, case.changes, goal, max_size=14, **limit)
    assert result.status in ("best found", "open")
    assert result.ended_by == reason and reason in result.words()
    assert size == 5
    assert result.ruled_out in range(1, size)
    assert result.size is None or result.size >= size
    assert not result.all_listed


def test_without_a_limit_the_same_case_is_proven(hard):
    case, goal, (size, winners) = hard
    result = smallest_sets(case.ensemble, case.row, case.changes, goal, max_size=14)
    assert (result.status, result.size, set(result.sets)) == ("proven", size, winners)
    smaller = smallest_sets(case.ensemble, case.row, case.changes, goal, max_size=size - 1)
    assert smaller.status == "none" and smaller.words() == "None within 4 changes (proven)."


def test_a_stop_in_the_middle_is_obeyed(hard):
    case, goal, _ = hard
    asked = itertools.count()
    result = smallest_sets(
        case.ensemble, case.row, case.changes, goal, max_size=14, stop=lambda: next(asked) >= 4
    )
    assert result.nodes <= 4


def test_listing_cut_short_says_so(hard):
    case, _, _ = hard
    goal = Goal.over(0, 1, float(case.ensemble.predict(case.row[None])[0, 0]) + 0.3)
    everything = smallest_sets(case.ensemble, case.row, case.changes, goal)
    assert everything.all_listed and len(everything.sets) > 2
    some = smallest_sets(case.ensemble, case.row, case.changes, goal, most_sets=2)
    assert some.status == "proven" and len(some.sets) == 2 and not some.all_listed
    assert set(some.sets) <= set(everything.sets)


def test_a_goal_that_is_reached_already_needs_no_change():
    case = random_case(1, n_outputs=2)
    first = int(case.ensemble.predict(case.row[None])[0].argmax())
    result = smallest_sets(case.ensemble, case.row, case.changes, Goal.first(first, 2))
    assert (result.status, result.sets, result.size, result.words()) == (
        "already so",
        ((),),
        0,
        "It is already so.",
    )


def test_a_goal_beyond_all_leaves_is_proven_out_of_reach_at_any_size():
    case = random_case(2, kinds="b" * 30, n_outputs=1, n_trees=40, depth=5)
    boxes = case.ensemble.boxes
    ceiling = case.ensemble.base[0] + sum(boxes.value[boxes.tree == t].max() for t in range(40))
    result = smallest_sets(
        case.ensemble, case.row, case.changes, Goal.over(0, 1, float(ceiling)), max_size=30
    )
    assert result.status == "none" and result.ruled_out == 30


def test_without_changes_there_is_nothing_to_find():
    case = random_case(3, n_outputs=2)
    last = int(case.ensemble.predict(case.row[None])[0].argmin())
    assert smallest_sets(case.ensemble, case.row, [], Goal.first(last, 2)).status == "none"


def test_changes_that_overlap_in_part_are_refused():
    case = random_case(4)
    with pytest.raises(SearchError, match="same features or different ones, not overlap in part: x0, x1"):
        smallest_sets(case.ensemble, case.row, [{0: 1.0}, {0: 0.0, 1: 1.0}], Goal.over(0, 3, 100.0))


def test_a_goal_about_other_outputs_is_refused():
    case = random_case(4)
    with pytest.raises(SearchError, match="about 2 outputs; the model has 3"):
        smallest_sets(case.ensemble, case.row, case.changes, Goal.over(0, 2, 0.0))
    with pytest.raises(SearchError, match="no other option to compare with"):
        Goal.first(0, 1)
    with pytest.raises(SearchError, match="-1 changes"):
        smallest_sets(case.ensemble, case.row, case.changes, Goal.over(0, 3, 0.0), max_size=-1)


def test_unknown_feature_and_unknown_value_are_refused():
    rng = np.random.default_rng(0)
    tree = random_tree(rng, [np.array([0.5])] * 2, 1, 2, 1)
    model = build([tree], ["KRAS", "EGFR"], ["y"], "value", [0.0], takes_missing=False)
    with pytest.raises(TreeEngineError, match="Did you mean KRAS"):
        smallest_sets(model, [0, 0], [{"KRSA": 1.0}], Goal.over(0, 1, 99.0))
    with pytest.raises(SearchError, match="no direction for missing values"):
        smallest_sets(model, [0, 0], [{"KRAS": np.nan}], Goal.over(0, 1, 99.0))


def test_words_tell_what_is_known():
    def words(status, size, ruled_out):
        return SearchResult(status, (), size, ruled_out, 6, False, 0, 0.0, "time limit").words()

    assert words("best found", 4, 2) == "None within 2 changes (proven); best found 4 changes (time limit)."
    assert words("open", None, 1) == "None within 1 change (proven); none found (time limit)."
    assert words("proven", 1, 0) == "1 change; nothing smaller does it (proven)."
