"""The general logic of a model in short: a shallow tree and a list of rules that imitate it, with how well they do.

Both are fitted to the model's own answers (not to outcomes) on some patients and judged on others. An imitation that gets
less than 0.8 of the answers' variance, or agrees with the model on fewer than 0.8 of the patients about the threshold, is
not the model's logic, and says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from explainers.explanation import FloatVector, Unit
from explainers.overall.asked_patients import had_option
from explainers.overall.calibrated import probabilities
from explainers.overall.rule_list import Rule, rule_list
from explainers.overall.surrogate_tree import Leaf, Split, surrogate_tree, tree_lines
from explainers.players import CannotExplainError, option_margin
from oncology.counts import count_words

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["Fidelity", "GeneralLogic", "general_logic"]

FAITHFUL = 0.8
_FEWEST = 40  # patients, of whom 30 % are held out


@dataclass(frozen=True, slots=True)
class Fidelity:
    """How well an imitation gives the model's answers, on patients it was not fitted to.

    Parameters
    ----------
    r2 : float
        Share of the variance of the model's margin that it gives.
    agreement : float
        Share of patients whom it puts on the same side of the threshold as the model.
    by_chance : float
        Agreement of somebody who always names the more frequent side.
    n_held_out : int
    """

    r2: float
    agreement: float
    by_chance: float
    n_held_out: int

    @property
    def is_faithful(self) -> bool:
        """Whether both figures reach 0.8."""
        return self.r2 >= FAITHFUL and self.agreement >= FAITHFUL

    @property
    def words(self) -> str:
        """Both figures, and what to make of them."""
        base = (
            f"It gives {100 * self.r2:.0f} % of the variance of the model's answers and agrees on the side of the threshold for "
            f"{100 * self.agreement:.0f} % of {self.n_held_out:,} held-out patients ({100 * self.by_chance:.0f} % by always "
            "naming the more frequent side)."
        )
        if self.is_faithful:
            return base
        return f"Not faithful: {base} Under {100 * FAITHFUL:.0f} % it is not the model's logic and would mislead."


@dataclass(frozen=True, eq=False, slots=True)
class GeneralLogic:
    """A shallow tree and a rule list that imitate one option's model.

    Parameters
    ----------
    tree : Split or Leaf
    tree_fidelity, rules_fidelity : Fidelity
    rules : tuple of Rule
        In order; the last holds for everybody else.
    threshold : float
        Of the margin, in `unit`.
    threshold_words : str
    n_fitted : int
    """

    option: str
    label: str
    tree: Split | Leaf
    tree_fidelity: Fidelity
    rules: tuple[Rule, ...]
    rules_fidelity: Fidelity
    threshold: float
    threshold_words: str
    n_fitted: int
    unit: Unit
    seed: int

    @property
    def small_print(self) -> str:
        """What the two are."""
        return (
            f"Fitted to the model's own answers for {self.n_fitted:,} patients who had {self.label}, not to outcomes; judged on "
            f"other patients. Threshold: {self.threshold_words}. An unknown value fulfils no condition of the list but its own; "
            "the tree sends it where it says so. A short form of the model is not the model: for one patient see Why."
        )

    def rule_rows(self) -> list[dict[str, Any]]:
        """One row a rule."""
        head = (
            "model's answer, of 100"
            if self.rules[0].probability is not None
            else f"model's answer ({self.unit})"
        )
        return [
            {
                "": "if" if i == 0 else "else if" if rule.conditions else "else",
                "rule": rule.words,
                head: round(100 * rule.probability)
                if rule.probability is not None
                else round(rule.answer, 2),
                "patients": count_words(1) if rule.n is None else rule.n,
            }
            for i, rule in enumerate(self.rules)
        ]

    def tree_lines(self) -> list[str]:
        """The tree as indented text, for documents and terminals."""
        return tree_lines(self.tree)


def general_logic(
    bundle: ModelBundle, option: str, *, depth: int = 3, n_rules: int = 6, most: int = 4000, seed: int = 0
) -> GeneralLogic:
    """Imitate one option's model by a tree of `depth` questions and a list of up to `n_rules` rules.

    Parameters
    ----------
    most : int
        Patients who had the option that are used; a 70 % part fits, the rest judges.

    Raises
    ------
    NoCohortError
    CannotExplainError
        For a published formula; for fewer than 40 patients; where the model gives everybody the same answer.
    """
    if bundle.formula is not None:
        raise CannotExplainError("A published formula is its own short form: the table of its weights.")
    option = bundle.options[bundle.option_index(option)]
    X = had_option(bundle, option)
    rng = np.random.default_rng(seed)
    if len(X) < _FEWEST:
        raise CannotExplainError(
            f"{len(X)} patients had {bundle.label(option)}; a short form of the model needs {_FEWEST}, since part of them must "
            "judge it."
        )
    order = rng.permutation(len(X))[:most]
    cut = round(0.7 * len(order))
    fit, judge = X[order[:cut]], X[order[cut:]]
    margin, truth = option_margin(bundle, fit, option), option_margin(bundle, judge, option)
    if np.ptp(margin) < 1e-9 or np.ptp(truth) < 1e-9:
        raise CannotExplainError(
            f"The model gives these patients the same answer on {bundle.label(option)}: there is no logic to shorten."
        )
    threshold, words = _threshold(bundle, option, margin)
    tree, predicted = surrogate_tree(bundle, option, fit, margin, judge, depth, seed)
    rules, by_rules = rule_list(bundle, option, fit, margin, judge, n_rules)
    return GeneralLogic(
        option, bundle.label(option), tree, _fidelity(truth, predicted, threshold), rules,
        _fidelity(truth, by_rules, threshold), threshold, words, len(fit), bundle.unit, seed,
    )  # fmt: skip


def _threshold(bundle: ModelBundle, option: str, margin: FloatVector) -> tuple[float, str]:
    """The margin at which the calibrated probability is the share of responders; the median where that parts nobody."""
    assert bundle.training is not None
    y = np.asarray(bundle.training.y[option], dtype=np.float64)
    share = float(np.nanmean(y))
    probability = probabilities(bundle, option, margin)
    if probability is not None:
        order = np.argsort(probability, kind="stable")
        above = int(np.searchsorted(probability[order], share))
        if 0 < above < len(margin):
            middle = float(margin[order[above - 1]] + margin[order[above]]) / 2
            said = bundle.manifest.words
            return (
                middle,
                f"a probability of {share:.0%}, the share of those who {said.had_it} and {said.responded}",
            )
    return float(np.median(margin)), "the median of the model's answers"


def _fidelity(truth: FloatVector, predicted: FloatVector, threshold: float) -> Fidelity:
    rest, whole = ((truth - predicted) ** 2).sum(), ((truth - truth.mean()) ** 2).sum()
    side = truth >= threshold
    more = float(max(side.mean(), 1 - side.mean()))
    return Fidelity(
        float(1 - rest / whole), float((side == (predicted >= threshold)).mean()), more, len(truth)
    )
