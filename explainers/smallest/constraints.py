"""What a search for smallest changes must not touch or bring together."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from oncology.errors import OncologyError, UnknownNameError

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle
    from oncology.features import FeatureSpec

__all__ = [
    "ConstraintError",
    "Constraints",
    "Direction",
    "ErrorRates",
    "Mode",
    "Movement",
    "allowed_states",
    "check_constraints",
    "directed_numbers",
    "movable_numbers",
    "movement_of",
    "numbers_of",
]

Mode = Literal["model", "assay"]
Direction = Literal["altered", "absent", "not assayed"]
Movement = Literal["rise", "fall"]


class ConstraintError(OncologyError, ValueError):
    """A constraint that cannot be kept."""


@dataclass(frozen=True, slots=True)
class ErrorRates:
    """How often a call is wrong: shares of at least 0 and under 1, as stated by the laboratory.

    Parameters
    ----------
    false_positive : float
        Of the alterations reported, the share that is not there; 0 rules such errors out.
    false_negative : float
        Of the alterations reported absent, the share that is there; 0 rules such errors out.
    """

    false_positive: float
    false_negative: float

    def __post_init__(self) -> None:
        for name in ("false_positive", "false_negative"):
            if not 0 <= getattr(self, name) < 1:
                raise ConstraintError(
                    f"The {name.replace('_', ' ')} rate is {getattr(self, name):g}; expected a share of at least 0 and "
                    "under 1: 0.02 for 2 of 100 calls."
                )


@dataclass(frozen=True, slots=True)
class Constraints:
    """What a search must not touch or bring together.

    Parameters
    ----------
    fixed : names of features that stay as they are
    only : names of features, or None
        Where given, nothing else may change.
    become : states that an alteration may change to
    become_each : mapping from the name of an alteration to states
        What this one may change to, of those in `become`.
    numbers : bool, or names of features
        Whether numbers and levels (laboratory values, tissue markers) may change too, or which of them.
    move_each : mapping from the name of a number to "rise" or "fall"
        The only way that this one may go from what is recorded; every other number may go either way.
    never_together : collections of alteration names
        No change may make one of each altered while another of it is: of those recorded together already none has to go.
    exclusive_drivers : bool
        Whether alterations that exclude each other in the training cohort count as such a collection.
    seen_together : int
        The changed values occur together in at least this many training patients; of a number those count that lie in
        the same interval to the model.
    error_rates : ErrorRates, optional
        Lets calls be wrong in mode "assay".
    """

    fixed: Collection[str] = ()
    only: Collection[str] | None = None
    become: Collection[Direction] = ("altered", "absent", "not assayed")
    become_each: Mapping[str, Collection[Direction]] = field(default_factory=dict)
    numbers: bool | Collection[str] = False
    move_each: Mapping[str, Movement] = field(default_factory=dict)
    never_together: Sequence[Collection[str]] = ()
    exclusive_drivers: bool = True
    seen_together: int = 0
    error_rates: ErrorRates | None = None


# What a state is called where it is told which may come about.
STATE_WORDS: dict[float | None, Direction] = {1.0: "altered", 0.0: "absent", None: "not assayed"}


def allowed_states(constraints: Constraints, name: str) -> frozenset[Direction]:
    """States that an alteration may change to: what holds for all, and what holds for this one."""
    everywhere = frozenset(constraints.become)
    for named, states in constraints.become_each.items():
        if named.casefold() == name.casefold():
            return everywhere & frozenset(states)
    return everywhere


def movement_of(constraints: Constraints, name: str) -> Movement | None:
    """The only way that a number may go; None where it may go either way."""
    for named, movement in constraints.move_each.items():
        if named.casefold() == name.casefold():
            return movement
    return None


def numbers_of(bundle: ModelBundle) -> tuple[FeatureSpec, ...]:
    """The numbers and levels of a bundle that a search could change.

    Counts of alterations and allele fractions follow from the alterations, and what is not actionable never changes.
    """
    return tuple(
        f for f in bundle.schema.features if not f.is_alteration and f.actionable and f.reads.what == "field"
    )


def directed_numbers(bundle: ModelBundle) -> tuple[FeatureSpec, ...]:
    """Those of them that can rise and fall: levels and answers of yes or no cannot."""
    return tuple(f for f in numbers_of(bundle) if f.kind in ("continuous", "count"))


def movable_numbers(bundle: ModelBundle, constraints: Constraints) -> frozenset[str]:
    """Names of the numbers and levels that may change under the constraints.

    Raises
    ------
    ConstraintError
        If one is named that never changes.
    """
    free = frozenset(f.name for f in numbers_of(bundle))
    if isinstance(constraints.numbers, bool):
        return free if constraints.numbers else frozenset()
    named = {bundle.schema.feature(name).name for name in constraints.numbers}
    for name in sorted(named - free):
        these = ", ".join(sorted(free)) or "none in this model"
        raise ConstraintError(f"{name} cannot be moved as a number. What can: {these}.")
    return frozenset(named)


def check_constraints(bundle: ModelBundle, constraints: Constraints) -> None:
    """Refuse what a bundle cannot keep.

    Raises
    ------
    UnknownFeatureError
        If a constraint names a feature that the bundle does not have.
    ConstraintError
        If it names the wrong kind of feature, or asks a model without training patients who was seen.
    """
    schema = bundle.schema
    _check_movements(bundle, constraints)
    for name in [*constraints.become_each, *(n for names in constraints.never_together for n in names)]:
        if not schema.feature(name).is_alteration:
            raise ConstraintError(f"{name} is no alteration, so it is neither altered nor absent.")
    for word in [*constraints.become, *(w for words in constraints.become_each.values() for w in words)]:
        if word not in ("altered", "absent", "not assayed"):
            raise UnknownNameError("State", word, ("altered", "absent", "not assayed"))
    if constraints.seen_together < 0:
        raise ConstraintError(
            f"Seen together at least {constraints.seen_together} times: expected 0 or more."
        )
    if constraints.seen_together and bundle.training is None:
        raise ConstraintError(
            f"Nothing can be asked to have been seen together: this model comes without training {bundle.manifest.words.who}. "
            "Leave that condition out."
        )


def _check_movements(bundle: ModelBundle, constraints: Constraints) -> None:
    moving = movable_numbers(bundle, constraints)
    either = {f.name for f in directed_numbers(bundle)}
    for named, movement in constraints.move_each.items():
        if movement not in ("rise", "fall"):
            raise UnknownNameError("Movement", movement, ("rise", "fall"))
        spec = bundle.schema.feature(named)
        if spec.name not in either:
            these = ", ".join(sorted(either)) or "none in this model"
            raise ConstraintError(
                f"{spec.name} is no number that a search could move, so it may neither only rise nor only fall. What "
                f"can: {these}."
            )
        if spec.name not in moving:
            raise ConstraintError(
                f"{spec.name} may only {movement}, yet it stays as recorded: name it among the numbers that may move, or "
                "leave out which way it may go."
            )
