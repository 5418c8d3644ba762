"""What the tree engine refuses, each with what was found, what was expected and what can be done."""

from __future__ import annotations

from collections.abc import Sequence

from oncology.errors import OncologyError

__all__ = [
    "BackgroundError",
    "ChangeError",
    "ConversionCheckError",
    "FeatureMismatchError",
    "MissingDirectionError",
    "StackError",
    "TreeEngineError",
    "UnconvertibleModelError",
]


class TreeEngineError(OncologyError):
    """Base of everything the tree engine refuses."""


class UnconvertibleModelError(TreeEngineError, TypeError):
    """A model that has no exact tree form here."""

    def __init__(self, model: object, found: str, remedy: str) -> None:
        name = type(model).__name__
        super().__init__(f"{name} cannot be explained exactly as trees: {found}. {remedy}")
        self.model_name, self.found, self.remedy = name, found, remedy


class ConversionCheckError(TreeEngineError, RuntimeError):
    """The converted trees do not give the library's own output."""

    def __init__(self, model: object, difference: float, tolerance: float) -> None:
        super().__init__(
            f"{type(model).__name__} was converted, but its trees miss the library's own output by "
            f"{difference:.3g} (allowed {tolerance:.1g}), so nothing is explained from them. "
            "Check that the library's version is one that Glassboard was tested with, "
            "or explain this model with a model-agnostic method."
        )
        self.difference, self.tolerance = difference, tolerance


class FeatureMismatchError(TreeEngineError, ValueError):
    """Rows or names that do not fit the model's features."""


class MissingDirectionError(TreeEngineError, ValueError):
    """A missing value for a model that has nowhere to send it."""

    def __init__(self, feature: str, n_missing: int) -> None:
        more = f" ({n_missing} missing values in all)" if n_missing > 1 else ""
        super().__init__(
            f"{feature} is missing{more}, and this model has no direction for missing values. "
            "Impute it before predicting, or train a model that takes missing values "
            "(HistGradientBoosting, LightGBM, XGBoost, or a recent scikit-learn forest)."
        )
        self.feature = feature


class BackgroundError(TreeEngineError, ValueError):
    """A background that cannot be compared with."""


class ChangeError(TreeEngineError, ValueError):
    """A change that cannot be made to this row."""


class StackError(TreeEngineError, ValueError):
    """Ensembles that do not fit side by side."""

    def __init__(self, position: int, here: Sequence[str], there: Sequence[str]) -> None:
        differing = [f"{a!r} against {b!r}" for a, b in zip(here, there, strict=False) if a != b][:3]
        detail = ", ".join(differing) or f"{len(here)} against {len(there)} features"
        super().__init__(
            f"Ensemble {position} does not read the same features in the same order as the first: {detail}. "
            "Convert every model with the same feature_names."
        )
