"""Who the training patients were: sex, age, ancestry, tumour type, with small counts withheld."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oncology.counts import SMALLEST_COUNT
from oncology.vocabulary import tumour_name

if TYPE_CHECKING:
    import pandas as pd

    from oncology.bundles import ModelBundle

__all__ = ["demographics", "shares"]

_GROUPS = {
    "sex": "Sex",
    "ancestry": "Ancestry",
    "tumour": "Tumour type",
    "stage": "Stage",
    "line": "Line of treatment",
}  # fmt: skip
_MOST = 12


def demographics(bundle: ModelBundle) -> tuple[str, ...]:
    """One sentence a group of the training patients; empty where the bundle ships none."""
    training = bundle.training
    if training is None:
        return ()
    said = []
    for column, title in _GROUPS.items():
        if column not in training.groups:
            continue
        values = training.groups[column].astype(object)
        counted = values.map(tumour_name, na_action="ignore") if column == "tumour" else values
        said.append(f"{title}: {shares(counted)}.")
    age = next((f for f in bundle.schema.features if f.reads.field == "age_years"), None)
    if age is not None:
        low, middle, high = bundle.quantiles(age.columns[0], (0.25, 0.5, 0.75))
        if middle == middle:
            said.insert(0, f"Age: median {middle:.0f} years, half of them between {low:.0f} and {high:.0f}.")
    return tuple(said)


def shares(values: pd.Series) -> str:
    """Counts of a column in words, largest first; of counts under five no single one can be worked out.

    Examples
    --------
    >>> import pandas as pd
    >>> shares(pd.Series(["a"] * 90 + ["b"] * 8 + ["c"] * 2))
    'a 90; others, each withheld: b, c'
    """
    counts = values.where(values.notna(), "not recorded").astype(str).value_counts()
    kept = [(str(k), int(n)) for k, n in counts.items() if n >= SMALLEST_COUNT]
    small = [(str(k), int(n)) for k, n in counts.items() if n < SMALLEST_COUNT]
    # All patients together are known: where fewer than five are withheld in all, the rest would give them away.
    while small and kept and sum(n for _, n in small) < SMALLEST_COUNT:
        small.insert(0, kept.pop())
    words = [f"{k} {n:,}" for k, n in kept[:_MOST]]
    if len(kept) > _MOST:
        words.append(f"{len(kept) - _MOST} more")
    if small:
        words.append(f"others, each withheld: {', '.join(k for k, _ in small)}")
    return "; ".join(words)
