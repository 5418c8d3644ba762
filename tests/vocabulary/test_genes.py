"""Symbols: one current symbol a gene, checked against the reference table beside the checkout."""

import csv
from collections import defaultdict
from pathlib import Path

import pytest

from oncology.intake import read_patients
from oncology.vocabulary.further_genes import FURTHER_NAMES, FURTHER_SYMBOLS
from oncology.vocabulary.gene_symbols import HGNC_IDS, RENAMED, SYMBOLS
from oncology.vocabulary.genes import GENES, GeneTableError, load_hgnc
from tests.intake.given import real


def test_no_former_name_is_a_current_symbol_and_every_target_is_current():
    ambiguous = {old for old, new in RENAMED.items() if isinstance(new, tuple) and new[0] == "?"}
    assert (set(RENAMED) - ambiguous) & SYMBOLS == set()
    targets = {t for new in RENAMED.values() for t in ((new,) if isinstance(new, str) else new) if t != "?"}
    assert targets - SYMBOLS - {"BACH1", "FLG"} == set()


def test_every_identifier_has_a_known_symbol_and_no_symbol_two():
    assert set(HGNC_IDS.values()) <= SYMBOLS and len(set(HGNC_IDS.values())) == len(HGNC_IDS)


def test_the_reference_table_does_not_contradict_ours():
    rows = list(csv.DictReader(real("vocabulary/gene_aliases.csv").open(encoding="utf-8")))
    claims = defaultdict(set)
    for row in rows:
        claims[row["alias"]].add(row["symbol"])
    theirs = {row["symbol"] for row in rows}
    wrong = {}
    for old, new in RENAMED.items():
        ours = {new} if isinstance(new, str) else set(new)
        # The reference still uses some symbols that were replaced since; through our table they agree.
        named = {GENES.resolve(s).symbol for s in claims.get(old, ())}
        if named and not named & ours:
            wrong[old] = (new, named)
    assert wrong == {}
    # Of the genes the reference knows, ours knows most, under the current or a former symbol.
    known = sum(GENES.resolve(s).status != "unknown" for s in theirs)
    assert known == len(theirs)


@pytest.mark.parametrize(
    ("written", "symbol"),
    [("KRAS", "KRAS"), ("kras", "KRAS"), ("HER2", "ERBB2"), ("MLL", "KMT2A"), ("c-MET", "MET"), ("PD-L1", "CD274"),
     ("NKX2.1", "NKX2-1"), ("FAM123B", "AMER1"), ("H3F3A", "H3-3A"), ("WHSC1", "NSD2"), ("C10orf2", "TWNK")],
)  # fmt: skip
def test_usual_spellings_find_their_gene(written, symbol):
    assert GENES.resolve(written).symbol == symbol


def test_an_ambiguous_name_is_kept_with_its_readings():
    found = GENES.resolve("TEP1")
    assert found.status in ("ambiguous", "current")
    ras = GENES.resolve("RAS")
    assert (ras.symbol, ras.status, ras.others) == ("RAS", "ambiguous", ("KRAS", "NRAS", "HRAS"))


def test_the_full_table_of_hgnc_is_read_and_a_wrong_file_refused(tmp_path):
    path = tmp_path / "hgnc.txt"
    path.write_text(
        "hgnc_id\tsymbol\tstatus\talias_symbol\tprev_symbol\n"
        "HGNC:7132\tKMT2A\tApproved\tTRX1|ALL-1\tMLL\nHGNC:1\tGONE\tEntry Withdrawn\t\tOLD\n"
        "HGNC:2\tNEW1\tApproved\tSHARED\t\nHGNC:3\tNEW2\tApproved\tSHARED\t\n"
    )
    table = load_hgnc(path)
    assert table.resolve("trx1").symbol == "KMT2A"
    assert table.resolve("MLL").symbol == "KMT2A" and table.by_hgnc_id("7132") == "KMT2A"
    assert table.resolve("SHARED").status == "ambiguous" and table.resolve("OLD").status == "unknown"
    path.write_text("a\tb\n1\t2\n")
    with pytest.raises(GeneTableError, match="lacks the columns"):
        load_hgnc(path)


def test_further_names_are_nobody_elses_and_every_gene_of_model_and_panel_is_known():
    from oncology.bundles import inspect
    from oncology.features import FeatureSchema
    from sample_data.generator.panels import PANEL_GENES

    assert set(FURTHER_NAMES.values()) <= GENES.symbols and not set(FURTHER_NAMES) & (
        GENES.symbols | set(RENAMED)
    )
    assert not FURTHER_SYMBOLS & SYMBOLS
    folder = Path(__file__).resolve().parents[2] / "sample_data" / "bundles"
    used = {g for genes in PANEL_GENES.values() for g in genes}
    for name in ("solid_tumours", "ipssm", "loris"):
        used |= FeatureSchema.from_json(inspect(folder / name).manifest.schema).genes
    assert len(used) > 60 and all(GENES.resolve(g).status == "current" for g in used)
    assert [GENES.resolve(n).symbol for n in ("PVRL4", "KIAA1018", "C19orf62")] == [
        "NECTIN4",
        "FAN1",
        "BABAM1",
    ]


def test_the_full_table_keeps_what_was_settled_about_old_names(tmp_path):
    path = tmp_path / "hgnc.txt"
    path.write_text(
        "hgnc_id\tsymbol\tstatus\talias_symbol\tprev_symbol\n"
        "HGNC:7133\tKMT2D\tApproved\t\tMLL2\nHGNC:15840\tKMT2B\tApproved\tMLL2\t\n"
    )
    assert load_hgnc(path).resolve("MLL2").symbol == GENES.resolve("MLL2").symbol == "KMT2D"
    maf = tmp_path / "a.maf"
    maf.write_text(
        "Hugo_Symbol\tVariant_Classification\tTumor_Sample_Barcode\tHGVSp_Short\nMLL2\tNonsense_Mutation\ts\tp.R10*\n"
    )
    (profile,) = read_patients(maf, genes=load_hgnc(path)).profiles
    assert profile.alterations[0].name == "KMT2D p.R10*"
