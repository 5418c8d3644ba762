"""The exact tree engine: one form for every tree library, Shapley values, every toggle, every set of changes.

Start with `from_estimator`; the result answers everything as a method of `TreeEnsemble`. Importing this package is
light: the compiled kernels are loaded when they are first needed, or ahead of time by `warm()`.
"""

from pathlib import Path

from explainers.trees.bundles import from_bundle
from explainers.trees.converters import from_estimator
from explainers.trees.ensemble import TreeEnsemble, stack
from explainers.trees.stale import forget_stale_kernels
from explainers.trees.warming import warm

forget_stale_kernels(Path(__file__).parent)

__all__ = ["TreeEnsemble", "from_bundle", "from_estimator", "stack", "warm"]
