"""What puts a patient outside what a model was made for: tumour, age, numbers, categories, drivers that exclude each other."""

from __future__ import annotations

import numpy as np

from oncology.applicability.pairs import exclusive
from oncology.bundles import ModelBundle
from oncology.features import FeatureSpec, Value
from oncology.patients import PatientProfile
from oncology.vocabulary import tumour_name
from oncology.vocabulary.tumours import is_within

__all__ = ["applicability"]

_ENDS = (0.001, 0.999)
_ADULT = 18


def applicability(bundle: ModelBundle, profile: PatientProfile) -> tuple[str, ...]:
    """Cautions about the patient as a whole, in sentences; empty where the patient is like those of the training.

    Examples
    --------
    A patient of 15 with a tumour the model was not made for::

        applicability(bundle, profile)
        # ("The patient has Pancreatic adenocarcinoma; the model was made for ...",
        #  "The patient is 15 years old; every training patient was 18 or older.")
    """
    schema = bundle.schema
    pairs = list(zip(schema.features, schema.values(profile), strict=True))
    cautions = [*_tumour(bundle, profile), *_age(bundle, profile)]
    for spec, value in pairs:
        if value is not None and spec.reads.what == "field" and spec.reads.field != "tumour":
            cautions += _number(bundle, profile, spec, value)
    altered = tuple(s.name for s, v in pairs if s.is_alteration and v == 1.0)
    return (*cautions, *exclusive(bundle, profile, altered))


def _meant_for(bundle: ModelBundle) -> tuple[str, ...]:
    if bundle.manifest.tumours:
        return bundle.manifest.tumours
    return tuple(sorted({t for by_tumour in bundle.manifest.support.values() for t in by_tumour if t}))


def _tumour(bundle: ModelBundle, profile: PatientProfile) -> list[str]:
    known = _meant_for(bundle)
    if not known:
        return []
    names = ", ".join(map(tumour_name, known))
    model = "score" if bundle.is_score else "model"
    if profile.tumour is None:
        return [f"The tumour type is not recorded; the {model} was made for {names}."]
    if any(is_within(profile.tumour, t) for t in known):
        return []
    inside = [t for t in known if is_within(t, profile.tumour)]
    if inside:
        return [
            f"The recorded type, {tumour_name(profile.tumour)}, is broader than what the {model} was made for: "
            f"{', '.join(map(tumour_name, inside))}."
        ]
    return [
        f"The patient has {tumour_name(profile.tumour)}; the {model} was made for {names}. "
        f"What it says of this patient is outside its domain."
    ]


def _age_spec(bundle: ModelBundle) -> FeatureSpec | None:
    return next((f for f in bundle.schema.features if f.reads.field == "age_years"), None)


def _age(bundle: ModelBundle, profile: PatientProfile) -> list[str]:
    if profile.age_years is None or profile.age_years >= _ADULT:
        return []
    opening = f"The patient is {profile.age_years:g} years old; "
    spec = _age_spec(bundle)
    if spec is None or bundle.formula is not None:
        return [f"{opening}nothing in this bundle says that it was checked in patients under {_ADULT}."]
    youngest = bundle.quantiles(spec.columns[0], (0.0,))[0]
    if youngest >= _ADULT:
        return [f"{opening}every training patient was {_ADULT} or older."]
    return []


def _number(bundle: ModelBundle, profile: PatientProfile, spec: FeatureSpec, value: Value) -> list[str]:
    if spec.kind == "categorical":
        if value in spec.levels:
            return []
        known = ", ".join(spec.levels)
        return [f"{spec.label} is {value}, a category the model does not know; it knows {known}."]
    if spec.kind == "binary" or isinstance(value, str) or value is None:
        return []
    if spec.reads.field == "age_years" and value < _ADULT:
        return []  # said already
    if bundle.formula is not None:
        low, high = spec.low, spec.high
        if low is None or high is None or low <= value <= high:
            return []
        return [f"{spec.label} is {spec.words(value)}, outside the range the score was published for."]
    low, high = bundle.quantiles(spec.columns[0], _ENDS)
    if not np.isfinite(low) or low <= value <= high:
        return []
    side = "lower" if value < low else "higher"
    return [f"{spec.label} is {spec.words(value)}, {side} than in 999 of 1,000 training patients."]
