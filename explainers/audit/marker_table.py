"""What came out of asking whether a marker is prognostic or predictive: the verdict, rates, odds ratios, and their words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from explainers.audit.marker_rates import MarkerRates, RatePair
from oncology.counts import SMALLEST_COUNT, count_words

__all__ = ["VERDICTS", "MarkerEffects", "OptionEffect", "Verdict"]

Verdict = Literal["prognostic", "predictive", "both", "undecided", "neither seen"]
VERDICTS: dict[Verdict, str] = {
    "prognostic": "goes with response alike whichever option was given",
    "predictive": "goes with response differently under one option than under the others",
    "both": "goes with response under every option, and differently under some",
    "undecided": "goes with response, but these patients cannot tell whether under every option or under one of them only",
    "neither seen": "no effect was found that chance does not explain",
}


@dataclass(frozen=True, slots=True)
class OptionEffect:
    """A marker's effect on the log-odds of response, in patients with an option and in those with another.

    Parameters
    ----------
    n, n_altered : int
        Patients who had the option and whose marker is known; altered among them.
    treated, treated_low, treated_high : float
        Log odds ratio of altered against not altered among those who had the option, 95 % interval.
    others, others_low, others_high : float
        The same among those who had another option (of those that show no interaction).
    interaction, low, high : float
        Treated minus others; the interval holds for all options together.
    is_predictive : bool
    reason : str
        Why there is no estimate; empty where there is one.
    rates : MarkerRates or None
        How many responded with and without the marker, under the option and under others; counted, not adjusted.
    """

    option: str
    label: str
    n: int
    n_altered: int
    treated: float
    treated_low: float
    treated_high: float
    others: float
    others_low: float
    others_high: float
    interaction: float
    low: float
    high: float
    is_predictive: bool
    reason: str = ""
    rates: MarkerRates | None = None

    def words(self, responded: str = "responded") -> str:
        """How many responded in the four cells, then the adjusted odds ratios."""
        if self.reason:
            return f"{self.label}: {self.reason}."
        kind = "differs" if self.is_predictive else "no difference found"
        counted = "" if self.rates is None else f" {self.rates.words(responded)}"
        return (
            f"{self.label}:{counted} Adjusted, the odds of response are x {_times(self.treated)} with the marker "
            f"({_times(self.treated_low)} to {_times(self.treated_high)}); under other options x {_times(self.others)}. Ratio of "
            f"the two {_times(self.interaction)} ({_times(self.low)} to {_times(self.high)}): {kind}."
        )


@dataclass(frozen=True, eq=False, slots=True)
class MarkerEffects:
    """One marker in all options.

    Parameters
    ----------
    common, common_low, common_high : float
        Log odds ratio under the options that show no interaction, 95 % interval.
    options : tuple of OptionEffect
    n, n_altered, n_unknown, n_elsewhere : int
        Patients, not outcomes.
    level : float
        Chance of any false interaction among the options, by Bonferroni.
    rates : RatePair
        How many responded with and without it under the options that show no interaction; counted, not adjusted.
    n_outcomes : int
        More than `n` where patients have outcomes of several options, or several samples.
    responded : str
    """

    marker: str
    label: str
    verdict: Verdict
    common: float
    common_low: float
    common_high: float
    options: tuple[OptionEffect, ...]
    n: int
    n_altered: int
    n_unknown: int
    n_elsewhere: int
    adjusted_for: tuple[str, ...]
    level: float
    rates: RatePair
    n_outcomes: int
    responded: str = "responded"

    @property
    def predictive(self) -> tuple[OptionEffect, ...]:
        """Options under which the marker's effect differs."""
        return tuple(o for o in self.options if o.is_predictive)

    @property
    def words(self) -> tuple[str, ...]:
        """The verdict, what it rests on, and what these patients cannot tell."""
        said = [f"{self.label}: {self.verdict} ({VERDICTS[self.verdict]})."]
        where = "the other options" if self.predictive else "all options together"
        counted = where
        if any(o.rates is not None and o.rates.treated.altered is None for o in self.options):
            counted = f"{where.removesuffix(' together')} whose counts may be shown"
        said.append(f"Counted, without adjustment, under {counted}: {self.rates.words(self.responded)}.")
        if self.verdict in ("prognostic", "both"):
            side = "higher" if self.common > 0 else "lower"
            said.append(
                f"Adjusted, the odds of response with it are {side} under {where}: x {_times(self.common)} "
                f"({_times(self.common_low)} to {_times(self.common_high)})."
            )
        for option in self.predictive:
            said.append(option.words(self.responded))
        tested = [o for o in self.options if not o.reason and not o.is_predictive]
        if tested and self.verdict in ("prognostic", "neither seen"):
            widest = max(tested, key=lambda o: o.high - o.low)
            said.append(
                f"No interaction was found with any of {len(tested)} options; that does not exclude one: for {widest.label} the ratio "
                f"may lie anywhere from {_times(widest.low)} to {_times(widest.high)}."
            )
        if few := [o.label for o in self.options if o.reason]:
            said.append(f"Too few patients to tell for {', '.join(few)}.")
        said.append(self.limits)
        return tuple(said)

    @property
    def limits(self) -> str:
        """What these patients allow one to say."""
        gone = [
            f"{_people(n)} {why}"
            for n, why in (
                (self.n_unknown, "whose marker is not known"),
                (self.n_elsewhere, "with tumours in which it hardly occurs"),
            )
            if n
        ]
        left = f" Left out: {' and '.join(gone)}." if gone else ""
        if self.n_outcomes > self.n:
            what = (
                f"From {self.n_outcomes:,} outcomes of {self.n:,} patients ({self._altered_words()}), several of one "
                "patient, so every interval counts patients and not outcomes; which options each had was not drawn by lot: associations."
            )
        else:
            what = (
                f"From {self._patients_words()} ({self._altered_words()}), each with one option that was chosen for them, not "
                "drawn by lot: associations, no effects of treatment."
            )
        return (
            f"{what}{left} Adjusted for {', '.join(self.adjusted_for)}; not for every alteration that goes together with "
            "this one, nor for what nobody recorded."
        )

    def _patients_words(self) -> str:
        """How many patients; "at least" where the sum would give away the few that an option's row withholds."""
        hidden = sum(o.n for o in self.options if o.n < SMALLEST_COUNT)
        return (
            f"at least {self.n - hidden:,} patients"
            if 0 < hidden < SMALLEST_COUNT
            else f"{self.n:,} patients"
        )

    def _altered_words(self) -> str:
        """How many have the marker; "at least" where the sum would give away the few that one option's row withholds."""
        told = [o.n_altered for o in self.options if _is_told(o)]
        n_hidden = sum(o.n for o in self.options if not _is_told(o))
        altered = self.n_altered - sum(told)
        if self.n_outcomes == self.n and any(0 < m < SMALLEST_COUNT for m in (altered, n_hidden - altered)):
            return f"at least {sum(told):,} altered"
        return f"{count_words(self.n_altered)} altered"

    def rate_rows(self) -> list[dict[str, Any]]:
        """One row an option: how many responded in the four cells, and the differences in points."""
        return [{"option": o.label, **o.rates.row()} for o in self.options if o.rates is not None]

    def rows(self) -> list[dict[str, Any]]:
        """One row an option: odds ratios with their intervals."""
        return [
            {
                "option": o.label, "patients": o.n if o.n >= SMALLEST_COUNT else None,
                "altered": o.n_altered if _is_told(o) else None,
                "odds ratio, treated": _ratio(o.treated), "treated low": _ratio(o.treated_low), "treated high": _ratio(o.treated_high),
                "odds ratio, others": _ratio(o.others), "others low": _ratio(o.others_low), "others high": _ratio(o.others_high),
                "ratio of the two": _ratio(o.interaction), "low": _ratio(o.low), "high": _ratio(o.high),
                "differs": None if o.reason else o.is_predictive, "remark": o.reason,
            }
            for o in self.options
        ]  # fmt: skip


def _is_told(option: OptionEffect) -> bool:
    """Whether neither those with the marker nor those without are so few that their number is withheld."""
    return min(option.n_altered, option.n - option.n_altered) >= SMALLEST_COUNT


def _people(n: int) -> str:
    return f"{n:,} patient{'' if n == 1 else 's'}"


def _times(log_odds_ratio: float) -> str:
    return (
        f"{math.exp(log_odds_ratio):.2g}"
        if math.exp(log_odds_ratio) < 10
        else f"{math.exp(log_odds_ratio):.0f}"
    )


def _ratio(log_odds_ratio: float) -> float | None:
    return None if math.isnan(log_odds_ratio) else round(math.exp(log_odds_ratio), 3)
