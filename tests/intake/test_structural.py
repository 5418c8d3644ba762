"""Structural variants of VCF files: fusions of paired breakends, whole genes lost or gained, and why the rest is not read."""

import pytest

from oncology.intake import ReadResult, read_bytes

CSQ = (
    '##INFO=<ID=CSQ,Number=.,Type=String,Description="VEP. Format: Allele|Consequence|SYMBOL|HGVSc|HGVSp">\n'
)
HEAD = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tTUMOUR\n"


def reading(*lines: str, header: str = CSQ) -> ReadResult:
    content = "##fileformat=VCFv4.3\n" + header + HEAD + "".join("\t".join(x.split()) + "\n" for x in lines)
    result = read_bytes("a.vcf", content.encode())
    assert result.report.adds_up
    return result


def found(result: ReadResult) -> list[str]:
    return [a.name for a in result.profiles[0].alterations]


def reasons(result: ReadResult) -> list[str]:
    return [e.reason for e in result.report.entries if e.fate == "dropped"]


ALK = "2 29446394 b1 A A]2:42522694] . PASS SVTYPE=BND;MATEID=b2;CSQ=x|intron_variant|ALK|| GT 0/1"
EML4 = "2 42522694 b2 T T]2:29446394] . PASS SVTYPE=BND;MATEID=b1;CSQ=x|intron_variant|EML4|| GT 0/1"


def test_two_breakends_in_two_genes_are_a_fusion_of_which_the_driver_comes_first():
    for lines in ((ALK, EML4), (EML4, ALK)):
        result = reading(*lines)
        assert found(result) == ["ALK fusion (EML4)"]
        assert result.report.counts() == {"used": 1, "normalised": 1, "ambiguous": 0, "dropped": 0}
        told = next(e for e in result.report.entries if e.fate == "normalised")
        assert "whether a fusion is made and expressed is not told" in told.reason


def test_mates_are_found_by_their_places_where_no_id_names_them():
    lines = [
        x.replace("MATEID=b1;", "").replace("MATEID=b2;", "").replace("b1", ".").replace("b2", ".")
        for x in (ALK, EML4)
    ]
    assert found(reading(*lines)) == ["ALK fusion (EML4)"]


def test_a_breakend_without_its_mate_or_outside_of_genes_is_listed_with_its_reason():
    assert "its other end is not in the file" in reasons(reading(ALK))[0]
    failed = EML4.replace("PASS", "LowQual")
    assert "its other end is not in the file, or was dropped" in "".join(reasons(reading(ALK, failed)))
    nowhere = EML4.replace("intron_variant|EML4", "intergenic_variant|")
    result = reading(ALK, nowhere)
    assert found(result) == [] and "only ALK lies in a gene" in reasons(result)[0]


def test_both_ends_in_one_gene_are_a_rearrangement_within_it():
    assert found(reading(ALK, EML4.replace("EML4", "ALK"))) == ["ALK rearrangement within the gene"]


def test_snpeff_names_both_genes_of_a_fusion_in_one_line():
    ann = '##INFO=<ID=ANN,Number=.,Type=String,Description="Functional annotations">\n'
    line = "2 1 . N <INV> . PASS SVTYPE=INV;SOMATIC;ANN=<INV>|gene_fusion|HIGH|EML4&ALK|id|transcript|t|protein_coding|1/2|| GT 0/1"
    result = reading(line, header=ann)
    assert found(result) == ["ALK fusion (EML4)"] and result.profiles[0].alterations[0].origin == "somatic"


def gone(consequence: str, call: str, kind: str = "DEL", copies: str = "") -> str:
    more = f";CN={copies}" if copies else ""
    return f"9 2190 . N <{kind}> . PASS SVTYPE={kind}{more};END=99;CSQ=d|{consequence}|CDKN2A||,d|{consequence}|MLL2|| GT {call}"


@pytest.mark.parametrize(
    ("line", "expected", "why"),
    [
        (gone("transcript_ablation", "1/1"), ["CDKN2A deletion", "KMT2D deletion"], ""),
        (gone("transcript_ablation", "0/1", copies="0"), ["CDKN2A deletion", "KMT2D deletion"], ""),
        (gone("transcript_ablation", "0/1"), [], "whether a copy of the gene is left is not told"),
        (gone("transcript_ablation", "0/1", copies="1"), [], "copies left: 1; only the loss of all"),
        (gone("feature_truncation", "1/1"), [], "which exons it takes is not read"),
        (gone("transcript_amplification", "0/1", "DUP", "9"), ["CDKN2A amplification", "KMT2D amplification"], ""),
        (gone("transcript_amplification", "0/1", "CNV", "3"), [], "copies: 3; from 5 on"),
        (gone("transcript_amplification", "0/1", "DUP"), [], "how many copies there are is not told"),
        (gone("transcript_amplification", "0/1", "DUP", "5000"), [], "its copies cannot be"),
        (gone("transcript_ablation", "1/1", "CNV", "0"), ["CDKN2A deletion", "KMT2D deletion"], ""),
        (gone("feature_elongation", "1/1", "INV"), [], "what it does to the protein is not told"),
        (gone("transcript_ablation", "0/0"), [], "not in the tumour sample"),
        (gone("transcript_ablation", "1/1").replace("PASS", "q10"), [], "did not pass the caller's filter"),
    ],
)  # fmt: skip
def test_whole_genes_lost_or_gained_are_findings_and_the_rest_has_its_reason(line, expected, why):
    result = reading(line)
    assert found(result) == expected
    assert all(a.copy_number in (0, 9) for a in result.profiles[0].alterations)
    assert why in "".join(reasons(result)) and bool(reasons(result)) is bool(why)
