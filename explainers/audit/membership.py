"""Who belongs to which group: one indicator column per group, in the order they are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from explainers.audit.errors import AuditError
from explainers.audit.grouping import GROUP_LABELS, NOT_RECORDED

if TYPE_CHECKING:
    from explainers.audit.data import AuditData

__all__ = ["Membership", "group_name", "membership"]

# A description with more values than this is a name rather than a group.
_MOST_LEVELS = 40
# What is compared first; other columns follow in the order of the data.
_FIRST = ("tumour", "sex", "age", "ancestry", "stage", "line", "panel", "n_alterations", "rare_subtype")


@dataclass(frozen=True, eq=False, slots=True)
class Membership:
    """Groups of patients as columns of a table of flags.

    Parameters
    ----------
    attributes, levels : tuples of str, (g,)
        "sex" and "female" of each group.
    inside : array (n, g) of bool
    left_out : tuple of str
        Descriptions that were not compared, with the reason.
    """

    attributes: tuple[str, ...]
    levels: tuple[str, ...]
    inside: NDArray[np.bool_]
    left_out: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.levels)

    @property
    def names(self) -> tuple[str, ...]:
        """Each group in words: "sex: female"."""
        return tuple(group_name(a, v) for a, v in zip(self.attributes, self.levels, strict=True))

    def position(self, name: str) -> int:
        """Column of a group given in words."""
        if name not in self.names:
            raise AuditError(f"{name!r} is not among the {len(self)} groups; such as {self.names[0]!r}.")
        return self.names.index(name)


def group_name(attribute: str, level: str) -> str:
    """A group in words.

    Examples
    --------
    >>> group_name("n_alterations", "2"), group_name("smoking", "never")
    ('number of alterations: 2', 'smoking: never')
    """
    return f"{GROUP_LABELS.get(attribute, attribute)}: {level}"


def membership(data: AuditData, attributes: Sequence[str] | None = None) -> Membership:
    """Every value of every description of the patients as a group of its own, unknown among them.

    Parameters
    ----------
    attributes : sequence of str, optional
        Columns of ``data.groups``; default: all of them.

    Raises
    ------
    AuditError
        If a column is asked for that is not there, or there is none to compare by.
    """
    columns = [str(c) for c in data.groups.columns]
    if attributes is None:
        attributes = [a for a in _FIRST if a in columns] + [a for a in columns if a not in _FIRST]
    unknown = [a for a in attributes if a not in columns]
    if unknown:
        raise AuditError(
            f"The patients are not described by {', '.join(unknown)}; found: {', '.join(columns) or 'nothing'}."
        )
    names: list[tuple[str, str]] = []
    flags: list[NDArray[np.bool_]] = []
    left_out = []
    for attribute in attributes:
        values = data.groups[attribute].to_numpy(dtype=object).astype(str)
        levels = sorted(set(values.tolist()), key=lambda v: (v == NOT_RECORDED, v))
        label = GROUP_LABELS.get(attribute, attribute)
        if len(levels) > _MOST_LEVELS:
            left_out.append(f"{label} has {len(levels)} different values and is not compared.")
            continue
        if len(levels) < 2:
            left_out.append(
                f"{label} is {levels[0] if levels else 'empty'} for everybody: there is no rest to compare with."
            )
            continue
        for level in levels:
            names.append((attribute, level))
            flags.append(values == level)
    inside = np.column_stack(flags) if flags else np.zeros((len(data), 0), dtype=bool)
    return Membership(tuple(a for a, _ in names), tuple(v for _, v in names), inside, tuple(left_out))
