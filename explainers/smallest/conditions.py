"""The conditions of a search as a person states them, and the same conditions said back in words."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Literal

from explainers.plausibility import exclusive_pairs
from explainers.smallest.constraints import (
    ConstraintError,
    Constraints,
    Direction,
    ErrorRates,
    Mode,
    Movement,
    allowed_states,
    check_constraints,
    movable_numbers,
    movement_of,
    numbers_of,
)
from explainers.smallest.number_values import has_intervals, has_levels, known_range
from oncology.counts import SMALLEST_COUNT

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = [
    "DIRECTIONS",
    "Towards",
    "condition_words",
    "conditions_from",
    "error_rates_from",
    "rates_words",
    "unmoved_words",
]

Towards = Literal["any", "known", "altered", "absent"]
# What alterations may become: the states, and how the choice is said.
DIRECTIONS: dict[Towards, tuple[Direction, ...]] = {
    "any": ("altered", "absent", "not assayed"),
    "known": ("altered", "absent"),
    "altered": ("altered",),
    "absent": ("absent",),
}


def conditions_from(
    bundle: ModelBundle,
    *,
    mode: Mode = "model",
    fixed: Collection[str] = (),
    only: Collection[str] | None = None,
    towards: Towards = "any",
    only_altered: Collection[str] = (),
    only_absent: Collection[str] = (),
    numbers: bool | Collection[str] = False,
    only_rising: Collection[str] = (),
    only_falling: Collection[str] = (),
    never_together: Sequence[Collection[str]] = (),
    exclusive_drivers: bool = True,
    seen_together: int = 0,
    false_positive: float | None = None,
    false_negative: float | None = None,
) -> Constraints:
    """Constraints from what was filled in, refused where they contradict each other.

    Parameters
    ----------
    towards : {"any", "known", "altered", "absent"}
        What every alteration may become; "known": altered or absent.
    only_altered, only_absent : names of alterations
        Those that may only be added, and only be taken away.
    only_rising, only_falling : names of numbers
        Of those that may move, which may only rise and which may only fall from what is recorded.
    false_positive, false_negative : float, optional
        Shares of wrong calls among reported and absent alterations; both or neither.

    Raises
    ------
    ConstraintError
        With what was found and what to do.
    """
    if mode == "assay" and (numbers or only_rising or only_falling):
        raise ConstraintError(
            "Numbers stay as recorded where only what was not assayed may turn out. Let any alteration change (mode "
            "'model') to move numbers too."
        )
    rates = error_rates_from(false_positive, false_negative)
    if rates is not None and mode == "model":
        raise ConstraintError(
            "Error rates count only where calls may be wrong (mode 'assay'); where any alteration may change they have "
            "no part. Leave them out, or take mode 'assay'."
        )
    schema = bundle.schema
    added, removed = ({schema.feature(n).name for n in names} for names in (only_altered, only_absent))
    if both := sorted(added & removed):
        raise ConstraintError(
            f"{', '.join(both)} may only be added and only be taken away: name it once, or keep it as it is."
        )
    up, down = ({schema.feature(n).name for n in names} for names in (only_rising, only_falling))
    if both := sorted(up & down):
        raise ConstraintError(
            f"{', '.join(both)} may only rise and only fall: name it once, or leave it out of the numbers that may move."
        )
    ways: dict[str, Movement] = {**dict.fromkeys(sorted(up), "rise"), **dict.fromkeys(sorted(down), "fall")}
    if 1 < seen_together < SMALLEST_COUNT:
        raise ConstraintError(
            f"Counts of 1 to {SMALLEST_COUNT - 1} training {bundle.manifest.words.who} are withheld, so {seen_together} cannot be asked "
            f"for: take 1 (seen at all), or {SMALLEST_COUNT} and more."
        )
    for names in never_together:
        if len({schema.feature(n).name for n in names}) < 2:
            raise ConstraintError(f"{', '.join(names)} alone cannot meet another: name two or more.")
    if only is not None:
        # What is to move is among what may change.
        named = [f.name for f in numbers_of(bundle)] if numbers is True else numbers or ()
        only = (*only, *named)
    found = Constraints(
        fixed=tuple(fixed),
        only=only,
        become=DIRECTIONS[towards],
        become_each={
            **dict.fromkeys(sorted(added), DIRECTIONS["altered"]),
            **dict.fromkeys(sorted(removed), DIRECTIONS["absent"]),
        },
        numbers=numbers if isinstance(numbers, bool) else tuple(numbers) or False,
        move_each=ways,
        never_together=tuple(tuple(names) for names in never_together),
        exclusive_drivers=exclusive_drivers,
        seen_together=seen_together,
        error_rates=rates,
    )
    check_constraints(bundle, found)
    return found


def error_rates_from(false_positive: float | None, false_negative: float | None) -> ErrorRates | None:
    """Both rates, or none; a rate that was not stated is unknown, not zero.

    Raises
    ------
    ConstraintError
        If only one is given, or one is no share.

    Examples
    --------
    >>> error_rates_from(0.02, 0.05)
    ErrorRates(false_positive=0.02, false_negative=0.05)
    """
    if false_positive is None and false_negative is None:
        return None
    if false_positive is None or false_negative is None:
        missing = "false positive" if false_positive is None else "false negative"
        raise ConstraintError(
            f"The {missing} rate is not stated. Give both rates (0 where such an error is ruled out), or neither."
        )
    return ErrorRates(false_positive, false_negative)


def rates_words(rates: ErrorRates) -> str:
    """Stated error rates in one phrase.

    Examples
    --------
    >>> rates_words(ErrorRates(0.02, 0.005))
    'of 100 alterations reported 2 are not there, of 100 reported absent 0.5 are there (as stated)'
    """
    return (
        f"of 100 alterations reported {100 * rates.false_positive:g} are not there, of 100 reported absent "
        f"{100 * rates.false_negative:g} are there (as stated)"
    )


def condition_words(
    bundle: ModelBundle, *, mode: Mode, constraints: Constraints, max_size: int
) -> tuple[str, ...]:
    """What a search may and may not do, one phrase for each condition in force."""
    schema = bundle.schema
    found = [f"at most {max_size} change{'' if max_size == 1 else 's'} at once"]
    if any(f.is_alteration for f in schema.features):
        found += _alterations(bundle, mode, constraints)
    found += _numbers(bundle, mode, constraints)
    if constraints.fixed:
        found.append(f"kept as recorded: {_labels(bundle, constraints.fixed)}")
    if constraints.only is not None:
        these = _labels(bundle, constraints.only)
        found.append(f"nothing may change but {these}" if these else "nothing may change")
    for names in constraints.never_together:
        found.append(f"no change makes more than one of these altered: {_labels(bundle, names)}")
    if exclusive_pairs(bundle):
        found.append(
            "no change brings drivers together that exclude each other in training"
            if constraints.exclusive_drivers
            else "drivers that exclude each other in training may come together"
        )
    if constraints.seen_together:
        least = constraints.seen_together
        who = bundle.manifest.words.who
        who = f"1 training {who[:-1]}" if least == 1 else f"{least:,} training {who}"
        # The rule is about what the model tells apart, so a joined interval can show more patients than any of its parts.
        moved = mode == "model" and movable_numbers(bundle, constraints)
        apart = ", each interval of a number counted by itself" if moved else ""
        found.append(f"the changed values were seen together in at least {who}{apart}")
    return tuple(found)


def _alterations(bundle: ModelBundle, mode: Mode, constraints: Constraints) -> list[str]:
    states = allowed_states(constraints, "")
    known = any(f.missing != "refuse" for f in bundle.schema.features if f.is_alteration)
    words = {"altered": "altered", "absent": "not altered"}
    if mode == "model" and known:
        words["not assayed"] = "not assayed"
    here = [w for state, w in words.items() if state in states]
    become, one_way = _either(here), "only " if len(here) == 1 else ""
    if not become:
        said = ["alterations stay as recorded"]
    elif mode == "model":
        said = [f"alterations may {one_way}become {become}"]
    else:
        said = [f"what was not assayed may turn out {one_way}{become}"]
        rates = constraints.error_rates
        said.append(
            "every call that was made counts as right"
            if rates is None
            else f"calls may be wrong: {rates_words(rates)}"
        )
    each: dict[str, list[str]] = {}
    for name in constraints.become_each:
        here = [w for state, w in words.items() if state in allowed_states(constraints, name)]
        each.setdefault(_either(here), []).append(name)
    said += [
        f"may only become {become}: {_labels(bundle, names)}" if become else f"stay: {_labels(bundle, names)}"
        for become, names in each.items()
    ]
    return said


def _either(words: Sequence[str]) -> str:
    """Choices in words: "a, b or c"."""
    return " or ".join(part for part in (", ".join(words[:-1]), *words[-1:]) if part)


def _numbers(bundle: ModelBundle, mode: Mode, constraints: Constraints) -> list[str]:
    free = numbers_of(bundle)
    if not free:
        return []
    moved = movable_numbers(bundle, constraints) if mode == "model" else frozenset()
    if not moved:
        return ["numbers and levels stay as recorded"]
    if len(moved) == len(free) > 3:
        said = [f"all {len(free)} numbers and levels may move"]
    else:
        said = [
            f"numbers and levels that may move: {_labels(bundle, [f.name for f in free if f.name in moved])}"
        ]
    for movement in ("rise", "fall"):
        if names := [f.name for f in free if movement_of(constraints, f.name) == movement]:
            said.append(f"may only {movement}: {_labels(bundle, names)}")
    return said


def unmoved_words(
    bundle: ModelBundle,
    mode: Mode,
    constraints: Constraints,
    changing: Collection[str],
    unknown: Collection[str] = (),
) -> tuple[str, ...]:
    """Which of the numbers that were named to move have no other value to be tried at.

    changing : names of the features that have candidate changes
    unknown : names of the features that are not recorded
    """
    if mode == "assay":
        return ()
    kept = {bundle.schema.feature(name).name for name in constraints.fixed}
    ways = {bundle.schema.feature(name).name: way for name, way in constraints.move_each.items()}
    named = set(ways) if isinstance(constraints.numbers, bool) else movable_numbers(bundle, constraints)
    still = sorted(named - set(changing) - kept)
    words = []
    moving = movable_numbers(bundle, constraints)
    lost_range = sorted(n for n in moving - set(changing) - kept if _without_range(bundle, n))
    if lost_range:
        words.append(
            f"No other value was tried for {_labels(bundle, lost_range)}: the model declares no range for it and brings no "
            "training patients."
        )
    still = [n for n in still if n not in lost_range]
    if free := [n for n in still if n not in ways]:
        words.append(
            f"No other value was tried for {_labels(bundle, free)}: the model tells none apart within the plausible range."
        )
    for movement, other in (("rise", "higher"), ("fall", "lower")):
        here = [n for n in still if ways.get(n) == movement]
        if never := [n for n in here if n not in unknown]:
            words.append(
                f"No {other} value was tried for {_labels(bundle, never)}: the model tells none apart within the plausible "
                "range."
            )
        if lost := [n for n in here if n in unknown]:
            words.append(
                f"No value is recorded for {_labels(bundle, lost)}, so none is known to be {other}: it stays as it is."
            )
    return tuple(words)


def _without_range(bundle: ModelBundle, name: str) -> bool:
    spec = bundle.schema.feature(name)
    return not has_levels(spec) and not has_intervals(bundle) and known_range(bundle, spec)[0] == -math.inf


def _labels(bundle: ModelBundle, names: Collection[str]) -> str:
    return ", ".join(bundle.schema.feature(name).label for name in names)
