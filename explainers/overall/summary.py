"""All that is said of a model as a whole, gathered for its document: importance, chance, markers, pairs, short forms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from explainers.importance import Importance, mean_over_options, shapley_importance, shapley_sample
from explainers.overall.beyond_chance import BeyondChance, beyond_chance
from explainers.overall.general_logic import GeneralLogic, general_logic
from explainers.overall.known_biology import Biology, known_biology
from explainers.overall.pairs import Pairs, strongest_pairs
from explainers.overall.strongest_markers import Markers, strongest_markers
from oncology.errors import OncologyError
from oncology.evidence import EvidenceStatement

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

T = TypeVar("T")

__all__ = ["OptionSummary", "Summary", "importance_over_options", "summary"]


@dataclass(frozen=True, eq=False, slots=True)
class OptionSummary:
    """One option's part; what cannot be had is its reason in words."""

    option: str
    label: str
    importance: Importance | str
    chance: BeyondChance | str
    biology: Biology | str
    pairs: Pairs | str
    logic: GeneralLogic | str


@dataclass(frozen=True, eq=False, slots=True)
class Summary:
    """A model as a whole.

    Parameters
    ----------
    importance, chance, markers : over all options; the reason in words where they cannot be had
    options : tuple of OptionSummary
    """

    importance: Importance | str
    chance: BeyondChance | str
    markers: Markers | str
    options: tuple[OptionSummary, ...]


def importance_over_options(
    bundle: ModelBundle,
    *,
    progress: Callable[[float], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Importance:
    """Mean |Shapley value| over the same training patients and all options.

    Parameters
    ----------
    stop : function, optional
        Asked between options; on True the options so far are averaged, and the method says how many.
    """
    each: list[Importance] = []
    for i, option in enumerate(bundle.options):
        if each and stop is not None and stop():
            break
        each.append(shapley_importance(shapley_sample(bundle, option, stop=stop)))
        if progress is not None:
            progress((i + 1) / len(bundle.options))
    return mean_over_options(each) if len(bundle.options) > 1 else each[0]


def summary(bundle: ModelBundle, statements: Sequence[EvidenceStatement] = ()) -> Summary:
    """Gather everything; some seconds for a model of many options.

    Parameters
    ----------
    statements : sequence of EvidenceStatement
        An evidence table to hold the inputs against.
    """
    markers = (
        _or_words(lambda: strongest_markers(bundle)) if len(bundle.options) > 1 else "There is one option."
    )
    return Summary(
        _or_words(lambda: importance_over_options(bundle)),
        _or_words(lambda: beyond_chance(bundle)),
        markers,
        tuple(_of_option(bundle, option, statements) for option in bundle.options),
    )


def _of_option(bundle: ModelBundle, option: str, statements: Sequence[EvidenceStatement]) -> OptionSummary:
    sample = _or_words(lambda: shapley_sample(bundle, option))
    chance = _or_words(lambda: beyond_chance(bundle, option))
    importance: Importance | str
    biology: Biology | str
    if isinstance(sample, str):
        importance = biology = sample
    else:
        importance = shapley_importance(sample)
        biology = known_biology(
            bundle, sample, importance, statements, chance=None if isinstance(chance, str) else chance
        )
    return OptionSummary(
        option, bundle.label(option), importance, chance, biology, _or_words(lambda: strongest_pairs(bundle, option)),
        _or_words(lambda: general_logic(bundle, option)),
    )  # fmt: skip


def _or_words(make: Callable[[], T]) -> T | str:
    """What is made, or why it cannot be had."""
    try:
        return make()
    except OncologyError as error:
        return str(error)
