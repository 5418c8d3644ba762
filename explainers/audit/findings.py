"""What an audit means, in plain words: may the numbers be believed, option by option and as a whole."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from explainers.audit.family import FAMILY_LEVEL, critical, errors_from, widened
from explainers.audit.net_benefit import SENSIBLE, DecisionCurve
from explainers.audit.overview import Audit, OptionAudit
from explainers.audit.tables import AuditRow
from oncology.counts import SMALLEST_COUNT, shown
from oncology.wording import Wording, wording

__all__ = [
    "VERDICTS",
    "Finding",
    "Overall",
    "Verdict",
    "family_words",
    "finding",
    "findings",
    "judged",
    "overall",
    "utility",
    "utility_words",
]

Verdict = Literal["holds", "ranks only", "no signal", "too few", "no probability"]
# In the order of the page; the words stand in the table.
VERDICTS: dict[Verdict, str] = {
    "holds": "no fault found",
    "ranks only": "ranks, but the number is not a probability",
    "no signal": "not shown to beat chance",
    "no probability": "output is no probability",
    "too few": "too few patients to tell",
}
# With fewer of either outcome every interval is too wide to find anything.
FEWEST_OF_EACH = 10
RANKS_WELL = 0.70
# Differences smaller than these are no fault, however surely they are known.
_SAME_MEAN, _SAME_SLOPE = 0.02, 0.10


@dataclass(frozen=True, slots=True)
class Finding:
    """One option's verdict.

    Parameters
    ----------
    verdict : key of `VERDICTS`
    words : str
        One or two whole sentences for a reader without statistics.
    short : str
        The finding without the option's name: "it says 47, 29 respond".
    """

    option: str
    label: str
    verdict: Verdict
    words: str
    short: str


@dataclass(frozen=True, slots=True)
class Overall:
    """The answer to the page's question.

    Parameters
    ----------
    answer : str
        The first line, in bold.
    details : tuple of str
        What it rests on, and what it does not cover.
    """

    answer: str
    details: tuple[str, ...]


def findings(audit: Audit) -> tuple[Finding, ...]:
    """A finding for every option, in their order."""
    return tuple(finding(o, audit) for o in audit.options)


def finding(option: OptionAudit, audit: Audit) -> Finding:
    """The verdict on one option.

    A deviation counts where it is large enough to matter (mean off by 2 of 100, slope by 0.1) and its interval, widened
    for the number of options (Bonferroni, `FAMILY_LEVEL` over all of them), leaves out what a probability would show. A
    ranking counts where the AUC's interval, widened likewise, leaves out chance.
    """
    said = wording(audit.setting)  # type: ignore[arg-type]
    number, label = audit.number, option.label
    fewest = min(option.n_events, option.n - option.n_events)

    def made(verdict: Verdict, short: str, more: str = "") -> Finding:
        sentence = f"{label}: {short}."
        return Finding(option.option, label, verdict, f"{sentence} {more}".strip(), short)

    if fewest < FEWEST_OF_EACH:
        return made("too few", _too_few(option, said))
    n_options = judged(audit)
    low, high = _auc_ends(option, n_options)
    pairs = _pairs(option, n_options)
    if option.fault:
        ranks = (
            "It does rank patients" if low > 0.5 else "Nor is it shown to rank patients better than chance"
        )
        return made("no probability", f"{option.fault}. {ranks}: {pairs}")
    if not low > 0.5:
        if high < 0.5:
            short = f"ranks patients the wrong way round: {pairs}"
            return made("no signal", short, f"Those with a higher number {said.responded} less often.")
        rate = 100 * option.n_events / option.n
        short = f"not shown to be better than chance at telling patients apart: {pairs}"
        more = f"These patients do not show that its number tells more than that {rate:.0f} of 100 {said.responded}."
        return made("no signal", short, more)
    faults = _faults(option, n_options, said)
    well = "ranks well" if option.row("AUC").estimate >= RANKS_WELL else "ranks patients, weakly"
    if faults:
        short = f"{well}, but its number is not a probability: {'; '.join(faults)}"
        return made("ranks only", short, pairs.capitalize() + ".")
    predicted, observed = option.row("mean predicted").estimate, option.row("observed")
    agree = (
        f"{well}, and its number agrees with what was observed: it says {100 * predicted:.0f} of 100 on average, "
        f"{100 * observed.estimate:.0f} {said.responded} ({100 * observed.ci_low:.0f} to {100 * observed.ci_high:.0f})"
    )
    more = (
        f"A score, not meant as a probability; on these {option.n:,} patients no difference was found."
        if number == "score"
        else ""
    )
    return made("holds", agree, more)


def judged(audit: Audit) -> int:
    """Options with a known outcome: the family that false alarms are counted in."""
    return max(1, sum(o.n > 0 for o in audit.options))


def family_words(n_options: int) -> str:
    """How false alarms are kept in check where one looks at many options."""
    if n_options == 1:
        return f"Findings count only what exceeds the interval of {1 - FAMILY_LEVEL:.0%}."
    return (
        f"Findings, and being worth more than the label, count only where they hold for all {n_options} options together: the "
        f"chance of any false one is {FAMILY_LEVEL:.0%} (each interval widened to {critical(n_options):.2f} standard errors, for "
        "the worth by more, since many thresholds are looked at). Intervals in this table are of each option by itself, 95 %."
    )


def _auc_ends(option: OptionAudit, n_options: int) -> tuple[float, float]:
    row = option.row("AUC")
    low, high = widened(row.estimate, row.ci_low, row.ci_high, critical(n_options))
    return max(low, 0.0), min(high, 1.0)


def _pairs(option: OptionAudit, n_options: int) -> str:
    auc = option.row("AUC")
    if not math.isfinite(auc.ci_low):
        return f"in {auc.estimate:.0%} of pairs the responder has the higher number"
    low, high = _auc_ends(option, n_options)
    together = (
        f"for all {n_options} options together" if n_options > 1 else f"{1 - FAMILY_LEVEL:.0%} interval"
    )
    return f"in {auc.estimate:.0%} of pairs the responder has the higher number ({low:.0%} to {high:.0%}; {together}; chance is 50 %)"


def _too_few(option: OptionAudit, said: Wording) -> str:
    if not option.n:
        return "no patient with a known outcome, so nothing can be said"
    if shown(option.n) is None:
        return f"fewer than {SMALLEST_COUNT} patients, too few to say anything"
    if option.n_events in (0, option.n):
        who = "nobody" if not option.n_events else "everybody"
        return f"{who} of {option.n:,} {said.responded}, so nothing can be told apart"
    events = shown(option.n_events, of=option.n)
    count = f"{events:,} of {option.n:,} {said.responded}" if events is not None else f"{option.n:,} patients"
    return f"{count}: too few of one outcome to tell whether the number holds"


def _faults(option: OptionAudit, n_options: int, said: Wording) -> list[str]:
    limit = critical(2 * n_options)  # two questions an option
    predicted, observed = option.row("mean predicted").estimate, option.row("observed").estimate
    large, slope = option.row("calibration in the large"), option.row("calibration slope")
    found = []
    if abs(predicted - observed) >= _SAME_MEAN and abs(_errors(large, 0.0)) > limit:
        found.append(
            f"it says {100 * predicted:.0f}, {100 * observed:.0f} {said.responded.replace('responded', 'respond')}"
        )
    if abs(slope.estimate - 1) >= _SAME_SLOPE and abs(_errors(slope, 1.0)) > limit:
        how = (
            "its high numbers are too high and its low ones too low"
            if slope.estimate < 1
            else "its high numbers are too low and its low ones too high"
        )
        found.append(f"{how} (slope {slope.words()})")
    return found


def _errors(row: AuditRow, value: float) -> float:
    return errors_from(row.estimate, row.ci_low, row.ci_high, value)


def overall(audit: Audit) -> Overall:
    """May this model's numbers be believed, and for whom?"""
    found = tuple(
        f for f, o in zip(findings(audit), audit.options, strict=True) if o.n or len(audit.options) == 1
    )
    without = len(audit.options) - len(found)
    by = {v: [f for f in found if f.verdict == v] for v in VERDICTS}
    k, number = len(found), audit.number
    if not k:
        answer = "Nothing can be said: no patient of this cohort has an outcome of any option."
    elif k == 1:
        answer = found[0].words
    elif len(by["holds"]) == k:
        answer = f"On average, as far as these patients can tell, yes: no fault was found in any of the {k} options."
    elif not by["holds"]:
        answer = f"Not shown: for none of the {k} options could the numbers be confirmed on these patients."
    else:
        answer = (
            f"Partly: no fault was found for {len(by['holds'])} of {k} options; for the others, see below."
        )
    details = [audit.warning] if audit.warning else []
    if audit.warning:
        answer = f"No test of the model: it has most likely seen these patients. {answer}"
    details += [w for v in _ACCUSED for w in _accused(by[v], v)] if k > 1 else []
    if by["too few"] and k > 1:
        details.append(f"Too few patients to tell: {', '.join(f.label for f in by['too few'])}.")
    if 0 < len(by["holds"]) < k:
        details.append(f"No fault found: {', '.join(f.label for f in by['holds'])}.")
    if without:
        details.append(f"{without} of {len(audit.options)} options have no outcome in this cohort.")
    if audit.is_external:
        details.append(
            f"Held against {audit.name}: {audit.n_patients:,} patients, predicted by the model as it stands."
        )
    else:
        details.append(
            f"Held against the {audit.n_patients:,} patients it was made from, each predicted by a model that had not seen "
            "them. That says nothing of another hospital: not externally validated."
        )
    if number == "score":
        details.append(
            "Its number is a score: published to rank patients, never to be read as a probability."
        )
    return Overall(answer, tuple(details))


# Verdicts that a first screen names option by option, with what they have in common.
_ACCUSED: dict[Verdict, str] = {
    "ranks only": "Rank patients, but their numbers are not probabilities",
    "no probability": "Give numbers that are no probabilities",
    "no signal": "Not shown to be better than chance at telling patients apart",
}
_MOST_IN_FULL = 3


def _accused(found: list[Finding], verdict: Verdict) -> list[str]:
    """The findings in full where they are few, else the options in one sentence."""
    if len(found) <= _MOST_IN_FULL:
        return [f.words for f in found]
    return [f"{_ACCUSED[verdict]}: {', '.join(f.label for f in found)}."]


def utility(
    curve: DecisionCurve, n_options: int, low: float = SENSIBLE[0], high: float = SENSIBLE[1]
) -> Literal["above", "partly", "not shown", "below", "unknown"]:
    """Whether the model's net benefit lies above that of the label alone, over a range of thresholds.

    "above": everywhere, with intervals that leave out zero. "partly": somewhere. "below": nowhere above, and
    somewhere surely below. "not shown": no interval leaves out zero. "unknown": no label, or no curve.

    Parameters
    ----------
    n_options : int
        Options that are looked at: intervals are widened for all of them, and for the thresholds.
    """
    places = curve.within(low, high)
    if not curve.label or not places:
        return "unknown"
    surely, lost = _surely(curve, places, n_options)
    if len(surely) == len(places):
        return "above"
    if surely:
        return "partly"
    return "below" if lost else "not shown"


def _surely(curve: DecisionCurve, places: list[int], n_options: int) -> tuple[list[int], list[int]]:
    """Positions at which the model is surely above the label, and surely below it."""
    limit = critical(n_options * curve.n_apart)
    ends = {
        i: widened(curve.over_label[i], curve.over_label_low[i], curve.over_label_high[i], limit)
        for i in places
    }
    return [i for i in places if ends[i][0] > 0], [i for i in places if ends[i][1] < 0]


def utility_words(
    option: OptionAudit, n_options: int, low: float = SENSIBLE[0], high: float = SENSIBLE[1]
) -> str:
    """The banner's sentence on one option; empty where the model is above the label throughout, or none is known."""
    curve = option.decision
    state = utility(curve, n_options, low, high)
    if state in ("above", "unknown"):
        return ""
    places = curve.within(low, high)
    surely, lost = _surely(curve, places, n_options)
    rule = f"“{curve.label_words}” alone" if curve.label_is_known else f"the stand-in “{curve.label_words}”"
    best = max(places, key=lambda i: curve.over_label[i])
    most = f"at most {100 * curve.over_label[best]:.1f} responses per 100 patients, at {100 * curve.thresholds[best]:.0f} of 100"
    span = f"between {100 * low:.0f} and {100 * high:.0f} of 100"
    family = (
        f" Judged for all {n_options} options together: {FAMILY_LEVEL:.0%} for any false word."
        if n_options > 1
        else ""
    )
    if state == "partly":
        where = _spans([curve.thresholds[i] for i in surely])
        less = f" At {_spans([curve.thresholds[i] for i in lost])} of 100 it is worth less." if lost else ""
        return (
            f"{option.label}: worth more than {rule} only at thresholds of {where} of 100; elsewhere {span} that is not "
            f"shown.{less}{family}"
        )
    if state == "below":
        return f"{option.label}: worth less than {rule} at some thresholds {span}, and nowhere shown to be worth more.{family}"
    if curve.over_label[best] <= 0:
        return f"{option.label}: nowhere {span} worth more than {rule}."
    return f"{option.label}: not shown to be worth more than {rule} {span} ({most}, which may be chance).{family}"


def _spans(thresholds: list[float]) -> str:
    """Thresholds per 100 as runs: "5 to 12, 30"."""
    points = [round(100 * t) for t in thresholds]
    runs: list[list[int]] = []
    for point in points:
        if runs and point == runs[-1][-1] + 1:
            runs[-1].append(point)
        else:
            runs.append([point])
    return ", ".join(str(r[0]) if len(r) == 1 else f"{r[0]} to {r[-1]}" for r in runs)
