"""What has to be said beside a set of changes, or beside an answer that did not try all of them."""

from __future__ import annotations

import numpy as np

from explainers.plausibility import exclusive_pairs, pair_caution
from explainers.smallest.candidates import Candidates
from explainers.smallest.constraints import Mode

__all__ = ["cautions", "held_words", "untried_words"]

# Training patients below which a combination is called rare.
_FEW = 20


def untried_words(made: Candidates) -> str | None:
    """Why some of the changes that are allowed were not tried; None where all were."""
    if made.sampled:
        return "numbers were tried at some values only"
    return "changes after which the model abstains on other options were left out" if made.held else None


def held_words(made: Candidates) -> str:
    """Which features were not tried at some of their values, because other options would be abstained on."""
    labels = ", ".join(made.bundle.schema.feature(name).label for name in sorted(made.held))
    return f"Not every value of {labels} was tried: with some, the model abstains on other options than now."


def cautions(made: Candidates, chosen: tuple[int, ...], count: int | None, mode: Mode) -> tuple[str, ...]:
    """What to know of a set of changes: few or no training patients alike, alterations that exclude each other, chance.

    count : training patients who have all its values
    """
    said, who = [], made.bundle.manifest.words.who
    if count == 0:
        said.append(
            f"No training {who[:-1]} had these values together: the model answers without an example."
        )
    elif count is not None and count < _FEW:
        n = "Fewer than 5" if count < 5 else f"Only {count}"
        said.append(f"{n} training {who} had these values together.")
    schema = made.bundle.schema
    values = schema.decode(made.row) if made.patient is None else schema.values(made.patient)
    changed = {made.edits[i].feature for i in chosen}
    new = sorted(
        made.edits[i].feature
        for i in chosen
        if made.edits[i].value == 1.0 and schema.feature(made.edits[i].feature).is_alteration
    )
    there = [
        f.name
        for f, v in zip(schema.features, values, strict=True)
        if f.is_alteration and v == 1.0 and f.name not in changed
    ]
    for position, name in enumerate(new):
        for other in [*there, *new[position + 1 :]]:
            if frozenset((name, other)) in exclusive_pairs(made.bundle):
                words = pair_caution(made.bundle, schema, name, other, None)
                if words is not None:
                    said.append(words)
    if mode == "assay" and made.chance is not None:
        wrong = [made.chance[i] for i in chosen if np.isfinite(made.chance[i])]
        if wrong:
            calls = "1 call" if len(wrong) == 1 else f"{len(wrong)} calls"
            said.append(
                f"{calls} would have to be wrong, at the stated rates a chance of {float(np.prod(wrong)):.2g} "
                "if errors are independent."
            )
    return tuple(said)
