"""A hidden germline finding: nothing that leaves the program differs from what another hidden gene would have left.

Two patients who differ only in the gene of a germline finding are taken through every page, document, table, export and
verb of the terminal. Where any of it could tell the gene, the two would differ.
"""

import json
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from explainers.__main__ import main
from oncology.intake import write_profile
from oncology.intake.germline import HEREDITARY
from oncology.intake.germline_hiding import hides_every_gene, names_hidden, with_hidden, without_germline
from oncology.patients import Alteration, PatientProfile
from sample_data.generator.panels import PANEL_GENES
from tests.pages.test_intake_pages import (  # noqa: F401
    as_on_a_server_that_was_visited,
    give,
    sample_patients_only,
    use,
)
from tests.pages.test_rooms import opened

BROAD, SMALL = PANEL_GENES["Comprehensive 46"], PANEL_GENES["Hotspot DNA 13"]
# Genes of the shipped model; JAK2 is none that carries hereditary disease.
TWINS = {"broad": (BROAD, "BRCA2", "ATM"), "small": (SMALL, "TP53", "BRCA1"), "odd": (BROAD, "JAK2", "EGFR")}


def record(gene: str, genes: frozenset[str]) -> PatientProfile:
    """A patient whose file speaks of a germline finding wherever a file can."""
    found = Alteration(
        gene, protein_change="p.S1982fs", coding_change="c.5946delT", vaf=0.49, origin="germline"
    )
    kras = Alteration("KRAS", protein_change="p.G12C", vaf=0.29, origin="somatic")
    return PatientProfile(
        "Q-1",
        tumour="LUAD",
        age_years=55,
        panel="Comprehensive 46",
        consent="research",
        alterations=(found, kras),
        assayed_genes=genes | {gene},
        not_tested=frozenset({f"{gene} amplification"}),
        tested_absent=frozenset({f"{gene} deletion"}),
        findings={"family test": f"{gene} found"},
        note=f"{gene} runs in the family.",
        tmb_per_mb=6.0,
    )


def everything_left(monkeypatch: pytest.MonkeyPatch, file: str) -> dict[str, str]:
    """All that the pages send to the browser and all files they offer, by page and by file name."""
    left: dict[str, str] = {}
    place = ""
    download, expander = st.download_button, st.expander

    def saved(label: str, data: object, name: str, *args: object, **more: object) -> object:
        content = data() if callable(data) else data
        left[f"{place}: {name}"] = content.decode() if isinstance(content, bytes) else str(content)
        return download(label, "", name, *args, **more)

    def unfolded(*args: object, **more: object) -> object:
        return expander(*args, **{**more, "expanded": True})

    with monkeypatch.context() as patched:
        patched.setattr(st, "download_button", saved)
        patched.setattr(st, "expander", unfolded)
        app = give(opened("patient"), ("one.json", file))
        left["import report"] = dump(app)
        use(app)
        for place in ("patient", "treatment", "why", "what_if", "model"):
            app.switch_page(f"pages/{place}.py").run()
            assert not app.exception
            left[place] = dump(app) + str(app.query_params)
    return left


def dump(app: AppTest) -> str:
    """What was sent to the browser, element by element."""
    return "\n".join(str(getattr(node, "proto", "")) for node in app._tree)


def test_two_patients_with_another_hidden_gene_leave_the_same_pages_documents_tables_and_files(monkeypatch):
    genes, *hidden = TWINS["broad"]
    one, other = (everything_left(monkeypatch, write_profile(record(g, genes))) for g in hidden)
    assert len(one) > 12 and any(name.endswith(".html") for name in one)
    assert one.keys() == other.keys()
    for name, content in one.items():
        assert _timeless(content) == _timeless(other[name]), name
        assert not any(told in content for told in ("p.S1982fs", "c.5946delT", "runs in the family")), name
    # The model's inputs stand on the other pages, for every patient alike; here no list holds the gene.
    for name in ("patient", ": patient.json", ": patient-fhir.json", ": patient-phenopacket.json"):
        assert hidden[0] not in one[name], name
    assert "a germline finding is left out" in one["patient: patient.html"]


@pytest.mark.parametrize("verb", ["predict", "explain", "whatif", "report", "import"])
def test_the_terminal_tells_no_more_than_the_pages(verb, tmp_path, capsys):
    said = []
    for gene in ("BRCA2", "ATM"):
        file = tmp_path / "one.json"
        file.write_text(write_profile(record(gene, BROAD)), encoding="utf-8")
        out = tmp_path / "out"
        arguments = {
            "report": ["report", "solid_tumours", str(file), "--out", str(out)],
            "import": ["import", str(file), "--out", str(out)],
        }.get(verb, [verb, "solid_tumours", str(file)])
        assert main(arguments) == 0
        captured = capsys.readouterr()
        written = out.read_text(encoding="utf-8") if out.exists() else ""
        assert main([*arguments, "--json"]) == 0
        plain = capsys.readouterr()
        said.append(captured.out + captured.err + written + plain.out + plain.err)
        assert "is left out" in captured.err or "are left out" in captured.err
    assert "S1982" not in said[0] and "runs in" not in said[0]
    assert _timeless(said[0]) == _timeless(said[1])


def _timeless(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if "(UTC)" not in line)


def test_the_terminal_shows_a_germline_finding_to_whoever_asks_and_may(tmp_path, capsys):
    file, out = tmp_path / "one.json", tmp_path / "out.json"
    file.write_text(write_profile(record("BRCA2", BROAD)), encoding="utf-8")
    assert main(["import", str(file), "--germline", "--out", str(out)]) == 0
    assert "S1982" in out.read_text(encoding="utf-8")
    file.write_text(write_profile(record("BRCA2", BROAD).replace(consent=None)), encoding="utf-8")
    capsys.readouterr()
    assert main(["predict", "solid_tumours", str(file), "--germline"]) == 2
    assert "no consent is recorded" in capsys.readouterr().err
    assert main(["import", str(file), "--germline", "--consent", "research", "--out", str(out)]) == 0
    assert main(["predict", "solid_tumours", str(out), "--germline", "--json"]) == 0
    assert (
        json.loads(capsys.readouterr().out.partition("\n{")[2].join(["{", ""]))["patient"][
            "germline_withheld"
        ]
        is False
    )


@pytest.mark.parametrize(("consent", "code"), [("research", 0), ("education", 0), (None, 0), ("none", 2)])
def test_consent_none_blocks_the_saved_report_of_the_terminal_too(consent, code, tmp_path, capsys):
    file, out = tmp_path / "one.json", tmp_path / "out.html"
    one = PatientProfile("Q-2", tumour="LUAD", consent=consent, assayed_genes=frozenset({"KRAS"}))
    file.write_text(write_profile(one), encoding="utf-8")
    assert main(["report", "solid_tumours", str(file), "--out", str(out)]) == code
    assert out.exists() is (code == 0)
    said = capsys.readouterr().err
    assert ('Nothing of this patient can be saved or exported: the recorded consent is "none".' in said) is (
        code == 2
    )
    assert main(["import", str(file), "--out", str(tmp_path / "out.json")]) == code


def test_hidden_genes_hide_among_enough_others_or_among_all():
    for kind, (genes, *hidden) in TWINS.items():
        for gene in hidden:
            one = record(gene, genes | set(hidden))
            shown = without_germline(one)
            assert hides_every_gene(one) is (kind != "broad")
            assert shown.assayed_genes == (BROAD - HEREDITARY if kind == "broad" else None)
            assert not names_hidden(repr(shown).replace("germline_withheld", ""), [one])
            assert (
                with_hidden(shown, shown, one).fingerprint
                == one.replace(alterations=one.alterations[::-1]).fingerprint
            )


def test_no_id_of_a_sample_patient_tells_of_a_hidden_finding():
    from oncology.intake import read_patients

    folder = Path(__file__).resolve().parents[2] / "sample_data" / "patients"
    holding = [
        p for f in folder.glob("*.json") for p in read_patients(f).profiles if without_germline(p) is not p
    ]
    assert len(holding) == 3
    for p in holding:
        assert without_germline(p).patient_id == p.patient_id
        genes = {a.gene for a in p.alterations if a.origin == "germline"}
        assert not any(g.casefold() in p.patient_id.casefold() for g in genes)
