"""Shapley values of groups: all alterations of one gene, or all inputs of one kind, come and go together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from explainers.background import Background, BackgroundError, default_background
from explainers.explanation import Explanation, FloatMatrix, FloatVector
from explainers.families import Family, family_of, tree_form
from explainers.players import CannotExplainError, Players, players_of, shapley_values
from explainers.trees.grouped import grouped_shapley
from oncology.feature_specs import FeatureSpec

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["GROUPINGS", "Grouping", "TooManyGroupsError", "explain", "groups_of"]

Grouping = Literal["kind", "gene"]

# What the pages and the terminal offer, in words.
GROUPINGS: dict[Grouping, str] = {"kind": "kinds of information", "gene": "genes, each as a whole"}

_MOST_GROUPS = 14
_MOST_EVALUATIONS = 2**21
_NAMED = 3
_UNGROUPED = "other inputs"
_LABELS = {
    "DNA": "DNA alterations", "copy number": "Copy number", "fusion": "Fusions", "laboratory": "Laboratory values",
    "clinical": "Clinical facts", "demographics": "Demographics", "tissue marker": "Tissue markers",
}  # fmt: skip


class TooManyGroupsError(CannotExplainError):
    """More groups than every coalition of can be asked for, of a model without an exact form."""

    def __init__(self, n_groups: int) -> None:
        super().__init__(
            f"{n_groups} groups make 2^{n_groups} coalitions, too many to ask this model about one by one; up to "
            f"{_MOST_GROUPS} can be shared out. Use the method shapley, which has one value for each input."
        )
        self.n_groups = n_groups


@dataclass(frozen=True, eq=False, slots=True)
class _Groups:
    names: tuple[str, ...]
    labels: tuple[str, ...]
    group_of_player: NDArray[np.intp]


def explain(
    bundle: ModelBundle,
    row: ArrayLike,
    option: str,
    *,
    background: Background | None = None,
    seed: int = 0,
    grouping: Grouping = "kind",
) -> Explanation:
    """Shapley values with groups as players.

    Parameters
    ----------
    bundle : ModelBundle
    row : array-like (c,)
    option : str
    background : Background, optional
        Patients to compare with; default: the bundle's own.
    seed : int
        Ignored: nothing is drawn.
    grouping : {"kind", "gene"}
        "kind": DNA, copy number, fusions, laboratory, demographics and so on, as the schema groups them. "gene": all
        alterations of one gene are one player, every other input is its own.

    Returns
    -------
    Explanation
        One entry a group.

    Raises
    ------
    TooManyGroupsError
        For a model that is neither trees nor a sum, with more groups than can be tried one by one.
    BackgroundError
        For tree paths: they weigh single inputs and have no groups.

    Notes
    -----
    Exact. Laws: the values add up to score minus base value; groups that play alike get the same; a group that never
    changes a score gets 0; groups of one input each have the interventional Shapley values of those inputs. Limits: a
    group's value is not the sum of its members' own values (it is for a sum of single inputs), because members that only
    work together no longer share with others what they do within the group. It does not say which member matters.
    """
    row = np.asarray(row, dtype=np.float64)
    game = players_of(bundle, row, option)
    background = default_background(bundle) if background is None else background
    rows = game.background_rows(background)
    if rows.size == 0:
        raise BackgroundError("The background holds no patient.")
    groups = groups_of(bundle, game, grouping)
    table = _table(game, groups)
    family = Family.ADDITIVE if bundle.formula is not None else family_of(bundle, option)
    trees = tree_form(bundle, option) if family is Family.TREES else None
    if trees is not None:
        columns = groups.group_of_player[bundle.schema.feature_of_column]
        found, base = grouped_shapley(trees, row, rows, columns)
        values, base_value = found[:, -1], float(base[-1])
    elif family is Family.ADDITIVE:
        values, base_value = _of_a_sum(table, rows)
    else:
        values, base_value = _every_coalition(table, rows)
    limits = (
        f"{len(table)} groups share what {len(game)} inputs do; what members of a group do only together stays in the group.",
    )
    return table.explanation("grouped", values, background, base_value=base_value, limits=limits)


def groups_of(bundle: ModelBundle, game: Players, grouping: Grouping) -> _Groups:
    """Which group each player of a game belongs to, groups in the order of their first member."""
    if bundle.formula is not None:
        members = [[bundle.schema.feature(f) for f in v.features] for v in bundle.formula.variables]
    else:
        members = [[spec] for spec in bundle.schema.features]
    keys: list[str] = []
    for name, specs in zip(game.names, members, strict=True):
        found = {_kind(s) if grouping == "kind" else _gene(s) for s in specs}
        alone = grouping == "gene" and (len(found) != 1 or found == {""})
        keys.append(name if alone else (found.pop() if len(found) == 1 else _UNGROUPED))
    names = tuple(dict.fromkeys(keys))
    number = {name: i for i, name in enumerate(names)}
    group_of_player = np.array([number[k] for k in keys], dtype=np.intp)
    labels = [
        game.labels[keys.index(name)]
        if keys.count(name) == 1 and grouping == "gene"
        else _LABELS.get(name, name if grouping == "gene" else name.capitalize())
        for name in names
    ]
    return _Groups(names, tuple(labels), group_of_player)


def _kind(spec: FeatureSpec) -> str:
    return spec.group or _UNGROUPED


def _gene(spec: FeatureSpec) -> str:
    return spec.reads.pattern.gene if spec.reads.pattern is not None else ""


def _table(game: Players, groups: _Groups) -> Players:
    """The same game with groups as its players."""
    words = [_words(game, np.flatnonzero(groups.group_of_player == g)) for g in range(len(groups.names))]
    return replace(
        game,
        names=groups.names,
        labels=groups.labels,
        words=tuple(words),
        player_of_column=groups.group_of_player[game.player_of_column],
    )


def _words(game: Players, members: NDArray[np.intp]) -> str:
    """A group's own values: of one member its words; of several what is altered or recorded, then what is not known."""
    if len(members) == 1:
        return game.words[int(members[0])]
    unknown = [
        j for j in members.tolist() if game.words[j].startswith(("not assayed", "not known", "not decided"))
    ]
    absent = [j for j in members.tolist() if game.words[j] == "tested, not altered"]
    told = [j for j in members.tolist() if j not in unknown and j not in absent]
    parts = [
        game.labels[j] if game.words[j] == "altered" else f"{game.labels[j]} {game.words[j]}" for j in told
    ]
    said = _listed(parts)
    if not parts:
        said = "none altered" if absent else "nothing known"
    return said + (f"; {len(unknown)} not known" if unknown and (parts or absent) else "")


def _listed(parts: Sequence[str]) -> str:
    more = len(parts) - _NAMED
    return ", ".join(parts[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _of_a_sum(game: Players, rows: FloatMatrix) -> tuple[FloatVector, float]:
    """In a sum of single inputs, a group's value is what leaving it out changes."""
    present = np.ones((len(game) + 1, len(game)), dtype=bool)
    present[np.arange(len(game)), np.arange(len(game))] = False
    present[-1] = False
    without = game.coalition_values(present, rows)
    return game.score - without[:-1], float(without[-1])


def _every_coalition(game: Players, rows: FloatMatrix) -> tuple[FloatVector, float]:
    moving = game.differing(rows)
    if len(moving) > _MOST_GROUPS or 2 ** len(moving) * len(rows) > _MOST_EVALUATIONS:
        raise TooManyGroupsError(len(moving))

    def worth(present: NDArray[np.bool_]) -> FloatVector:
        everyone = np.ones((len(present), len(game)), dtype=bool)
        everyone[:, moving] = present
        return game.coalition_values(everyone, rows)

    base, share = shapley_values(worth, len(moving))
    values = np.zeros(len(game))
    values[moving] = share
    return values, base
