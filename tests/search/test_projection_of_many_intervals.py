"""The projection of a patient against its definition, item by item, and what it stores for numbers of many intervals."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesRegressor

from explainers.trees import from_estimator
from explainers.trees.search import fixing
from explainers.trees.search.cells import cells_of_tree, said, sort_values, workspace
from explainers.trees.search.fixing import Stopped, forest_of
from tests.search.random_models import random_case
from tests.trees.families import NAMES, fitted, rows

KINDS = ("bbbbbbbb", "ssssss", "bbsnc", "nnnf", "cbbsbn", "nnnnnc", "cc", "n")
CATEGORIES = (
    "histogram boosting with categories",
    "xgboost with categories",
    "lightgbm with categories",
    "random forest",
    "histogram boosting",
)


def holds(model, c, value):
    """Whether a value satisfies condition c, read off its definition."""
    conditions = model.conditions
    if np.isnan(value):
        return bool(conditions.missing[c])
    if conditions.set_row[c] >= 0:
        return bool(conditions.sets[conditions.set_row[c], int(value)])
    above = np.isnan(conditions.low[c]) or value > conditions.low[c]
    return bool(above and value <= conditions.high[c])


def plain_projection(model, row, changes, max_size):
    """Every tree's boxes with their literals, every condition asked about every item.

    Returns
    -------
    base : array (k,)
    trees : list of (output, list of boxes)
        A box is its values and its literals {(group, holds unchanged, items that it allows)}.
    items : list of int
        Position in `changes` of every item.
    group : list of int, of every item
    """
    touched = [frozenset(map(model.feature_index, change)) for change in changes]
    different = list(dict.fromkeys(touched))
    order = sorted(range(len(changes)), key=lambda i: different.index(touched[i]))
    group = [different.index(touched[i]) for i in order]
    of_feature = {f: g for g, features in enumerate(different) for f in features}
    edited = np.repeat(row[None], len(changes) + 1, axis=0)
    for item, i in enumerate(order):
        for feature, value in changes[i].items():
            edited[item + 1, model.feature_index(feature)] = value
    edited = model.rows(edited)
    told = {}  # of a condition: unchanged, and of each item of its group

    def tell(c):
        if c not in told:
            column, g = model.conditions.column[c], of_feature.get(int(model.conditions.feature[c]), -1)
            mine = [i for i in range(len(order)) if group[i] == g]
            allowed = frozenset(i for i in mine if holds(model, c, edited[i + 1, column]))
            told[c] = g, holds(model, c, edited[0, column]), allowed
        return told[c]

    boxes, base, trees = model.boxes, model.base.copy(), []
    for t in range(model.n_trees):
        kept = []
        for box in np.flatnonzero(boxes.tree == t):
            literals, alive = {}, True
            for c in boxes.condition[boxes.start[box] : boxes.start[box + 1]]:
                g, unchanged, allowed = tell(int(c))
                if g < 0:
                    alive &= unchanged
                    continue
                before = literals.get(g, (True, frozenset(i for i in range(len(order)) if group[i] == g)))
                literals[g] = before[0] and unchanged, before[1] & allowed
            everything = {g: frozenset(i for i in range(len(order)) if group[i] == g) for g in literals}
            said_so = {(g, u, a) for g, (u, a) in literals.items() if not (u and a == everything[g])}
            needed = sum(not u for _, u, _ in said_so)
            if alive and needed <= max_size and all(u or a for _, u, a in said_so):
                kept.append((tuple(boxes.value[box]), frozenset(said_so)))
        output = int(model.nodes.output[t])
        if len(kept) == 1:
            base[output : output + len(kept[0][0])] += kept[0][0]
        else:
            trees.append((output, kept))
    return base, trees, order, group


def check(model, row, changes, max_size):
    """The forest says of every box, literal and link what the definition says."""
    forest, group, order = forest_of(model, row, changes, max_size)
    base, trees, positions, groups = plain_projection(model, row, changes, max_size)
    assert order.tolist() == positions and group.tolist() == groups
    np.testing.assert_array_equal(forest.base, base)
    assert forest.output.tolist() == [output for output, _ in trees]
    links = [tuple(forest.item[a:b].tolist()) for a, b in itertools.pairwise(forest.item_start)]
    for t, (_, expected) in enumerate(trees):
        found, asked = [], {}
        for box in range(forest.box_start[t], forest.box_start[t + 1]):
            literals, node = set(), int(forest.box_node[box])
            while forest.above[node] != node:
                literal, node = int(forest.node_literal[node]), int(forest.above[node])
                assert forest.literal_start[t] <= literal < forest.literal_start[t + 1]
                slot = forest.literal_slot[literal]
                which = forest.allowed[forest.allowed_start[literal] : forest.allowed_start[literal + 1]]
                assert forest.link_start[slot] <= min(which, default=forest.link_start[slot])
                assert max(which, default=-1) < forest.link_start[slot + 1] and (np.diff(which) > 0).all()
                allowed = frozenset(itertools.chain(*(links[q] for q in which)))
                g = int(forest.slot_group[slot])
                literals.add((g, bool(forest.unchanged[literal]), allowed))
                asked.setdefault((slot, g), set()).add(allowed)
            assert node == forest.node_start[t]
            found.append((tuple(forest.value[:, box]), frozenset(literals)))
        assert found == expected
        slots = range(forest.slot_start[t], forest.slot_start[t + 1])
        assert sorted(asked) == [(s, int(forest.slot_group[s])) for s in slots]
        for (
            slot,
            g,
        ), sets in asked.items():  # a link is a class of items that no literal of the tree tells apart
            alike: dict[tuple, list[int]] = {}
            for i in (i for i in range(len(order)) if group[i] == g):
                alike.setdefault(tuple(i in s for s in sets), []).append(i)
            mine = links[forest.link_start[slot] : forest.link_start[slot + 1]]
            assert mine == [tuple(v) for v in alike.values()]
    return forest


@pytest.mark.parametrize("kinds", KINDS)
def test_every_box_allows_the_items_that_meet_all_its_conditions(kinds):
    for seed in range(12):
        case = random_case(seed, kinds=kinds, n_trees=6, depth=3 + seed % 4, dense=seed % 2 == 0, n_outputs=2)
        changes = [case.changes[i] for i in np.random.default_rng(seed).permutation(len(case.changes))]
        for max_size in (1, 6):
            check(case.ensemble, case.row, changes, max_size)


@pytest.mark.parametrize("family", CATEGORIES)
def test_ties_with_thresholds_missing_values_and_codes_are_told_as_the_model_tells_them(family):
    model = from_estimator(fitted(family), NAMES)
    patients = rows(seed=3, n=6)
    numbers = {
        f: [v for c in model.thresholds(f) for v in (c, np.nextafter(c, np.inf))] + [np.nan, -np.inf, np.inf]
        for f in (6, 7)
    }
    together = [{8: a, 9: b} for a in (-0.5, 0.1, np.nan) for b in (0.0, 3.0, 5.0, 17.0, np.nan)]
    for row in patients:
        changes = [{f: float(v)} for f, values in numbers.items() for v in values if abs(v) != np.inf]
        changes += [*together, {0: 1.0}, {0: 0.0}, {1: np.nan}]
        check(model, row, [changes[i] for i in np.random.default_rng(0).permutation(len(changes))], 3)


def number_case(n_trees: int, most_leaves: int = 30, numbers: int = 1):
    """Trees on numbers and three alterations, and one change for each interval of the first number and alteration."""
    rng = np.random.default_rng(n_trees)
    X = np.hstack([rng.normal(size=(1500, numbers)), rng.random((1500, 3)) < 0.3])
    y = np.sin(4 * X[:, 0]) + X[:, 1] + X[:, -1] * X[:, 0] + rng.normal(size=1500)
    fit = ExtraTreesRegressor(n_trees, max_leaf_nodes=most_leaves, random_state=0, max_features=None).fit
    names = [*("CRP", "NLR")[:numbers], "KRAS", "EGFR", "ALK"]
    model = from_estimator(fit(X, y), names)
    changes = [{0: float(v)} for v in model.interval_values(0)] + [{names[f]: 1.0} for f in (-3, -2, -1)]
    return model, np.zeros(len(names)), changes


def test_many_intervals_are_told_apart_by_a_number_and_by_two_numbers_at_once():
    model, row, changes = number_case(2, 150)
    forest = check(model, row, changes, 4)
    assert max(np.diff(forest.link_start)) > 64  # more than one word of bits was looked at
    model, row, changes = number_case(2, 300, 2)
    other = np.random.default_rng(1).choice(model.interval_values(1), len(changes))
    both = [{0: c[0], 1: float(v)} for c, v in zip(changes, other, strict=True) if 0 in c] + [{2: 1.0}]
    forest = check(model, row, both, 4)
    assert max(np.diff(forest.link_start)) > 64


def test_pieces_of_a_forest_join_to_the_whole(monkeypatch):
    model, row, changes = number_case(9)
    whole, *_ = forest_of(model, row, changes, 4)
    for at_once in (1, 2, 4):
        monkeypatch.setattr(fixing, "MOST_LOOKS", at_once * len(changes))
        parted, *_ = forest_of(model, row, changes, 4)
        is_root = np.isin(np.arange(len(whole.above)), whole.node_start)
        for name, ours, theirs in zip(whole._fields, parted, whole, strict=True):
            if name == "node_literal":  # means nothing at roots
                ours, theirs = ours[~is_root], theirs[~is_root]
            np.testing.assert_array_equal(ours, theirs, err_msg=name)
            assert ours.dtype == theirs.dtype, name


def stored(n_trees: int) -> tuple[int, int, int]:
    """Intervals; what is stored for them beside each tree's list of items: entries of the forest, bits of masks."""
    model, row, changes = number_case(n_trees, 60)
    forest, *_ = forest_of(model, row, changes, 4)
    values = np.array([[next(iter(c.values()))] for c in changes])
    starts = np.array([0, len(changes) - 3, *range(len(changes) - 2, len(changes) + 1)])
    ordered = sort_values(values, starts)
    says = said(model.rows(row[None])[0], np.zeros(4, np.int64), ordered, model.conditions, np.arange(4))
    work = workspace(ordered, len(says.verdict), 4)
    bits = 0
    for tree in range(model.n_trees):
        here, mask = cells_of_tree(tree, model.nodes, says, ordered, model.conditions, starts, work)
        work.row[here] = -1
        bits += 64 * mask.size
    entries = sum(array.size for name, array in zip(forest._fields, forest, strict=True) if name != "item")
    return len(changes), entries + sum(array.size for array in (*ordered, *says, *work)), bits


def test_what_is_stored_grows_no_faster_than_the_intervals():
    n, entries, bits = stored(25)
    n_twice, entries_twice, bits_twice = stored(50)
    assert n > 500 and n_twice > 1.8 * n
    assert entries_twice < 1.15 * n_twice / n * entries
    assert bits_twice < 1.15 * n_twice / n * bits


def test_each_tree_lists_every_item_of_a_group_once():
    model, row, changes = number_case(8)
    forest, *_ = forest_of(model, row, changes, 4)
    items = len(changes) - 3
    of_number = np.count_nonzero(forest.slot_group == 0)
    assert len(forest.item) == of_number * items + np.count_nonzero(forest.slot_group > 0)


def test_a_projection_can_be_stopped_between_trees(monkeypatch):
    model, row, changes = number_case(9)
    monkeypatch.setattr(fixing, "MOST_LOOKS", 2 * len(changes))
    asked = []

    def stop() -> bool:
        asked.append(True)
        return len(asked) == 3

    with pytest.raises(Stopped, match="stopped after 4 of 9 trees; ask again with more time") as error:
        forest_of(model, row, changes, 4, stop=stop)
    assert (error.value.n_done, error.value.n_trees) == (4, 9)
    assert forest_of(model, row, changes, 4, stop=lambda: False)[0].n_links
