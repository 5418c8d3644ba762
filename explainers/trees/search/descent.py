"""Weights and multipliers that make the bound small: a deflected subgradient, with items excluded on the way.

The method is told in `explainers.trees.search.bound`. Which weights, multipliers and tilts come out cannot make a proof
wrong, only slow; what a proof needs of this file is that weights are not negative and sum to 1, that prices are not
negative, and the comparisons with the tolerance.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from explainers.trees.search.bound import bound, combine, largest, mean_range, prepare, weigh
from explainers.trees.search.forest import EXCLUDED, FREE
from explainers.trees.search.pairs import couple_totals, pair_gradient, worth
from explainers.trees.search.restriction import restrict

__all__ = ["NOTHING_LEFT", "UNDECIDED", "first_multipliers", "tighten"]

UNDECIDED, NOTHING_LEFT = 0, 1
DEFLECTION = 1.5
WEIGHT_STEP = 0.2  # over a tree's mean range: brings a step in w to the size of a step in L
MEMORY = 0.85  # how much of an item's share the next step keeps
ROUNDING = 1e-13  # what a sum may be wrong by, as a share of its terms without their signs
WORTH_REBUILDING = 0.25  # share of items dropped by proof before the forest is restricted again
NEW_BEST = 1e-3  # relative improvement of the bound that counts as progress


@njit(cache=True)
def subgradient(forest, prepared, L, choice, taken, literal_at, out):
    """[top_r takes the link] - [the tree takes it], (Q,); ties of the tree's choice are broken towards 0."""
    out[:] = 0.0
    for x in range(len(forest.item)):
        out[prepared.owner[x]] += taken[forest.item[x]]
    if prepared.is_single:
        subgradient_of_single_links(forest, L, choice, literal_at, out)
        return
    for t in range(len(forest.output)):
        first, last = forest.slot_start[t], forest.slot_start[t + 1]
        if choice[t] < 0:
            out[forest.link_start[first] : forest.link_start[last]] = 0.0
            continue
        literal_at[first:last] = -1
        node = forest.box_node[choice[t]]
        while forest.above[node] != node:
            literal_at[forest.literal_slot[forest.node_literal[node]]] = forest.node_literal[node]
            node = forest.above[node]
        for s in range(first, last):
            literal = literal_at[s]
            earned, wanted, selected = 0.0, -1, -1
            if literal < 0:
                for q in range(forest.link_start[s], forest.link_start[s + 1]):
                    if L[q] <= 0.0:
                        earned, wanted, selected = prefer(-L[q], q, out[q], earned, wanted, selected)
            else:
                if forest.unchanged[literal] == 0:
                    earned = -np.inf
                for b in range(forest.allowed_start[literal], forest.allowed_start[literal + 1]):
                    q = forest.allowed[b]
                    earned, wanted, selected = prefer(-L[q], q, out[q], earned, wanted, selected)
            if selected >= 0:
                wanted = selected
            if wanted >= 0:
                out[wanted] -= 1.0


@njit(cache=True)
def subgradient_of_single_links(forest, L, choice, scratch, out):
    """The same where every slot has one link, without a branch for the slots off the paths; `out` holds what top_r takes."""
    settled, n = np.empty(len(L), out.dtype), 0
    for t in range(len(choice)):
        if choice[t] < 0:
            for s in range(forest.slot_start[t], forest.slot_start[t + 1]):
                scratch[n], settled[n] = s, 0.0
                n += 1
            continue
        node = forest.box_node[choice[t]]
        while forest.above[node] != node:
            literal = forest.node_literal[node]
            node = forest.above[node]
            s = forest.literal_slot[literal]
            if forest.unchanged[literal] == 0:
                scratch[n], settled[n] = s, out[s] - 1.0
                n += 1
            elif forest.allowed_start[literal] == forest.allowed_start[literal + 1]:
                scratch[n], settled[n] = s, out[s]
                n += 1
    for q in range(len(L)):  # a tree that does not care takes what it is paid for
        out[q] = (out[q] if L[q] > 0.0 else 0.0) + (out[q] - 1.0 if L[q] < 0.0 else 0.0)
    for a in range(n):
        out[scratch[a]] = settled[a]


@njit(cache=True)
def prefer(y, q, is_selected, earned, wanted, selected):
    """Keep the best link so far, and remember whether one that top_r takes is as good."""
    if y > earned:
        return y, q, (q if is_selected > 0 else -1)
    if y == earned and is_selected > 0:
        return earned, wanted, q
    return earned, wanted, selected


@njit(cache=True)
def onto_simplex(w):
    """The nearest weights that are not negative and sum to 1 (Held, Wolfe, Crowder 1974), in place."""
    falling = np.sort(w)[::-1]
    running, shift = 0.0, 0.0
    for a in range(len(w)):
        running += falling[a]
        if falling[a] - (running - 1) / (a + 1) > 0:
            shift = (running - 1) / (a + 1)
    for a in range(len(w)):
        w[a] = max(0.0, w[a] - shift)


@njit(cache=True, fastmath=True)
def products(gradient, step):
    """Inner products of a gradient with the step before, and of that step with itself."""
    along, before = 0.0, 0.0
    for a in range(len(step)):
        along += gradient[a] * step[a]
        before += step[a] * step[a]
    return along, before


@njit(cache=True, fastmath=True)
def turn(step, gradient, keep):
    """The next step, in place: the gradient and a part of the step before; its square."""
    square = 0.0
    for a in range(len(step)):
        step[a] = gradient[a] + keep * step[a]
        square += step[a] * step[a]
    return square


@njit(cache=True, fastmath=True)
def advance(x, step, length):
    """Take a step."""
    by = x.dtype.type(length)
    for a in range(len(x)):
        x[a] -= by * step[a]


@njit(cache=True, fastmath=True)
def without_signs(x):
    """The sum of the absolute values."""
    total = 0.0
    for a in range(len(x)):
        total += abs(x[a])
    return total


@njit(cache=True)
def tighten(forest, goal, offset, status, group, r, w, x, aim, tolerance, most_steps, most_stalls):
    """Lower B step by step until it proves that nothing is left, or stalls; drop items that cannot win on the way.

    Parameters
    ----------
    forest : Forest
        Restricted to `status`.
    status : int8 array (n_items,)
        Changed in place: items excluded by proof.
    r : int
        Further items that may be chosen, at least 1.
    w, x : arrays (J,), (Q + P + C,)
        Where to start; x holds the multipliers L, the prices of pairs and the tilts of couples.
    aim : float
        The value of B that Polyak's step heads for.
    tolerance : float
        Scores up to this do not count as reached.

    Returns
    -------
    outcome : NOTHING_LEFT or UNDECIDED
    forest, w, x
        The forest without the excluded items, and what was best for it.
    v : array (n_items,)
        What each item may add at most, as in B's last term.
    disagree : array (n_items,)
        How many trees choose otherwise than top_r does about each item.
    share : array (n_items,)
        How often top_r took each item, recent steps counting most. Means of the choices along the steps approach a
        solution of the linear program whose value B approaches (Barahona, Anbil 2000, Math. Programming 87): a share
        near 1 tells that the item belongs to most of what still looks like winning.
    rest : float
        Their B without its last term.
    by_size : array (r + 1,)
        The smallest bound seen for sets of at most 0, 1, ..., r further items.
    steps : int
    """
    n_items, J, C = len(status), len(w), len(forest.couple)
    total, v, taken, prefix = (
        np.empty(n_items),
        np.empty(n_items),
        np.zeros(n_items, np.int8),
        np.zeros(r + 1),
    )
    at_choice, w_gradient, w_step = np.empty(J), np.zeros(J), np.zeros(J)
    w, x, best_w, best_x = w.copy(), x.copy(), w.copy(), x.copy()
    best, by_size = np.inf, np.full(r + 1, np.inf)
    Q, P = len(forest.item_start) - 1, len(forest.pair_couple)
    gradient, step = np.zeros(len(x), np.float32), np.zeros(len(x), np.float32)
    together, counted = np.zeros(C), np.zeros(C)
    n_best, best_couple, part = (
        np.zeros(n_items, np.int64),
        np.empty((n_items, r), np.int32),
        np.empty((n_items, r)),
    )
    literal_at, choice = np.empty(len(forest.slot_group), np.int32), np.empty(len(forest.output), np.int32)
    prepared = prepare(forest)
    scale = WEIGHT_STEP / (mean_range(forest, combine(goal, w)) + 1e-12)
    share = np.zeros(n_items)
    stalls, outcome, steps, dropped = 0, UNDECIDED, 0, 0
    for n in range(most_steps):
        steps = n + 1
        L, prices, tilt = x[:Q], x[Q : Q + P], x[Q + P :]
        a = bound(forest, prepared, goal, offset, w, L, prices, total, choice, at_choice)
        a += ROUNDING * (abs(a) + without_signs(x))  # steps may run away: then B proves nothing
        couple_totals(forest, prices, together)
        worth(forest, total, together, tilt, status, r, v, n_best, best_couple, part)
        last = largest(v, status, group, r, taken, prefix)
        now = a + prefix[r]
        for i in range(n_items):
            share[i] = MEMORY * share[i] + (1 - MEMORY) * taken[i]
        for size in range(r + 1):
            by_size[size] = min(by_size[size], a + prefix[size])
        if now < best:
            stalls = stalls + 1 if best - now < NEW_BEST * abs(best) else 0
            best = now
            best_w[:] = w
            best_x[:] = x
        else:
            stalls += 1
        if now <= tolerance:
            outcome = NOTHING_LEFT
            break
        n_free = 0
        for i in range(n_items):
            if status[i] == FREE:
                if taken[i] == 0 and now - last + v[i] <= tolerance:
                    status[i] = EXCLUDED
                    dropped += 1
                else:
                    n_free += 1
        if dropped > WORTH_REBUILDING * n_free:
            dropped = 0
            forest, origin, pair_origin = restrict(forest, status, r)
            kept = np.concatenate((origin, Q + pair_origin, Q + P + np.arange(C)))
            x, step = x[kept], step[kept]
            Q, P = len(origin), len(pair_origin)
            gradient, prepared = np.zeros(len(x), np.float32), prepare(forest)
            literal_at, choice = (
                np.empty(len(forest.slot_group), np.int32),
                np.empty(len(forest.output), np.int32),
            )
            best = now  # the best so far was found with the dropped items; what B it gives now is not known
            best_w[:], best_x = w, x.copy()
            continue
        if stalls >= most_stalls:
            break
        subgradient(forest, prepared, L, choice, taken, literal_at, gradient[:Q])
        pair_gradient(
            forest,
            choice,
            taken,
            n_best,
            best_couple,
            prices,
            counted,
            gradient[Q : Q + P],
            gradient[Q + P :],
        )
        mean = at_choice.mean()
        for j in range(J):
            w_gradient[j] = (at_choice[j] - mean) * scale
            if w[j] <= 0 and w_gradient[j] > 0:
                w_gradient[j] = 0.0
        along, before = products(gradient, step)
        w_along, w_before = products(w_gradient, w_step)
        along, before = along + w_along, before + w_before
        keep = -DEFLECTION * along / before if along < 0 and before > 0 else 0.0
        square = turn(step, gradient, keep) + turn(w_step, w_gradient, keep)
        if square == 0.0:
            break  # the minimum
        length = (now - aim) / square
        advance(x, step, length)
        for p in range(Q, Q + P):  # the proof needs it: a box is not charged for pairs that it does not need
            x[p] = max(np.float32(0.0), x[p])
        if J > 1:
            w -= length * scale * w_step
            onto_simplex(w)
    rest, disagree = 0.0, np.zeros(n_items)
    if outcome == UNDECIDED:
        rest = bound(
            forest, prepared, goal, offset, best_w, best_x[:Q], best_x[Q : Q + P], total, choice, at_choice
        )
        rest += ROUNDING * (abs(rest) + without_signs(best_x))
        couple_totals(forest, best_x[Q : Q + P], together)
        worth(forest, total, together, best_x[Q + P :], status, r, v, n_best, best_couple, part)
        largest(v, status, group, r, taken, prefix)
        subgradient(forest, prepared, best_x[:Q], choice, taken, literal_at, gradient[:Q])
        for q in range(Q):
            for b in range(forest.item_start[q], forest.item_start[q + 1]):
                disagree[forest.item[b]] += abs(gradient[q])
    return outcome, forest, best_w, best_x, v, disagree, share, rest, by_size, steps


@njit(cache=True)
def first_multipliers(forest, goal, w):
    """A start for L: what each link does to its tree's weighted value on its own, (Q,)."""
    c = combine(goal, w)
    weighted = np.empty(forest.value.shape[1])
    weigh(forest, c, weighted)
    L = np.zeros(len(forest.item_start) - 1)
    known = np.zeros(len(L), np.uint8)
    lacks = np.zeros(len(forest.above), np.int64)
    needed = np.empty(len(forest.above), np.int32)
    for t in range(len(forest.output)):
        for node in range(forest.node_start[t] + 1, forest.node_start[t + 1]):
            literal, up = forest.node_literal[node], forest.above[node]
            lacks[node] = lacks[up] + (forest.unchanged[literal] == 0)
            needed[node] = needed[up] if forest.unchanged[literal] == 1 else literal
        now = 0.0
        for round_ in range(2):  # the active box first, then those one item away
            for box in range(forest.box_start[t], forest.box_start[t + 1]):
                if lacks[forest.box_node[box]] != round_:
                    continue
                v = weighted[box]
                if round_ == 0:
                    now = v
                    continue
                literal = needed[forest.box_node[box]]
                for a in range(forest.allowed_start[literal], forest.allowed_start[literal + 1]):
                    q = forest.allowed[a]
                    L[q] = v - now if known[q] == 0 else max(L[q], v - now)
                    known[q] = 1
    return L
