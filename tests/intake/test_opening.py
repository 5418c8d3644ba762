"""What a file is, by its content; limits; and refusals that say what to do."""

import gzip

import pytest

from oncology.errors import OncologyError
from oncology.intake import (
    MAX_UPLOAD,
    BrokenFileError,
    EmptyFileError,
    EmptyFolderError,
    FileTooLargeError,
    UnknownFormatError,
    read_bytes,
    read_patients,
)

TABLE = b"patient_id,age\na,61\n"


def test_content_decides_and_not_the_extension():
    assert read_bytes("picture.png", TABLE).profiles[0].age_years == 61
    assert read_bytes("t.csv.gz", gzip.compress(TABLE) + gzip.compress(b"b,62\n")).profiles[1].age_years == 62


@pytest.mark.parametrize(
    ("name", "data", "error", "words"),
    [
        ("a.csv", b"", EmptyFileError, "is empty"),
        ("a.csv", b" \n\xef\xbb\xbf\n", EmptyFileError, "is empty"),
        ("a.csv", b"patient_id,age\n" + b" " * MAX_UPLOAD, FileTooLargeError, "at most 25 MB"),
        ("a.pdf", b"%PDF-1.7 ...", UnknownFormatError, "PDF"),
        ("a.bin", bytes(range(256)) * 10, UnknownFormatError, "binary"),
        ("a.zip", b"PK\x03\x04" + b"x" * 50, UnknownFormatError, "zip archive"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 50, UnknownFormatError, "Save it as .xlsx"),
        ("a.json", b'{"colour": "red"}', UnknownFormatError, "no known kind .its keys: colour"),
        ("a.json", b'{"colour": "re', BrokenFileError, "breaks off"),
        ("a.html", b"<html><body>hello</body></html>", UnknownFormatError, "not FHIR"),
        ("a.txt", b"Dear colleague\nthe patient is well", BrokenFileError, "no column names the patient"),
        ("a.csv.gz", gzip.compress(TABLE * 99, mtime=0)[:40], BrokenFileError, "cannot be unpacked"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_in_words(name, data, error, words):
    with pytest.raises(error, match=words):
        read_bytes(name, data)


def test_a_gzip_bomb_is_stopped_at_the_limit(monkeypatch):
    monkeypatch.setattr("oncology.intake.opening.MAX_UNPACKED_UPLOAD", 1_000_000)
    with pytest.raises(FileTooLargeError, match="unpacks to more than 1 MB"):
        read_bytes("b.csv.gz", gzip.compress(b"patient_id,age\n" + b"a,1\n" * 300_000, 1))


def test_a_missing_file_and_an_empty_folder_say_so(tmp_path):
    with pytest.raises(OncologyError, match="Check the name"):
        read_patients(tmp_path / "nowhere.csv")
    with pytest.raises(EmptyFolderError, match=r"holds no file\. Put patient files into it"):
        read_patients(tmp_path)
    for name in ("fhir", "vcf", ".hidden"):
        (tmp_path / name).mkdir()
    with pytest.raises(EmptyFolderError, match=r"no file, only folders \(fhir, vcf\)\. Name one of them"):
        read_patients(tmp_path)


def test_the_folder_of_a_file_is_never_told(tmp_path):
    place = tmp_path / "secret_folder" / "t.csv"
    place.parent.mkdir()
    place.write_bytes(TABLE)
    assert "secret_folder" not in repr(read_patients(place))
