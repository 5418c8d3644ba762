"""Cohort tables: three states, units, spelling, impossible values, and refusals."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oncology.intake import BrokenFileError, DuplicatePatientError, NoPatientsError, read_bytes
from tests.intake.given import reading, told


def test_a_gene_column_has_three_states():
    altered, absent, unknown, empty = reading(
        "patient_id,KRAS\na,1\nb,wild type\nc,not assayed\nd,\n"
    ).profiles
    assert [a.name for a in altered.alterations] == ["KRAS mutation"] and altered.assayed_genes == {"KRAS"}
    assert absent.alterations == () and absent.assayed_genes == {"KRAS"}
    assert unknown.assayed_genes is None and empty.assayed_genes is None


def test_a_finding_column_tells_only_of_that_finding():
    yes, no, not_done = reading("patient_id,EGFR exon 19 deletion\na,1\nb,0\nc,not assayed\n").profiles
    assert yes.alterations[0].name == "EGFR exon 19 deletion" and yes.assayed_genes is None
    assert no.tested_absent == {"EGFR exon 19 deletion"} and no.assayed_genes is None
    assert not_done.not_tested == {"EGFR exon 19 deletion"}


@pytest.mark.parametrize(
    ("header", "cell", "name", "value"),
    [
        ("albumin (g/L)", "38", "albumin_g_dl", 3.8),
        ("Albumin", "3,8", "albumin_g_dl", 3.8),
        ("Hb [mmol/L]", "8", "haemoglobin_g_dl", 12.8912),
        ("LDH (µkat/L)", "4", "ldh_u_l", 240),
        ("platelets (10^3/µL)", "250", "platelets_10e9_l", 250),
        ("WBC (/µL)", "4500", "wbc_10e9_l", 4.5),
        ("marrow blasts (fraction)", "0.2", "marrow_blasts_percent", 20),
    ],
)
def test_units_in_headers_are_converted_and_told(header, cell, name, value):
    result = reading(f"patient_id;{header}\na;{cell}\n")
    assert result.profiles[0].labs[name] == pytest.approx(value)


def test_a_value_that_looks_like_another_unit_is_dropped_with_the_way_out():
    result = reading("patient_id,albumin\na,38\n")
    assert result.profiles[0].labs == {}
    assert "it looks like g/L (3.8 g/dL): name the unit" in told(result, "albumin")[0][1]


def test_an_unknown_unit_is_dropped_not_guessed():
    assert told(reading("patient_id,albumin (stone)\na,38\n"), "albumin (stone)")[0][0] == "dropped"


@pytest.mark.parametrize(
    ("column", "cell"),
    [("age", "200"), ("tmb", "-1"), ("pdl1", "140"), ("ecog", "9"), ("age", "inf"), ("line", "1.5")],
)
def test_impossible_values_are_dropped_and_told(column, cell):
    result = reading(f"patient_id,{column},sex\na,{cell},female\n")
    assert result.profiles[0].sex == "female"
    assert told(result, column)[0][0] == "dropped"


def test_listed_alterations_and_assayed_genes_are_read_entry_by_entry():
    text = 'patient_id,alterations,assayed_genes\na,"KRAS p.G12C (VAF 31%); HER2 amp | EML4-ALK fusion; gibberish here",KRAS HER2 ALK TP53\n'
    result = reading(text)
    (profile,) = result.profiles
    assert [a.name for a in profile.alterations] == [
        "KRAS p.G12C",
        "ERBB2 amplification",
        "ALK fusion (EML4)",
    ]
    assert profile.alterations[0].vaf == 0.31
    assert profile.assayed_genes == {"KRAS", "ERBB2", "ALK", "TP53"}
    assert told(result, "gibberish here")[0][0] == "dropped"


def test_an_allele_fraction_of_three_is_dropped_and_the_finding_kept():
    result = reading("patient_id,alterations\na,KRAS p.G12C (VAF 3)\n")
    assert result.profiles[0].alterations[0].vaf is None
    assert "cannot be" in result.report.entries[-1].reason


def test_a_misspelled_gene_names_its_neighbour_and_the_neighbour_is_not_called_unaltered():
    result = reading("patient_id,alterations,assayed_genes\na,EGRF p.L858R,EGFR KRAS\n")
    assert "Did you mean EGFR" in told(result, "EGRF p.L858R")[0][1]
    assert result.profiles[0].assayed_genes == {"KRAS"}
    assert "spelled almost alike" in result.report.contradictions[0].what


def test_a_cell_that_cannot_be_read_is_never_tested_and_absent():
    result = reading("patient_id,KRAS,assayed_genes\na,see report,KRAS\n")
    assert result.profiles[0].not_tested == {"KRAS"}


def test_former_symbols_become_current_ones():
    result = reading("patient_id,MLL,alterations\na,1,FAM123B mutation\n")
    assert {a.gene for a in result.profiles[0].alterations} == {"KMT2A", "AMER1"}


def test_a_patient_without_alterations_is_a_patient():
    result = reading("patient_id,age\na,61\n")
    assert result.profiles[0].alterations == () and result.profiles[0].assayed_genes is None


def test_names_and_dates_are_removed_and_never_repeated():
    text = "patient_id,name,date_of_birth,MRN,e-mail,age\na,Erika Mustermann,1961-04-03,99887766,e@m.de,61\n"
    result = reading(text)
    everything = repr(result)
    assert not any(secret in everything for secret in ("Erika", "1961", "99887766", "e@m.de"))
    assert result.report.counts()["dropped"] == 4


def test_a_name_in_the_id_column_is_replaced_by_a_pseudonym():
    result = reading("patient_id,age\nMustermann Erika,61\n")
    assert result.profiles[0].patient_id.startswith("P-") and "Mustermann" not in repr(result)


def test_the_panel_of_the_user_stands_in_only_where_the_file_tells_nothing():
    result = reading("patient_id,assayed_genes\na,KRAS\nb,\n", panel=["EGFR", "MLL"], panel_name="mine")
    assert [p.assayed_genes for p in result.profiles] == [{"KRAS"}, {"EGFR", "KMT2A"}]
    assert "the panel you named (mine)" in result.report.notes[0]


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("age,sex\n1,male\n", BrokenFileError, "no column names the patient"),
        ("patient_id,age,age\na,1,2\n", BrokenFileError, "stands twice"),
        ("patient_id,colour\na,red\n", BrokenFileError, "none of its columns is known"),
        ("patient_id,age\n,1\n", BrokenFileError, "row 2 has no patient id"),
        ("patient_id,age\na,1\na,2\n", DuplicatePatientError, "more than one row"),
        ("patient_id,age\n", NoPatientsError, "no patient in it"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_in_words(text, error, words):
    with pytest.raises(error, match=words):
        read_bytes("t.csv", text.encode())


@pytest.mark.parametrize("encode", [
    lambda t: t.encode("utf-8-sig"), lambda t: t.encode("utf-16"), lambda t: t.replace("\n", "\r\n").encode(),
    lambda t: t.encode("cp1252"), lambda t: t.replace(",", "\t").encode(), lambda t: t.replace(",", ";").encode(),
])  # fmt: skip
def test_encodings_line_ends_and_separators_do_not_matter(encode):
    result = read_bytes("t.csv", encode("patient_id,sex,site\na,männlich,Köln\n"))
    assert (result.profiles[0].sex, result.profiles[0].site) == ("male", "Köln")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["", "61", "-1", "old", "1e9"]),
            st.sampled_from(["", "1", "0", "na", "G12C", "?"]),
            st.text(st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters=',"#'), max_size=5),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_every_filled_cell_is_told_once(rows):
    text = "patient_id,age,KRAS,alterations\n" + "".join(
        f"p{i},{a},{k},{t}\n" for i, (a, k, t) in enumerate(rows)
    )
    report = reading(text).report
    cells = sum(1 + bool(a.strip()) + bool(k.strip()) + bool(t.strip()) for a, k, t in rows)
    assert report.held["cells of given.csv"] == cells and report.adds_up


def test_rows_of_one_patient_on_different_days_are_samples_of_that_patient():
    result = reading("patient_id,sample_day,tmb\na,0,3\na,90,8\nb,0,1\n")
    assert [(p.patient_id, p.findings.get("patient")) for p in result.profiles] == [
        ("a", "a"),
        ("a day 90", "a"),
        ("b", None),
    ]
    with pytest.raises(DuplicatePatientError):
        read_bytes("t.csv", b"patient_id,sample_day,tmb\na,0,3\na,0,8\n")


def test_where_samples_are_named_each_is_a_profile_and_the_patient_joins_them():
    result = reading("PATIENT_ID,SAMPLE_ID,AGE\na,a-1,60\na,a-2,61\nMustermann Erika,c-1,50\n")
    assert [p.patient_id for p in result.profiles] == ["a-1", "a-2", "c-1"]
    assert [p.findings["patient"] for p in result.profiles][:2] == ["a", "a"]
    assert "Mustermann" not in repr(result)


def test_what_every_file_of_its_kind_drops_stands_last_in_the_table():
    rows = reading("patient_id,name,age\na,Eve,200\n").report.to_rows()
    assert [r["element"] for r in rows] == ["age", "patient_id", "name"]


@pytest.mark.parametrize(
    ("header", "name"),
    [("EGFR.T790M", "EGFR p.T790M"), ("EGFR_L858R", "EGFR p.L858R"), ("ERBB2_amp", "ERBB2 amplification"), ("FLT3-ITD", "FLT3 ITD"),
     ("MET exon 14 skipping", "MET exon 14 skipping"), ("BRAF V600E", "BRAF p.V600E"), ("MUT_TP53", "TP53 mutation"), ("HER2 amplification", "ERBB2 amplification")],
)  # fmt: skip
def test_headers_of_many_dialects_name_their_finding(header, name):
    altered, absent = reading(f"patient_id,{header}\na,ja\nb,nein\n").profiles
    assert [x.name for x in altered.alterations] == [name]
    assert absent.alterations == () and (absent.tested_absent or absent.assayed_genes)


@pytest.mark.parametrize("word", ["-", "None", "NA", "?", "not tested", "nan"])
def test_words_for_nothing_known_never_read_as_absent(word):
    (profile,) = reading(f"patient_id,KRAS,KRAS p.G12C,age\na,{word},{word},61\n").profiles
    assert (
        profile.assayed_genes is None
        and profile.tested_absent == frozenset()
        and profile.not_tested == {"KRAS p.G12C"}
    )
