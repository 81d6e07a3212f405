"""Mailboxes written into a file, as an import reads it."""

import csv
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.hashing import schemes
from accounts.models import Account, Department, FormerAddress, Phone, SecurityEvent
from tests.factories import make_account, make_client_password, make_domain, make_policy
from tests.takenover import HASHES

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture(autouse=True)
def _mailboxes() -> None:
    policy = make_policy("Exception")
    domain = make_domain("firm.example")
    sales = Department.objects.create(domain=domain, name="Sales")
    for number, scheme in enumerate(HASHES):
        account = make_account(
            f"user{number}@firm.example",
            name='=1+1, "Q"',
            department=sales if number % 2 else None,
            policy=policy if number % 3 == 0 else None,
            policy_until="2030-01-31T17:00:00Z" if number == 3 else None,
            language="de",
            is_active=number != 1,
            client_passwords_on=number == 2,
            phone=f"+1202555010{number}",
        )
        password = schemes.convert_to_django(HASHES[scheme])
        Account.objects.filter(pk=account.pk).update(password=password)
    other = make_account("other@else.example")
    make_client_password(other)


def export(file: Path, **options: Any) -> list[dict[str, str]]:
    call_command("export_accounts", str(file), stdout=StringIO(), **options)
    with file.open(newline="") as lines:
        return list(csv.DictReader(lines))


def import_(file: Path) -> str:
    out = StringIO()
    call_command("import_accounts", str(file), stdout=out, create_departments=True)
    return out.getvalue()


def columns() -> list[tuple[Any, ...]]:
    names = (
        "address",
        "name",
        "department__name",
        "policy__name",
        "policy_until",
        "language",
        "is_active",
        "password",
        "phone__number",
        "client_passwords_on",
    )
    rows = Account.objects.exclude(address="other@else.example")
    return list(rows.order_by("address").values_list(*names))


def test_what_was_exported_is_imported_without_a_loss(tmp_path: Path) -> None:
    file = tmp_path / "mailboxes.csv"
    before = columns()
    export(file, with_hashes=True, domain="firm.example")
    assert import_(file).startswith("0 created, 0 changed, 6 unchanged")

    Phone.objects.all().delete()
    Account.objects.all().delete()
    FormerAddress.objects.all().delete()  # as on another host
    Department.objects.all().delete()

    assert import_(file).startswith("6 created")
    assert columns() == before


def test_without_being_asked_for_no_hash_is_in_it(tmp_path: Path) -> None:
    rows = export(tmp_path / "mailboxes.csv")

    assert len(rows) == 7
    assert "password" not in rows[0]
    text = (tmp_path / "mailboxes.csv").read_text()
    assert "$" not in text
    assert "{" not in text


def test_nobody_else_can_read_it_and_no_file_is_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "mailboxes.csv"

    export(file)
    with pytest.raises(CommandError, match="File exists"):
        export(file)

    assert file.stat().st_mode & 0o777 == 0o600


def test_the_export_is_recorded(tmp_path: Path) -> None:
    export(tmp_path / "mailboxes.csv", with_hashes=True, domain="Firm.example")

    event = SecurityEvent.objects.get(kind="exported")
    assert event.detail == {"mailboxes": 6, "domain": "firm.example", "hashes": "yes"}
    assert event.actor.startswith("export_accounts (")


def test_a_domain_we_do_not_know_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="none of this host"):
        export(tmp_path / "mailboxes.csv", domain="nowhere.example")

    assert not (tmp_path / "mailboxes.csv").exists()
