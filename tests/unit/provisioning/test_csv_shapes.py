"""CSV files as spreadsheets and databases write them: taken, or told what to do."""

import bz2
import gzip
import lzma
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Account
from tests.factories import make_account
from tests.unit.provisioning.importing import refused, run

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("firm")]

HEADER = "address,name,active"


def import_bytes(file: Path, text: str, encoding: str) -> str:
    file.write_bytes(text.encode(encoding))
    out = StringIO()
    try:
        call_command("import_accounts", file, stdout=out)
    except CommandError as error:
        return f"{out.getvalue()}{error}"
    return out.getvalue()


@pytest.mark.parametrize(
    ("sign", "name"), [(";", "semicolons"), ("\t", "tabs"), ("|", "vertical bars")]
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_other_signs_between_columns_are_named(
    file: Path, sign: str, name: str, encoding: str
) -> None:
    text = f"{HEADER}\r\nerin@firm.example,Erin,yes\r\n".replace(",", sign)

    said = import_bytes(file, text, encoding)

    assert f"line 1: {name} are between the columns: save the file as CSV" in said
    assert not Account.objects.exists()


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_named(file: Path, encoding: str) -> None:
    said = import_bytes(file, f"{HEADER}\n", encoding)

    why = "the file is in UTF-16 (Unicode text): save it as CSV UTF-8"
    assert said == f"{why}; nothing was written."


def test_a_line_in_the_code_page_of_windows_is_named(file: Path) -> None:
    text = f"{HEADER}\nj@firm.example,J\xf6rg,yes\n"

    said = import_bytes(file, text, "cp1252")

    assert "line 2: j@firm.example: refused: name: not in UTF-8: save the file" in said
    assert not Account.objects.exists()


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_empty_columns_and_lines_at_the_edge_say_nothing(file: Path, end: str) -> None:
    lines = [f"{HEADER},,", "erin@firm.example,Erin,yes,,", ",,,,", "", " , ,,,"]
    lines += ["frank@firm.example,Frank,,,,,"]

    said = import_bytes(file, end.join([*lines, ""]), "utf-8-sig")

    assert said == "2 created, 0 changed, 0 unchanged, 0 refused\n"


@pytest.mark.parametrize(
    ("header", "line", "place"),
    [
        (f"{HEADER},,", "erin@firm.example,Erin,yes,,sesame", 5),
        (HEADER, "erin@firm.example,Erin,yes,sesame", 4),
        (",address", "sesame,erin@firm.example", 1),
    ],
)
def test_a_cell_that_no_column_names_refuses_its_line(
    file: Path, header: str, line: str, place: int
) -> None:
    said = refused(file, line, header=header)

    assert f"line 2: erin@firm.example: refused: column {place}: not empty" in said
    assert "sesame" not in said


def test_a_column_that_nobody_knows_is_left_out_on_somebodys_word(file: Path) -> None:
    lines = ["erin@firm.example,x", "frank@firm.example,"]

    assert "column 2 is none of" in refused(file, *lines, header="address,Notes")
    said = run(file, *lines, header="address,Notes", leave_out=["Notes"])

    assert said.endswith("0 refused\nleft out: notes in 1 line\n")


def test_all_that_is_wrong_with_the_columns_is_told_at_once(file: Path) -> None:
    header = "Notes,name,address,colour,NAME,{PLAIN}sesame"

    said = refused(file, "", header=header, leave_out=["colour", "Taste", "smell"])

    assert "line 1: the column name is there twice; columns 1 and 6 are none of" in said
    assert "there is no column Taste, which --leave-out names; there is no " in said
    assert "no column smell, which --leave-out names" in said
    assert "sesame" not in said


def test_what_is_left_out_may_be_said_in_several_places(file: Path) -> None:
    file.write_text("address,notes,colour\nerin@firm.example,x,y\n")
    out = StringIO()
    words = ["--leave-out", "Notes", "--leave-out", "colour"]

    call_command("import_accounts", str(file), *words, stdout=out)

    assert "left out: colour in 1 line, notes in 1 line" in out.getvalue()


@pytest.mark.parametrize("name", ["NoLogin", "NOLOGIN", " nologin", "Password"])
@pytest.mark.parametrize("format_", ["csv", "passwd"])
def test_no_capitals_leave_out_what_decides_who_is_let_in(
    file: Path, name: str, format_: str
) -> None:
    said = refused(
        file,
        "erin@firm.example,y",
        header=f"address,{name}",
        leave_out=[name],
        format=format_,
    )

    assert "decides who is let in: it is not left out" in said


@pytest.mark.parametrize(
    ("sign", "why"),
    [
        (";", "semicolons are between the columns: save the file as CSV with"),
        ("\t", "tabs are between the columns: save the file as CSV with commas"),
        (",", "sep= is for Excel alone: delete this line"),
    ],
)
@pytest.mark.parametrize("quote", ["", '"'])
def test_excels_word_on_the_sign_between_columns_is_understood(
    file: Path, sign: str, why: str, quote: str
) -> None:
    text = f"{quote}sep={sign}{quote}\r\n{HEADER}\r\n".replace(",", sign)

    assert f"line 1: {why}" in import_bytes(file, text, "utf-8")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (
            gzip.compress(b"address\nerin@firm.example\n", mtime=0),
            "compressed (gzip): unpack",
        ),
        (bz2.compress(b"address\nerin@firm.example\n"), "compressed (bzip2): unpack"),
        (lzma.compress(b"address\nerin@firm.example\n"), "compressed (xz): unpack"),
        (b"PK\x03\x04\x14\0\x06\0", "a spreadsheet or an archive (xlsx, ods, zip)"),
        (
            bytes.fromhex("d0cf11e0a1b11ae1"),
            "a spreadsheet (xls): save it as CSV UTF-8",
        ),
        (b"SQLite format 3\0\x10", "a database: write it out as CSV UTF-8"),
        (b"\x7fELF\x02\x01\x01\0", "no text: save it as CSV UTF-8"),
        (bytes(range(256)), "no text: save it as CSV UTF-8"),
    ],
)
@pytest.mark.parametrize("format_", ["csv", "passwd"])
def test_a_file_that_is_no_text_is_said_to_be_none(
    file: Path, content: bytes, why: str, format_: str
) -> None:
    file.write_bytes(content)

    with pytest.raises(CommandError) as error:
        call_command("import_accounts", str(file), format=format_)

    assert f"the file is {why}" in str(error.value)
    assert str(error.value).endswith("; nothing was written.")


@pytest.mark.parametrize(
    ("cell", "is_active"), [("t", True), ("f", False), ("TRUE", True), ("0", False)]
)
def test_yes_and_no_are_read_as_databases_write_them(
    file: Path, cell: str, *, is_active: bool
) -> None:
    run(file, f"erin@firm.example,,{cell}", header=HEADER)

    assert Account.objects.get().is_active is is_active


@pytest.mark.parametrize("cell", ["!", "*", "x", "!$6$salt$hash"])
def test_a_locked_password_makes_the_mailbox_not_active(file: Path, cell: str) -> None:
    make_account("erin@firm.example")

    said = run(file, f"erin@firm.example,{cell}", header="address,password")

    assert not Account.objects.get().is_active
    assert "not active, being locked there: password in 1 line" in said


def test_a_locked_password_that_is_said_to_be_active_is_refused(file: Path) -> None:
    said = refused(file, "erin@firm.example,!,yes", header="address,password,active")

    assert "active: yes, and what stands at password locks the mailbox" in said


def test_a_phone_on_file_may_be_named_again_whatever_it_is(file: Path) -> None:
    make_account("erin@firm.example", phone="+493012345678")

    said = run(file, "erin@firm.example,+493012345678", header="address,phone")

    assert said == "0 created, 0 changed, 1 unchanged, 0 refused\n"
    assert "number of a mobile phone" in refuse_other(file)


def refuse_other(file: Path) -> str:
    line = "erin@firm.example,+493012345679"
    file.write_text(f"address,phone\n{line}\n")
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("import_accounts", file, stdout=out)
    return out.getvalue()


def test_refusals_for_the_same_reason_are_told_once_with_their_number(
    file: Path,
) -> None:
    lines = [f"user{number}@firm.example,+49 30 1234567" for number in range(1000)]
    lines += ["erin@firm.example,+4", "user0@firm.example,"]

    said = refused(file, *lines, header="address,phone").splitlines()

    assert len(said) == 5
    assert said[0].startswith(
        "lines 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 990 more: refused: phone: "
    )
    assert said[1].startswith("line 1002: erin@firm.example: refused: phone: ")
    assert said[2].endswith("address: the same address is in line 2")
    assert said[3] == "0 created, 0 changed, 0 unchanged, 1002 refused"


def test_of_lines_that_come_twice_the_second_half_is_told_once(file: Path) -> None:
    lines = [f"user{number}@firm.example" for number in range(20)]

    said = refused(file, *lines, *lines, header="address")

    assert "lines 22, 23," in said
    assert "and 10 more: refused: address: the same address is in line 2\n" in said
