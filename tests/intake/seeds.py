"""Small well-formed files of every format, written here by hand: what the other tests bend and break."""

from __future__ import annotations

import gzip
import io
import json

from oncology.intake import write_profiles
from oncology.intake.writers import write_fhir, write_phenopacket
from oncology.patients import Alteration, PatientProfile

__all__ = ["CSQ_VCF", "FHIR", "PATIENT", "SEEDS"]

PATIENT = PatientProfile(
    "seed-1",
    age_years=61.5,
    sex="female",
    tumour="LUAD",
    stage="IV",
    ecog=1,
    alterations=(
        Alteration("EGFR", protein_change="p.L858R", coding_change="c.2573T>G", vaf=0.31, origin="somatic"),
        Alteration("ERBB2", "amplification", copy_number=12),
        Alteration("ALK", "fusion", partner="EML4"),
        Alteration("BRCA2", protein_change="p.K3326*", vaf=0.5, origin="germline"),
    ),
    assayed_genes=frozenset({"EGFR", "ERBB2", "ALK", "BRCA2", "KRAS"}),
    tested_absent=frozenset({"KRAS p.G12C"}),
    tmb_per_mb=7.5,
    msi="stable",
    prior_treatments=("carboplatin",),
)

_TABLE = (
    "patient_id,age,sex,tumour,tmb,msi,PD-L1 (%),albumin (g/L),KRAS,KRAS p.G12C,EGFR exon 19 deletion,alterations,assayed_genes,name\n"
    'a,61,F,LUAD,12.5,MSS,60,38,1,1,0,"STK11 p.Q37*; ERBB2 amplification",KRAS EGFR STK11,Eve\n'
    "b,70,male,lung adenocarcinoma,3,MSI-H,<1,41,wild type,,not assayed,none,KRAS TP53,Bob\n"
)
_MAF = (
    "#version 2.4\nHugo_Symbol\tVariant_Classification\tTumor_Sample_Barcode\tHGVSp_Short\tHGVSc\tt_alt_count\tt_ref_count\tMutation_Status\n"
    "KRAS\tMissense_Mutation\ts1\tp.G12C\tc.34G>T\t30\t70\tSomatic\n"
    "MLL2\tNonsense_Mutation\ts1\tp.R10*\t\t4\t6\t\n"
    "TP53\tSilent\ts2\tp.P36P\t\t1\t1\t\n"
    "BRCA1\tFrame_Shift_Del\ts2\tp.E23fs\tc.68_69del\t5\t5\tGermline\n"
)
CSQ_VCF = (
    "##fileformat=VCFv4.2\n"
    '##INFO=<ID=CSQ,Number=.,Type=String,Description="VEP. Format: Allele|Consequence|IMPACT|SYMBOL|HGVSc|HGVSp|PICK|CANONICAL|MAX_AF">\n'
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tp1_normal\tp1_tumour\n"
    "7\t55259515\t.\tT\tG\t50\tPASS\tCSQ=G|intron_variant|MODIFIER|EGFR|||||,G|missense_variant|MODERATE|EGFR|N.1:c.2573T>G|P.1:p.Leu858Arg|1|YES|\tGT:AD\t0/0:50,0\t0/1:60,40\n"
    "12\t25398285\t.\tC\tA,T\t50\tPASS\tCSQ=A|missense_variant|MODERATE|KRAS|N:c.34G>T|P:p.Gly12Cys|||,T|missense_variant|MODERATE|KRAS|N:c.34G>A|P:p.Gly12Ser|||\tGT:AF\t0/0:0,0\t0/1:0.2,0\n"
    "17\t7577120\t.\tC\tT\t50\tlow\tCSQ=T|missense_variant|MODERATE|TP53||P:p.Arg273His||\tGT:AF\t0/0:0\t0/1:0.4\n"
    "13\t1\t.\tG\t<DEL>\t50\tPASS\t.\tGT\t0/0\t0/1\n"
)
_STRUCTURAL = CSQ_VCF + (
    "17\t2\t.\tG\t<DUP>\t50\tPASS\tSVTYPE=DUP;CN=9;CSQ=duplication|transcript_amplification|HIGH|ERBB2|||||\tGT\t0/0\t0/1\n"
    "2\t29446394\tb1\tA\tA]2:42522694]\t.\tPASS\tSVTYPE=BND;MATEID=b2;CSQ=x|intron_variant|HIGH|ALK|||||\tGT\t0/0\t0/1\n"
    "2\t42522694\tb2\tT\tT]2:29446394]\t.\tPASS\tSVTYPE=BND;MATEID=b1;CSQ=x|intron_variant|HIGH|EML4|||||\tGT\t0/0\t0/1\n"
)
_ANN_VCF = (
    '##fileformat=VCFv4.1\n##INFO=<ID=ANN,Number=.,Type=String,Description="Functional annotations">\n'
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    "1\t5\t.\tA\tC\t.\tPASS\tANN=C|missense_variant|MODERATE|NRAS|E1|transcript|T1|protein_coding|1/1|c.182A>G|p.Gln61Arg|||||\n"
)
FHIR = write_fhir(PATIENT)
_XML = """<?xml version="1.0"?><Bundle xmlns="http://hl7.org/fhir"><type value="collection"/>
<entry><fullUrl value="urn:uuid:1"/><resource><Patient><id value="x"/><gender value="male"/><birthDate value="1960-02-03"/></Patient></resource></entry>
<entry><resource><Observation><code><coding><system value="http://loinc.org"/><code value="69548-6"/></coding></code>
<subject><reference value="urn:uuid:1"/></subject><effectiveDateTime value="2020-03-01"/>
<valueCodeableConcept><coding><code value="LA9633-4"/></coding></valueCodeableConcept>
<component><code><coding><code value="48018-6"/></coding></code><valueCodeableConcept><coding><code value="HGNC:1097"/><display value="BRAF"/></coding></valueCodeableConcept></component>
<component><code><coding><code value="48005-3"/></coding></code><valueCodeableConcept><coding><code value="p.Val600Glu"/></coding></valueCodeableConcept></component>
<component><code><coding><code value="81258-6"/></coding></code><valueQuantity><value value="0.25"/></valueQuantity></component>
</Observation></resource></entry></Bundle>"""
_YAML = """id: p
subject: {id: s, sex: FEMALE, time_at_last_encounter: {age: {iso8601duration: P50Y}}}
diseases:
- term: {id: 'NCIT:C3512', label: Lung Adenocarcinoma}
interpretations:
- diagnosis:
    genomic_interpretations:
    - subject_or_biosample_id: tumour
      variant_interpretation:
        variation_descriptor:
          gene_context: {symbol: KRAS}
          expressions: [{syntax: hgvs.p, value: 'p.Gly12Cys'}]
meta_data: {phenopacket_schema_version: '2.0'}
"""


def _excel() -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    for line in _TABLE.splitlines()[:2]:
        book.active.append([c.strip('"') for c in line.split(",")][:10])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _parquet() -> bytes:
    import pyarrow
    import pyarrow.parquet

    out = io.BytesIO()
    table = pyarrow.table(
        {"patient_id": ["a", "b"], "age": [61.0, None], "KRAS": [1, 0], "MSI": ["MSS", None]}
    )
    pyarrow.parquet.write_table(table, out)
    return out.getvalue()


def _ndjson() -> str:
    return "\n".join(json.dumps(e["resource"]) for e in json.loads(FHIR)["entry"]) + "\n"


SEEDS: dict[str, bytes] = {
    "profiles.json": write_profiles([PATIENT, PatientProfile("seed-2", labs={"nlr": 3.0})]).encode(),
    "table.csv": _TABLE.encode(),
    "table.tsv": _TABLE.replace(",", "\t").encode(),
    "variants.maf": _MAF.encode(),
    "bundle.json": FHIR.encode(),
    "bundle.xml": _XML.encode(),
    "export.ndjson": _ndjson().encode(),
    "packet.json": write_phenopacket(PATIENT).encode(),
    "packet.yaml": _YAML.encode(),
    "csq.vcf": CSQ_VCF.encode(),
    "ann.vcf": _ANN_VCF.encode(),
    "structural.vcf": _STRUCTURAL.encode(),
    "csq.vcf.gz": gzip.compress(CSQ_VCF.encode(), mtime=0),
    "table.xlsx": _excel(),
    "table.parquet": _parquet(),
}
