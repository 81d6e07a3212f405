"""Each column of an import is read, planned, written, described and in the API."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from accounts.models import Account, Department, Domain, SecurityEvent
from api.schemas import AccountOut, AccountSent
from provisioning.columns import BY_NAME, COLUMNS, RELATED_FIELDS, Column
from provisioning.management.commands import import_accounts
from tests.factories import make_account, make_policy
from tests.takenover import HASHES
from tests.unit.api.mailboxsteps import ACCOUNTS, ANY, ERIN, send
from tests.unit.provisioning.importing import run

ROOT = Path(__file__).parents[3]
ADDRESS = "erin@firm.example"
UNTIL = "2027-01-31T17:00:00+00:00"


@dataclass(frozen=True)
class Sample:
    """A value that a new mailbox does not have, in a CSV file and in the API."""

    cell: str
    # None: the API does not have the column.
    sent: object = None
    # What has to be said of the mailbox besides.
    besides: tuple[tuple[str, str], ...] = ()
    # A line of a passwd-file that says the same; empty: none can.
    line: str = ""
    # What an empty cell makes of the value.
    emptied: str = ""


HASH = HASHES["SSHA512"]
SAMPLES = {
    "address": Sample(ADDRESS, ADDRESS, line=f"{ADDRESS}:{HASH}"),
    "name": Sample("Erin", "Erin"),
    "department": Sample("Sales", "Sales"),
    "language": Sample("de", "de"),
    "phone": Sample("+12025550123", "+12025550123"),
    "password": Sample(HASH, line=f"{ADDRESS}:{HASH}", emptied=HASH),
    "active": Sample("no", sent=False, line=f"{ADDRESS}:!", emptied="no"),
    "security_passwords": Sample("yes", emptied="yes"),
    "policy": Sample("Exception", "Exception"),
    "policy_until": Sample(UNTIL, UNTIL, (("policy", "Exception"),)),
}
OF_PASSWD = [name for name, sample in SAMPLES.items() if sample.line]
OTHERS = [column for column in COLUMNS if column.name != "address"]
IN_API = [column for column in COLUMNS if column.in_api]

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture(autouse=True)
def _host(firm: Domain) -> None:
    Department.objects.create(domain=firm, name="Sales")
    make_policy("Exception")


def cell_of(column: Column) -> str:
    return column.format_cell(
        Account.objects.select_related(*RELATED_FIELDS).get(address=ADDRESS)
    )


def exported(folder: Path) -> dict[str, str]:
    file = folder / "exported.csv"
    call_command("export_accounts", file, with_hashes=True, stdout=io.StringIO())
    with file.open(newline="") as lines:
        (row,) = csv.DictReader(lines)
    return row


def test_every_column_has_a_sample() -> None:
    assert list(SAMPLES) == list(BY_NAME), "add the new column to SAMPLES"
    for column in IN_API:
        assert SAMPLES[column.name].sent is not None


@pytest.mark.parametrize("column", COLUMNS, ids=list(BY_NAME))
def test_a_csv_file_brings_it_and_an_export_says_it(
    column: Column, tmp_path: Path
) -> None:
    sample = SAMPLES[column.name]
    said = dict([("address", ADDRESS), *sample.besides, (column.name, sample.cell)])
    header, line = ",".join(said), ",".join(said.values())

    run(tmp_path / "new.csv", line, header=header)

    assert cell_of(column) == sample.cell
    assert exported(tmp_path)[column.name] == sample.cell
    again = run(tmp_path / "new.csv", line, header=header)
    assert again == "0 created, 0 changed, 1 unchanged, 0 refused\n"


@pytest.mark.parametrize("column", OTHERS, ids=list(BY_NAME)[1:])
def test_it_is_changed_recorded_and_emptied_as_the_table_says(
    column: Column, tmp_path: Path
) -> None:
    make_account(ADDRESS)
    sample = SAMPLES[column.name]
    said = dict([("address", ADDRESS), *sample.besides, (column.name, sample.cell)])

    run(tmp_path / "one.csv", ",".join(said.values()), header=",".join(said))

    assert cell_of(column) == sample.cell
    kinds = SecurityEvent.objects.filter(address=ADDRESS).values_list("kind", flat=True)
    assert (column.event or "mailbox-changed") in kinds
    run(tmp_path / "none.csv", f"{ADDRESS},", header=f"address,{column.name}")
    assert column.ignores_empty_cell == bool(sample.emptied)
    assert cell_of(column) == sample.emptied


@pytest.mark.parametrize("name", OF_PASSWD)
def test_a_passwd_file_brings_what_it_can_say(name: str, tmp_path: Path) -> None:
    run(tmp_path / "users", SAMPLES[name].line, header="# users", format="passwd")

    assert cell_of(BY_NAME[name]) == SAMPLES[name].cell


def test_the_schemas_of_the_api_have_its_columns_and_no_others() -> None:
    names = {column.name for column in IN_API}

    assert set(AccountOut.model_fields) == names | {"domain", "administrator"}
    assert set(AccountSent.model_fields) == names - {"address"} | {"reason"}


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize("column", IN_API, ids=lambda column: column.name)
def test_a_program_orders_it_and_sees_it(
    program: Client, column: Column, method: str
) -> None:
    if method == "PATCH":
        make_account(ADDRESS)
    sample = SAMPLES[column.name]
    body: dict[str, Any] = dict(sample.besides) | {column.name: sample.sent}
    body.pop("address", None)

    answer = send(program, method, ERIN, body, ANY if method == "PATCH" else None)

    assert answer.status_code in {200, 201}, answer.content
    assert cell_of(column) == sample.cell
    shown = program.get(ERIN).json()[column.name]
    assert str(shown).replace("Z", "+00:00") == str(sample.sent)
    listed = program.get(ACCOUNTS).json()["items"]
    assert [each[column.name] for each in listed] == [shown]


def test_it_is_described_to_whoever_imports() -> None:
    manual = (ROOT / "docs" / "operations.md").read_text()
    section = manual.partition("## Mailboxes in and out")[2].partition("\n## ")[0]
    said = import_accounts.Command.help

    for column in COLUMNS:
        assert column.help.split()[0] in said
        assert f"\n  {column.name} " in said
        assert any(
            f"`{column.name}`" in line.split("|")[1]
            for line in section.splitlines()
            if line.startswith("| ")
        ), f"docs/operations.md does not describe the column {column.name}"
