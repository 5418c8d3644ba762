"""Training patients whom the model explains like this one: neighbours in the space of Shapley values."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from explainers.local.shapley import shapley_matrix
from explainers.neighbours import Neighbours, NoCohortError, nearest_of
from oncology.patients import PatientProfile

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["patients_alike_to_the_model"]


def patients_alike_to_the_model(
    bundle: ModelBundle,
    patient: PatientProfile | ArrayLike,
    option: str,
    *,
    n: int = 100,
    exclude: str | None = None,
) -> Neighbours:
    """The training patients whose answer for an option rests on the same inputs, with their observed outcomes.

    Parameters
    ----------
    patient : PatientProfile or array-like (c,)
    option : str
        Whose explanation is compared.
    n : int
    exclude : str, optional
        A training patient's own id.

    Raises
    ------
    NoCohortError
        If the bundle carries no training cohort.
    CannotExplainError
        For a model whose Shapley values are estimates, made one patient at a time.

    Notes
    -----
    Distance: length of the difference between two patients' Shapley values. Two patients may be near for having none of what
    the model reads for this option. Their outcomes taught the model, so they are no test of it.
    """
    if bundle.training is None:
        raise NoCohortError(str(bundle.manifest.title), bundle.formula is not None)
    option = bundle.options[bundle.option_index(option)]
    row = (
        bundle.schema.encode_row(patient)
        if isinstance(patient, PatientProfile)
        else np.asarray(patient, float)
    )
    own = shapley_matrix(bundle, row[None, :], option)[0]
    apart = np.sqrt(((_values(bundle, option) - own) ** 2).sum(axis=1))
    if exclude is not None:
        apart = np.where(np.asarray(bundle.training.X.index.astype(str) == exclude), np.inf, apart)
    how = f"for whom the model's answer on {bundle.label(option)} rests on the same inputs"
    return nearest_of(bundle, apart, n, how)


@lru_cache(maxsize=8)
def _values(bundle: ModelBundle, option: str) -> NDArray[np.float32]:
    assert bundle.training is not None
    values = shapley_matrix(bundle, bundle.training.X.to_numpy(dtype=np.float64), option)[0].astype(
        np.float32
    )
    values.flags.writeable = False
    return values
