"""What held-out patients say of an option's number: conformal sets, shares under a bar, and what abstaining costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from oncology.bundles import ModelBundle, TrainingData
from oncology.counts import count_words, rate, shown
from oncology.uncertainty import CalibrationError, OutcomeSets, VennAbers, cross_fitted, wilson
from oncology.vocabulary import tumour_name

__all__ = ["FEWEST_IN_GROUP", "HeldOut", "ShareBelow", "held_out"]

FloatArray = NDArray[np.float64]

# A group's own conformal sets are claimed from this many calibration patients on.
FEWEST_IN_GROUP = 100
# A share of patients under the bar speaks from this many on.
FEWEST_BELOW = 20


@dataclass(frozen=True, slots=True)
class ShareBelow:
    """Of held-out patients whose number lay under a bar, the share without the outcome: negative predictive value.

    Parameters
    ----------
    n : int or None
        Patients under the bar; None where fewer than five.
    value : float or None
        Share of them without the outcome; None where either outcome has fewer than five patients.
    low, high : float or None
        Wilson's 95 % interval; where few had the outcome, `low` is that of four, and `high` is 1. None where so few
        did not have it that they are withheld.
    who : str
        Whose numbers they are, in words.
    bar : float
        The bar, as a probability.
    """

    n: int | None
    value: float | None
    low: float | None
    high: float | None
    who: str
    bar: float

    @property
    def speaks(self) -> bool:
        """Whether there are patients enough to lean on."""
        return self.n is not None and self.n >= FEWEST_BELOW

    @property
    def contradicts(self) -> bool:
        """Whether these patients did surely better than a number under the bar says."""
        if self.n is None or self.n == 0:
            return False
        return self.high is None or self.high < 1 - self.bar

    def words(self, outcome_not: str) -> str:
        """One sentence; `outcome_not` is "did not respond", after a count of patients."""
        bar = f"a number under {100 * self.bar:.0f} of 100"
        if self.n == 0:
            return f"No held-out {self.who} had {bar}."
        if self.n is None:
            return f"Fewer than 5 held-out {self.who} had {bar}."
        if self.low is None or self.high is None:
            return f"Of {self.n:,} held-out {self.who} with {bar}, fewer than 5 {outcome_not}."
        if self.value is None:
            least = f" (at least {100 * self.low:.0f} of 100 {outcome_not}, 95 %)"
            return f"Of {self.n:,} held-out {self.who} with {bar}, all but a few {outcome_not}{least}."
        return (
            f"Of {self.n:,} held-out {self.who} with {bar}, {100 * self.value:.0f} of 100 {outcome_not} "
            f"({100 * self.low:.0f} to {100 * self.high:.0f}, 95 %)."
        )


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Margins and outcomes of the training patients who had an option, by models that did not see them.

    Parameters
    ----------
    margin, calibrated, outcome : arrays (n,)
        Out-of-fold margins, their probabilities by the calibration that the screen shows, and what happened.
    tumour : array (n,) of str, "" where not known
    patient : array (n,) of int, or None
        Whose outcome each is: the same number for all options and samples under one id. None: all are different.
    """

    margin: FloatArray
    calibrated: FloatArray
    outcome: FloatArray
    tumour: NDArray[np.object_]
    had_it: str
    patient: NDArray[np.intp] | None = None

    @cached_property
    def sizes(self) -> Mapping[str, int]:
        """Patients of each tumour type."""
        names, counts = np.unique(self.tumour.astype(str), return_counts=True)
        return dict(zip(names.tolist(), counts.tolist(), strict=True))

    @cached_property
    def venn_abers(self) -> VennAbers:
        """The Venn-Abers table of all of them."""
        return VennAbers.fit(self.margin, self.outcome)

    @cached_property
    def _sets(self) -> dict[str, OutcomeSets]:
        return {}

    def own_group(self, tumour: str | None) -> bool:
        """Whether sets for a tumour type are its own: there are `FEWEST_IN_GROUP` of it or more."""
        return bool(tumour) and self.sizes.get(tumour or "", 0) >= FEWEST_IN_GROUP

    def sets(self, tumour: str | None) -> OutcomeSets:
        """Conformal sets of the tumour type where it is large enough, else of all who had the option."""
        key = tumour if tumour and self.own_group(tumour) else ""
        if key not in self._sets:
            mine = self.tumour == key if key else np.ones(len(self.tumour), dtype=bool)
            self._sets[key] = OutcomeSets.fit(self.calibrated[mine], self.outcome[mine])
        return self._sets[key]

    def sets_basis(self, tumour: str | None) -> str:
        """Whom the coverage holds for, in words."""
        n = self.sets(tumour).n
        if tumour and self.own_group(tumour):
            return f"{n:,} held-out patients with {tumour_name(tumour)} who {self.had_it}"
        words = f"all {n:,} held-out patients who {self.had_it}"
        if len(set(self.sizes) - {""}) < 2:
            return words
        few = count_words(self.sizes.get(tumour or "", 0))
        who = f"with {tumour_name(tumour)}" if tumour else "of a known type"
        return f"{words}, whatever the tumour type ({few} {who}, too few for sets of their own)"

    @cached_property
    def probability(self) -> FloatArray | None:
        """Calibrated probability of each patient without their own outcome, (n,); None with too few of either."""
        try:
            return cross_fitted(self.margin, self.outcome)
        except CalibrationError:
            return None

    @cached_property
    def _below(self) -> dict[tuple[str, float], ShareBelow]:
        return {}

    def below(self, bar: float, tumour: str | None) -> ShareBelow | None:
        """Of those whose number lies under the bar, how many did not have the outcome; by tumour type where large enough.

        None where too few had either outcome to calibrate anybody without themselves.
        """
        if self.probability is None:
            return None
        key = tumour if tumour and self.own_group(tumour) else ""
        if (key, bar) not in self._below:
            self._below[key, bar] = self._counted(self.probability, bar, key)
        return self._below[key, bar]

    def _counted(self, probability: FloatArray, bar: float, key: str) -> ShareBelow:
        who = f"patients{f' with {tumour_name(key)}' if key else ''} who {self.had_it}"
        mine = probability < bar
        if key:
            mine &= self.tumour == key
        n, without = int(mine.sum()), int((1 - self.outcome[mine]).sum())
        if shown(n) is None or n == 0:
            return ShareBelow(shown(n), None, None, None, who, bar)
        value = rate(without, n)
        # Too few responders to be counted on a screen: the interval is then that of the most they could be, four.
        told = without if value is not None else max(n - 4, 0)
        low, high = (float(end) for end in wilson(told, n))
        if value is None and n - without >= 5:
            return ShareBelow(n, None, None, None, who, bar)  # so few did not respond that they are withheld
        return ShareBelow(n, value, low, high if value is not None else 1.0, who, bar)


_HELD: WeakKeyDictionary[TrainingData, dict[str, HeldOut | None]] = WeakKeyDictionary()


def held_out(bundle: ModelBundle, option: str) -> HeldOut | None:
    """The held-out patients of an option, made once for each loaded cohort; None where the bundle ships none."""
    training = bundle.training
    if training is None:
        return None
    made = _HELD.setdefault(training, {})
    if option not in made:
        margin, outcome = (t[option].to_numpy(dtype=np.float64) for t in (training.margins, training.y))
        known = ~np.isnan(margin) & ~np.isnan(outcome)
        rows = training.margins[list(bundle.options)].to_numpy(dtype=np.float64)[known]
        calibrated = bundle.probability(rows)[:, bundle.option_index(option)]
        said = bundle.manifest.words.had_it
        found = HeldOut(
            margin[known],
            calibrated,
            outcome[known],
            training.tumours[known],
            said,
            _patients(training)[known],
        )
        made[option] = found if known.any() else None
    return made[option]


def _patients(training: TrainingData) -> NDArray[np.intp]:
    """A number for each patient id, (n,)."""
    codes: NDArray[np.intp] = np.unique(training.X.index.astype(str), return_inverse=True)[1]
    return codes
