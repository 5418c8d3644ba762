"""Logistic regression of a few columns with its covariance, finite where outcomes are separated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from explainers.audit.errors import AuditError

__all__ = ["LogisticFit", "by_patient", "logistic"]

FloatVector = NDArray[np.float64]
FloatMatrix = NDArray[np.float64]

_MOST_STEPS = 200
_LARGEST_STEP = 5.0
_DONE = 1e-8
_MOST_HALVINGS = 20
_FURTHEST = 100.0  # log-odds: a plain fit that goes there is separated


@dataclass(frozen=True, eq=False, slots=True)
class LogisticFit:
    """Coefficients of a logistic regression on the log-odds scale.

    Parameters
    ----------
    coefficients : array (c,)
    covariance : array (c, c)
        Inverse of the information at the coefficients.
    probability : array (n,)
        Fitted, of every row.
    """

    coefficients: FloatVector
    covariance: FloatMatrix
    probability: FloatVector

    def error(self, j: int) -> float:
        """Standard error of one coefficient."""
        return float(np.sqrt(self.covariance[j, j]))

    def combined(self, weights: FloatVector) -> tuple[float, float]:
        """A weighted sum of the coefficients, and its standard error."""
        return float(weights @ self.coefficients), float(np.sqrt(weights @ self.covariance @ weights))


def logistic(
    X: FloatMatrix, y: FloatVector, *, firth: bool = True, start: Sequence[float] | None = None
) -> LogisticFit:
    """Fit ``logit P(y = 1) = X @ coefficients`` by Newton's method.

    Parameters
    ----------
    X : array (n, c)
        With a column of ones where an intercept is wanted.
    y : array (n,), values in {0, 1}
    firth : bool
        Firth's penalty: removes the first-order bias and keeps coefficients finite where a column separates the
        outcomes. False: plain maximum likelihood.
    start : sequence of c numbers, optional
        Where Newton's method begins; the answer does not depend on it.

    Raises
    ------
    AuditError
        If columns cannot be told apart, or the fit does not settle (plain likelihood under separation).

    References
    ----------
    .. [1] Firth (1993), Biometrika 80(1); Heinze & Schemper (2002), Statistics in Medicine 21(16).

    Examples
    --------
    >>> y = np.array([0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 1.0])
    >>> group = np.repeat([0.0, 1.0], 4)
    >>> fit = logistic(np.column_stack([np.ones(8), group]), y, firth=False)
    >>> [round(float(c), 4) for c in fit.coefficients]  # log-odds 1/3, and log odds ratio 9
    [-1.0986, 2.1972]
    """
    X, y = np.asarray(X, dtype=np.float64), np.asarray(y, dtype=np.float64)
    scaled = X / np.maximum(np.sqrt((X**2).sum(axis=0)), 1e-300)
    if np.linalg.matrix_rank(scaled.T @ scaled, tol=1e-10, hermitian=True) < X.shape[1]:
        raise AuditError(
            f"{X.shape[1]} columns hold the same information twice; none of their effects can be told apart."
        )
    coefficients = np.zeros(X.shape[1]) if start is None else np.array(start, dtype=np.float64)
    reached = _likelihood(X, y, coefficients, firth)
    for _ in range(_MOST_STEPS):
        p = expit(X @ coefficients)
        w = p * (1 - p)
        try:
            inverse = np.linalg.inv(X.T @ (w[:, None] * X))
        except np.linalg.LinAlgError:
            break
        residual = y - p
        if firth:
            leverage = w * ((X @ inverse) * X).sum(axis=1)
            residual = residual + leverage * (0.5 - p)
        step = inverse @ (X.T @ residual)
        largest = float(np.abs(step).max())
        if not np.isfinite(largest) or (not firth and np.abs(X @ coefficients).max() > _FURTHEST):
            break
        if largest < _DONE:
            return LogisticFit(coefficients, inverse, p)
        step *= min(1.0, _LARGEST_STEP / largest)
        for _ in range(_MOST_HALVINGS):
            tried = _likelihood(X, y, coefficients + step, firth)
            if tried >= reached:
                break
            step = step / 2
        else:
            # No step in the best direction helps any more: the top, as far as the numbers can tell.
            return LogisticFit(coefficients, inverse, p)
        coefficients, reached = coefficients + step, tried
    raise AuditError(
        f"The logistic regression of {len(y)} patients did not settle: a column separates the outcomes."
    )


def by_patient(X: FloatMatrix, y: FloatVector, fit: LogisticFit, patient: NDArray[np.intp]) -> FloatMatrix:
    """Covariance of the coefficients that counts patients, not rows, where a patient stands in several rows, (c, c).

    Parameters
    ----------
    patient : array (n,) of int from 0
        Whose row each is.

    References
    ----------
    .. [1] Liang & Zeger (1986), Biometrika 73(1).
    """
    n_patients = int(patient.max()) + 1
    order = np.argsort(patient, kind="stable")
    first = np.flatnonzero(np.diff(patient[order], prepend=-1))
    each = np.add.reduceat((X * (y - fit.probability)[:, None])[order], first, axis=0)
    spread: FloatMatrix = fit.covariance @ (each.T @ each) @ fit.covariance
    return spread * n_patients / (n_patients - 1)


def _likelihood(X: FloatMatrix, y: FloatVector, coefficients: FloatVector, firth: bool) -> float:
    """Log-likelihood, with half the log-determinant of the information added where it is penalised."""
    eta = X @ coefficients
    value = float(y @ eta - np.logaddexp(0, eta).sum())
    if not firth:
        return value
    p = expit(eta)
    sign, determinant = np.linalg.slogdet(X.T @ ((p * (1 - p))[:, None] * X))
    return value + 0.5 * float(determinant) if sign > 0 else -np.inf
