"""Opening what was given: limits, hashes, encodings, archives, and which format the content has."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from oncology.errors import OncologyError
from oncology.intake.errors import BrokenFileError, EmptyFileError, FileTooLargeError, UnknownFormatError
from oncology.patients import Source

__all__ = ["MAX_FILE", "MAX_UPLOAD", "GivenFile", "GivenFolder", "GivenUpload", "sniff"]

MAX_UPLOAD = 25_000_000
MAX_FILE = 4_000_000_000
# JSON, XML and YAML are held in memory whole.
MAX_DOCUMENT = 200_000_000
MAX_UNPACKED_UPLOAD = 200_000_000
_HEAD = 65_536


@dataclass(slots=True)
class GivenFile:
    """A file by path, or bytes with a name; read as bytes, as text, or line by line.

    `name` is the file's name without its folder. `limit` bounds the bytes after unpacking.
    """

    name: str
    path: Path | None = None
    data: bytes | None = None
    limit: int = MAX_FILE
    _sha256: str | None = field(default=None, repr=False)

    @classmethod
    def of_path(cls, path: Path) -> GivenFile:
        """A file on disk; its size is checked here.

        Raises
        ------
        FileTooLargeError, EmptyFileError, OncologyError
        """
        try:
            size = path.stat().st_size
        except OSError as error:
            raise OncologyError(
                f"{path.name} cannot be opened: {error.strerror}. Check the name and folder."
            ) from None
        if size > MAX_FILE:
            raise FileTooLargeError(path.name, size, MAX_FILE)
        if size == 0:
            raise EmptyFileError(path.name)
        return cls(path.name, path=path)

    @classmethod
    def of_bytes(cls, name: str, data: bytes) -> GivenFile:
        """An upload of at most 25 MB, and 200 MB once unpacked."""
        name = os.path.basename(name.replace("\\", "/")) or "upload"
        if len(data) > MAX_UPLOAD:
            raise FileTooLargeError(name, len(data), MAX_UPLOAD)
        if not data.strip(b" \t\r\n\x00\xef\xbb\xbf"):
            raise EmptyFileError(name)
        file = cls(name, data=data, limit=MAX_UNPACKED_UPLOAD)
        if data[:2] == b"\x1f\x8b":
            # Unpacked once for its size alone: a bomb must not be parsed up to the limit first.
            for _ in file.chunks():
                pass
        return file

    def _open(self) -> io.BufferedIOBase:
        if self.path is not None:
            try:
                return self.path.open("rb")
            except OSError as error:
                raise OncologyError(f"{self.name} cannot be opened: {error.strerror}.") from None
        return io.BytesIO(self.data or b"")

    @property
    def sha256(self) -> str:
        """Hash of the bytes as given."""
        if self._sha256 is None:
            digest = hashlib.sha256()
            with self._open() as handle:
                while chunk := handle.read(1 << 20):
                    digest.update(chunk)
            self._sha256 = digest.hexdigest()
        return self._sha256

    @property
    def label(self) -> str:
        """A name for reports that never holds a person's: files of one patient are often called after them."""
        suffixes = "".join(Path(self.name).suffixes[-2:])
        known = re.fullmatch(r"(?i)(\.(json|ndjson|xml|ya?ml|vcf|bcf|gz|bgz|txt))+", suffixes)
        return f"file{suffixes.lower()}" if known else "file"

    def source(self, format_name: str, *, named: bool = True) -> Source:
        """Where a profile came from; the file's own name only where it is one of many patients."""
        return Source(self.name if named else self.label, format_name, self.sha256)

    def chunks(self) -> Iterator[bytes]:
        """The content in pieces, unpacked where it is gzip or bgzip, never more than `limit` in all."""
        with self._open() as handle:
            first = handle.read(1 << 16)
            if first[:2] == b"\x1f\x8b":
                yield from self._unpacked(first, handle)
                return
            while first:
                yield first
                first = handle.read(1 << 20)

    def _unpacked(self, first: bytes, handle: io.BufferedIOBase) -> Iterator[bytes]:
        total, packed, most = 0, first, 1 << 20
        engine = zlib.decompressobj(31)
        try:
            while True:
                out = engine.decompress(packed, most)
                total += len(out)
                if total > self.limit:
                    raise FileTooLargeError(self.name, total, self.limit, unpacked=True)
                if out:
                    yield out
                packed = engine.unconsumed_tail
                if engine.eof:
                    # bgzip is many gzip members, one after the other.
                    packed = engine.unused_data.lstrip(b"\x00") or handle.read(1 << 16)
                    if not packed:
                        return
                    engine = zlib.decompressobj(31)
                elif not packed and len(out) < most:
                    packed = handle.read(1 << 16)
                    if not packed:
                        raise zlib.error("it ends in the middle")
        except zlib.error as error:
            raise BrokenFileError(
                self.name, "a gzip file", f"it cannot be unpacked ({error})", "Transfer or compress it again."
            ) from None

    def head(self) -> bytes:
        """The first 64 kB of the unpacked content; for a document of one line, enough to tell its kind."""
        collected = b""
        for chunk in self.chunks():
            collected += chunk
            if len(collected) >= _HEAD:
                break
        return collected[:_HEAD]

    def content(self, limit: int = MAX_DOCUMENT) -> bytes:
        """The whole unpacked content, where it must be held at once."""
        pieces, total = [], 0
        for chunk in self.chunks():
            total += len(chunk)
            if total > limit:
                raise FileTooLargeError(self.name, total, limit, unpacked=True)
            pieces.append(chunk)
        content = b"".join(pieces)
        if not content.strip(b" \t\r\n\x00\xef\xbb\xbf"):
            raise EmptyFileError(self.name)
        return content

    def text(self, limit: int = MAX_DOCUMENT) -> tuple[str, str]:
        """The content as text, and the name of its encoding."""
        content = self.content(limit)
        encoding = encoding_of(content[:_HEAD])
        try:
            return content.decode(encoding), encoding
        except UnicodeDecodeError:
            return content.decode("cp1252", errors="replace"), "windows-1252"

    def lines(self) -> Iterator[str]:
        """The content line by line without line ends, however they are written; nothing is held at once."""
        encoding = encoding_of(self.head())
        if encoding.startswith("utf-16"):
            yield from self.text()[0].splitlines()
            return
        rest = b""
        first = True
        for chunk in self.chunks():
            if first:
                chunk = chunk.removeprefix(b"\xef\xbb\xbf")
                first = False
            block = rest + chunk
            pieces = block.split(b"\n")
            rest = pieces.pop()
            if len(rest) > 50_000_000:
                raise BrokenFileError(
                    self.name, "a text file", "one line is longer than 50 MB", "Check its line ends."
                )
            for piece in pieces:
                yield _decode(piece)
        if rest:
            yield _decode(rest)


def _decode(line: bytes) -> str:
    line = line.rstrip(b"\r")
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("cp1252", errors="replace")


@dataclass(slots=True)
class GivenFolder:
    """A folder of files that belong together."""

    path: Path

    @property
    def name(self) -> str:
        """The folder's own name."""
        return self.path.resolve().name

    def files(self) -> list[Path]:
        """Plain files in it, by name, without hidden ones."""
        return [p for p in self._inside() if p.is_file()]

    def folders(self) -> list[str]:
        """Names of the folders in it, without hidden ones."""
        return [p.name for p in self._inside() if p.is_dir()]

    def _inside(self) -> list[Path]:
        try:
            return sorted(p for p in self.path.iterdir() if not p.name.startswith("."))
        except OSError as error:
            raise OncologyError(f"The folder {self.name} cannot be opened: {error.strerror}.") from None

    def opened(self) -> list[GivenFile]:
        """The files that hold anything, ready to be read."""
        return [GivenFile.of_path(p) for p in self.files() if p.stat().st_size]

    def source(self, format_name: str, files: list[GivenFile], *, named: bool = True) -> Source:
        """One hash over the files that were read, in the order of their names."""
        digest = hashlib.sha256()
        for file in sorted(files, key=lambda f: f.name):
            digest.update(file.name.encode() + b"\0" + bytes.fromhex(file.sha256))
        return Source(self.name if named else "folder", format_name, digest.hexdigest())


@dataclass(slots=True)
class GivenUpload(GivenFolder):
    """Files that were uploaded together: a folder that was never on this disk."""

    path: Path = Path()
    held: tuple[GivenFile, ...] = ()

    @property
    def name(self) -> str:
        """What messages call it."""
        return "the uploaded files"

    def _inside(self) -> list[Path]:
        # Nothing of it lies on the disk.
        return []

    def opened(self) -> list[GivenFile]:
        """The uploaded files."""
        return list(self.held)


def encoding_of(head: bytes) -> str:
    """Encoding by byte order mark, else UTF-8."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    return "utf-8-sig" if head.startswith(b"\xef\xbb\xbf") else "utf-8"


def sniff(file: GivenFile) -> str:
    """The format of a file: by its content first, by its name only where the content leaves a choice.

    Returns
    -------
    str
        A key of `oncology.intake.READERS`.

    Raises
    ------
    UnknownFormatError, EmptyFileError
    """
    raw = file.head()
    if not raw.strip(b" \t\r\n\x00\xef\xbb\xbf"):
        raise EmptyFileError(file.name)
    if raw.startswith(b"PAR1"):
        return "parquet"
    if raw.startswith(b"PK"):
        if b"[Content_Types].xml" in raw or b"xl/" in raw:
            return "excel"
        raise UnknownFormatError(file.name, "it is a zip archive. Unpack it first and read the folder")
    if raw.startswith(b"\xd0\xcf\x11\xe0"):
        raise UnknownFormatError(file.name, "it is an Excel file of the old kind (.xls). Save it as .xlsx")
    if raw.startswith(b"%PDF"):
        raise UnknownFormatError(file.name, "it is a PDF document; reports in PDF are not read")
    if encoding_of(raw) != "utf-16" and (b"\x00" in raw or _control_share(raw) > 0.05):
        raise UnknownFormatError(file.name, "its content is binary and of no known kind")
    text = raw.decode(encoding_of(raw), errors="replace").lstrip("\ufeff \t\r\n")
    return _sniff_text(file, text)


def _control_share(raw: bytes) -> float:
    controls = sum(raw.count(bytes([b])) for b in (*range(9), *range(14, 32), 127))
    return controls / len(raw)


def _sniff_text(file: GivenFile, text: str) -> str:
    if text.startswith(("##fileformat=VCF", "#CHROM\t")) or (text.startswith("##") and "\n#CHROM\t" in text):
        return "vcf"
    if text.startswith(("{", "[")):
        return _sniff_json(file, text)
    if text.startswith("<"):
        if "http://hl7.org/fhir" in text or re.search(r"<\w*:?(Bundle|Patient|Observation)\b", text):
            return "fhir xml"
        raise UnknownFormatError(file.name, "it is XML, but not FHIR")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    first = lines[0] if lines else text.splitlines()[0].lstrip("#")
    columns = {c.strip().strip('"').casefold() for c in re.split(r"[\t,;]", first)}
    if "hugo_symbol" in columns and "tumor_sample_barcode" in columns:
        return "maf"
    if re.search(r"^(subject|phenopacket|proband|metaData|meta_data)\s*:", text, re.MULTILINE) and (
        "\t" not in first
    ):
        return "phenopacket yaml"
    if any(sep in first for sep in "\t,;"):
        return "table"
    if file.name.casefold().endswith((".csv", ".tsv", ".txt")) and len(lines) > 1 and len(first) < 200:
        return "table"
    raise UnknownFormatError(
        file.name, "its text begins like no format that is known, and its first line has no columns"
    )


def _sniff_json(file: GivenFile, text: str) -> str:
    if '"glassboard_profile"' in text:
        return "project json"
    first = text.split("\n", 1)[0].strip()
    if '"resourceType"' in text:
        one_a_line = first.endswith("}") and first.startswith("{") and "\n{" in text
        return "fhir ndjson" if one_a_line or file.name.casefold().endswith(".ndjson") else "fhir"
    if re.search(
        r'"(subject|phenopacket|proband|phenotypicFeatures|phenotypic_features|members|relatives)"', text
    ):
        return "phenopacket"
    # The telling key may stand behind 64 kB of others.
    try:
        document = json.loads(file.text()[0])
    except (ValueError, RecursionError):
        if re.search(r'"(patient_id|age_years|alterations)"', text):
            return "project json"
        raise BrokenFileError(
            file.name,
            "JSON",
            "it breaks off or is not valid, and its beginning is of no known kind",
            "Export the file again and check that it was transferred whole.",
        ) from None
    one = document[0] if isinstance(document, list) and document else document
    keys = set(one) if isinstance(one, dict) else set()
    if "glassboard_profile" in keys or "patient_id" in keys:
        return "project json"
    if "resourceType" in keys:
        return "fhir"
    if keys & {"subject", "phenopacket", "proband"}:
        return "phenopacket"
    few = ", ".join(sorted(map(str, keys))[:6]) or "no keys"
    raise UnknownFormatError(file.name, f"it is JSON, but of no known kind (its keys: {few})")
