"""What kind of model stands behind an option: trees, a sum of single-input terms, or any other."""

from __future__ import annotations

from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from explainers.trees import TreeEnsemble
    from oncology.bundles import ModelBundle

__all__ = ["Family", "estimator_of", "family_of", "rises_or_falls", "tree_form"]

# Model classes by name, so that no library is imported to ask.
_AVERAGING = frozenset(
    {"DecisionTreeClassifier", "ExtraTreeClassifier", "RandomForestClassifier", "ExtraTreesClassifier"}
)
_BOOSTING = frozenset(
    {
        "GradientBoostingClassifier", "HistGradientBoostingClassifier", "XGBClassifier", "XGBRFClassifier",
        "LGBMClassifier",
    }
)  # fmt: skip
_LINEAR = frozenset({"LogisticRegression", "LogisticRegressionCV", "LinearDiscriminantAnalysis"})
# Steps that treat each column on its own, so that a linear model behind them stays a sum over columns.
_COLUMNWISE = frozenset(
    {
        "StandardScaler", "MinMaxScaler", "MaxAbsScaler", "RobustScaler", "SimpleImputer", "QuantileTransformer",
        "PowerTransformer", "KBinsDiscretizer", "SplineTransformer", "Binarizer", "VarianceThreshold",
    }
)  # fmt: skip


# Of these, steps whose output may rise and fall again as the column rises.
_UP_AND_DOWN = frozenset({"KBinsDiscretizer", "SplineTransformer"})


class Family(Enum):
    """How a model's Shapley values can be had."""

    TREES = "trees"
    ADDITIVE = "a sum of single-input terms"
    OTHER = "any other model"


def estimator_of(bundle: ModelBundle, option: str) -> Any:
    """The fitted estimator behind an option; options that exclude each other share one."""
    key = bundle.options[bundle.option_index(option)]
    return bundle.estimators[key] if key in bundle.estimators else next(iter(bundle.estimators.values()))


def family_of(bundle: ModelBundle, option: str) -> Family:
    """The family of an option's estimator, on the scale of the bundle's margin.

    The margin of exclusive classes is a log-probability, that of a forest among boosted models the log-odds of its
    vote: neither is a sum of trees or terms, and both count as any other model.
    """
    if bundle.output_kind == "classes":
        return Family.OTHER
    return _family(estimator_of(bundle, option), bundle.unit)


@lru_cache(maxsize=256)
def _family(estimator: Any, unit: str) -> Family:
    name = type(estimator).__name__
    if name == "Pipeline":
        *before, (_, last) = estimator.steps
        steps = [step for _, step in before if step not in (None, "passthrough")]
        if not steps:
            return _family(last, unit)
        columnwise = all(type(s).__name__ in _COLUMNWISE for s in steps)
        return Family.ADDITIVE if columnwise and _is_linear(last, unit) else Family.OTHER
    if name in _AVERAGING and unit == "probability":
        return Family.TREES
    if name in _BOOSTING and unit == "log-odds" and getattr(estimator, "loss", "log_loss") != "exponential":
        return Family.TREES
    return Family.ADDITIVE if _is_linear(estimator, unit) else Family.OTHER


def rises_or_falls(bundle: ModelBundle) -> bool:
    """Whether every option's margin is a sum of terms of one column each that only rise, or only fall, with it."""
    if any(family_of(bundle, option) != Family.ADDITIVE for option in bundle.options):
        return False
    steps = [
        step for option in bundle.options for _, step in getattr(estimator_of(bundle, option), "steps", [])
    ]
    return not any(type(step).__name__ in _UP_AND_DOWN for step in steps)


def _is_linear(estimator: Any, unit: str) -> bool:
    return type(estimator).__name__ in _LINEAR and unit == "log-odds"


def tree_form(bundle: ModelBundle, option: str) -> TreeEnsemble | None:
    """The exact tree form of an option's model; None where the engine has none for it."""
    return _tree_form(estimator_of(bundle, option), bundle.schema.columns)


@lru_cache(maxsize=256)
def _tree_form(estimator: Any, columns: tuple[str, ...]) -> TreeEnsemble | None:
    from explainers.trees import from_estimator
    from explainers.trees.errors import ConversionCheckError, UnconvertibleModelError

    try:
        return from_estimator(estimator, columns)
    except (UnconvertibleModelError, ConversionCheckError):
        return None
