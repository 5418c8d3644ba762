"""How robust a recommendation is to the assay: which single wrong or missing call would change the top band."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike

from explainers.explanation import Change
from explainers.smallest.candidates import Candidates, candidates_of
from explainers.smallest.changes import SmallestChanges, smallest_changes
from explainers.smallest.constraints import Constraints, ErrorRates
from explainers.smallest.goals import Goal, GoalError, standings_of_margins
from oncology.features import Value
from oncology.patients import PatientProfile

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["AssayRobustness", "CallError", "assay_robustness"]

ErrorKind = Literal["false positive", "false negative", "untested"]
_KINDS: dict[tuple[float | None, float | None], ErrorKind] = {
    (1.0, 0.0): "false positive",
    (0.0, 1.0): "false negative",
    (None, 1.0): "untested",
    (None, 0.0): "untested",
}


@dataclass(frozen=True, slots=True)
class CallError:
    """One call that, were it otherwise, would change the top band.

    Parameters
    ----------
    kind : {"false positive", "false negative", "untested"}
        The alteration is reported but not there; is there but reported absent; was not assayed.
    change : Change
        From the call to what would be true.
    enters, leaves : tuple of str
        Labels of the options that would join band 1, and that would leave it.
    first : str
        Label of the option then ranked first.
    chance : float or None
        How likely this call is that wrong, at the stated rates; None without rates and for what was not assayed.
    """

    kind: ErrorKind
    change: Change
    enters: tuple[str, ...]
    leaves: tuple[str, ...]
    first: str
    chance: float | None = None

    def words(self) -> str:
        """One sentence."""
        parts = []
        if self.enters:
            parts.append(f"{', '.join(self.enters)} would join band 1")
        if self.leaves:
            parts.append(f"{', '.join(self.leaves)} would leave band 1")
        return f"If {self.change.words} ({self.kind}): {' and '.join(parts)}."


@dataclass(frozen=True, slots=True)
class AssayRobustness:
    """What stands between the recommendation and another.

    Parameters
    ----------
    first : str
        Label of the option ranked first.
    band_one : tuple of str
        Labels of the options in band 1.
    errors : tuple of CallError
        Single calls that would change band 1, false positives first.
    n_checked : int
        Single calls that were tried, all there are.
    calls_between : int or None
        Fewest reported calls that would have to be wrong for another option to be ranked first; None where none found.
    proven : bool
        Whether no fewer do (or, without a number, that none do within `most_calls`).
    most_calls : int
    nearest : tuple of SmallestChanges
        The options that this number of wrong calls would bring first.
    error_rates : ErrorRates or None
        As stated; they weigh the calls and rule out errors with the rate 0.
    """

    first: str
    band_one: tuple[str, ...]
    errors: tuple[CallError, ...]
    n_checked: int
    calls_between: int | None
    proven: bool
    most_calls: int
    nearest: tuple[SmallestChanges, ...]
    seconds: float
    error_rates: ErrorRates | None = None

    @property
    def chance_of_any(self) -> float | None:
        """How likely at least one of the single reported calls in `errors` is wrong, if errors are independent.

        None without stated rates, and where only genes that were not assayed would change the top band.
        """
        chances = [e.chance for e in self.errors if e.chance is not None]
        return 1 - math.prod(1 - c for c in chances) if chances else None

    def of_kind(self, kind: ErrorKind) -> tuple[CallError, ...]:
        """Errors of one kind."""
        return tuple(e for e in self.errors if e.kind == kind)

    def words(self) -> str:
        """The summary in one or two sentences."""
        kinds: tuple[ErrorKind, ...] = ("false positive", "false negative", "untested")
        counts = ", ".join(f"{len(self.of_kind(k))} {k}" for k in kinds)
        single = f"Of {self.n_checked} single calls, {len(self.errors)} would change band 1 ({counts})."
        how = "proven" if self.proven else "best found"
        if self.calls_between is None:
            within = (
                f"within {self.most_calls} calls ({how})"
                if self.proven
                else f"none found within {self.most_calls}"
            )
            return f"{single} No wrong calls among those reported bring another option first {within}."
        calls = (
            "1 wrong call stands" if self.calls_between == 1 else f"{self.calls_between} wrong calls stand"
        )
        return f"{single} {calls} between {self.first} and another option ({how})."


def assay_robustness(
    bundle: ModelBundle,
    patient: PatientProfile | ArrayLike,
    *,
    most_calls: int = 4,
    error_rates: ErrorRates | None = None,
    time_limit_s: float = 10.0,
    stop: Callable[[], bool] | None = None,
) -> AssayRobustness:
    """Which single false positive, false negative or untested gene would change the top band, and how many calls hold it.

    Parameters
    ----------
    most_calls : int
        Most wrong calls at once that are searched.
    error_rates : ErrorRates, optional
        As stated by the laboratory. Errors with the rate 0 are left out, the others get their chance; of sets of the
        same size the likelier come first.

    Raises
    ------
    GoalError
        If the bundle ranks nothing, or nothing is ranked for this patient.

    Notes
    -----
    Single calls are all tried. The number of calls between the recommendation and another is the smallest over all
    other options of the proven search, with reported calls (altered or absent) as the only changes.
    """
    from oncology.prediction import predict
    from oncology.recommendations import abstentions

    started = time.perf_counter()
    if not bundle.ranks:
        raise GoalError("Assay robustness is about a ranking; this bundle ranks nothing.")
    # Lets reported calls be wrong; without stated rates the number itself is not used.
    any_rate = error_rates or ErrorRates(0.5, 0.5)
    made = candidates_of(
        bundle, patient, mode="assay", constraints=Constraints(error_rates=any_rate, exclusive_drivers=False)
    )
    predictions = predict(bundle, made.row[None] if made.patient is None else made.patient)
    reasons = abstentions(bundle, predictions, 0)
    abstained = np.array([o in reasons for o in bundle.options])
    now = standings_of_margins(bundle, predictions.raw, made.row[None], abstained)
    first = int(now.first[0])
    if first < 0:
        raise GoalError(
            "The model ranks no option for this patient, so there is nothing to hold against an assay error."
        )
    rows = made.edited([(i,) for i in range(len(made))])
    after = standings_of_margins(bundle, bundle.margin(rows), rows, abstained)
    errors = _errors(bundle, made, now.band_one[0], after.band_one, after.first)
    reported = Constraints(
        only=[e.feature for e in made.edits if _before(made, e.feature) in (0.0, 1.0)],
        error_rates=any_rate,
        exclusive_drivers=False,
    )
    between, proven, nearest = _calls_between(
        bundle, patient, reported, first, abstained.tolist(), most_calls, started + time_limit_s, stop
    )
    return AssayRobustness(
        bundle.label(bundle.options[first]),
        tuple(bundle.label(o) for o, i in zip(bundle.options, now.band_one[0], strict=True) if i),
        errors if error_rates else tuple(replace(e, chance=None) for e in errors),
        len(made), between, proven, most_calls, nearest, time.perf_counter() - started, error_rates,
    )  # fmt: skip


def _before(made: Candidates, feature: str) -> Value:
    # What is recorded, not what the model is told of it: a model may read what was not assayed as absent.
    return made.recorded()[made.bundle.schema.index(feature)]


def _chance(made: Candidates, i: int) -> float | None:
    return None if made.chance is None or np.isnan(made.chance[i]) else float(made.chance[i])


def _errors(bundle: ModelBundle, made: Candidates, top, bands, firsts) -> tuple[CallError, ...]:  # type: ignore[no-untyped-def]
    labels = [bundle.label(o) for o in bundle.options]
    found = []
    for i, edit in enumerate(made.edits):
        if (bands[i] == top).all():
            continue
        # A row may hold something between the two, put in where nothing was assayed.
        kind: ErrorKind = _KINDS.get((_before(made, edit.feature), edit.value), "untested")  # type: ignore[arg-type]
        (change,) = made.changes((i,))
        enters = tuple(n for n, a, b in zip(labels, bands[i], top, strict=True) if a and not b)
        leaves = tuple(n for n, a, b in zip(labels, bands[i], top, strict=True) if b and not a)
        found.append(CallError(kind, change, enters, leaves, labels[int(firsts[i])], _chance(made, i)))
    order = list(dict.fromkeys(_KINDS.values()))
    return tuple(sorted(found, key=lambda e: order.index(e.kind)))


def _calls_between(
    bundle: ModelBundle,
    patient: PatientProfile | ArrayLike,
    reported: Constraints,
    first: int,
    abstained: Sequence[bool],
    most_calls: int,
    deadline: float,
    stop: Callable[[], bool] | None,
) -> tuple[int | None, bool, tuple[SmallestChanges, ...]]:
    """The smallest number of wrong calls over all rivals, whether it is proven, and the rivals that it brings first."""
    least, proven = most_calls, True
    answers: list[SmallestChanges] = []
    for j, option in enumerate(bundle.options):
        if j == first or abstained[j]:
            continue
        answer = smallest_changes(
            bundle, patient, Goal(option), mode="assay", max_size=least, constraints=reported, most=3,
            time_limit_s=max(0.0, deadline - time.perf_counter()), stop=stop,
        )  # fmt: skip
        proven &= answer.status in ("proven", "none within", "impossible")
        if answer.size is not None:
            least = min(least, answer.size)
            answers.append(answer)
    sizes = [a.size for a in answers if a.size is not None]
    if not sizes:
        return None, proven, ()
    return min(sizes), proven, tuple(a for a in answers if a.size == min(sizes))
