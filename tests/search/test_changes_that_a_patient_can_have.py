"""Changes are ones that a patient can have, and answers hold for what they do together: against every version."""

from __future__ import annotations

import dataclasses
from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import (
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)

from explainers.counterfactuals import single_changes
from explainers.edited_rows import edited_rows
from explainers.smallest import (
    Constraints,
    ErrorRates,
    Goal,
    assay_robustness,
    number_values,
    smallest_changes,
    sufficient_reason,
)
from explainers.smallest.candidates import candidates_of, every_value
from explainers.smallest.side_effects import only_what_may
from explainers.standings import standings
from oncology.alterations import AlterationPattern
from oncology.bundles import build
from oncology.cohorts import Cohort
from oncology.edits import Edit, apply
from oncology.features import FeatureSchema, FeatureSpec, Reads, alteration_feature, field_feature
from oncology.patients import Alteration, PatientProfile
from tests.search.small_bundles import ANSWERS, EVERY, GENES, made, patient


def vaf_schema() -> list[FeatureSpec]:
    reads = Reads("vaf", AlterationPattern("EGFR"))
    return [
        alteration_feature("EGFR", change="p.L858R"),
        alteration_feature("EGFR"),
        FeatureSpec("EGFR VAF", "EGFR VAF", "continuous", reads),
    ]


def test_two_findings_of_one_gene_that_share_an_allele_fraction_are_not_taken_one_by_one(tmp_path):
    schema, rng, n = FeatureSchema(tuple(vaf_schema())), np.random.default_rng(0), 600
    X = pd.DataFrame((rng.random((n, 3)) < 0.35).astype(float), columns=list(schema.columns), index=[f"T{i}" for i in range(n)])  # fmt: skip
    X["EGFR VAF"] = np.where(X.iloc[:, 0] + X.iloc[:, 1] > 0, rng.random(n).round(2), 0.0)
    chance = np.column_stack([1 / (1 + np.exp(1 - 5 * X["EGFR VAF"])), np.full(n, 0.35)])
    y = pd.DataFrame((rng.random((n, 2)) < chance).astype(float), columns=["osimertinib", "chemotherapy"], index=X.index)  # fmt: skip
    bundle = build(
        tmp_path / "b", name="m", title="M", cohort=Cohort(X, y, pd.DataFrame({"tumour": ["LUAD"] * n}, index=X.index), schema),
        estimators=HistGradientBoostingClassifier(max_iter=20), format="joblib", synthetic=True,
    )  # fmt: skip
    two = (
        Alteration("EGFR", protein_change="p.L858R", vaf=0.8),
        Alteration("EGFR", protein_change="p.G719A", vaf=0.7),
    )
    profile = PatientProfile(
        "A", tumour="LUAD", assayed_genes=frozenset({"EGFR"}), alterations=two, synthetic=True
    )
    found = smallest_changes(bundle, profile, "chemotherapy")
    assert (found.status, found.size) == ("best found", 2), "neither alone does it, both together do"
    calls = assay_robustness(bundle, profile)
    assert calls.calls_between == 2 and not calls.proven


class NoModel:
    """A bundle as far as its patients go."""

    tumour_columns, formula, output_kind, calibration = None, None, "probabilities", None

    def __init__(self, schema: FeatureSchema) -> None:
        self.schema = schema


def test_changes_called_disjoint_do_together_what_they_do_alone():
    rng, seen = np.random.default_rng(3), {True: 0, False: 0}
    genes, kinds = ("EGFR", "KRAS"), ("any", "mutation", "amplification")
    for _ in range(120):
        patterns = {(genes[rng.integers(2)], kinds[rng.integers(3)]) for _ in range(rng.integers(2, 5))}
        features = [alteration_feature(g, kind=k) for g, k in sorted(patterns)]
        for what, kind in (("vaf", "continuous"), ("count", "count")):
            if rng.random() < 0.5:
                features.append(
                    FeatureSpec(what, what, kind, Reads(what, AlterationPattern(genes[rng.integers(2)])))
                )
        schema = FeatureSchema(tuple(features))
        found = tuple(
            Alteration(genes[rng.integers(2)], kinds[rng.integers(1, 3)], vaf=(None, 0.2, 0.4)[rng.integers(3)])
            for _ in range(rng.integers(0, 4))
        )  # fmt: skip
        profile = PatientProfile("A", alterations=found, assayed_genes=frozenset(genes), synthetic=True)
        become = (("altered", "absent", "not assayed"), ("absent", "not assayed"))[rng.integers(2)]
        free = Constraints(become=become, exclusive_drivers=False)
        candidates = candidates_of(NoModel(schema), profile, mode="model", constraints=free)  # type: ignore[arg-type]
        seen[candidates.disjoint] += 1
        if not candidates.disjoint:
            continue
        for size in (2, 3):
            for chosen in combinations(range(len(candidates)), size):
                if len({int(candidates.feature[i]) for i in chosen}) == size:
                    together = schema.encode_row(
                        apply(schema, profile, [candidates.edits[i] for i in chosen])
                    )
                    one_by_one = candidates.combined(np.array([chosen]))[0]
                    assert np.array_equal(together, one_by_one, equal_nan=True), (features, found, chosen)
    assert min(seen.values()) > 10


def test_what_only_a_third_change_would_show_is_not_called_disjoint():
    """A patient whose one finding belongs to two features, of which one has to stay."""
    classes = [alteration_feature("EGFR", change=c) for c in ("exon 19 deletion", "exon 20 insertion")]
    both = Alteration("EGFR", protein_change="p.D761delinsEY")
    schema = FeatureSchema((*classes, alteration_feature("KRAS")))
    profile = PatientProfile(
        "A", alterations=(both,), assayed_genes=frozenset({"EGFR", "KRAS"}), synthetic=True
    )
    if schema.encode_row(profile).tolist()[:2] != [1.0, 1.0]:
        pytest.skip("no finding belongs to both classes any more")
    kept = Constraints(fixed=("EGFR exon 20 insertion",), exclusive_drivers=False)
    found = candidates_of(NoModel(schema), profile, mode="model", constraints=kept)  # type: ignore[arg-type]
    assert {e.feature for e in found.edits} == {"KRAS"} and not found.disjoint


def test_an_unknown_state_told_as_another_is_not_taken_for_that_one():
    imputed = dataclasses.replace(alteration_feature("EGFR"), missing="impute", impute_value=0.0)
    schema = FeatureSchema((imputed, alteration_feature("KRAS")))
    rows, edits = np.array([[0.0, 1.0]]), [Edit("KRAS", 1.0)]
    moved = np.array([[True, True]])
    some = Constraints(become_each={"EGFR": ("absent",)})
    assert only_what_may(schema, edits, rows, moved, Constraints()).all()
    assert not only_what_may(schema, edits, rows, moved, some).any()


def test_an_edit_of_a_gene_is_one_that_no_narrower_feature_claims():
    schema = FeatureSchema((alteration_feature("EGFR"), alteration_feature("EGFR", kind="mutation")))
    profile = PatientProfile("A", assayed_genes=frozenset({"EGFR"}), synthetic=True)
    rows = edited_rows(schema, profile, [[Edit("EGFR", 1.0)], [Edit("EGFR mutation", 1.0)]])
    assert rows.tolist() == [[1.0, 0.0], [0.0, 1.0]]


def test_an_edit_that_moves_another_feature_keeps_to_what_holds_for_that_one(tmp_path, monkeypatch):
    # Where a narrower feature claims every alteration of the gene, an edit of the gene lands there.
    everywhere = [alteration_feature("EGFR", kind=k) for k in ("mutation", "amplification", "deletion", "fusion", "other")]  # fmt: skip
    bundle = made(
        tmp_path,
        [alteration_feature("EGFR"), *everywhere, alteration_feature("KRAS")],
        HistGradientBoostingClassifier(max_iter=5),
    )
    profile = PatientProfile("A", assayed_genes=frozenset({"EGFR", "KRAS"}), synthetic=True)
    named = candidates_of(bundle, profile, mode="model", constraints=EVERY)
    assert Edit("EGFR", 1.0) not in named.edits, "no patient can have it"
    # An edit that does what it names and something besides.
    own = edited_rows

    def besides(schema, who, edits):
        rows = own(schema, who, edits)
        for row, edit in zip(rows, edits, strict=True):
            row[1] = 1.0 if edit[0] == Edit("KRAS", 1.0) else row[1]
        return rows

    monkeypatch.setattr("explainers.smallest.candidates.edited_rows", besides)
    for constraints, kept in (
        (EVERY, True),
        (Constraints(fixed=("EGFR mutation",), exclusive_drivers=False), False),
        (Constraints(only=("EGFR amplification", "KRAS"), exclusive_drivers=False), False),
        (
            Constraints(become_each={"EGFR mutation": ("absent", "not assayed")}, exclusive_drivers=False),
            False,
        ),
        (Constraints(become_each={"EGFR mutation": ("altered",)}, exclusive_drivers=False), True),
    ):
        edits = candidates_of(bundle, profile, mode="model", constraints=constraints).edits
        assert (Edit("KRAS", 1.0) in edits) == kept, constraints


@pytest.mark.parametrize("estimator", [ExtraTreesClassifier(8, max_depth=5, random_state=0), HistGradientBoostingClassifier(max_iter=15)])  # fmt: skip
def test_answers_and_numbers_are_ones_that_a_patient_can_have(tmp_path, estimator):
    bundle = made(tmp_path, ANSWERS, estimator)
    free, found = Constraints(numbers=True, exclusive_drivers=False), 0
    for spec in bundle.schema.features[-2:]:
        tried = [v for v, _, _ in number_values.other_values(bundle, spec, None)]
        assert len(tried) > 2 and tried == [round(v) for v in tried], (
            "one whole number of each interval that has any"
        )
    for seed in range(4):
        profile = patient(seed, ecog=seed, line=1 + seed, prior_treatments=("x",) if seed % 2 else ())
        for who in (profile, bundle.schema.encode_row(profile)):
            for option, kind in product(bundle.options, ("first", "band", "threshold")):
                goal = Goal(option, kind, 0.9 if kind == "threshold" else None)
                answer = smallest_changes(bundle, who, goal, constraints=free, most=50)
                for one in answer.found:
                    after = {c.feature: c.after for c in one.changes}
                    found += len(after.keys() & {"Prior", "ECOG", "Line"})
                    assert after.get("Prior") in (0.0, 1.0, None)
                    assert after.get("ECOG") in (None, 0, 1, 2, 3, 4, 5)
                    assert after.get("Line") in (None, *range(1, 21))
                    if who is profile:
                        edited = apply(bundle.schema, profile, [Edit(f, v) for f, v in after.items()])
                        values = dict(
                            zip(bundle.schema.names, bundle.schema.values(edited), strict=True)
                        ).items()
                        assert after.items() <= values
    assert found > 20


def test_a_model_in_another_unit_keeps_its_own_range_and_a_number_is_no_answer(tmp_path):
    features = [
        *(alteration_feature(g) for g in GENES[:2]),
        field_feature("LDH", "LDH, times normal", "labs.ldh_u_l", low=0.0, high=7.0),
        field_feature("Line", "Line of therapy", "line", "binary"),
    ]
    bundle = made(tmp_path, features, HistGradientBoostingClassifier(max_iter=15))
    ldh, line = bundle.schema.features[2:]
    values = [v for v, _, _ in number_values.other_values(bundle, ldh, 3.0)]
    assert len(values) > 3 and all(0 <= v <= 7 for v in values), "20 U/L and more is what a profile holds"
    assert number_values.known_range(bundle, ldh) == (0.0, 7.0)
    assert all(v >= 1 for v, _, _ in number_values.other_values(bundle, line, None)), "there is no line 0"


def test_a_reason_is_sufficient_over_the_answers_there_are(tmp_path):
    features = [
        *(alteration_feature(g) for g in GENES[:3]),
        field_feature("Prior", "Prior", "prior_treated", "binary"),
    ]
    for seed in range(4):
        bundle = made(
            tmp_path / str(seed), features, ExtraTreesClassifier(6, max_depth=5, random_state=seed), seed
        )
        every = np.array(list(product((1.0, 0.0, np.nan), repeat=4)))
        for n in range(4):
            profile = patient(n, prior_treatments=("x",) if n % 2 else ())
            row = bundle.schema.encode_row(profile)
            mine = standings(bundle, profile, row[None]).first[0]
            others = standings(bundle, profile, every).first != mine
            same = (every == row) | (np.isnan(every) & np.isnan(row))
            enough = [k for k in product((False, True), repeat=4) if not (others & same[:, list(k)].all(axis=1)).any()]  # fmt: skip
            reason = sufficient_reason(bundle, profile)
            assert reason.smallest and reason.size == min(map(sum, enough))


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_what_was_not_assayed_is_untested_whatever_the_model_is_told_instead(tmp_path, value):
    features = [
        dataclasses.replace(alteration_feature(g), missing="impute", impute_value=value) for g in GENES
    ]
    bundle = made(tmp_path, features, HistGradientBoostingClassifier(max_iter=15), seed=2)
    profile = PatientProfile("A", tumour="LUAD", assayed_genes=frozenset({"EGFR"}), alterations=(Alteration("EGFR"),), synthetic=True)  # fmt: skip
    for rates in (None, ErrorRates(0.02, 0.0)):
        found = assay_robustness(bundle, profile, error_rates=rates)
        kinds = {e.change.feature: e.kind for e in found.errors}
        assert found.n_checked >= 4 and len(kinds) > 1
        assert {k for f, k in kinds.items() if f != "EGFR"} == {"untested"}
        assert all(c.feature == "EGFR" for a in found.nearest for one in a.found for c in one.changes)


def test_becoming_unknown_is_tried_where_the_model_is_told_something_instead(tmp_path):
    told = [
        dataclasses.replace(alteration_feature(g), missing="impute", impute_value=v)
        for g, v in zip(GENES[1:], (0.3, 0.0, 0.6), strict=True)
    ]
    for seed in range(3):
        bundle = made(
            tmp_path / str(seed),
            [alteration_feature(GENES[0]), *told],
            RandomForestClassifier(8, max_depth=5, random_state=seed),
            seed,
        )
        schema = bundle.schema
        states = list(product((1.0, 0.0, None), repeat=len(GENES)))
        rows = np.array([[c for f, v in zip(schema.features, s, strict=True) for c in f.encode(v)] for s in states])  # fmt: skip
        for n in range(6):
            profile = patient(n)
            row, now = schema.encode_row(profile), schema.values(profile)
            after = standings(bundle, profile, rows)
            size = np.array([sum(a != b for a, b in zip(s, now, strict=True)) for s in states])
            to_unknown = np.array([all(a in (b, None) for a, b in zip(s, now, strict=True)) for s in states])
            only = Constraints(become=("not assayed",), exclusive_drivers=False)
            for option, (allowed, constraints) in product(
                bundle.options, ((size >= 0, EVERY), (to_unknown, only))
            ):
                answer = smallest_changes(bundle, profile, option, constraints=constraints, most=100)
                reached = Goal(option).reached(bundle, after) & allowed
                assert (answer.status == "already so") == bool(reached[size == 0].any())
                if answer.status == "proven":
                    assert answer.size == size[reached].min()
                elif answer.status != "already so":
                    assert answer.status in ("none within", "impossible") and not reached.any()
                in_band = Goal(option, "band")
                answer = smallest_changes(bundle, profile, in_band, constraints=constraints)
                if answer.status == "proven":
                    assert answer.size == size[in_band.reached(bundle, after) & allowed].min()
            told_else = {
                f.name for f in schema.features if f.encode(None) != tuple(row[schema.columns_of(f.name)])
            }
            unknown = {e.feature for e in every_value(bundle, row).edits if e.value is None}
            assert unknown == told_else - {GENES[0]} | ({GENES[0]} if now[0] is not None else set())
            mine = standings(bundle, profile, row[None]).first[0]
            same = (rows == row) | (np.isnan(rows) & np.isnan(row))
            enough = [k for k in product((False, True), repeat=len(GENES)) if not (after.first != mine)[same[:, list(k)].all(axis=1)].any()]  # fmt: skip
            assert sufficient_reason(bundle, profile).size == min(map(sum, enough))
            single = {c.change.feature: c for c in single_changes(bundle, profile).changes if c.change.after is None}  # fmt: skip
            assert single.keys() == {n for n, v in zip(schema.names, now, strict=True) if v is not None}
            for name, change in single.items():
                edited = apply(schema, profile, [Edit(name, None)])
                whole = bundle.probability(bundle.margin(schema.encode_row(edited)[None]))[0]
                assert change.after == pytest.approx(whole)
