"""cBioPortal study folders: clinical tables, mutations, copy number, structural variants, gene panels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from oncology.intake.draft import PatientDraft, clean_id
from oncology.intake.errors import BrokenFileError
from oncology.intake.maf_rows import read_maf_rows
from oncology.intake.opening import GivenFile, GivenFolder
from oncology.intake.options import Options
from oncology.intake.report import Ledger, ReadResult
from oncology.intake.side_tables import copy_number_kind, tell_fusion
from oncology.intake.table_rows import drafts_of_rows
from oncology.intake.tabular import read_rows
from oncology.patients import Alteration

__all__ = ["read"]

_MISSING = ("", "NA", "NaN", "na", "[Not Available]")


@dataclass(slots=True)
class _Study:
    files: dict[str, GivenFile] = field(default_factory=dict)
    copy_number_is_discrete: bool = True
    panels: dict[str, GivenFile] = field(default_factory=dict)
    used: list[GivenFile] = field(default_factory=list)


def read(given: GivenFile | GivenFolder, options: Options) -> ReadResult:
    """One profile a sample of a study folder.

    Raises
    ------
    BrokenFileError, DuplicatePatientError, NoPatientsError
    """
    if isinstance(given, GivenFile):
        if given.path is None:
            raise BrokenFileError(
                given.name, "one file of a study", "the others are missing", "Read the whole folder."
            )
        given = GivenFolder(given.path.parent)
    ledger = Ledger()
    study = _study(given, ledger)
    if "samples" not in study.files:
        raise BrokenFileError(
            given.name,
            "a cBioPortal study",
            "it has no table of samples",
            "Expected data_clinical_sample.txt with its meta file.",
        )
    drafts = _clinical(study, options, ledger)

    def draft_of(sample: str) -> PatientDraft | None:
        return drafts.get(clean_id(sample))

    each = len(drafts) <= 20
    steps: list[tuple[str, Callable[[GivenFile], object]]] = [
        ("mutations", lambda f: read_maf_rows(f, draft_of, options, ledger, each=each)),
        ("copy number", lambda f: _copy_number(f, draft_of, options, ledger, each)),
        ("structural variants", lambda f: _structural(f, draft_of, options, ledger, each)),
    ]
    for i, (kind, step) in enumerate(steps):
        file = study.files.get(kind)
        if kind == "copy number" and file is not None and not study.copy_number_is_discrete:
            ledger.note(f"{file.name} was not read: it holds continuous copy-number values, no calls.")
        elif file is not None:
            step(file)
            study.used.append(file)
        if options.progress:
            options.progress((i + 1) / (len(steps) + 1), f"{kind} read")
    _panels(study, drafts, options, ledger)
    source = given.source("cbioportal", study.used)
    return ReadResult(tuple(d.finish(source, ledger) for d in drafts.values()), ledger.report(source))


def _meta(file: GivenFile) -> dict[str, str]:
    pairs = (line.partition(":") for line in file.lines())
    return {key.strip(): value.strip() for key, colon, value in pairs if colon}


_KINDS = {
    ("CLINICAL", "PATIENT_ATTRIBUTES"): "patients", ("CLINICAL", "SAMPLE_ATTRIBUTES"): "samples",
    ("MUTATION_EXTENDED", "MAF"): "mutations", ("STRUCTURAL_VARIANT", "SV"): "structural variants",
    ("GENE_PANEL_MATRIX", "GENE_PANEL_MATRIX"): "panel matrix",
}  # fmt: skip
_BY_NAME = {
    "data_clinical_patient.txt": "patients", "data_clinical_sample.txt": "samples", "data_mutations.txt": "mutations",
    "data_mutations_extended.txt": "mutations", "data_cna.txt": "copy number", "data_sv.txt": "structural variants",
    "data_gene_panel_matrix.txt": "panel matrix",
}  # fmt: skip


def _study(folder: GivenFolder, ledger: Ledger) -> _Study:
    study = _Study()
    paths = {p.name: p for p in folder.files()}
    for name, path in paths.items():
        if name.startswith("data_gene_panel_") and "matrix" not in name and path.stat().st_size:
            file = GivenFile.of_path(path)
            panel = _meta(file)
            if panel.get("stable_id"):
                study.panels[panel["stable_id"]] = file
        if not name.startswith("meta_") or not path.stat().st_size:
            continue
        meta = _meta(GivenFile.of_path(path))
        kind = _KINDS.get((meta.get("genetic_alteration_type", ""), meta.get("datatype", "")))
        if meta.get("genetic_alteration_type") == "COPY_NUMBER_ALTERATION":
            kind = (
                "copy number"
                if "copy number" not in study.files or "DISCRETE" in meta.get("datatype", "")
                else None
            )
            study.copy_number_is_discrete = "DISCRETE" in meta.get("datatype", "") or (
                study.copy_number_is_discrete and kind is None
            )
        target = meta.get("data_filename", "")
        if kind is None:
            if target:
                ledger.note(
                    f"{target} was not read: data of the kind {meta.get('datatype', '?')[:40]} fill no field of a profile."
                )
            continue
        if "/" in target or "\\" in target or target not in paths:
            ledger.note(f"{name} names a data file that is not in the folder.")
        elif paths[target].stat().st_size:
            study.files[kind] = GivenFile.of_path(paths[target])
    for name, kind in _BY_NAME.items():
        if kind not in study.files and name in paths and paths[name].stat().st_size:
            study.files[kind] = GivenFile.of_path(paths[name])
            ledger.note(f"{name} has no meta file; read by its name.")
    return study


def _clinical(study: _Study, options: Options, ledger: Ledger) -> dict[str, PatientDraft]:
    samples = study.files["samples"]
    table = read_rows(samples)
    names = {h.casefold(): h for h in table.header}
    for needed in ("patient_id", "sample_id"):
        if needed not in names:
            raise BrokenFileError(
                samples.name, "a table of samples", f"it has no column {needed.upper()}", "Add the column."
            )
    columns = {**options.columns, names["sample_id"]: "patient_id", names["patient_id"]: "findings.patient"}
    drafts = drafts_of_rows(
        samples.name,
        table.header,
        table.rows,
        samples.sha256,
        replace(options, columns=columns),
        ledger,
        useful=False,
    )
    study.used.append(samples)
    patients = study.files.get("patients")
    if patients is not None:
        table = read_rows(patients)
        persons = drafts_of_rows(
            patients.name, table.header, table.rows, patients.sha256, options, ledger, useful=False
        )
        study.used.append(patients)
        for draft in drafts.values():
            person = persons.get(draft.findings.get("patient", ""))
            if person is not None:
                draft.values = {**person.values, **draft.values}
                draft.labs = {**person.labs, **draft.labs}
                draft.findings = {**person.findings, **draft.findings}
                draft.treatments = [*person.treatments, *draft.treatments]
    several: dict[str, int] = {}
    for draft in drafts.values():
        patient = draft.findings.get("patient", "")
        several[patient] = several.get(patient, 0) + 1
    n_repeated = sum(n > 1 for n in several.values())
    if n_repeated:
        ledger.note(
            f"{n_repeated} patients have several samples: each sample is a profile, and findings.patient joins them."
        )
    return drafts


def _copy_number(
    file: GivenFile,
    draft_of: Callable[[str], PatientDraft | None],
    options: Options,
    ledger: Ledger,
    each: bool,
) -> None:
    table = read_rows(file)
    keys = [h.casefold() for h in table.header]
    long = "sample_id" in keys and "value" in keys
    part = f"copy-number calls of {file.name}"
    if not long and "hugo_symbol" not in keys:
        raise BrokenFileError(
            file.name, "a copy-number table", "it has no column Hugo_Symbol", "Export it with gene symbols."
        )
    owners = [
        None if k in ("hugo_symbol", "entrez_gene_id", "cytoband") else draft_of(h)
        for k, h in zip(keys, table.header, strict=True)
    ]
    for row in table.rows:
        symbol = row[keys.index("hugo_symbol")] if "hugo_symbol" in keys else ""
        if long:
            ledger.hold(part)
            _call(
                symbol,
                row[keys.index("value")],
                draft_of(row[keys.index("sample_id")]),
                part,
                options,
                ledger,
                each,
            )
            continue
        for i, cell in enumerate(row[: len(keys)]):
            if keys[i] not in ("hugo_symbol", "entrez_gene_id", "cytoband") and cell:
                ledger.hold(part)
                _call(symbol, cell, owners[i], part, options, ledger, each)


def _call(
    symbol: str,
    call: str,
    draft: PatientDraft | None,
    part: str,
    options: Options,
    ledger: Ledger,
    each: bool,
) -> None:
    kind, known = copy_number_kind(call)
    who = draft.patient_id if each and draft else ""
    if draft is None:
        ledger.add(part, "call", "dropped", "its sample is not in the table of samples")
    elif not symbol:
        ledger.add(part, "call", "dropped", "no gene is named")
    elif call in _MISSING:
        ledger.add(part, "call", "used", "a word for not known")
    elif not known:
        ledger.add(part, "call", "dropped", "not a call that is known (-2 to 2)", found=call)
    elif kind is None:
        ledger.add(part, "call", "used", "neither a high-level gain nor a deep loss")
    else:
        gene = options.genes.resolve(symbol)
        draft.altered(Alteration(gene.symbol, kind, origin="somatic"))
        renamed = gene.status in ("previous", "alias")
        ledger.add(part, f"{symbol} {kind}" if each else kind, "normalised" if renamed else "used",
                   "an old symbol, replaced" if renamed else "", patient_id=who)  # fmt: skip


def _structural(
    file: GivenFile,
    draft_of: Callable[[str], PatientDraft | None],
    options: Options,
    ledger: Ledger,
    each: bool,
) -> None:
    table = read_rows(file)
    keys = [h.casefold() for h in table.header]
    for needed in ("sample_id", "site1_hugo_symbol", "site2_hugo_symbol"):
        if needed not in keys:
            raise BrokenFileError(
                file.name,
                "a table of structural variants",
                f"it has no column {needed}",
                "Export it with that column.",
            )
    part = f"structural variants of {file.name}"

    def cell(row: list[str], name: str) -> str:
        value = row[keys.index(name)] if name in keys else ""
        return "" if value in _MISSING else value

    for row in table.rows:
        ledger.hold(part)
        draft = draft_of(row[keys.index("sample_id")])
        if draft is None:
            ledger.add(part, "structural variant", "dropped", "its sample is not in the table of samples")
            continue
        kind = cell(row, "class") or cell(row, "event_info")
        note = "" if "fusion" in kind.casefold() else f"its class is {kind[:30].lower() or 'not told'}"
        tell_fusion(
            draft,
            part,
            cell(row, "site1_hugo_symbol"),
            cell(row, "site2_hugo_symbol"),
            options,
            ledger,
            note=note,
            each=each,
        )


def _panels(study: _Study, drafts: dict[str, PatientDraft], options: Options, ledger: Ledger) -> None:
    """Assayed genes from the gene panel matrix; a panel without a file, or no matrix, leaves them unknown."""
    matrix = study.files.get("panel matrix")
    if matrix is None:
        if options.panel is not None:
            for draft in drafts.values():
                draft.assay(options.panel)
            ledger.note(
                f"Assayed genes: the panel you named{f' ({options.panel_name})' if options.panel_name else ''}."
            )
        else:
            ledger.note(
                "Assayed genes: not known; the study has no gene panel matrix. Name the panel to change this."
            )
        return
    genes: dict[str, frozenset[str]] = dict(options.panels)
    for name, file in study.panels.items():
        listed = _meta(file).get("gene_list", "").replace(",", "\t").split("\t")
        genes[name] = frozenset(options.genes.resolve(g.strip()).symbol for g in listed if g.strip())
        study.used.append(file)
    study.used.append(matrix)
    table = read_rows(matrix)
    keys = [h.casefold() for h in table.header]
    part = f"cells of {matrix.name}"
    if "sample_id" not in keys:
        raise BrokenFileError(
            matrix.name, "a gene panel matrix", "it has no column SAMPLE_ID", "Add the column."
        )
    known = 0
    for row in table.rows:
        ledger.hold(part, sum(1 for c in row[: len(keys)] if c))
        owner = drafts.get(clean_id(row[keys.index("sample_id")]))
        for key, cell in zip(keys, row, strict=False):
            if not cell:
                continue
            if owner is None:
                ledger.add(part, key, "dropped", "its sample is not in the table of samples")
            elif key == "sample_id":
                ledger.add(part, key, "used")
            elif cell in _MISSING:
                ledger.add(part, key, "used", "a word for not known")
            elif key != "mutations":
                ledger.add(
                    part,
                    key,
                    "dropped",
                    "panels are read for mutations only; other assays stay as they are told",
                )
            elif cell not in genes:
                ledger.add(part, key, "dropped", f"no file tells the genes of panel {cell[:40]}", found=cell)
            else:
                owner.assay(genes[cell])
                owner.put("panel", cell[:60])
                known += 1
                ledger.add(part, key, "used")
    ledger.note(
        f"Assayed genes: from the gene panel matrix, for {known:,} of {len(drafts):,} samples; not known for the others."
    )
