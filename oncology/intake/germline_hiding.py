"""Hiding germline findings until they are asked for and consent allows it, so that nobody can work out the gene.

Leaving out a finding alone would give it away: its gene would be the one that a known panel covers and a list of
assayed genes lacks. So all genes that carry hereditary disease are withheld with it, whichever of them it is in; and
where too few of those were assayed to hide among, or the finding lies in none of them, every gene is.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache

from oncology.counts import SMALLEST_COUNT
from oncology.intake.germline import HEREDITARY
from oncology.intake.report import Contradiction, ImportEntry, ImportReport
from oncology.patients import Alteration, PatientProfile

__all__ = [
    "HIDDEN",
    "covered_report",
    "hidden_findings",
    "hides_every_gene",
    "is_withheld",
    "may_show",
    "names_hidden",
    "with_hidden",
    "without_germline",
]

HIDDEN = "(germline finding, hidden)"
_TELLING_WORDS = ("germline", "hereditary", "inherited", "familial", "family")


def hidden_findings(profile: PatientProfile) -> tuple[Alteration, ...]:
    """Findings that `without_germline` takes out: those called germline."""
    return tuple(a for a in profile.alterations if a.origin == "germline")


def may_show(profile: PatientProfile, *, asked: bool) -> bool:
    """Whether germline findings may be shown: they were asked for, and consent covers research or education.

    Examples
    --------
    >>> may_show(PatientProfile("a", consent="research"), asked=True), may_show(PatientProfile("a"), asked=True)
    (True, False)
    """
    return asked and profile.consent in ("research", "education")


def hides_every_gene(profile: PatientProfile) -> bool:
    """Whether the assay of every gene has to be withheld, because the hereditary genes alone are no cover.

    True where a hidden finding lies outside those genes, or the assay covered fewer than five of them.

    Examples
    --------
    >>> brca = Alteration("BRCA2", origin="germline")
    >>> broad = frozenset({"BRCA1", "BRCA2", "TP53", "ATM", "MLH1", "EGFR"})
    >>> [hides_every_gene(PatientProfile("a", alterations=(brca,), assayed_genes=g)) for g in (broad, frozenset({"BRCA2"}))]
    [False, True]
    """
    hidden = {a.gene for a in hidden_findings(profile)}
    if not hidden:
        return False
    few = profile.assayed_genes is not None and len(HEREDITARY & profile.assayed_genes) < SMALLEST_COUNT
    return few or not hidden <= HEREDITARY


def without_germline(profile: PatientProfile) -> PatientProfile:
    """The profile without findings called germline: what a screen shows and a model is asked until they are asked for.

    The genes that could hold them become *not assayed* there, whatever was found in them by the tumour test, since
    hiding a finding must read neither as its absence nor as its gene. Texts that speak of it are left out with it.

    Examples
    --------
    >>> genes = frozenset({"BRCA1", "BRCA2", "TP53", "ATM", "MLH1", "EGFR"})
    >>> def with_germline(gene):
    ...     return PatientProfile("a", alterations=(Alteration(gene, origin="germline"),), assayed_genes=genes)
    >>> without_germline(with_germline("BRCA1")) == without_germline(with_germline("MLH1"))
    True
    """
    hidden = hidden_findings(profile)
    if not hidden:
        return profile
    everything = hides_every_gene(profile)
    genes = profile.assayed_genes
    named = _words(hidden)

    def kept(names: frozenset[str]) -> frozenset[str]:
        return frozenset() if everything else frozenset(n for n in names if n.split()[0] not in HEREDITARY)

    def untold(text: str | None) -> str | None:
        return None if text and _speaks_of(text, named) else text

    return profile.replace(
        patient_id=_covered_id(profile.patient_id, named),
        alterations=tuple(a for a in profile.alterations if a.origin != "germline"),
        assayed_genes=None if everything or genes is None else genes - HEREDITARY,
        tested_absent=kept(profile.tested_absent),
        not_tested=kept(profile.not_tested),
        note=untold(profile.note),
        site=untold(profile.site),
        panel=untold(profile.panel),
        # Whoever guesses at the gene could write the file with it and compare the hashes.
        source=None,
        findings={k: v for k, v in profile.findings.items() if not _speaks_of(f"{k} {v}", named)},
        germline_withheld=True,
    )


def is_withheld(profile: PatientProfile, gene: str) -> bool:
    """Whether a profile that `without_germline` made is silent on a gene because a hidden finding could lie in it.

    Examples
    --------
    >>> shown = without_germline(PatientProfile("a", alterations=(Alteration("BRCA2", origin="germline"),)))
    >>> [is_withheld(shown, gene) for gene in ("BRCA2", "ATM", "EGFR")], is_withheld(PatientProfile("a"), "BRCA2")
    ([True, True, True], False)
    """
    return profile.germline_withheld and (profile.assayed_genes is None or gene in HEREDITARY)


def with_hidden(edited: PatientProfile, shown: PatientProfile, recorded: PatientProfile) -> PatientProfile:
    """An edit of what was shown, put back onto the record: what was hidden is neither lost nor changed.

    Parameters
    ----------
    edited : PatientProfile
        `shown` after a correction by hand.
    shown : PatientProfile
        The record without its hidden findings, or the record itself.
    recorded : PatientProfile
    """
    if shown is recorded or not shown.germline_withheld or recorded.germline_withheld:
        return edited
    genes = edited.assayed_genes
    if genes == shown.assayed_genes:
        genes = recorded.assayed_genes
    elif genes is not None:
        hidden = {a.gene for a in hidden_findings(recorded)} if shown.assayed_genes is None else HEREDITARY
        genes |= hidden & (recorded.assayed_genes or frozenset())
    untouched = {
        name: getattr(recorded, name)
        for name in ("note", "site", "panel", "source")
        if getattr(edited, name) == getattr(shown, name)
    }
    unspoken = {k: v for k, v in recorded.findings.items() if k not in shown.findings}
    return edited.replace(
        patient_id=recorded.patient_id,
        alterations=(*edited.alterations, *hidden_findings(recorded)),
        assayed_genes=genes,
        tested_absent=edited.tested_absent | (recorded.tested_absent - shown.tested_absent),
        not_tested=edited.not_tested | (recorded.not_tested - shown.not_tested),
        findings={**unspoken, **edited.findings},
        germline_withheld=False,
        **untouched,
    )


def covered_report(report: ImportReport, profiles: Iterable[PatientProfile]) -> ImportReport:
    """An import report in which what tells a germline finding of these patients, or its gene, is covered up.

    Lines that name any gene the finding could lie in are covered alike. All lines stay, with their fate and count,
    so that the report still adds up.

    Examples
    --------
    >>> from oncology.patients import Source
    >>> brca = Alteration("BRCA2", protein_change="p.S1982fs", origin="germline")
    >>> lines = (ImportEntry("variants", "BRCA2 p.S1982fs", "used", count=3), ImportEntry("variants", "KRAS p.G12C", "used"))
    >>> report = ImportReport(Source("a.maf", "maf", ""), {"variants": 4}, lines)
    >>> covered = covered_report(report, [PatientProfile("a", alterations=(brca,))])
    >>> [(e.element, e.count) for e in covered.entries], covered.adds_up
    ([('(germline finding, hidden)', 3), ('KRAS p.G12C', 1)], True)
    """
    holding = [p for p in profiles if hidden_findings(p)]
    if not holding:
        return report
    own = {p.patient_id: _pattern(_cover(p)) for p in holding}
    ids = {p.patient_id: _covered_id(p.patient_id, _words(hidden_findings(p))) for p in holding}
    # A line of no one patient tells of a file's only patient; among several it tells of nobody.
    shared = own[holding[0].patient_id] if len(own) == 1 else _pattern(_all_words(holding))

    # Parts are counted against what the file held, so both sides are covered by one rule.
    def part_of(part: str) -> str:
        return HIDDEN if shared.search(part) else part

    def entry(e: ImportEntry) -> ImportEntry:
        telling = own.get(e.patient_id, shared if not e.patient_id else None)
        if telling is None:
            return replace(e, part=part_of(e.part))
        touched = any(telling.search(text) for text in (e.element, e.found, e.became, e.reason))
        part, patient = part_of(e.part), ids.get(e.patient_id, e.patient_id)
        if touched:
            return ImportEntry(part, HIDDEN, e.fate, count=e.count, patient_id=patient)
        return ImportEntry(part, e.element, e.fate, e.reason, e.found, e.became, e.count, patient)

    def contradiction(c: Contradiction) -> Contradiction:
        telling = own.get(c.patient_id, shared if not c.patient_id else None)
        patient = ids.get(c.patient_id, c.patient_id)
        if telling is not None and telling.search(f"{c.what} {c.choice}"):
            return Contradiction(patient, HIDDEN, "The line is told where germline findings may be shown.")
        return Contradiction(patient, c.what, c.choice)

    held: dict[str, int] = {}
    for part, count in report.held.items():
        held[part_of(part)] = held.get(part_of(part), 0) + count
    return ImportReport(
        replace(report.source, sha256=""),
        held,
        tuple(entry(e) for e in report.entries),
        tuple(contradiction(c) for c in report.contradictions),
        tuple(HIDDEN if shared.search(note) else note for note in report.notes),
    )


def names_hidden(text: str, profiles: Iterable[PatientProfile]) -> bool:
    """Whether a sentence tells a germline finding of these patients, or a gene it could lie in.

    Examples
    --------
    >>> brca = Alteration("BRCA2", protein_change="p.S1982fs", origin="germline")
    >>> [names_hidden(words, [PatientProfile("a", alterations=(brca,))]) for words in ("c. against p. in BRCA2", "stage")]
    [True, False]
    """
    return any(_pattern(_cover(p)).search(text) is not None for p in profiles if hidden_findings(p))


def _words(alterations: Iterable[Alteration]) -> frozenset[str]:
    return frozenset(
        w for a in alterations for w in (a.gene, a.protein_change, a.coding_change, a.partner) if w
    )


def _all_words(profiles: Sequence[PatientProfile]) -> frozenset[str]:
    return frozenset(w for p in profiles for w in _words(hidden_findings(p)))


def _cover(profile: PatientProfile) -> frozenset[str]:
    """Words that tell the hidden findings, and the genes they hide among."""
    hidden = hidden_findings(profile)
    among = HEREDITARY | ((profile.assayed_genes or frozenset()) if hides_every_gene(profile) else set())
    told = {a.gene for a in profile.alterations if a.origin != "germline"} - {a.gene for a in hidden}
    return _words(hidden) | (among - told)


def _covered_id(patient_id: str, named: frozenset[str]) -> str:
    if not _speaks_of(patient_id, named):
        return patient_id
    return f"patient {hashlib.sha256(patient_id.encode()).hexdigest()[:6]}"


def _speaks_of(text: str, named: frozenset[str]) -> bool:
    return _pattern(named).search(text) is not None


@lru_cache(maxsize=512)
def _pattern(named: frozenset[str]) -> re.Pattern[str]:
    """Any of these names as a word; short symbols (MAX, RET) only as they are spelled, the rest in any case."""
    loose = sorted({*_TELLING_WORDS, *(n for n in named if len(n) > 3)}, key=len, reverse=True)
    exact = sorted(n for n in named if len(n) <= 3)
    either = "|".join([f"(?i:{'|'.join(map(re.escape, loose))})", *map(re.escape, exact)])
    return re.compile(rf"(?<![A-Za-z0-9])(?:{either})(?![A-Za-z0-9])")
