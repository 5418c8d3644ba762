"""Nouns and verbs that differ between a model of treated patients and a model of cells in the laboratory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["SETTINGS", "Setting", "Wording", "wording"]

Setting = Literal["clinic", "laboratory"]
SETTINGS: tuple[Setting, ...] = ("clinic", "laboratory")


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of one setting; phrases that open a sentence are capitalised by whoever opens it.

    Parameters
    ----------
    had_it : what a training patient did with an option: "had it"
    had : the same before the option's name: "had osimertinib"
    responded, did_not_respond : the two outcomes, after "5 of them"
    responders : those with the outcome, as a noun
    unlikely : name of the list of options with a low upper end
    alike : who stands behind "37 of 100"
    treated : head of a column of counts
    banner : one sentence for every screen that shows a number; empty where there is none to say
    """

    had_it: str
    had: str
    responded: str
    did_not_respond: str
    responders: str
    unlikely: str
    alike: str
    treated: str
    banner: str

    @property
    def who(self) -> str:
        """Those whom the model answers about, in the plural: "patients", "samples"."""
        return self.alike.split()[0]


_WORDINGS: dict[Setting, Wording] = {
    "clinic": Wording(
        had_it="had it",
        had="had",
        responded="responded",
        did_not_respond="did not respond",
        responders="responders",
        unlikely="unlikely to help",
        alike="patients like this",
        treated="treated",
        banner="",
    ),
    "laboratory": Wording(
        had_it="were tested with it",
        had="were tested with",
        responded="were among the sensitive",
        did_not_respond="were not among the sensitive",
        responders="the sensitive",
        unlikely="unlikely to be sensitive",
        alike="samples like this",
        treated="tested",
        banner="Measured on cells outside the body: not a response of a patient.",
    ),
}


def wording(setting: Setting) -> Wording:
    """The words of a setting.

    Examples
    --------
    >>> wording("laboratory").had_it
    'were tested with it'
    """
    return _WORDINGS[setting]
