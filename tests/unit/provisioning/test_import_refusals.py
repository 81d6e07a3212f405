"""Lines and files that are refused: which line, why, and nothing written."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Account, Department, Domain, SecurityEvent
from tests.factories import make_account, make_domain, make_policy
from tests.unit.provisioning.importing import refused, run

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture(autouse=True)
def _host() -> None:
    make_domain("firm.example", make_policy("Standard"))
    make_policy("Exception")
    make_policy("Theirs", domain=make_domain("other.example"))


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("erin,,,,,,,,", "a full address"),
        ("e*@firm.example,,,,,,,,", "a full address"),
        ("a@foreign.example,,,,,,,,", "The domain of the address is none of this"),
        ("a@firm.example,,Sales,,,,,,", "no department of this name"),
        ("a@firm.example,,,fr,,,,,", "none of the languages"),
        ("a@firm.example,,,,030 123,,,,", "begins with + and the country code"),
        ("a@firm.example,,,,+4,,,,", "a phone number such as"),
        ("a@firm.example,,,,,sesame,,,", "in clear text"),
        ("a@firm.example,,,,,{PLAIN}sesame,,,", "PLAIN is no hash"),
        ("a@firm.example,,,,,{MD5}sesame,,,", "MD5 is not taken over, being too weak"),
        ("a@firm.example,,,,,,perhaps,,", "neither yes nor no"),
        ("a@firm.example,,,,,,,Nope,", "no policy of this name"),
        ("a@firm.example,,,,,,,Theirs,", "This policy belongs to another domain"),
        ("a@firm.example,,,,,,,Exception,soon", "no date with time and zone"),
        ("a@firm.example,,,,,,,Exception,2030-13-01T00:00Z", "no such date or time"),
        ("a@firm.example,,,,,,,,2030-01-01T00:00Z", "Only an exception can end"),
        (f"a@firm.example,{'x' * 101},,,,,,,", "Longer than 100 symbols"),
        ('a@firm.example,"two\nlines",,,,,,,', "a line break"),
        ("a@firm.example,\0,,,,,,,", "a control character"),
        ("a@firm.example,x", "2 cells, and the first line has 9"),
    ],
)
def test_a_line_is_refused_by_its_number_and_nothing_is_written(
    file: Path, line: str, why: str
) -> None:
    said = refused(file, "good@firm.example,,,,,,,,", line)

    assert "line 3: " in said
    assert why in said
    assert "sesame" not in said
    assert said.endswith("1 lines are refused; nothing was written.")


def test_of_an_address_that_is_there_twice_the_second_is_refused(file: Path) -> None:
    said = refused(file, "a@firm.example", "A@Firm.Example", header="address")

    assert (
        "line 3: a@firm.example: refused: address: the same address is in line 2"
        in said
    )


def test_text_that_is_not_utf_8_is_refused(file: Path) -> None:
    file.write_bytes(b"address,name\na@firm.example,J\xf6rg\n")

    with pytest.raises(CommandError):
        call_command("import_accounts", str(file), stdout=StringIO())

    assert not Account.objects.exists()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "the file is empty"),
        ("name\nErin\n", "line 1: there is no column address"),
        ("address,address\n", "line 1: the column address is there twice"),
        ("a@firm.example,{PLAIN}sesame\n", "line 1: columns 1 and 2 are none of"),
        ('address,name\na@firm.example,x\nb@firm.example,"x" y\n', "line 3: not well"),
        ('address,name\na@firm.example,"sesame\n', "line 2: not well-formed CSV"),
    ],
)
def test_a_malformed_file_is_refused_as_a_whole(
    file: Path, text: str, why: str
) -> None:
    file.write_text(text)

    with pytest.raises(CommandError) as error:
        call_command("import_accounts", str(file), skip_refused=True)

    assert why in str(error.value)
    assert "sesame" not in str(error.value)
    assert not Account.objects.exists()


def test_a_file_that_is_not_there_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_accounts", str(tmp_path / "nowhere.csv"))


def test_a_policy_for_new_domains_must_be_there(file: Path) -> None:
    said = refused(file, "a@new.example", header="address", create_domains="Nope")

    assert "There is no policy 'Nope'." in said


def test_a_policy_of_one_domain_is_none_for_new_ones(file: Path) -> None:
    said = refused(file, "a@new.example", header="address", create_domains="Theirs")

    assert "The policy 'Theirs' belongs to one domain." in said


def test_the_others_are_imported_where_that_is_wished(file: Path) -> None:
    said = run(file, "good@firm.example", "bad", header="address", skip_refused=True)

    assert "line 3: refused" in said
    assert said.endswith("1 created, 0 changed, 0 unchanged, 1 refused\n")
    assert Account.objects.get().address == "good@firm.example"


def test_a_dry_run_tells_everything_and_writes_nothing(file: Path) -> None:
    make_account("old@firm.example")
    before = list(Account.objects.values())

    said = run(
        file,
        "old@firm.example,Old,",
        "new@made.example,New,Sales",
        header="address,name,department",
        dry_run=True,
        create_domains="Standard",
        create_departments=True,
        verbosity=2,
    )

    assert "line 2: old@firm.example: changed: name" in said
    assert "line 3: new@made.example: created: department, name" in said
    assert "1 created, 1 changed, 0 unchanged, 0 refused; nothing was written" in said
    assert list(Account.objects.values()) == before
    assert not Domain.objects.filter(name="made.example").exists()
    assert not Department.objects.exists()
    assert not SecurityEvent.objects.exists()
