"""The same explanation in words at three depths: plain, clinical, technical. The numbers are the same in each.

Every sentence comes from a template below. None says that an input does anything to a patient: an input adds to the model's
answer, or takes away from it. The plain ones stay at a reading grade of 9 or lower (tests/explainers/test_three_depths.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from explainers.agreement import Agreement
from explainers.explanation import Explanation, FloatVector

__all__ = ["DEPTHS", "TEMPLATES", "Depth", "Told", "tell", "tell_agreement"]

Depth = Literal["plain", "clinical", "technical"]
DEPTHS: dict[Depth, str] = {"plain": "Plain", "clinical": "Clinical", "technical": "Technical"}

TEMPLATES: dict[Depth, dict[str, str]] = {
    "plain": {
        "start": "The model puts this patient at {score} on its own scale. The patients it compares with are at {base} on average.",
        "up": "{label} ({state}) adds {size}.",
        "down": "{label} ({state}) takes away {size}.",
        "range": " With new training that could be {near} to {far}, in {held} of 100 tries.",
        "range across": " With new training that could be up to {far}, or up to {near} the other way, in {held} of 100 tries.",
        "rest up": "All other facts add {size}.",
        "rest down": "All other facts take away {size}.",
        "left": "A part of {size} is left that no fact here tells of.",
        "none": "No fact of this patient moves the answer.",
        "agreed": "{ways} ways to explain were tried. On {agreed} facts they all say the same.",
        "disputed": "They do not on these many: {disputed}.",
        "no dispute": "There is no fact on which they do not.",
        "close": "This tells how the model counts. It does not tell what helps a patient.",
    },
    "clinical": {
        "start": "On the scale of the model ({unit}) this patient stands at {score}, the comparison patients at {base} on average.",
        "up": "{label} ({state}) counts {size} towards a higher answer.",
        "down": "{label} ({state}) counts {size} towards a lower answer.",
        "range": " Refits on resampled training patients: {near} to {far} in {held} of 100.",
        "range across": " Refits on resampled training patients: from {near} the other way to {far} in {held} of 100.",
        "rest up": "The remaining inputs together count {size} towards a higher answer.",
        "rest down": "The remaining inputs together count {size} towards a lower answer.",
        "left": "The inputs leave {size} unexplained.",
        "none": "No input of this patient moves the answer.",
        "agreed": "Of {ways} explanation methods, all agree in direction on {agreed} of the leading inputs.",
        "disputed": "Leading inputs disputed between them: {disputed}.",
        "no dispute": "None of the leading inputs is disputed.",
        "close": "Associations within this model, learned from observed treatment; no statement about biology or benefit.",
    },
    "technical": {
        "start": "f(x) = {score}, mean f over the background = {base}, in {unit}.",
        "up": "{label} ({state}): attribution +{size}.",
        "down": "{label} ({state}): attribution −{size}.",
        "range": " Bootstrap refits: [{low}, {high}] predicted for {held} of 100.",
        "range across": " Bootstrap refits: [{low}, {high}] predicted for {held} of 100.",
        "rest up": "Sum of all other attributions: +{size}.",
        "rest down": "Sum of all other attributions: −{size}.",
        "left": "Residual (absolute): {size}.",
        "none": "All attributions are zero.",
        "agreed": "Methods: {ways}. Leading inputs with equal sign in all: {agreed}.",
        "disputed": "Leading inputs with unequal sign or no weight in some: {disputed}.",
        "no dispute": "No leading input has unequal sign or no weight in any.",
        "close": "Attributions describe f, not the data-generating process.",
    },
}  # fmt: skip

_HELD = "95"
_SMALL = 0.005


@dataclass(frozen=True, slots=True)
class Told:
    """An explanation in words: where the answer stands, what counts most, and what this is not."""

    depth: Depth
    start: str
    points: tuple[str, ...]
    close: str

    @property
    def sentences(self) -> tuple[str, ...]:
        """All of it, in order."""
        return (self.start, *self.points, self.close)


def tell(
    why: Explanation, depth: Depth, *, interval: tuple[FloatVector, FloatVector] | None = None, most: int = 5
) -> Told:
    """Put an explanation into words.

    Parameters
    ----------
    depth : {"plain", "clinical", "technical"}
    interval : pair of arrays (p,), optional
        Of each attribution, as `explainers.stability.Stability.interval_of` gives it.
    most : int
        Inputs named one by one; the others are told as their sum.
    """
    said = TEMPLATES[depth]
    start = said["start"].format(score=_number(why.score), base=_number(why.base_value), unit=why.unit)
    order = why.order()
    named = [j for j in order[:most].tolist() if abs(why.values[j]) >= _SMALL]
    points = []
    for j in named:
        point = said["up" if why.values[j] > 0 else "down"].format(
            label=why.feature_labels[j], state=why.feature_words[j], size=_size(why.values[j])
        )
        if interval is not None:
            point += _range(said, float(interval[0][j]), float(interval[1][j]), bool(why.values[j] > 0))
        points.append(point)
    if not named:
        points.append(said["none"])
    rest = float(why.values.sum() - why.values[named].sum())
    if abs(rest) >= _SMALL:
        points.append(said["rest up" if rest > 0 else "rest down"].format(size=_size(rest)))
    if abs(why.residual()) >= _SMALL:
        points.append(said["left"].format(size=_size(why.residual())))
    return Told(depth, start, tuple(points), said["close"])


def tell_agreement(agreement: Agreement, depth: Depth) -> tuple[str, ...]:
    """How many leading inputs all methods agree on, and how many they dispute."""
    said = TEMPLATES[depth]
    numbers = {
        "ways": len(agreement.methods),
        "agreed": len(agreement.agreed),
        "disputed": len(agreement.disputed),
    }
    return (
        said["agreed"].format(**numbers),
        said["disputed" if agreement.disputed else "no dispute"].format(**numbers),
    )


def _range(said: Mapping[str, str], low: float, high: float, up: bool) -> str:
    """Where refits put a share, in words that count in the share's own direction."""
    near, far = (low, high) if up else (-high, -low)
    return said["range" if near >= 0 else "range across"].format(
        near=_size(near), far=_size(far), low=_number(low), high=_number(high), held=_HELD
    )


def _size(value: float) -> str:
    return f"{abs(value):.2f}"


def _number(value: float) -> str:
    """Two decimals with a true minus; what rounds to nothing has no sign."""
    text = f"{abs(value):.2f}"
    return f"−{text}" if value < 0 and float(text) else text
