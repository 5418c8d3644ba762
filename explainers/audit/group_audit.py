"""The whole audit of groups: every group's figures, and which of them differ; kept together and on disk as one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from explainers.audit.errors import StoppedError
from explainers.audit.for_whom import ForWhom, for_whom
from explainers.audit.gap_table import Gap, Gaps
from explainers.audit.gaps import gaps
from explainers.audit.membership import membership
from explainers.audit.subgroups import POOLED, subgroups
from explainers.audit.tables import AuditTable
from explainers.kept import kept, recall

if TYPE_CHECKING:
    from explainers.audit.data import AuditData

__all__ = [
    "GroupAudit",
    "GroupHeadline",
    "group_audit",
    "kept_group_audit",
    "kept_headline",
    "most_surprising",
]

# Part of every key a kept audit is found by: raise it where the same data would give other figures or words.
VERSION = 4
_making = threading.Lock()


@dataclass(frozen=True, slots=True)
class GroupAudit:
    """Figures by group and gaps of one cohort, at one threshold."""

    table: AuditTable
    gaps: Gaps
    options: tuple[str, ...]
    labels: tuple[str, ...]

    def label(self, option: str) -> str:
        """The words for an option, or for all together."""
        return self.labels[self.options.index(option)]

    def for_whom(self, option: str) -> ForWhom:
        """For whom it works best, for whom otherwise, and for whom nobody can tell."""
        return for_whom(self.table, self.gaps, option, self.label(option))


@dataclass(frozen=True, slots=True)
class GroupHeadline:
    """What a first screen says of the groups: quick to keep and to read."""

    words: tuple[str, ...]

    @classmethod
    def of(cls, found: GroupAudit) -> GroupHeadline:
        """The surest finding of each group, at most three, and how many groups were looked at."""
        seen: dict[str, Gap] = {}
        for gap in found.gaps.findings:
            seen.setdefault(gap.group, gap)
        groups = {g.group for g in found.gaps}
        if not seen:
            return cls(
                (f"None of {len(groups)} groups of patients was found to be served otherwise than the rest.",)
            )
        more = " The surest three:" if len(seen) > 3 else ""
        said = [g.words() for g in list(seen.values())[:3]]
        return cls(
            (
                f"Not for everybody alike: {len(seen)} of {len(groups)} groups of patients differ from the rest.{more}",
                *said,
            )
        )


def group_audit(
    data: AuditData,
    *,
    threshold: float = 0.15,
    n_draws: int = 999,
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> GroupAudit:
    """Figures of every group and option, and the family of comparisons.

    Raises
    ------
    NoOutcomesError, StoppedError, AuditError
    """

    def part(start: float, share: float) -> Callable[[float], None] | None:
        return None if progress is None else lambda done: progress(start + share * done)

    table = subgroups(data, threshold=threshold, progress=part(0.0, 0.3), stop=stop)
    found = gaps(data, threshold=threshold, n_draws=n_draws, seed=seed, progress=part(0.3, 0.7), stop=stop)
    joined = [r for r in table if r.option == POOLED and r.is_known]
    # What joins all options is asked first, where it can be asked at all.
    options = tuple(dict.fromkeys(r.option for r in (*joined, *table) if joined or r.option != POOLED))
    labels = tuple(POOLED.capitalize() if o == POOLED else data.label(o) for o in options)
    return GroupAudit(table, found, options, labels)


def kept_group_audit(
    data: AuditData,
    *,
    threshold: float,
    progress: Callable[[float], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> GroupAudit:
    """The group audit of these data from the user's cache, or made now and kept; its headline is kept beside it.

    One is made at a time: whoever asks for the same one meanwhile waits and is given it.

    Raises
    ------
    StoppedError
    """
    parts = (VERSION, data.fingerprint, threshold)
    with _one_at_a_time(stop):
        made = kept(
            "groups",
            parts,
            (GroupAudit,),
            lambda: group_audit(data, threshold=threshold, progress=progress, stop=stop),
        )
        kept("group-headline", parts, (GroupHeadline,), lambda: GroupHeadline.of(made))
    return made


@contextmanager
def _one_at_a_time(stop: Callable[[], bool] | None) -> Iterator[None]:
    while not _making.acquire(timeout=0.2):
        if stop is not None and stop():
            raise StoppedError
    try:
        yield
    finally:
        _making.release()


def kept_headline(data: AuditData, *, threshold: float) -> GroupHeadline | None:
    """The headline of these data where it has been made before; nothing is computed."""
    found: GroupHeadline | None = recall(
        "group-headline", (VERSION, data.fingerprint, threshold), (GroupHeadline,)
    )
    return found


def most_surprising(data: AuditData, gap: Gap) -> tuple[str, str]:
    """Patient id and option of the case that shows a gap best: the group's largest surprise in the gap's direction."""
    groups = membership(data, [gap.attribute])
    mine = groups.inside[:, groups.position(gap.group)]
    at = [j for j, o in enumerate(data.options) if gap.option in (o, POOLED)]
    surprise = np.where(data.known & mine[:, None], data.y - data.probability, np.nan)[:, at]
    # Of a gap in calibration the side is known; of the others the largest error of either side shows it.
    if gap.metric == "observed minus predicted":
        surprise = surprise * np.sign(gap.excess)
    else:
        surprise = np.abs(surprise)
    i, k = np.unravel_index(int(np.nanargmax(surprise)), surprise.shape)
    return str(data.X.index[int(i)]), data.options[at[int(k)]]
