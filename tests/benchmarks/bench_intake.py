"""How fast patient files are read, and what it weighs: `make bench` or `python -m tests.benchmarks.bench_intake`.

Files are made up here in a temporary folder and deleted again; each is read by a process of its own, whose peak memory
the operating system counts. Each figure stands beside its target; a miss is printed, not hidden.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from oncology.intake.writers import write_fhir
from oncology.patients import Alteration, PatientProfile
from tests.benchmarks import machine

GENES = "KRAS TP53 EGFR BRAF PIK3CA STK11 KEAP1 APC PTEN NF1 RB1 ATM BRCA1 BRCA2 ARID1A SMAD4 CDKN2A ERBB2 MET RET".split()  # noqa: SIM905

_READ = """
import json, resource, sys, time
from oncology.intake import read_patients
base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
clock, cpu = time.perf_counter(), time.process_time()
result = read_patients(sys.argv[1])
seconds, cpu = time.perf_counter() - clock, time.process_time() - cpu
scale = 1e-6 if sys.platform == "darwin" else 1024e-6
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"seconds": seconds, "cpu": cpu, "peak_mb": peak * scale, "patients": len(result.profiles),
                  "elements": result.report.n_elements, "adds_up": result.report.adds_up}))
"""


def fhir_bundle(folder: Path) -> Path:
    """A bundle of 3 MB: one patient with some eighteen hundred variants."""
    draw = random.Random(1)
    found = tuple(
        Alteration(
            draw.choice(GENES),
            protein_change=f"p.A{i + 2}V",
            coding_change=f"c.{3 * i + 5}C>T",
            vaf=0.3,
            origin="somatic",
        )
        for i in range(1850)
    )
    path = folder / "bundle.json"
    bundle = json.loads(write_fhir(PatientProfile("bench", alterations=found, sex="female", tumour="LUAD")))
    path.write_text(json.dumps(bundle))
    return path


def vcf(folder: Path) -> Path:
    """100,000 annotated lines, most of them introns, as a whole exome has."""
    draw = random.Random(2)
    fields = "Allele|Consequence|IMPACT|SYMBOL|Gene|Feature|HGVSc|HGVSp|PICK|CANONICAL|gnomADe_AF"
    path = folder / "exome.vcf"
    with path.open("w") as out:
        out.write(
            f'##fileformat=VCFv4.2\n##INFO=<ID=CSQ,Number=.,Type=String,Description="Format: {fields}">\n'
        )
        out.write("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tnormal\ttumour\n")
        for i in range(100_000):
            gene = draw.choice(GENES)
            other = "".join(
                f",G|downstream_gene_variant|MODIFIER|{gene}|ENSG{i}|ENST{k}||||| " for k in range(5)
            ).rstrip()
            if i % 50:
                note = f"G|intron_variant|MODIFIER|{gene}|ENSG{i}|ENST{i}|c.{i + 1}+5A>G||1|YES|"
            else:
                note = f"G|missense_variant|MODERATE|{gene}|ENSG{i}|ENST{i}|c.{3 * i + 2}C>T|p.Ala{i + 1}Val|1|YES|"
            out.write(
                f"1\t{i + 1}\t.\tA\tG\t50\tPASS\tDP=100;CSQ={note}{other}\tGT:AD:DP\t0/0:50,0:50\t0/1:60,40:100\n"
            )
    return path


def study(folder: Path) -> Path:
    """A cBioPortal study of 10,000 patients and 100,000 variants, with a gene panel."""
    draw = random.Random(3)
    place = folder / "study"
    place.mkdir()
    (place / "meta_study.txt").write_text("cancer_study_identifier: bench\n")
    ids = [f"P{i:05d}" for i in range(10_000)]
    (place / "data_clinical_sample.txt").write_text(
        "PATIENT_ID\tSAMPLE_ID\tONCOTREE_CODE\tTMB_NONSYNONYMOUS\tMSI_TYPE\n"
        + "".join(f"{p}\t{p}-1\tLUAD\t{draw.random() * 20:.1f}\tStable\n" for p in ids)
    )
    (place / "data_clinical_patient.txt").write_text(
        "PATIENT_ID\tAGE\tSEX\n" + "".join(f"{p}\t{draw.randrange(30, 90)}\tFemale\n" for p in ids)
    )
    (place / "data_gene_panel_matrix.txt").write_text(
        "SAMPLE_ID\tmutations\n" + "".join(f"{p}-1\tB20\n" for p in ids)
    )
    (place / "data_gene_panel_b20.txt").write_text("stable_id: B20\ngene_list: " + "\t".join(GENES) + "\n")
    with (place / "data_mutations.txt").open("w") as out:
        out.write(
            "Hugo_Symbol\tVariant_Classification\tTumor_Sample_Barcode\tHGVSp_Short\tHGVSc\tt_alt_count\tt_ref_count\n"
        )
        for _ in range(100_000):
            codon = draw.randrange(2, 900)
            out.write(
                f"{draw.choice(GENES)}\tMissense_Mutation\t{draw.choice(ids)}-1\tp.A{codon}V\tc.{3 * codon - 1}C>T\t{draw.randrange(1, 99)}\t100\n"
            )
    return place


MEASURED: tuple[tuple[str, Callable[[Path], Path], float, float | None], ...] = (
    ("FHIR bundle", fhir_bundle, 1.0, None),
    ("VCF of 100,000 lines", vcf, 3.0, 300.0),
    ("study of 10,000 patients and 100,000 variants", study, 15.0, None),
)


def main() -> int:
    """Print every figure beside its target; the exit code is always 0, a miss is a finding."""
    print(machine.describe("PyYAML", "defusedxml"))
    with tempfile.TemporaryDirectory() as folder:
        for name, make, seconds, megabytes in MEASURED:
            path = make(Path(folder))
            size = sum(p.stat().st_size for p in ([path] if path.is_file() else path.iterdir())) / 1e6
            runs = []
            for _ in range(3):
                done = subprocess.run(
                    [sys.executable, "-c", _READ, str(path)], capture_output=True, text=True, check=True
                )
                runs.append(json.loads(done.stdout))
            best = sorted(runs, key=lambda r: r["seconds"])[1]
            met = best["seconds"] <= seconds and (megabytes is None or best["peak_mb"] <= megabytes)
            target = f"at most {seconds:g} s" + (f" and {megabytes:g} MB" if megabytes else "")
            print(
                f"{name} ({size:.1f} MB): {best['seconds']:.2f} s (median of 3; {best['cpu']:.2f} s of one core), peak {best['peak_mb']:.0f} MB, "
                f"{best['elements']:,} elements, counts {'add up' if best['adds_up'] else 'DO NOT ADD UP'}; "
                f"target {target}: {'met' if met else 'MISSED'}"
            )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
