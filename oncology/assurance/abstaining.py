"""What the abstention rule costs and saves, measured on held-out patients."""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from oncology.assurance.held_out import held_out
from oncology.bundles import ModelBundle, TrainingData
from oncology.counts import count_words, rate, shown
from oncology.recommendations import MIN_SUPPORT
from oncology.uncertainty import COVERAGE

__all__ = ["AbstentionEffect", "LeftOut", "abstention_effect"]

FloatArray = NDArray[np.float64]
Flags = NDArray[np.bool_]

_ROUNDS = 1000
# Redraws are worked off in blocks of this many cells.
_CELLS = 2_000_000


@dataclass(frozen=True, slots=True)
class LeftOut:
    """The answers that the rule leaves out, beside those it lets through.

    The squared error of an answer hangs on how many respond at all: where few do it is small whatever is said. So each
    error is held against that of always saying the option's share of responders among all held-out answers.

    Parameters
    ----------
    n, n_patients : int
        Answers, and the patients they belong to.
    brier, low, high : float
        Mean squared error, and the 95 % interval of this minus that of the answered.
    plain, plain_answered : float
        Mean squared error of always saying the option's share, of those left out and of the answered.
    gain, gain_answered : float
        1 - error / error of always saying the option's share; 0 is no better than that, below 0 worse.
    gain_low, gain_high : float
        95 % interval of gain - gain_answered.
    said : float
        Mean probability.
    seen, seen_low, seen_high : float or None
        Share that responded, 95 % interval; None where 1 to 4 patients would be given away.

    Notes
    -----
    All intervals are percentiles of redraws of the patients, each with all their answers.
    """

    n: int
    n_patients: int
    brier: float
    low: float
    high: float
    plain: float
    plain_answered: float
    gain: float
    gain_answered: float
    gain_low: float
    gain_high: float
    said: float
    seen: float | None
    seen_low: float
    seen_high: float

    def words(self, responded: str) -> str:
        """What the error hangs on, the fair measure, and whether what was said held."""
        patients = "" if self.n_patients == self.n else f" of {count_words(self.n_patients)} patients"
        text = (
            f"Among the {self.n:,} left out{patients} the mean squared error is {self.brier:.3f} "
            f"({self.low:+.3f} to {self.high:+.3f} against the answered, 95 %, redrawn patient by patient). That alone says "
            "little: where few respond the error is small whatever is said. Always saying the option's share of responders "
            f"would have {self.plain_answered:.3f} among the answered and {self.plain:.3f} among those left out; the model's "
            f"error is {_less(self.gain_answered)} than that among the answered and {_less(self.gain)} among those left out"
        )
        span = f"({100 * self.gain_low:+.0f} to {100 * self.gain_high:+.0f} points, 95 %)"
        if self.gain_high < 0:
            text += (
                f", a gain smaller by that measure {span}: what the rule leaves out are the worse answers. "
            )
        elif self.gain_low > 0:
            text += f", a gain larger by that measure {span}: the rule does not pick out the worse answers. "
        else:
            text += f": no detectable difference {span}. "
        if self.seen is not None:
            text += (
                f"Left out, it said {100 * self.said:.0f} of 100 on average, and {100 * self.seen:.0f} {responded} "
                f"({100 * self.seen_low:.0f} to {100 * self.seen_high:.0f}). "
            )
        return f"{text}The rule guards against what so few patients cannot check."


def _less(gain: float) -> str:
    share = round(100 * gain)
    return f"{abs(share)} % {'smaller' if share > 0 else 'larger'}" if share else "no smaller"


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
    left_out : LeftOut or None
        The pairs left out; None with fewer than five of them, or of patients.
    named, right, right_for_all : float
        Share of all pairs in which the 90 % conformal set names one outcome; of those the share it names rightly; and
        the share of all pairs in which the likelier outcome came true.
    """

    n: int
    n_answered: int
    coverage: float
    brier_with: float
    brier_without: float
    left_out: LeftOut | None
    named: float
    right: float
    right_for_all: float
    responded: str = "responded"

    def words(self) -> str:
        """The rule, what it leaves, and how those it leaves out compare."""
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
        if self.left_out is None:
            return f"{text}. Too few were left out to tell their own error."
        return f"{text}. {self.left_out.words(self.responded)}"

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
    said, plain, outcomes, patients, answered, named, right, likelier = ([] for _ in range(8))
    typed = any(len(by_tumour) > 1 for by_tumour in bundle.manifest.support.values())
    for option in bundle.options:
        held = held_out(bundle, option)
        if held is None or held.probability is None or held.patient is None:
            continue
        said.append(held.probability)
        plain.append(np.full(len(held.outcome), held.outcome.mean()))
        outcomes.append(held.outcome)
        patients.append(held.patient)
        likelier.append((held.probability >= 0.5) == (held.outcome == 1))
        sizes = held.sizes if typed else dict.fromkeys(held.sizes, len(held.margin))
        answered.append(np.array([(bool(t) and sizes[t] >= MIN_SUPPORT) or not typed for t in held.tumour]))
        for tumour in held.sizes:
            mine = held.tumour == tumour
            no, yes = held.sets(tumour or None).holds(held.calibrated[mine])
            single = no != yes
            named.append(single)
            right.append((yes == (held.outcome[mine] == 1))[single])
    if not said:
        return None
    pairs = _Pairs(*map(np.concatenate, (said, plain, outcomes, patients, answered)))
    single, hits = np.concatenate(named), np.concatenate(right)
    error, kept = pairs.error, pairs.answered
    return AbstentionEffect(
        len(error), int(kept.sum()), float(kept.mean()), float(error[kept].mean()) if kept.any() else float("nan"),
        float(error.mean()), left_out(pairs), float(single.mean()), float(hits.mean()) if len(hits) else float("nan"),
        float(np.concatenate(likelier).mean()), bundle.manifest.words.responded,
    )  # fmt: skip


@dataclass(frozen=True, eq=False, slots=True)
class _Pairs:
    """One row a patient and an option they had, all arrays (n,)."""

    said: FloatArray
    plain: FloatArray
    outcome: FloatArray
    patient: NDArray[np.intp]
    answered: Flags

    @property
    def error(self) -> FloatArray:
        found: FloatArray = (self.said - self.outcome) ** 2
        return found

    def sums(self) -> FloatArray:
        """Per patient and side (answered, left out): pairs, error, plain error, responders; (patients, 8)."""
        parts = (np.ones(len(self.said)), self.error, (self.plain - self.outcome) ** 2, self.outcome)
        at = np.unique(self.patient, return_inverse=True)[1]
        columns = [
            np.bincount(at, weights=part * side, minlength=int(at.max()) + 1)
            for side in (self.answered, ~self.answered)
            for part in parts
        ]
        return np.column_stack(columns)


def left_out(pairs: _Pairs) -> LeftOut | None:
    """What those left out look like beside the answered; None where either are too few to tell."""
    out = ~pairs.answered
    n, n_patients = int(out.sum()), len(np.unique(pairs.patient[out]))
    if n < 2 or pairs.answered.sum() < 2 or shown(n) is None or shown(n_patients) is None:
        return None
    sums = pairs.sums()
    whole = _figures(sums.sum(axis=0)[None])[0]
    low, high = np.nanpercentile(_figures(_redrawn(sums)), [2.5, 97.5], axis=0)
    seen = rate(int(pairs.outcome[out].sum()), n)
    return LeftOut(
        n, n_patients, whole[0], low[1], high[1], whole[2], whole[3], whole[4], whole[5], low[6], high[6],
        float(pairs.said[out].mean()), seen, low[7], high[7],
    )  # fmt: skip


def _figures(sums: FloatArray) -> FloatArray:
    """Error left out, that minus the answered, plain left out, plain answered, both gains, their difference, share seen; (b, 8)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        n, error, plain, hits = (sums[:, [4 + i, i]] for i in range(4))
        mean, naive, gain = error / n, plain / n, 1 - error / plain
        return np.column_stack(
            [mean[:, 0], mean[:, 0] - mean[:, 1], naive, gain, gain[:, 0] - gain[:, 1], hits[:, 0] / n[:, 0]]
        )


def _redrawn(sums: FloatArray) -> FloatArray:
    """The sums over redraws of the patients, (rounds, 8)."""
    n = len(sums)
    rng = np.random.default_rng([0, n])
    block = max(1, _CELLS // n)
    found = []
    for start in range(0, _ROUNDS, block):
        rounds = min(block, _ROUNDS - start)
        drawn = rng.integers(0, n, (rounds, n)) + n * np.arange(rounds)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=rounds * n).reshape(rounds, n)
        found.append(counts.astype(np.float64) @ sums)
    return np.concatenate(found)
