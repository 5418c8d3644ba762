"""How unusual a profile is among the training patients, and which of its features make it so."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from oncology.applicability.limits import applicability
from oncology.applicability.pairs import NeverTogether, known_tumour, never_together
from oncology.bundles import ModelBundle, TrainingData
from oncology.counts import count_words
from oncology.features import FeatureSchema, FeatureSpec
from oncology.patients import PatientProfile
from oncology.vocabulary import tumour_name

__all__ = ["UNUSUAL", "Familiarity", "Unusual", "familiarity"]

FloatArray = NDArray[np.float64]

# A profile further from the training patients than this share of them is from the others counts as unusual.
UNUSUAL = 0.99
# From here on the features that set it apart are named, as they are for a profile outside the model's limits.
_NAMED_FROM = 0.90
_NEAREST = 10
_REFERENCE = 500
_SEED = 0
# With fewer patients of the tumour type, the profile is compared with all training patients.
_FEWEST = 100
# Of more patients than this, so many are drawn; no tumour type of the sample data has as many.
_MOST = 5000
# A number as far off as the 5th is from the 95th percentile counts like a differing alteration; twice as far at most.
_FURTHEST = 2.0
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Unusual:
    """One feature that sets the profile apart, and how the training patients compare.

    Parameters
    ----------
    words : str
        The patient's value, and how many training patients have it or lie beyond it.
    share : float
        Of the profile's distance beyond the usual, in [0, 1].
    """

    feature: str
    label: str
    words: str
    share: float


@dataclass(frozen=True, slots=True)
class Familiarity:
    """Whether the model was made for a patient, and how far the patient is from those it was trained on.

    Parameters
    ----------
    cautions : tuple of str
        What lies outside the model's limits; see `applicability`.
    percentile : float or None
        Share of the training patients (of the tumour type) that are closer to the others than this patient is; None
        where the bundle ships no cohort.
    compared_with : str
        Who the patient was compared with, in words, or why with nobody.
    unusual : tuple of Unusual
        Features that set the profile apart, largest share first; empty for one closer to the others than 10 of 100
        training patients are.
    never_together : tuple of NeverTogether
    n_known, n_features : int
        Inputs that are known of this patient, and that the model reads.
    """

    cautions: tuple[str, ...]
    percentile: float | None
    compared_with: str
    unusual: tuple[Unusual, ...]
    never_together: tuple[NeverTogether, ...]
    n_known: int
    n_features: int

    @property
    def in_domain(self) -> bool:
        """Whether nothing speaks against applying the model to this patient, as far as could be told."""
        return not self.cautions and not self.is_unusual

    @property
    def is_unusual(self) -> bool:
        """Whether the profile is further from the training patients than 99 of 100 of them are from the others."""
        return self.percentile is not None and self.percentile >= UNUSUAL

    def words(self) -> str:
        """One sentence: in the domain or not, and how unusual."""
        if self.percentile is None:
            how = self.compared_with
        else:
            closer = min(round(100 * self.percentile), 99)
            how = f"{closer} of 100 {self.compared_with} are closer to the others than this profile is"
            how += ": unusual." if self.is_unusual else "."
        if self.cautions:
            return f"Outside what the model was made for. {how[0].upper()}{how[1:]}"
        return f"{how[0].upper()}{how[1:]}"


def familiarity(bundle: ModelBundle, profile: PatientProfile) -> Familiarity:
    """Limits, distance with percentile, what makes it unusual, and pairs of alterations never seen together.

    Notes
    -----
    The distance from one training patient is the mean difference over the features that are known of both: 0 or 1
    for alterations and categories; for numbers the difference over the span from the 5th to the 95th percentile, at
    most 2. Unknown inputs count neither for nor against. A patient's distance is the mean over the ten nearest, and
    its percentile that among 500 training patients (each without itself), of the tumour type where it has 100.
    """
    schema = bundle.schema
    values = schema.values(profile)
    n_known = sum(v is not None for v in values)
    cautions = applicability(bundle, profile)
    if bundle.training is None:
        why = "there is no cohort to compare with: published formula."
        if bundle.formula is None:
            why = "there is no cohort to compare with: the bundle was shipped without its training patients."
        return Familiarity(cautions, None, why, (), (), n_known, len(values))
    space = _space(bundle, bundle.training, profile.tumour)
    row = schema.encode_row(profile)
    distance, by_feature = space.distance(row)
    percentile = float(np.searchsorted(space.reference, distance, side="left")) / len(space.reference)
    named = percentile >= _NAMED_FROM or bool(cautions)
    unusual = _unusual(bundle, space, profile, by_feature) if named else ()
    return Familiarity(
        cautions, percentile, space.name, unusual, never_together(bundle, profile), n_known, len(values)
    )


@dataclass(frozen=True, eq=False)
class _Space:
    """Training patients as numbers between which distances are taken; the tumour type itself is left out."""

    name: str
    n: int
    specs: tuple[FeatureSpec, ...]
    columns: tuple[slice, ...]
    spans: FloatArray
    codes: NDArray[np.float32]
    known: NDArray[np.float32]
    numeric: NDArray[np.bool_]

    def encode(self, rows: FloatArray) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """One number a feature (0 where unknown), and which are known, each (n, f)."""
        return _codes(rows, self.columns, self.spans)

    def distance(self, row: FloatArray) -> tuple[float, FloatArray]:
        """Mean distance of a row (c,) from its nearest, and each feature's part in it (f,)."""
        code, known = self.encode(row[None])
        found, nearest = self._nearest(code, known)
        return float(found[0]), self._parts(code[0], known[0], nearest[0])

    def _parts(
        self, code: NDArray[np.float32], known: NDArray[np.float32], nearest: NDArray[np.intp]
    ) -> FloatArray:
        apart = self._apart(self.codes[nearest], code) * self.known[nearest] * known
        compared = np.maximum((self.known[nearest] * known).sum(axis=1, keepdims=True), 1.0)
        parts: FloatArray = (apart / compared).mean(axis=0).astype(np.float64)
        return parts

    def _apart(self, theirs: NDArray[np.float32], own: NDArray[np.float32]) -> NDArray[np.float32]:
        apart = np.abs(theirs - own)
        return np.where(self.numeric, np.minimum(apart, _FURTHEST), apart > 0).astype(np.float32)

    def _nearest(
        self,
        code: NDArray[np.float32],
        known: NDArray[np.float32],
        leave_out: NDArray[np.intp] | None = None,
    ) -> tuple[FloatArray, NDArray[np.intp]]:
        """Mean distance to the nearest, (m,), and who they are, (m, 10)."""
        plain, number = ~self.numeric, np.flatnonzero(self.numeric)
        a, k = code[:, plain], known[:, plain]
        b, t = self.codes[:, plain], self.known[:, plain]
        # Codes that differ, by products: for 0 and 1, a(1-b) + b(1-a); other categories were made 0 and 1 each.
        apart = (a * k) @ t.T + k @ (b * t).T - 2 * (a * k) @ (b * t).T
        compared = k @ t.T
        for f in number:
            both = np.outer(known[:, f], self.known[:, f])
            apart += np.minimum(np.abs(code[:, f, None] - self.codes[None, :, f]), _FURTHEST) * both
            compared += both
        mean = apart / np.maximum(compared, 1.0)
        if leave_out is not None:
            mean[np.arange(len(mean)), leave_out] = np.inf
        size = min(_NEAREST, self.n - (leave_out is not None))
        nearest = np.argpartition(mean, size - 1, axis=1)[:, :size]
        return np.take_along_axis(mean, nearest, axis=1).mean(axis=1).astype(np.float64), nearest

    @cached_property
    def _of_reference(self) -> tuple[FloatArray, FloatArray]:
        chosen = np.random.default_rng(_SEED).permutation(self.n)[:_REFERENCE]
        found, parts = [], []
        for start in range(0, len(chosen), 100):
            rows = chosen[start : start + 100]
            distance, nearest = self._nearest(self.codes[rows], self.known[rows], rows)
            found.append(distance)
            parts += [
                self._parts(self.codes[r], self.known[r], near) for r, near in zip(rows, nearest, strict=True)
            ]
        return np.sort(np.concatenate(found)), np.mean(parts, axis=0)

    @property
    def reference(self) -> FloatArray:
        """Distances of training patients from the others, ascending."""
        return self._of_reference[0]

    @property
    def usual(self) -> FloatArray:
        """Each feature's part in the distance of a training patient, on average."""
        return self._of_reference[1]


_SPACES: WeakKeyDictionary[TrainingData, dict[str | None, _Space]] = WeakKeyDictionary()


def _space(bundle: ModelBundle, training: TrainingData, tumour: str | None) -> _Space:
    spaces = _SPACES.setdefault(training, {})
    key = known_tumour(training, tumour)
    if key is not None and key not in spaces and int((training.tumours == key).sum()) < _FEWEST:
        spaces[key] = _space(bundle, training, None)
    if key not in spaces:
        spaces[key] = _made(bundle.schema, training, key)
    return spaces[key]


def _made(schema: FeatureSchema, training: TrainingData, tumour: str | None) -> _Space:
    rows = training.X.to_numpy(dtype=np.float64)
    name = "training patients"
    if tumour is not None:
        rows = rows[training.tumours == tumour]
        name += f" with {tumour_name(tumour)}"
    if len(rows) > _MOST:
        name = f"{name} (a draw of {_MOST:,} of {len(rows):,})"
        rows = rows[np.sort(np.random.default_rng(_SEED).permutation(len(rows))[:_MOST])]
    # One entry a column: a category of several levels is 0 or 1 in each, and the tumour type is compared elsewhere.
    specs, columns, numeric = [], [], []
    for spec in schema.features:
        if spec.reads.field == "tumour" or spec.reads.what == "count":
            continue
        block = schema.columns_of(spec.name)
        for column in range(block.start, block.stop):
            specs.append(spec)
            columns.append(slice(column, column + 1))
            numeric.append(spec.kind not in ("binary", "categorical") and not spec.is_alteration)
    spans = np.array(
        [_span(rows[:, c.start]) if is_number else 1.0 for c, is_number in zip(columns, numeric, strict=True)]
    )
    codes, known = _codes(rows, tuple(columns), spans)
    return _Space(
        name, len(rows), tuple(specs), tuple(columns), spans, codes, known, np.array(numeric, dtype=bool)
    )


def _span(values: FloatArray) -> float:
    known = values[~np.isnan(values)]
    low, high = np.percentile(known, [5, 95]) if len(known) else (0.0, 1.0)
    return max(float(high - low), 1e-9)


def _codes(
    rows: FloatArray, columns: tuple[slice, ...], spans: FloatArray
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    values = rows[:, [c.start for c in columns]] / spans
    known = ~np.isnan(values)
    return np.where(known, values, 0.0).astype(np.float32), known.astype(np.float32)


def _unusual(
    bundle: ModelBundle, space: _Space, profile: PatientProfile, parts: FloatArray
) -> tuple[Unusual, ...]:
    excess: dict[str, float] = {}
    for spec, more in zip(space.specs, parts - space.usual, strict=True):
        excess[spec.name] = excess.get(spec.name, 0.0) + max(float(more), 0.0)
    total = sum(excess.values()) or 1.0
    largest = sorted(excess, key=lambda name: -excess[name])[:_NAMED]
    found = []
    for name in largest:
        spec = bundle.schema.feature(name)
        if excess[name] > 0:
            found.append(
                Unusual(name, spec.label, _compared(bundle, space, spec, profile), excess[name] / total)
            )
    return tuple(found)


def _compared(bundle: ModelBundle, space: _Space, spec: FeatureSpec, profile: PatientProfile) -> str:
    value = bundle.schema.value(profile, spec.name)
    positions = [i for i, s in enumerate(space.specs) if s.name == spec.name]
    known = space.known[:, positions[0]] > 0
    n = int(known.sum())
    if space.numeric[positions[0]] and isinstance(value, float | int):
        theirs = space.codes[known, positions[0]] * space.spans[positions[0]]
        beyond = min(int((theirs >= value).sum()), int((theirs <= value).sum()))
        side = "as high" if (theirs >= value).sum() <= (theirs <= value).sum() else "as low"
        return f"{spec.label} {spec.words(value)}: {count_words(beyond, of=n)} of {n:,} have one {side}"
    own, _ = space.encode(bundle.schema.encode_row(profile)[None])
    alike = (space.codes[known][:, positions] == own[0, positions]).all(axis=1)
    return f"{spec.label} {spec.words(value)}: so in {count_words(int(alike.sum()), of=n)} of {n:,}"
