"""Read a study's patients and outcomes, choose its inputs, fit one model per option, write the bundle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from oncology.alterations import AlterationPattern, EvidenceIndex
from oncology.bundles import ModelBundle, build
from oncology.cohorts import Cohort
from oncology.feature_specs import FeatureSpec
from oncology.features import FeatureSchema, alteration_feature, field_feature
from oncology.intake import READERS
from oncology.intake.opening import GivenFile, GivenFolder, sniff
from oncology.intake.options import Options
from oncology.patients import PatientProfile
from oncology.training.responses import Responses, read_responses
from oncology.training.study import Covariate, Study, StudyError, read_study
from oncology.vocabulary import NAMED_CHANGES

__all__ = ["profiles", "study_cohort", "study_schema", "train"]

# A category seen in fewer patients says nothing of its own; it is read as "other".
_MIN_LEVEL = 5
Progress = Callable[[float, str], None]


def profiles(study: Study | str | Path, data_dir: str | Path) -> tuple[PatientProfile, ...]:
    """The patients of a study, with or without outcomes, as the study file says to read them.

    Raises
    ------
    StudyError, OncologyError
        If the study file or the data cannot be read.
    """
    study = study if isinstance(study, Study) else read_study(study)
    place = Path(data_dir) / study.patients_path
    if not place.exists():
        raise StudyError(
            f"The data folder {Path(data_dir).name!r} has no {study.patients_path!r}, where the study expects patients."
        )
    options = Options(
        columns=study.columns,
        units=study.units,
        values=study.values,
        assayed=study.assayed,
        pseudonymise=False,
    )
    if place.is_dir():
        return READERS["maf"](GivenFolder(place), options).profiles
    file = GivenFile.of_path(place)
    return READERS[sniff(file)](file, options).profiles


def train(
    study_path: str | Path,
    data_dir: str | Path,
    out: str | Path,
    *,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> ModelBundle:
    """Train the models of a study and write them as a bundle.

    Parameters
    ----------
    study_path : the study file (TOML)
    data_dir : folder with the study's tables
    out : folder of the bundle to write
    progress : called with a share from 0 to 1 and a sentence

    Raises
    ------
    StudyError
        If the study file and the tables do not fit each other.
    OneOutcomeError
        If an option has only one outcome class, and the study does not say ``leave_out = true``.
    """
    say = progress or (lambda share, words: None)
    study = read_study(study_path)
    say(0.0, "Reading patients")
    cohort, responses = study_cohort(study, data_dir)
    say(0.1, f"Fitting {len(responses.y.columns)} options on {len(cohort)} patients")
    about: dict[str, Any] = dict(study.about)
    # Named beside the study file, as the tables are named inside the data folder.
    card = study.path.parent / about.pop("card") if "card" in about else None
    bundle = build(
        out,
        name=about.pop("name"),
        cohort=cohort,
        estimators=_estimator(study),
        options=list(responses.y.columns),
        folds=study.folds,
        seed=study.seed,
        leave_out=study.leave_out,
        left_out=responses.left_out,
        option_labels={o: study.option_labels.get(o, o) for o in study.options},
        card=card,
        overwrite=overwrite,
        training=_summary(study, cohort, responses),
        **about,
    )
    say(1.0, "Written")
    return bundle


def study_cohort(study: Study, data_dir: str | Path) -> tuple[Cohort, Responses]:
    """The patients of a study who have an outcome, encoded by the inputs the study file asks for."""
    data_dir = Path(data_dir)
    if not data_dir.is_dir():
        raise StudyError(
            f"There is no data folder {data_dir.name!r}. Name the folder that holds the study's tables."
        )
    responses = read_responses(study, data_dir)
    everybody = {p.patient_id: p for p in profiles(study, data_dir)}
    with_outcome = responses.y.index[responses.y.notna().any(axis=1)]
    patients = [everybody[i] for i in with_outcome if i in everybody]
    if not patients:
        raise StudyError(
            f"None of the {len(with_outcome)} patients of {study.outcomes_table!r} is among the {len(everybody)} "
            f"patients read; ids look like {', '.join(list(with_outcome)[:2])} and {', '.join(list(everybody)[:2])}."
        )
    schema = study_schema(study, patients)
    X = schema.encode(patients)
    groups = pd.DataFrame(
        {name: [_field(p, name) for p in patients] for name in _groups(study)}, index=X.index
    )
    return Cohort(X, responses.y.loc[X.index], groups, schema), responses


def _groups(study: Study) -> tuple[str, ...]:
    return ("tumour", *(g for g in study.groups if g != "tumour"))


def _field(profile: PatientProfile, name: str) -> Any:
    try:
        value = EvidenceIndex.of(profile).field(name)
    except AttributeError as error:
        raise StudyError(f"[audit] groups names {name!r}, which is no field of a patient.") from error
    return None if value is None else str(value)


def study_schema(study: Study, patients: Sequence[PatientProfile]) -> FeatureSchema:
    """The inputs a study asks for: covariates, single alterations, and genes altered often enough."""
    covariates = [_covariate(c, patients) for c in study.covariates]
    single = [_alteration(text) for text in study.alterations]
    genes = [alteration_feature(gene) for gene in _genes(study, patients)]
    features = (*covariates, *single, *genes)
    if not features:
        raise StudyError("The study has no inputs: [features] names no covariates, alterations or genes.")
    return FeatureSchema(features)


def _covariate(covariate: Covariate, patients: Sequence[PatientProfile]) -> FeatureSpec:
    more: dict[str, Any] = {"missing": covariate.missing, "actionable": covariate.actionable}
    more |= {n: v for n in ("unit", "group") if (v := getattr(covariate, n))}
    if covariate.kind == "categorical":
        more["levels"] = covariate.levels or _levels(covariate, patients)
    label = covariate.label or covariate.name
    return field_feature(covariate.name, label, covariate.reads, covariate.kind, **more)


def _levels(covariate: Covariate, patients: Sequence[PatientProfile]) -> tuple[str, ...]:
    seen = Counter(v for p in patients if (v := EvidenceIndex.of(p).field(covariate.reads)) is not None)
    levels = tuple(sorted(str(v) for v, n in seen.items() if n >= _MIN_LEVEL))
    if len(levels) < 2:
        raise StudyError(
            f"The covariate {covariate.name!r} has {len(levels)} categories with {_MIN_LEVEL} patients or more; "
            "a categorical input needs two. Leave it out, or name its levels."
        )
    return levels


def _alteration(text: str) -> FeatureSpec:
    gene, _, rest = text.strip().partition(" ")
    if rest.startswith("p.") or (gene, rest) in NAMED_CHANGES:
        return alteration_feature(gene, change=rest)
    return alteration_feature(gene, kind=rest or "any")


def _genes(study: Study, patients: Sequence[PatientProfile]) -> list[str]:
    """Candidate genes altered in at least the least share of the patients in whom they were assayed."""
    evidence = [EvidenceIndex.of(p) for p in patients]
    rule = study.genes
    candidates = rule.candidates or sorted({a.gene for p in patients for a in p.alterations})
    chosen = []
    for gene in candidates:
        pattern = AlterationPattern(gene)
        states = [s for e in evidence if (s := e.state(pattern)) is not None]
        often = bool(states) and sum(states) / len(states) >= rule.min_frequency
        if often or gene in rule.always:
            chosen.append(gene)
    return chosen + [g for g in rule.always if g not in candidates]


def _estimator(study: Study) -> Any:
    """A fresh classifier of the family the study names, with its settings over small-data defaults."""
    settings: dict[str, Any] = dict(study.settings)
    try:
        if study.estimator == "gradient boosting":
            from sklearn.ensemble import HistGradientBoostingClassifier

            small = {"max_iter": 60, "learning_rate": 0.06, "max_leaf_nodes": 6, "min_samples_leaf": 8,
                     "l2_regularization": 1.0, "early_stopping": False, "random_state": study.seed}  # fmt: skip
            return HistGradientBoostingClassifier(**(small | settings))
        from sklearn.impute import SimpleImputer
        from sklearn.pipeline import make_pipeline

        # Unknown becomes the most frequent value, and a column of its own says that it was unknown.
        imputer = SimpleImputer(strategy="most_frequent", add_indicator=True, keep_empty_features=True)
        if study.estimator == "logistic":
            from sklearn.linear_model import LogisticRegression
            from sklearn.preprocessing import StandardScaler

            return make_pipeline(
                imputer, StandardScaler(), LogisticRegression(**({"C": 0.05, "max_iter": 1000} | settings))
            )
        from sklearn.ensemble import RandomForestClassifier

        forest = {"n_estimators": 200, "min_samples_leaf": 5, "random_state": study.seed}
        return make_pipeline(imputer, RandomForestClassifier(**(forest | settings)))
    except TypeError as error:
        raise StudyError(f"[model.settings] does not fit a {study.estimator} model: {error}.") from error


def _summary(study: Study, cohort: Cohort, responses: Responses) -> Mapping[str, Any]:
    y = responses.y.loc[cohort.X.index]
    unknown = cohort.X.isna().mean()
    return {
        "study": study.path.name,
        "model": study.estimator,
        "responder_rule": study.responder.words(),
        "cut_offs": {o: round(v, 4) for o, v in responses.cut_offs.items()},
        "n_features": len(cohort.schema.names),
        "patients_per_option": {o: int(n) for o, n in y.notna().sum().items()},
        "unknown_share": {c: round(float(s), 3) for c, s in unknown.items() if s > 0},
        "groups": _counted(cohort.groups),
        "outcome_without_patient": int((~responses.y.index.isin(cohort.X.index)).sum()),
        "median_age": _median_age(cohort),
    }


def _counted(groups: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Patients per value of each group; values held by fewer than five are pooled."""
    counted = {}
    for name in groups:
        seen = groups[name].fillna("not recorded").value_counts()
        rare = int(seen[seen < _MIN_LEVEL].sum())
        counted[str(name)] = {str(v): int(n) for v, n in seen.items() if n >= _MIN_LEVEL} | (
            {"others, fewer than 5 each": rare} if rare else {}
        )
    return counted


def _median_age(cohort: Cohort) -> float | None:
    age = next((f.name for f in cohort.schema.features if f.reads.field == "age_years"), None)
    if age is None:
        return None
    middle = float(np.nanmedian(cohort.X[age]))
    return None if np.isnan(middle) else round(middle, 1)
