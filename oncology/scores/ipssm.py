"""IPSS-M, the molecular prognostic score of myelodysplastic syndromes: raw findings to its 22 variables.

References
----------
.. [1] Bernard et al. (2022), Molecular International Prognostic Scoring System for Myelodysplastic Syndromes,
   NEJM Evidence 1(7).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from oncology.alterations import AlterationPattern
from oncology.feature_specs import FeatureSpec, Reads, alteration_feature, field_feature
from oncology.features import FeatureSchema
from oncology.scores.formula import (
    FloatMatrix,
    FloatVector,
    Formula,
    FormulaError,
    Scenario,
    Variable,
    number,
)
from oncology.vocabulary import finding_name

__all__ = ["MAIN_GENES", "RESIDUAL_GENES", "IpssmFormula", "ipssm_schema"]

MAIN_GENES = (
    "NPM1",
    "RUNX1",
    "NRAS",
    "ETV6",
    "IDH2",
    "CBL",
    "EZH2",
    "U2AF1",
    "SRSF2",
    "DNMT3A",
    "ASXL1",
    "KRAS",
)
RESIDUAL_GENES = (
    "BCOR", "BCORL1", "CEBPA", "ETNK1", "GATA2", "GNB1", "IDH1", "NF1", "PHF6", "PPM1D", "PRPF8",
    "PTPN11", "SETBP1", "STAG2", "WT1",
)  # fmt: skip
_ALPHA_EXCLUDES = ("SRSF2", "STAG2", "BCOR", "BCORL1", "RUNX1", "NRAS")
CYTOGENETIC_GROUPS = ("very good", "good", "intermediate", "poor", "very poor")
_FINDINGS = {n: finding_name(n) for n in ("del5q", "del7_7q", "complex_karyotype", "del17_17p", "tp53_loh")}
_LABELS = {
    "HB1": "Haemoglobin", "TRANSF_PLT100": "Platelets", "BLAST5": "Blasts in marrow",
    "CYTOVEC": "Cytogenetic group", "TP53multi": "TP53, both copies hit", "FLT3": "FLT3 (ITD or TKD)",
    "MLL_PTD": "KMT2A partial tandem duplication", "SF3B1_5q": "SF3B1 with del(5q)",
    "SF3B1_alpha": "SF3B1 without adverse partners", "nRes2": "Residual genes mutated (0, 1, 2 or more)",
}  # fmt: skip
_LOH_VAF = 0.55


def ipssm_schema() -> FeatureSchema:
    """The raw inputs: blood counts, marrow blasts, cytogenetics, and mutations of the score's genes."""
    labs = [
        field_feature("Haemoglobin", "Haemoglobin", "labs.haemoglobin_g_dl"),
        field_feature("Platelets", "Platelets", "labs.platelets_10e9_l"),
        field_feature("Marrow blasts", "Blasts in marrow", "labs.marrow_blasts_percent"),
    ]
    cytogenetics = [
        field_feature(
            "Cytogenetic group", "Cytogenetic group (IPSS-R)", "findings.ipssr_cytogenetics", "categorical",
            levels=CYTOGENETIC_GROUPS, group="cytogenetics",
        ),
        *(
            field_feature(key, label, f"findings.{key}", "categorical", levels=("no", "yes"), group="cytogenetics")
            for key, label in _FINDINGS.items()
        ),
    ]  # fmt: skip
    mutated = sorted({*MAIN_GENES, *RESIDUAL_GENES, "SF3B1", "TP53"})
    genes = [alteration_feature(g, kind="mutation", label=g) for g in mutated]
    special = [
        alteration_feature("FLT3", change="ITD"),
        alteration_feature("FLT3", change="TKD"),
        alteration_feature("KMT2A", change="PTD", label="KMT2A PTD (MLL-PTD)"),
    ]
    tp53 = AlterationPattern("TP53", "mutation")
    tp53_more = [
        FeatureSpec("TP53 mutation count", "TP53: number of mutations", "count", Reads("count", tp53), group="DNA"),
        FeatureSpec(
            "TP53 largest VAF", "TP53: largest allele fraction", "continuous", Reads("vaf", tp53),
            group="DNA", low=0, high=1,
        ),
    ]  # fmt: skip
    return FeatureSchema((*labs, *cytogenetics, *genes, *special, *tp53_more))


def _and(*states: FloatVector) -> FloatVector:
    """Three-valued and: 0 if any is 0, else unknown if any is, else 1."""
    stacked = np.stack(states)
    no, unknown = (stacked == 0).any(axis=0), np.isnan(stacked).any(axis=0)
    return np.where(no, 0.0, np.where(unknown, np.nan, 1.0))


def _or(*states: FloatVector) -> FloatVector:
    return 1.0 - _and(*(1.0 - s for s in states))


class IpssmFormula(Formula):
    """The score with its derived variables inside; unknown ones are filled best, mean and worst.

    ``sum of beta * (x - mean) / ln 2``; 0 is the published average patient. Three scores are reported: unknown
    variables at their best, mean and worst published values; the first and last are the range.
    """

    def __init__(self, schema: FeatureSchema, content: Mapping[str, Any]) -> None:
        try:
            betas, means = content["beta"], content["mean"]
            best, worst = content["best"], content["worst"]
            variables = [
                Variable(
                    v, _LABELS.get(v, v), self._sources(v), number(betas, v) / np.log(2), number(means, v)
                )
                for v in betas
            ]
        except (KeyError, TypeError) as error:
            raise FormulaError(f"The IPSS-M description cannot be read: {error}.") from error
        expected = {*_LABELS, *MAIN_GENES}
        if set(betas) != expected:
            differ = ", ".join(sorted(set(betas) ^ expected))
            raise FormulaError(f"The IPSS-M description has other variables than the score: {differ}.")
        super().__init__(
            schema, variables, 0.0, "identity", str(content.get("reference_name", "the published average patient")),
            content.get("cut_points", ()), content.get("categories", ()),
        )  # fmt: skip
        self.intercept = -float(self.reference @ self.coefficients)
        self._fill = {
            "mean": self.reference,
            "best": np.array(
                [number(best, v) if v in best else number(best, "all_other_genes") for v in betas]
            ),
            "worst": np.array(
                [number(worst, v) if v in worst else number(worst, "all_other_genes") for v in betas]
            ),
        }
        self._n_res_mean = number(means, "nRes2")

    @staticmethod
    def _sources(variable: str) -> tuple[str, ...]:
        """Names of the schema features that a variable follows from."""
        alpha = tuple(f"{g} mutation" for g in _ALPHA_EXCLUDES)
        five_q = ("SF3B1 mutation", "del5q", "del7_7q", "complex_karyotype")
        return {
            "HB1": ("Haemoglobin",),
            "TRANSF_PLT100": ("Platelets",),
            "BLAST5": ("Marrow blasts",),
            "CYTOVEC": ("Cytogenetic group",),
            "TP53multi": (
                "TP53 mutation",
                "TP53 mutation count",
                "TP53 largest VAF",
                "tp53_loh",
                "del17_17p",
            ),
            "FLT3": ("FLT3 ITD", "FLT3 TKD"),
            "MLL_PTD": ("KMT2A PTD",),
            "SF3B1_5q": five_q,
            "SF3B1_alpha": (*five_q, *alpha),
            "nRes2": tuple(f"{g} mutation" for g in RESIDUAL_GENES),
        }.get(variable, (f"{variable} mutation",))

    def _column(self, X: FloatMatrix, feature: str) -> FloatVector:
        return X[:, self.schema.columns_of(feature)][:, 0]

    def known(self, X: FloatMatrix) -> FloatMatrix:
        """Derived variables (n, 22) with NaN where they cannot be decided; nRes2 counts the genes known."""

        def of(feature: str) -> FloatVector:
            return self._column(X, feature)

        groups = X[:, self.schema.columns_of("Cytogenetic group")]
        named = np.nansum(groups, axis=1) > 0.5
        sf3b1 = of("SF3B1 mutation")
        five_q = _and(sf3b1, of("del5q"), 1 - of("del7_7q"), 1 - of("complex_karyotype"))
        partners = [of(f"{g} mutation") for g in _ALPHA_EXCLUDES]
        values = {
            "HB1": np.clip(of("Haemoglobin"), 4, 20),
            "TRANSF_PLT100": np.minimum(of("Platelets"), 250) / 100,
            "BLAST5": np.minimum(of("Marrow blasts"), 20) / 5,
            "CYTOVEC": np.where(named, np.nan_to_num(groups) @ np.arange(5.0), np.nan),
            "TP53multi": self._tp53_multi(X),
            "FLT3": _or(of("FLT3 ITD"), of("FLT3 TKD")),
            "MLL_PTD": of("KMT2A PTD"),
            "SF3B1_5q": five_q,
            "SF3B1_alpha": _and(sf3b1, 1 - five_q, *(1 - p for p in partners)),
            "nRes2": np.nansum(np.stack([of(f"{g} mutation") for g in RESIDUAL_GENES]), axis=0),
        } | {gene: of(f"{gene} mutation") for gene in MAIN_GENES}
        return np.stack([values[v] for v in self.names], axis=1)

    def _tp53_multi(self, X: FloatMatrix) -> FloatVector:
        count, altered = self._column(X, "TP53 mutation count"), self._column(X, "TP53 mutation")
        count = np.where(np.isnan(count), altered, count)
        vaf, deleted = self._column(X, "TP53 largest VAF"), self._column(X, "del17_17p")
        loss = np.where((vaf > _LOH_VAF) | (deleted == 1), 1.0, self._column(X, "tp53_loh"))
        one_hit = np.where(np.isnan(loss), np.nan, loss)
        return np.where(np.isnan(count), np.nan, np.where(count >= 2, 1.0, np.where(count < 1, 0.0, one_hit)))

    def matrix(self, X: FloatMatrix, scenario: Scenario = "mean") -> FloatMatrix:
        derived = self.known(X)
        filled: FloatMatrix = np.where(np.isnan(derived), self._fill[scenario], derived)
        filled[:, self.names.index("nRes2")] = self._n_residual(X, scenario)
        return filled

    def _n_residual(self, X: FloatMatrix, scenario: Scenario) -> FloatVector:
        states = np.stack([self._column(X, f"{g} mutation") for g in RESIDUAL_GENES], axis=1)
        mutated, untested = np.nansum(states, axis=1), np.isnan(states).sum(axis=1)
        if scenario == "best":
            return np.minimum(mutated, 2)
        if scenario == "worst":
            return np.minimum(mutated + untested, 2)
        share = (2 - mutated) / 2 * untested / len(RESIDUAL_GENES) * self._n_res_mean
        return np.minimum(mutated, 2) + np.maximum(share, 0)

    def range(self, X: FloatMatrix) -> tuple[FloatVector, FloatVector]:
        """Scores (n,) with unknown variables at their best, and at their worst."""
        low, high = self.margin(self.matrix(X, "best")), self.margin(self.matrix(X, "worst"))
        return low, high

    def usual_values(self, feature: str) -> tuple[float, ...]:
        """The published best, mean and worst of a laboratory value, in its raw unit."""
        variable, factor = {
            "Haemoglobin": ("HB1", 1.0), "Platelets": ("TRANSF_PLT100", 100.0), "Marrow blasts": ("BLAST5", 5.0),
        }.get(feature, ("", 0.0))  # fmt: skip
        if feature == "TP53 largest VAF":
            return (0.5 * _LOH_VAF, min(1.0, 1.1 * _LOH_VAF))
        if not variable:
            return super().usual_values(feature)
        j = self.names.index(variable)
        return tuple(factor * float(self._fill[s][j]) for s in ("best", "mean", "worst"))

    def undecided(self, row: FloatVector) -> tuple[str, ...]:
        """Names of derived variables that the known inputs of a raw row (c,) leave open."""
        X = np.atleast_2d(np.asarray(row, dtype=np.float64))
        open_variables = np.isnan(self.known(X)[0])
        apart = self._n_residual(X, "best") < self._n_residual(X, "worst")
        return tuple(
            v for v, unknown in zip(self.names, open_variables, strict=True)
            if unknown or (v == "nRes2" and bool(apart[0]))
        )  # fmt: skip

    def describe(self, row: FloatVector) -> tuple[str, ...]:
        X = np.atleast_2d(np.asarray(row, dtype=np.float64))
        values, open_variables = self.known(X)[0], set(self.undecided(row))
        raw = dict(zip(self.schema.names, self.schema.decode(X[0]), strict=True))
        words = []
        for name, value, variable in zip(self.names, values, self.variables, strict=True):
            if name in ("HB1", "TRANSF_PLT100", "BLAST5", "CYTOVEC"):
                feature = variable.features[0]
                words.append(self.schema.feature(feature).words(raw[feature]))
            elif name == "nRes2":
                more = ", some not assayed" if name in open_variables else ""
                words.append(f"{value:.0f} mutated{more}")
            elif name in open_variables:
                words.append("not decided: an input is not known")
            else:
                words.append("yes" if value > 0.5 else "no")
        return tuple(words)
