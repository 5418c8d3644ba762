"""One input of a model, as a clinician would name it: what it reads, its unit, its states in words."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from oncology.alterations import AlterationPattern
from oncology.errors import OncologyError, UnknownNameError
from oncology.vocabulary import LABS, tumour_name

__all__ = [
    "FIELDS",
    "FeatureSpec",
    "Reads",
    "SchemaMismatchError",
    "UnknownFeatureError",
    "Value",
    "alteration_feature",
    "field_feature",
    "spec_from_json",
    "spec_to_json",
]

Value = float | str | None
FeatureKind = Literal["binary", "count", "continuous", "categorical"]
MissingRule = Literal["nan", "refuse", "impute"]

# Fields of a profile that a feature can read beside alterations, `labs.NAME` and `findings.NAME`.
# `prior_treated` is 1 after any earlier treatment, 0 after none, unknown where the list is not known.
FIELDS: tuple[str, ...] = (
    "age_years", "sex", "ancestry", "tumour", "stage", "line", "ecog", "site", "panel",
    "tmb_per_mb", "msi", "pdl1", "prior_treated",
)  # fmt: skip


class UnknownFeatureError(UnknownNameError):
    """A feature was asked for that the schema does not have."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        super().__init__("Feature", name, known)


class SchemaMismatchError(OncologyError, ValueError):
    """A table or profile does not fit the columns a model was trained on."""


@dataclass(frozen=True, slots=True)
class Reads:
    """What a feature looks at in a profile.

    what : "alteration" (present or not), "vaf" (largest allele fraction), "count" (number of matching
        alterations), or "field" (a clinical field, ``labs.NAME`` or ``findings.NAME``).
    """

    what: Literal["alteration", "vaf", "count", "field"]
    pattern: AlterationPattern | None = None
    field: str | None = None

    def __post_init__(self) -> None:
        if self.what == "field":
            root, _, leaf = (self.field or "").partition(".")
            known = self.field in FIELDS or (root == "labs" and leaf in LABS) or (root == "findings" and leaf)
            if not known:
                names = [*FIELDS, *(f"labs.{lab}" for lab in LABS)]
                raise UnknownNameError("Profile field", str(self.field), names)
        elif self.pattern is None:
            raise SchemaMismatchError(f"A feature that reads {self.what!r} needs an alteration pattern.")


@dataclass(frozen=True, slots=True)
class FeatureSpec:
    """One input of a model, as a clinician would name it.

    Parameters
    ----------
    name : str
        Unique in its schema; for alterations the pattern's own name, ``"EGFR p.L858R"``.
    label : str
        Words for the screen.
    kind : {"binary", "count", "continuous", "categorical"}
    reads : Reads
    unit : str
    levels : tuple of str
        Categories of a categorical feature, in the order of its columns.
    group : str
        Molecular or clinical family: "DNA", "copy number", "fusion", "laboratory", "demographics", "clinical".
    low, high : float, optional
        Plausible range of a number.
    missing : {"nan", "refuse", "impute"}
        What the model does with an unknown value: sees it as unknown, abstains, or takes `impute_value`.
    actionable : bool
        Whether a counterfactual may touch it.
    """

    name: str
    label: str
    kind: FeatureKind
    reads: Reads
    unit: str = ""
    levels: tuple[str, ...] = ()
    group: str = "clinical"
    low: float | None = None
    high: float | None = None
    missing: MissingRule = "nan"
    impute_value: float | str | None = None
    actionable: bool = True

    def __post_init__(self) -> None:
        if self.kind == "categorical" and len(self.levels) < 2:
            raise SchemaMismatchError(f"Categorical feature {self.name!r} needs two levels or more.")
        if self.missing == "impute" and self.impute_value is None:
            raise SchemaMismatchError(f"Feature {self.name!r} is imputed but names no impute_value.")

    @property
    def is_alteration(self) -> bool:
        """True for the three-state features: altered, tested and not altered, not assayed."""
        return self.reads.what == "alteration"

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the model columns this feature fills: one, or one per level from three levels on."""
        if self.kind != "categorical":
            return (self.name,)
        if len(self.levels) == 2:
            return (f"{self.name}={self.levels[1]}",)
        return tuple(f"{self.name}={level}" for level in self.levels)

    def encode(self, value: Value) -> tuple[float, ...]:
        """Column values of one feature value; None (unknown) becomes NaN in every column.

        A category outside `levels` is known to be none of them: zeros.
        """
        if value is None and self.missing == "impute":
            value = self.impute_value
        if value is None:
            return (math.nan,) * len(self.columns)
        if self.kind != "categorical":
            return (float(value),)
        shown = self.levels[1:] if len(self.levels) == 2 else self.levels
        return tuple(1.0 if value == level else 0.0 for level in shown)

    def decode(self, columns: Sequence[float]) -> Value:
        """The feature value behind its column values; None where unknown, "other" outside the levels."""
        if any(math.isnan(c) for c in columns):
            return None
        if self.kind != "categorical":
            return float(columns[0])
        if len(self.levels) == 2:
            return self.levels[int(columns[0] > 0.5)]
        hits = [level for level, c in zip(self.levels, columns, strict=True) if c > 0.5]
        return hits[0] if hits else "other"

    def words(self, value: Value) -> str:
        """A value in words, with its unit; unknown is said as such.

        Examples
        --------
        >>> kras = alteration_feature("KRAS")
        >>> [kras.words(v) for v in (1.0, 0.0, None)]
        ['altered', 'tested, not altered', 'not assayed']
        """
        if self.is_alteration:
            return {None: "not assayed", 1.0: "altered", 0.0: "tested, not altered"}[
                None if value is None else float(float(value) > 0.5)
            ]
        if value is None:
            return "not known"
        if self.kind == "binary" and not isinstance(value, str):
            return "yes" if value > 0.5 else "no"
        if isinstance(value, str):
            return tumour_name(value) if self.reads.field == "tumour" else value
        number = f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
        return f"{number} {self.unit}".strip()


def alteration_feature(
    gene: str, *, kind: str = "any", change: str | None = None, label: str | None = None, **more: Any
) -> FeatureSpec:
    """A three-state feature for a gene, or for one named alteration of it."""
    pattern = AlterationPattern(gene, kind, change)  # type: ignore[arg-type]
    group = {"amplification": "copy number", "deletion": "copy number", "fusion": "fusion"}.get(kind, "DNA")
    return FeatureSpec(
        pattern.name, label or pattern.name, "binary", Reads("alteration", pattern),
        **({"group": group} | more),
    )  # fmt: skip


def field_feature(
    name: str, label: str, reads: str, kind: FeatureKind = "continuous", **more: Any
) -> FeatureSpec:
    """A feature that reads one clinical field, ``labs.NAME`` or ``findings.NAME``."""
    if reads.startswith("labs.") and reads[5:] in LABS:
        test = LABS[reads[5:]]
        more = {"unit": test.unit, "low": test.low, "high": test.high, "group": "laboratory"} | more
    return FeatureSpec(name, label, kind, Reads("field", field=reads), **more)


def spec_to_json(spec: FeatureSpec) -> dict[str, Any]:
    reads: dict[str, Any] = {"what": spec.reads.what}
    if spec.reads.pattern is not None:
        p = spec.reads.pattern
        reads |= {"gene": p.gene, "kind": p.kind, "change": p.change}
    if spec.reads.field is not None:
        reads["field"] = spec.reads.field
    entry = {
        name: getattr(spec, name)
        for name in (
            "name",
            "label",
            "kind",
            "unit",
            "group",
            "low",
            "high",
            "missing",
            "impute_value",
            "actionable",
        )
    }
    return entry | {"levels": list(spec.levels), "reads": reads}


def spec_from_json(entry: Mapping[str, Any]) -> FeatureSpec:
    try:
        content = dict(entry)
        reads = dict(content.pop("reads"))
        pattern = None
        if "gene" in reads:
            pattern = AlterationPattern(reads["gene"], reads.get("kind", "any"), reads.get("change"))
        content["reads"] = Reads(reads["what"], pattern, reads.get("field"))
        content["levels"] = tuple(content.get("levels", ()))
        return FeatureSpec(**content)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        name = entry.get("name", "without a name") if isinstance(entry, Mapping) else type(entry).__name__
        raise SchemaMismatchError(f"The schema's entry {name!r} cannot be read: {error}") from error
