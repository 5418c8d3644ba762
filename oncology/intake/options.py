"""What the user can tell a reader that the file does not: panel, meaning of columns, gene names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from oncology.intake.opening import GivenFile, GivenFolder
from oncology.intake.report import ReadResult
from oncology.vocabulary.genes import GENES, GeneTable

__all__ = ["Options", "Reader"]


@dataclass(frozen=True, slots=True)
class Options:
    """What a reader may lean on beside the file.

    Parameters
    ----------
    panel : frozenset of str, optional
        Genes the assay covered, where the file does not tell; the report names this as the user's word.
    panel_name : str, optional
    panels : mapping of str to frozenset of str
        Panels by name, for files that name one.
    assayed : {"file", "seen", "unknown"}
        "file": what the file itself tells, else unknown. "seen": every gene that appears in the variants of the
        whole file counts as assayed in every sequenced sample. "unknown": nothing is taken as assayed.
    columns : mapping of str to str
        Header in the file to field (``"age_years"``, ``"labs.albumin_g_dl"``), of a mapping file.
    units : mapping of str to str
        Header in the file to unit, of a mapping file.
    values : mapping of str to mapping of str to str
        Field to what its codes mean, of a mapping file.
    pseudonymise : bool, optional
        Whether patient ids are replaced; by default only where the format holds ids of real persons.
    progress : callable, optional
        Called with a share from 0 to 1 and a sentence while a large study is read.
    """

    panel: frozenset[str] | None = None
    panel_name: str | None = None
    panels: Mapping[str, frozenset[str]] = field(default_factory=dict)
    assayed: Literal["file", "seen", "unknown"] = "file"
    columns: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    pseudonymise: bool | None = None
    genes: GeneTable = GENES
    progress: Callable[[float, str], None] | None = None


class Reader(Protocol):
    """A function that reads one format."""

    def __call__(self, given: GivenFile | GivenFolder, options: Options) -> ReadResult: ...
