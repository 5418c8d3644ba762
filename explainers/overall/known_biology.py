"""Which inputs a model leans on are known markers of the therapy, which the evidence table does not hold, which are suspicious."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from explainers.importance import Importance, ShapleySample
from explainers.overall.beyond_chance import BeyondChance
from explainers.overall.directions import Direction, direction
from oncology.evidence import EvidenceStatement, evidence_for
from oncology.features import FeatureSpec

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = ["Biology", "Finding", "Standing", "is_technical", "known_biology"]

Standing = Literal[
    "known sensitivity", "known resistance", "no effect known", "disputed", "related gene", "not in the table",
    "suspicious", "patient or disease",
]  # fmt: skip

# What stands in a profile because of where and how a patient was looked after, not because of the tumour.
_TECHNICAL_FIELDS = ("site", "panel")
_TECHNICAL_WORDS = re.compile(
    r"\b(site|centre|center|hospital|institution|panel|assay|batch|plate|lab id|platform|sequencer|year|month|date|day of "
    r"(sampling|sequencing)|sample[ _]day|cohort|study|trial|pipeline)\b",
    re.IGNORECASE,
)
# Known to go with outcome under any therapy: not news, and no marker of this one.
_GENERAL_FIELDS = ("tumour", "stage", "line", "ecog", "age_years", "sex", "ancestry", "prior_treated")
_EXPECTED = {"sensitivity": "raises", "resistance": "lowers"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One of the inputs a model leans on, held against what is published.

    Parameters
    ----------
    feature, label : str
    importance : float
    direction : Direction
    standing : str
    statements : tuple of EvidenceStatement
        The published figures behind the standing.
    opposite : bool
        Whether the model moves the other way than the published marker.
    beyond_chance : bool or None
        None where it was not measured.
    """

    feature: str
    label: str
    importance: float
    direction: Direction
    standing: Standing
    statements: tuple[EvidenceStatement, ...]
    opposite: bool
    beyond_chance: bool | None

    @property
    def words(self) -> str:
        """What is to be said of this input, with the sources."""
        cited = " ".join(s.words for s in self.statements[:2])
        more = f" And {len(self.statements) - 2} more." if len(self.statements) > 2 else ""
        if self.opposite:
            return f"Against what is published: here it {self.direction.words}. {cited}{more}"
        return {
            "known sensitivity": f"Known marker of response. {cited}{more}",
            "known resistance": f"Known marker of resistance. {cited}{more}",
            "no effect known": f"Published as having no effect. {cited}{more}",
            "disputed": f"Disputed. {cited}{more}",
            "related gene": f"Another alteration of the same gene is published. {cited}{more}",
            "not in the table": "Not in the evidence table: new, or standing for something else, or noise.",
            "suspicious": (
                "Tells where or how a patient was looked after, not what the tumour is: the model may have learnt habits of "
                "a place."
            ),
            "patient or disease": "Goes with outcome under many therapies; no marker of this one.",
        }[self.standing] + ("" if self.beyond_chance is not False else " Not beyond chance.")


@dataclass(frozen=True, eq=False, slots=True)
class Biology:
    """The strongest inputs of one option, each with its standing.

    Parameters
    ----------
    n_statements : int
        Rows of the evidence table about this therapy; 0 means that the table says nothing of it.
    missed : tuple of EvidenceStatement
        Published markers that are inputs of the model and not among the strongest.
    unseen : tuple of EvidenceStatement
        Published markers that the model has no input for.
    """

    option: str
    label: str
    findings: tuple[Finding, ...]
    n_statements: int
    missed: tuple[EvidenceStatement, ...]
    unseen: tuple[EvidenceStatement, ...]

    @property
    def words(self) -> str:
        """The findings in a sentence or two."""
        if not self.n_statements:
            base = f"The evidence table holds no figure on {self.label}, so nothing here is confirmed or contradicted by it."
        else:
            known = [f for f in self.findings if f.standing.startswith("known")]
            agree = [f.label for f in known if not f.opposite]
            base = (
                f"Of the {len(self.findings)} strongest inputs, {len(known)} {'is a' if len(known) == 1 else 'are'} published "
                f"marker{'' if len(known) == 1 else 's'} of {self.label}"
            )
            base += f" ({', '.join(agree)} in the published direction)." if agree else "."
        against = [f.label for f in self.findings if f.opposite]
        if against:
            base += f" Against the published direction: {', '.join(against)}."
        suspicious = [f.label for f in self.findings if f.standing == "suspicious"]
        if suspicious:
            base += f" Suspicious: {', '.join(suspicious)} tells how a patient was looked after."
        if self.missed:
            base += f" Published, but not among the strongest here: {_markers(self.missed)}."
        if self.unseen:
            base += f" Published, but no input of this model: {_markers(self.unseen)}."
        return base

    def rows(self) -> list[dict[str, Any]]:
        """One row an input."""
        return [
            {
                "input": f.label,
                "in the model": f.direction.words,
                "standing": "opposite to what is published" if f.opposite else _STANDING_WORDS[f.standing],
                "why": f.words,
            }
            for f in self.findings
        ]


_STANDING_WORDS: dict[str, str] = {
    "known sensitivity": "known marker of response", "known resistance": "known marker of resistance",
    "no effect known": "published as without effect", "disputed": "disputed", "related gene": "related gene",
    "not in the table": "not in the evidence table", "suspicious": "suspicious", "patient or disease": "general",
}  # fmt: skip


def known_biology(
    bundle: ModelBundle,
    sample: ShapleySample,
    importance: Importance,
    statements: Sequence[EvidenceStatement],
    *,
    top: int = 10,
    chance: BeyondChance | None = None,
) -> Biology:
    """Hold the `top` inputs of one option against an evidence table.

    Parameters
    ----------
    sample : ShapleySample
        Of the option; gives each input's direction.
    importance : Importance
        Gives the order; inputs of no importance are left out.
    statements : sequence of EvidenceStatement
        All of a table; those about the therapy are chosen by its key and label.
    """
    option = sample.option
    about = evidence_for(statements, (option, bundle.label(option)))
    strongest = [j for j in importance.order()[:top] if importance.values[j] > 0]
    if bundle.formula is not None:
        specs: dict[str, FeatureSpec] = {}
    else:
        specs = {f.name: f for f in bundle.schema.features}
    # A statement belongs to the most specific input: the gene's own column means its other alterations.
    claimed = {s: _closest(s, list(specs.values())) for s in about}
    found = []
    for j in strongest:
        name = importance.feature_names[j]
        way = direction(bundle, sample, name)
        standing, behind = _standing(specs.get(name), about, claimed)
        expected = {_EXPECTED.get(s.direction) for s in behind} - {None}
        opposite = (
            standing in ("known sensitivity", "known resistance")
            and way.way in ("raises", "lowers")
            and expected == {"lowers" if way.way == "raises" else "raises"}
        )
        beyond = None if chance is None else j in chance.discoveries
        found.append(
            Finding(
                name,
                importance.feature_labels[j],
                float(importance.values[j]),
                way,
                standing,
                behind,
                opposite,
                beyond,
            )
        )
    shown = {s for f in found for s in f.statements}
    missed = tuple(s for s in about if s not in shown and claimed[s])
    unseen = tuple(s for s in about if not claimed[s])
    return Biology(option, bundle.label(option), tuple(found), len(about), missed, unseen)


def is_technical(spec: FeatureSpec) -> bool:
    """Whether an input tells where, when or how a patient was looked after: site, panel, year and the like."""
    if spec.is_alteration:
        return False
    field = spec.reads.field or ""
    words = f"{spec.name} {spec.label} {field.removeprefix('findings.')}".replace("_", " ")
    return field in _TECHNICAL_FIELDS or bool(_TECHNICAL_WORDS.search(words))


def _closest(statement: EvidenceStatement, specs: Sequence[FeatureSpec]) -> frozenset[str]:
    """The inputs that a statement is about: those that are the marker, else those that hold it."""
    matches = {spec.name: statement.match(spec) for spec in specs}
    same = frozenset(n for n, m in matches.items() if m == "same")
    return same or frozenset(n for n, m in matches.items() if m == "part of")


def _standing(
    spec: FeatureSpec | None,
    about: Sequence[EvidenceStatement],
    claimed: dict[EvidenceStatement, frozenset[str]],
) -> tuple[Standing, tuple[EvidenceStatement, ...]]:
    if spec is None:
        return "not in the table", ()
    if is_technical(spec):
        return "suspicious", ()
    mine = tuple(s for s in about if spec.name in claimed[s])
    by = {
        d: tuple(s for s in mine if s.direction == d)
        for d in ("sensitivity", "resistance", "disputed", "no effect")
    }
    if by["sensitivity"] and by["resistance"]:
        return "disputed", mine
    for word, standing in (
        ("sensitivity", "known sensitivity"), ("resistance", "known resistance"), ("disputed", "disputed"),
        ("no effect", "no effect known"),
    ):  # fmt: skip
        if by[word]:
            return standing, by[word]  # type: ignore[return-value]
    related = tuple(s for s in about if s.match(spec) == "same gene")
    if related:
        return "related gene", related
    if (spec.reads.field or "") in _GENERAL_FIELDS or (spec.reads.field or "").startswith("labs."):
        return "patient or disease", ()
    return "not in the table", ()


def _markers(statements: Sequence[EvidenceStatement]) -> str:
    return ", ".join(dict.fromkeys(s.biomarker for s in statements))
