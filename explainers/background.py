"""The population an explanation compares a patient with: chosen, named, fingerprinted."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike

from explainers.explanation import FloatMatrix
from oncology.errors import OncologyError, UnknownNameError

if TYPE_CHECKING:
    from oncology.bundles import ModelBundle

__all__ = [
    "BACKGROUNDS",
    "Background",
    "BackgroundError",
    "assayed_alike",
    "background_named",
    "default_background",
    "of_rows",
    "tree_paths",
    "without_alterations",
]

BackgroundKind = Literal["rows", "tree paths", "reference"]


class BackgroundError(OncologyError, ValueError):
    """A background that a model or a method cannot be compared with."""


@dataclass(frozen=True, eq=False, slots=True)
class Background:
    """A named population.

    Parameters
    ----------
    name : str
        Words that stand on every chart: "200 training patients, drawn by tumour type".
    fingerprint : str
        Equal content, equal fingerprint.
    kind : {"rows", "tree paths", "reference"}
        "rows": the patients in `rows`. "tree paths": the training patients as the trees counted them on their
        own branches; no rows. "reference": the reference patient of a published formula.
    rows : array (b, c) or None
        Columns of the bundle's schema, NaN where unknown; for a reference, derived variables (1, d).
    """

    name: str
    fingerprint: str
    kind: BackgroundKind = "rows"
    rows: FloatMatrix | None = None


def of_rows(rows: ArrayLike, name: str) -> Background:
    """A background of given patients.

    Parameters
    ----------
    rows : array-like (b, c) or (c,)
        Columns of the bundle's schema, NaN where unknown.
    name : str
        Words for the chart.

    Raises
    ------
    BackgroundError
        If there is no row.

    Examples
    --------
    >>> of_rows([[0.0, 1.0], [1.0, 1.0]], "two patients").rows.shape
    (2, 2)
    """
    table = np.array(rows, dtype=np.float64, ndmin=2)
    if table.size == 0:
        raise BackgroundError(f"The background {name!r} holds no patient; name one with at least one row.")
    table.setflags(write=False)
    digest = hashlib.sha256(name.encode())
    digest.update(repr(table.shape).encode())
    digest.update(np.ascontiguousarray(table).tobytes())
    return Background(name, digest.hexdigest(), "rows", table)


def tree_paths() -> Background:
    """The training patients as the trees counted them: each branch weighs as many as went through it."""
    name = "the training patients, as the trees counted them (tree paths)"
    return Background(name, hashlib.sha256(b"tree paths").hexdigest(), "tree paths")


def default_background(bundle: ModelBundle) -> Background:
    """The bundle's own background: training patients drawn by tumour type, or a formula's cited reference.

    Raises
    ------
    BackgroundError
        If the bundle carries neither.
    """
    own = bundle.background
    if own is None or len(own.rows) == 0:
        raise BackgroundError(
            "This bundle carries no background patients. Rebuild it with its training cohort, or name a background of "
            "your own with explainers.background.of_rows."
        )
    kind: BackgroundKind = "reference" if own.derived else "rows"
    return Background(own.name, own.fingerprint, kind, own.rows)


def without_alterations(bundle: ModelBundle, row: ArrayLike) -> Background:
    """The same patient with every alteration found turned into "tested, not altered".

    Clinical values and what was not assayed stay as they are.
    """
    changed = np.array(row, dtype=np.float64)
    for feature in bundle.schema.features:
        columns = bundle.schema.columns_of(feature.name)
        if feature.reads.what in ("alteration", "vaf", "count"):
            changed[columns] = np.where(np.isnan(changed[columns]), np.nan, 0.0)
    return of_rows(changed, "the same patient with no alteration found")


def assayed_alike(bundle: ModelBundle, row: ArrayLike) -> Background:
    """The bundle's background patients as they would look under this patient's tests: unknown here, unknown there.

    Compared with them, an explanation is conditional on what was assayed: an input that is not known of the patient is
    not known of anybody and has no part, and the base value is the mean answer under these tests.

    Raises
    ------
    BackgroundError
        For a published formula, which has a rule of its own for every unknown input.
    """
    own = default_background(bundle)
    if own.rows is None or own.kind != "rows":
        raise BackgroundError(
            "A published formula has a rule of its own for every unknown input. Compare with its reference patient."
        )
    unknown = np.isnan(np.asarray(row, dtype=np.float64))
    return of_rows(np.where(unknown, np.nan, own.rows), f"{own.name}, under this patient's tests")


# What the pages and the terminal offer, by the word that picks it.
BACKGROUNDS: tuple[str, ...] = ("default", "tree-paths", "training", "assayed", "unaltered")


def background_named(bundle: ModelBundle, word: str, row: ArrayLike) -> Background | None:
    """The background behind a word of `BACKGROUNDS`; None for "default": each method then takes its own."""
    if word == "default":
        return None
    if word == "tree-paths":
        return tree_paths()
    if word == "training":
        return default_background(bundle)
    if word == "assayed":
        return assayed_alike(bundle, row)
    if word == "unaltered":
        return without_alterations(bundle, row)
    raise UnknownNameError("Background", word, BACKGROUNDS)
