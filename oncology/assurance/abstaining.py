"""What the abstention rule costs and saves, measured on held-out patients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from oncology.assurance.held_out import held_out
from oncology.bundles import ModelBundle, TrainingData
from oncology.counts import count_words, shown
from oncology.recommendations import MIN_SUPPORT
from oncology.uncertainty import COVERAGE

__all__ = ["AbstentionEffect", "abstention_effect"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class AbstentionEffect:
    """Error and coverage with and without the rule, over held-out pairs of a patient and the option they had.

    Parameters
    ----------
    n, n_answered : int
        Pairs, and those the rule lets through: twenty or more training patients of the tumour type had the option.
    coverage : float
        n_answered / n.
    brier_with, brier_without : float
        Mean squared error of the calibrated probability over the answered pairs, and over all.
    brier_abstained : float or None
        Over the pairs left out; None with fewer than five of them.
    low, high : float
        95 % interval of brier_abstained - brier_with; NaN where `brier_abstained` is None.
    named, right, right_for_all : float
        Share of all pairs in which the 90 % conformal set names one outcome; of those the share it names rightly; and
        the share of all pairs in which the likelier outcome came true.
    """

    n: int
    n_answered: int
    coverage: float
    brier_with: float
    brier_without: float
    brier_abstained: float | None
    low: float
    high: float
    named: float
    right: float
    right_for_all: float

    def words(self) -> str:
        """Two sentences."""
        left = self.n - self.n_answered
        rule = f"The model is silent where fewer than {MIN_SUPPORT} training patients of the tumour type had an option. "
        if left == 0:
            return f"{rule}Among {self.n:,} held-out answers that never happened, so its effect cannot be measured here."
        if shown(left) is None:
            return f"{rule}Of {self.n:,} held-out answers it leaves all but a few: too few were left out to tell their own error."
        text = (
            f"{rule}Of {count_words(self.n)} held-out answers it leaves {100 * self.coverage:.1f} %; their mean squared error is "
            f"{self.brier_with:.3f}, without the rule {self.brier_without:.3f}"
        )
        if self.brier_abstained is None:
            return f"{text}. Too few were left out to tell their own error."
        text += f", among the {left:,} left out {self.brier_abstained:.3f}"
        if self.low <= 0 <= self.high:
            return (
                f"{text}: no detectable difference ({self.low:+.3f} to {self.high:+.3f}, 95 %). The rule guards against "
                "what cannot be checked; it does not pick out what was measurably worse."
            )
        gap = f"({self.low:+.3f} to {self.high:+.3f}, 95 %)"
        if self.low > 0:
            return f"{text}, which is larger {gap}."
        return (
            f"{text}, which is smaller {gap}: measured so, the rule does not pick out the worse answers. It guards against "
            "what so few patients cannot check."
        )

    def set_words(self) -> str:
        """How often the conformal set names one outcome, and how often rightly."""
        return (
            f"At {COVERAGE:.0%} coverage the set names a single outcome for {100 * self.named:.0f} of 100 held-out answers, and "
            f"{100 * self.right:.0f} of 100 of these came true; naming the likelier outcome for everybody, "
            f"{100 * self.right_for_all:.0f} of 100 would have."
        )


_MADE: WeakKeyDictionary[TrainingData, AbstentionEffect | None] = WeakKeyDictionary()


def abstention_effect(bundle: ModelBundle) -> AbstentionEffect | None:
    """The effect over all options of a bundle, measured once; None without a cohort or with too few outcomes."""
    training = bundle.training
    if training is None:
        return None
    if training not in _MADE:
        _MADE[training] = _measured(bundle)
    return _MADE[training]


def _measured(bundle: ModelBundle) -> AbstentionEffect | None:
    errors, answered, named, right, likelier = [], [], [], [], []
    typed = any(len(by_tumour) > 1 for by_tumour in bundle.manifest.support.values())
    for option in bundle.options:
        patients = held_out(bundle, option)
        if patients is None or patients.probability is None:
            continue
        errors.append((patients.probability - patients.outcome) ** 2)
        likelier.append((patients.probability >= 0.5) == (patients.outcome == 1))
        sizes = patients.sizes if typed else dict.fromkeys(patients.sizes, len(patients.margin))
        answered.append(
            np.array([(bool(t) and sizes[t] >= MIN_SUPPORT) or not typed for t in patients.tumour])
        )
        for tumour in patients.sizes:
            mine = patients.tumour == tumour
            no, yes = patients.sets(tumour or None).holds(patients.calibrated[mine])
            single = no != yes
            named.append(single)
            right.append((yes == (patients.outcome[mine] == 1))[single])
    if not errors:
        return None
    return _effect(np.concatenate(errors), np.concatenate(answered), named, right, np.concatenate(likelier))


def _effect(
    error: FloatArray,
    answered: NDArray[np.bool_],
    named: Sequence[NDArray[np.bool_]],
    right: Sequence[NDArray[np.bool_]],
    likelier: NDArray[np.bool_],
) -> AbstentionEffect:
    n, kept = len(error), int(answered.sum())
    inside, outside = error[answered], error[~answered]
    apart, low, high = None, float("nan"), float("nan")
    if kept > 1 and len(outside) > 1 and shown(len(outside)) is not None:
        apart = float(outside.mean())
        spread = float(
            np.hypot(inside.std(ddof=1) / np.sqrt(kept), outside.std(ddof=1) / np.sqrt(len(outside)))
        )
        low, high = (apart - float(inside.mean()) + side * 1.96 * spread for side in (-1, 1))
    single, hits = np.concatenate(named), np.concatenate(right)
    return AbstentionEffect(
        n, kept, kept / n, float(inside.mean()) if kept else float("nan"), float(error.mean()), apart, low, high,
        float(single.mean()), float(hits.mean()) if len(hits) else float("nan"), float(likelier.mean()),
    )  # fmt: skip
