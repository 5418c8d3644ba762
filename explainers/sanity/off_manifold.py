"""Does a model follow another rule for made-up patients than for real ones?

LIME, Shapley values and permutation importance ask a model about patients that nobody is: values mixed from several. A
model can be built to notice this and to answer by a harmless rule then (Slack et al. 2020). The probe learns the rule the
model follows on made-up patients and tries it on real ones; an honest model's rule carries over.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from explainers.explanation import FloatMatrix, FloatVector
from explainers.neighbours import NoCohortError
from explainers.players import option_margin

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["OffManifold", "made_up_rows", "probe"]

N_TWINS = 19
MOST_REAL, N_MADE_UP = 2000, 4000
ALARM = 0.05
# An alarm takes a loss of this share of what can be learnt from real patients, however narrow the twins lie.
LEAST_LOSS = 0.25


@dataclass(frozen=True, eq=False, slots=True)
class OffManifold:
    """What the probe found for one option.

    Parameters
    ----------
    within : float
        Share of the model's answers on real patients (R²) that a rule learnt from other real patients explains.
    carried : float
        The same of a rule learnt from made-up patients.
    twins : array (t,)
        `loss` of honest models that say the same as this one on real patients.
    p_value : float
        Share of the twins, this model counted in, that lose as much.
    """

    option: str
    label: str
    within: float
    carried: float
    twins: FloatVector
    p_value: float
    n_real: int
    n_made_up: int
    seed: int

    @property
    def loss(self) -> float:
        """What is lost when the rule is learnt from made-up patients, in R²."""
        return self.within - self.carried

    @property
    def verdict(self) -> Literal["one rule", "another rule", "cannot be told"]:
        """Whether made-up patients are answered by the rule for real ones."""
        # Stopped before there were twins enough, no model could be told from them.
        if self.within < 0.3 or 1 / (1 + len(self.twins)) > ALARM:
            return "cannot be told"
        alarm = self.p_value <= ALARM and self.loss > LEAST_LOSS * self.within
        return "another rule" if alarm else "one rule"

    def words(self) -> str:
        """The finding in plain sentences."""
        share = f"{100 * max(self.carried, 0):.0f} % of what it says of real patients ({100 * self.within:.0f} % if learnt from real ones"
        twins = f"honest models that say the same lose {100 * np.median(self.twins):.0f} points, at most {100 * self.twins.max():.0f})"
        said = f"{self.label}: the rule this model follows on made-up patients explains {share}; {twins}."
        if self.verdict == "another rule":
            return (
                f"{said} It answers made-up patients by another rule than real ones. LIME, Shapley values and permutation "
                "importance ask about made-up patients, so they do not show what this model does to real ones."
            )
        if self.verdict == "cannot be told" and self.within >= 0.3:
            return f"{said} {len(self.twins)} such models are too few to tell; {N_TWINS} are needed."
        if self.verdict == "cannot be told":
            return f"{said} Too little of the model's answers can be learnt at all to tell."
        return f"{said} No sign that it treats made-up patients differently."


def made_up_rows(
    X: FloatMatrix,
    feature_of_column: NDArray[np.intp],
    n: int,
    rng: np.random.Generator,
    *,
    least: float = 0.5,
) -> FloatMatrix:
    """Patients that nobody is, (n, c): a share of a patient's inputs, `least` or more, are each another patient's.

    Columns of one feature travel together, so that every single value is one that was seen.
    """
    p = int(feature_of_column[-1]) + 1
    own = rng.integers(0, len(X), n)
    other = rng.integers(0, len(X), (n, p))
    swapped = rng.random((n, p)) < rng.uniform(least, 1.0, (n, 1))
    source = np.where(swapped, other, own[:, None])[:, feature_of_column]
    return np.asarray(X[source, np.arange(X.shape[1])])


def probe(
    bundle: ModelBundle,
    option: str,
    *,
    n_twins: int = N_TWINS,
    most_real: int = MOST_REAL,
    n_made_up: int = N_MADE_UP,
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> OffManifold:
    """Compare the rule learnt from made-up patients with the rule learnt from real ones.

    Parameters
    ----------
    n_twins : int
        Honest models fitted to this model's answers on real patients; they give the null distribution.
    most_real, n_made_up : int
        Training patients used, and patients made up of them.
    stop : function, optional
        Asked between twins; on True the answer stands on the twins there are.

    Raises
    ------
    NoCohortError
        If the bundle ships no training patients.

    Notes
    -----
    Answers are compared as probabilities. Twins and students are gradient boosted regressions; a twin is fitted to
    patients drawn again. Slack et al. (2020), Fooling LIME and SHAP, AIES.
    """
    if bundle.training is None or bundle.formula is not None:
        raise NoCohortError(str(bundle.manifest.title), bundle.formula is not None)
    option = bundle.options[bundle.option_index(option)]
    rng = np.random.default_rng(seed)
    everyone = np.asarray(bundle.training.X, dtype=np.float64)
    X = everyone[rng.permutation(len(everyone))[:most_real]]
    made_up = made_up_rows(X, bundle.schema.feature_of_column, n_made_up, rng)
    held = np.arange(len(X)) % 2 == 0

    def answers(rows: FloatMatrix) -> FloatVector:
        margin = option_margin(bundle, rows, option)
        return margin if bundle.unit == "probability" else 1 / (1 + np.exp(-np.clip(margin, -30, 30)))

    real, invented = answers(X), answers(made_up)
    within, carried = _carried(X, real, made_up, invented, held, seed)
    twins: list[float] = []
    for t in range(n_twins):
        if twins and stop is not None and stop():
            break
        drawn = rng.integers(0, len(X), len(X))
        twin = _regression(X[drawn], real[drawn], seed=t)
        own, other = _carried(X, twin.predict(X), made_up, twin.predict(made_up), held, seed)
        twins.append(own - other)
        if progress is not None:
            progress((t + 1) / n_twins)
    null = np.array(twins)
    p_value = (1 + int((null >= within - carried).sum())) / (1 + len(null))
    return OffManifold(
        option, bundle.label(option), within, carried, null, float(p_value), len(X), n_made_up, seed
    )


def _carried(
    X: FloatMatrix, real: FloatVector, made_up: FloatMatrix, invented: FloatVector, held: NDArray[np.bool_], seed: int
) -> tuple[float, float]:  # fmt: skip
    """R² on held-out real patients of a rule learnt from real ones, and from made-up ones."""
    from_real = _regression(X[~held], real[~held], seed=seed).predict(X[held])
    from_made_up = _regression(made_up, invented, seed=seed).predict(X[held])
    return _r2(real[held], from_real), _r2(real[held], from_made_up)


def _r2(true: FloatVector, found: FloatVector) -> float:
    spread = float(((true - true.mean()) ** 2).sum())
    return 1.0 - float(((true - found) ** 2).sum()) / spread if spread > 0 else 0.0


def _regression(X: FloatMatrix, y: FloatVector, *, seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingRegressor

    rows = np.where(np.isnan(X).all(axis=0), 0.0, X)
    return HistGradientBoostingRegressor(
        max_iter=80, max_leaf_nodes=12, learning_rate=0.15, early_stopping=False, random_state=seed
    ).fit(rows, y)
