"""Fit what was not fitted, predict each patient without themselves, draw the background."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from oncology.bundles.errors import BuildError
from oncology.bundles.margins import MarginModel
from oncology.cohorts import Cohort

__all__ = [
    "draw_background",
    "fit_each",
    "missing_values_words",
    "out_of_fold_class_margins",
    "out_of_fold_margins",
    "refit",
    "too_few",
]


def too_few(outcome: pd.Series, folds: int) -> str:
    """Why an option cannot be modelled, or an empty string."""
    known = outcome.dropna()
    ones = int((known == 1).sum())
    zeros = len(known) - ones
    if min(ones, zeros) == 0:
        return (
            f"all {len(known)} patients with a known outcome have the same one"
            if len(known)
            else "no outcomes"
        )
    if min(ones, zeros) < folds:
        return f"{ones} responders and {zeros} others; {folds} folds need {folds} of each"
    return ""


def _is_fitted(estimator: Any) -> bool:
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    try:
        check_is_fitted(estimator)
    except NotFittedError:
        return False
    return True


def _fit(estimator: Any, X: NDArray[np.float64] | pd.DataFrame, y: NDArray[np.intp], option: str) -> Any:
    from sklearn.base import clone

    try:
        return clone(estimator).fit(_without_empty_columns(X), y)
    except ValueError as error:
        hint = (
            " It does not take unknown values: put an imputer before it (sklearn.pipeline.make_pipeline), "
            "or use one that does, such as HistGradientBoostingClassifier."
            if "NaN" in str(error)
            else ""
        )
        raise BuildError(
            f"{type(estimator).__name__} cannot be fitted for {option!r}: {str(error).splitlines()[0].rstrip('.')}.{hint}"
        ) from error


def _without_empty_columns(X: Any) -> Any:
    """The matrix with columns that nobody has a value in filled with 0; no model can learn from a constant.

    PD-L1 is unknown in every patient given a breast cancer medicine, and scikit-learn 1.9's gradient boosting
    cannot be fitted on a column without one known value.
    """
    values = np.asarray(X, dtype=np.float64)
    empty = np.isnan(values).all(axis=0)
    if not empty.any():
        return X
    filled = X.copy()
    if isinstance(filled, pd.DataFrame):
        filled[filled.columns[np.flatnonzero(empty)]] = 0.0
    else:
        filled[:, empty] = 0.0
    return filled


def fit_each(
    estimators: Mapping[str, Any] | Any, cohort: Cohort, options: tuple[str, ...], *, exclusive: bool
) -> dict[str, Any]:
    """Option to fitted estimator; fitted ones as they are, others fitted on the patients with a known outcome.

    For exclusive classes one estimator under "", whose classes are the positions of the options.
    """
    if exclusive:
        if isinstance(estimators, Mapping):
            raise BuildError("Exclusive classes take one classifier over all options, not one per option.")
        given = {"": estimators}
    elif isinstance(estimators, Mapping):
        absent = [o for o in options if o not in estimators]
        if absent:
            raise BuildError(f"No estimator was given for {', '.join(absent[:5])}.")
        given = {o: estimators[o] for o in options}
    else:
        if _is_fitted(estimators) and len(options) > 1:
            raise BuildError(
                f"One fitted {type(estimators).__name__} was given for {len(options)} options. Pass one per "
                "option as a mapping, or an unfitted one, which is cloned for each."
            )
        given = dict.fromkeys(options, estimators)
    fitted = {}
    for option, estimator in given.items():
        if not hasattr(estimator, "fit"):
            raise BuildError(f"{type(estimator).__name__} for {option!r} has no fit; a classifier has one.")
        if not _is_fitted(estimator):
            rows, y = class_rows(cohort, options) if exclusive else outcome_rows(cohort, option)
            estimator = _fit(estimator, cohort.X.to_numpy(dtype=np.float64)[rows], y, option)
        # Some know only once they are fitted whether they can give probabilities.
        if not hasattr(estimator, "predict_proba"):
            raise BuildError(
                f"{type(estimator).__name__} for {option!r} has no predict_proba, so it gives no probabilities. "
                "Put it into sklearn.calibration.CalibratedClassifierCV."
            )
        expected = list(range(len(options))) if exclusive else [0, 1]
        classes = [
            int(c) if isinstance(c, (bool, float)) else c for c in np.asarray(estimator.classes_).tolist()
        ]
        if classes != expected:
            raise BuildError(
                f"The classifier for {option!r} was fitted on the classes {classes}; expected {expected} "
                f"({'positions of the options' if exclusive else '1 = responded'})."
            )
        fitted[option] = estimator
    return fitted


def outcome_rows(cohort: Cohort, option: str) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Positions of the patients who had the option, and their outcomes 0 or 1."""
    y = cohort.y[option].to_numpy(dtype=np.float64)
    rows = np.flatnonzero(~np.isnan(y))
    return rows, y[rows].astype(np.intp)


def class_rows(cohort: Cohort, options: tuple[str, ...]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Positions of the patients with a known class, and the position of that class among the options."""
    y = cohort.y[list(options)].to_numpy(dtype=np.float64)
    rows = np.flatnonzero(~np.isnan(y).any(axis=1))
    if (y[rows].sum(axis=1) != 1).any():
        raise BuildError(
            "Exclusive classes need exactly one 1 among the options of every patient with outcomes."
        )
    return rows, y[rows].argmax(axis=1)


def _folds(y: NDArray[np.intp], folds: int, seed: int) -> Any:
    from sklearn.model_selection import StratifiedKFold

    return StratifiedKFold(folds, shuffle=True, random_state=seed).split(np.zeros((len(y), 1)), y)


def out_of_fold_margins(
    fitted: Mapping[str, Any], cohort: Cohort, unit: str, *, folds: int, seed: int
) -> pd.DataFrame:
    """Margins (n, k) of each patient by models that did not see them; NaN where the option was never tried."""
    X = cohort.X.to_numpy(dtype=np.float64)
    margins = np.full((len(X), len(fitted)), np.nan)
    for j, (option, estimator) in enumerate(fitted.items()):
        rows, y = outcome_rows(cohort, option)
        for kept, held in _folds(y, folds, seed):
            fold = _fit_like(estimator, cohort, rows[kept], y[kept], option)
            model = MarginModel({option: fold}, unit, cohort.schema.columns)
            margins[rows[held], j] = model(X[rows[held]])[:, 0]
    return pd.DataFrame(margins, index=cohort.X.index, columns=list(fitted))


def out_of_fold_class_margins(
    estimator: Any, cohort: Cohort, options: tuple[str, ...], *, folds: int, seed: int
) -> pd.DataFrame:
    """Class margins (n, k) of each patient by models that did not see them; NaN without a known class."""
    X = cohort.X.to_numpy(dtype=np.float64)
    rows, y = class_rows(cohort, options)
    margins = np.full((len(X), len(options)), np.nan)
    for kept, held in _folds(y, folds, seed):
        fold = _fit_like(estimator, cohort, rows[kept], y[kept], "all options")
        margins[rows[held]] = MarginModel({"": fold}, "log-odds", cohort.schema.columns, exclusive=True)(
            X[rows[held]]
        )
    return pd.DataFrame(margins, index=cohort.X.index, columns=list(options))


def _fit_like(
    estimator: Any, cohort: Cohort, rows: NDArray[np.intp], y: NDArray[np.intp], option: str
) -> Any:
    return refit(estimator, cohort.X, rows, y, option)


def refit(
    estimator: Any,
    X: pd.DataFrame,
    rows: NDArray[np.intp],
    y: NDArray[np.intp],
    option: str,
    *,
    seed: int | None = None,
) -> Any:
    """A fresh copy of a fitted estimator, trained on other patients with the same settings.

    Parameters
    ----------
    X : DataFrame (n, c)
    rows : array (m,) of int
        Positions of the patients to train on; a patient may be named more than once.
    y : array (m,) of int
        Their outcomes.
    option : str
        For the message of a fit that fails.
    seed : int, optional
        For estimators that draw while they are trained; left out, they draw as they did.

    Raises
    ------
    BuildError
        If the estimator cannot be trained on these patients.
    """
    from sklearn.base import clone

    # An estimator fitted on a named table selects columns by name; its clones need the names as well.
    named = hasattr(estimator, "feature_names_in_")
    chosen = X.iloc[rows] if named else X.to_numpy(dtype=np.float64)[rows]
    if seed is not None:
        estimator = clone(estimator)
        drawing = [n for n in estimator.get_params() if n.rpartition("__")[2] == "random_state"]
        estimator.set_params(**dict.fromkeys(drawing, seed))
    return _fit(estimator, chosen, y, option)


def draw_background(cohort: Cohort, *, size: int, seed: int) -> tuple[NDArray[np.float64], str]:
    """Training rows drawn by tumour type in proportion, seeded, and the words that name them."""
    rng = np.random.default_rng(seed)
    n, by_tumour = len(cohort), "tumour" in cohort.groups
    size = min(size, n)
    if not by_tumour:
        chosen = rng.choice(n, size, replace=False)
    else:
        tumour = cohort.groups["tumour"].astype(object).fillna("not recorded").to_numpy(dtype=object)
        order = np.lexsort((rng.random(n), tumour.astype(str)))
        # Every (n / size)-th patient of the list sorted by tumour: shares are kept to within one patient.
        chosen = order[np.floor((np.arange(size) + 0.5) * n / size).astype(np.intp)]
    rows = cohort.X.to_numpy(dtype=np.float64)[np.sort(chosen)]
    how = "drawn by tumour type" if by_tumour else "drawn at random"
    return rows, f"{size} training patients, {how}"


def missing_values_words(fitted: Mapping[str, Any], cohort: Cohort) -> str:
    """What the models do with an unknown input, in words for every page."""
    imputers = sorted(
        {
            type(step).__name__
            for e in fitted.values()
            for step in ([s for _, s in e.steps] if hasattr(e, "steps") else [e])
            if "Imputer" in type(step).__name__
        }
    )
    if imputers:
        return (
            f"Unknown inputs are filled in before the model sees them ({', '.join(imputers)}): "
            f"{'a gene that was not assayed' if cohort.schema.genes else 'an unknown value'} counts as a guess, "
            "not as unknown."
        )
    by_schema = [f.label for f in cohort.schema.features if f.missing == "impute"]
    if by_schema:
        return f"Unknown values of {', '.join(by_schema)} are filled in with a fixed value; others are seen as unknown."
    return "The model takes unknown inputs as unknown."
