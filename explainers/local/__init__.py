"""Why this patient, this option: one file a method, and the table that lists them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from numpy.typing import ArrayLike

from explainers.background import Background
from explainers.explanation import Explanation
from explainers.local import ablation, exact, grouped, repeated_surrogate, shapley, surrogate, unassayed
from explainers.local.grouped import GROUPINGS, Grouping
from explainers.local.unassayed import NotTested
from oncology.errors import OncologyError, UnknownNameError
from oncology.patients import PatientProfile

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = [
    "EXPLAINERS",
    "GROUPINGS",
    "METHOD_LABELS",
    "Grouping",
    "LocalExplainer",
    "NotTested",
    "SeedError",
    "explain",
    "explain_groups",
    "not_tested",
]


class SeedError(OncologyError, ValueError):
    """A seed that no method can draw from."""


class LocalExplainer(Protocol):
    """What a local method is: a bundle, an encoded patient and an option in, an `Explanation` out."""

    def __call__(
        self,
        bundle: ModelBundle,
        row: ArrayLike,
        option: str,
        *,
        background: Background | None = None,
        seed: int = 0,
    ) -> Explanation: ...


EXPLAINERS: dict[str, LocalExplainer] = {
    "shapley": shapley.explain,  # shared out by tree paths, terms, or random orders
    "lime": surrogate.explain,  # a linear model around the patient, by the lime package
    "lime-repeated": repeated_surrogate.explain,  # the mean of many such models, and how far they differ
    "ablation": ablation.explain,  # leave one out
    "exact": exact.explain,  # every coalition; the ruler for all the others
}

METHOD_LABELS: dict[str, str] = {
    "shapley": "Shapley values",
    "lime": "LIME",
    "lime-repeated": "LIME, mean of 20 runs",
    "ablation": "Leave one out",
    "exact": "Every coalition",
    "grouped": "Shapley values of groups",
}


def explain(
    bundle: ModelBundle,
    patient: PatientProfile | ArrayLike,
    method: str,
    *,
    option: str,
    background: Background | None = None,
    seed: int = 0,
) -> Explanation:
    """Why the model gives this patient this score for this option.

    Parameters
    ----------
    bundle : ModelBundle
    patient : PatientProfile or array-like (c,)
        A profile, or a row already encoded by the bundle's schema.
    method : str
        A key of `EXPLAINERS`.
    option : str
        One of the bundle's options.
    background : Background, optional
        The population compared with; each method has a default of its own and names it.
    seed : int
        For the methods that draw; 0 to 4294967295.

    Raises
    ------
    UnknownNameError
        For a method or option that does not exist.
    SeedError
    CannotExplainError
        For a bundle, patient and method that do not go together; the message names what can.
    """
    if method not in EXPLAINERS:
        raise UnknownNameError("Method", method, EXPLAINERS)
    if not 0 <= seed < 2**32:
        raise SeedError(f"The seed is {seed}; expected a whole number from 0 to {2**32 - 1}.")
    row = bundle.schema.encode_row(patient) if isinstance(patient, PatientProfile) else patient
    return EXPLAINERS[method](bundle, row, option, background=background, seed=seed)


def explain_groups(
    bundle: ModelBundle,
    patient: PatientProfile | ArrayLike,
    grouping: Grouping,
    *,
    option: str,
    background: Background | None = None,
) -> Explanation:
    """The same question with groups as players: kinds of information, or genes each as a whole.

    Parameters
    ----------
    grouping : {"kind", "gene"}
        A key of `GROUPINGS`.

    Raises
    ------
    UnknownNameError
        For a grouping or option that does not exist.
    CannotExplainError, BackgroundError
        As `explainers.local.grouped.explain`.
    """
    if grouping not in GROUPINGS:
        raise UnknownNameError("Grouping", grouping, GROUPINGS)
    row = bundle.schema.encode_row(patient) if isinstance(patient, PatientProfile) else patient
    return grouped.explain(bundle, row, option, background=background, grouping=grouping)


def not_tested(
    bundle: ModelBundle, patient: PatientProfile | ArrayLike, *, option: str, seed: int = 0
) -> NotTested:
    """What not testing costs: how far the answer could move if everything were known; see `explainers.local.unassayed`."""
    row = bundle.schema.encode_row(patient) if isinstance(patient, PatientProfile) else patient
    return unassayed.explain(bundle, row, option, seed=seed)
