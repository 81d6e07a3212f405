"""What is exported is imported elsewhere without a loss, and opens nothing there."""

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import hypothesis
import pytest
from django.core.management import call_command
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from accounts.hashing import schemes
from accounts.models import (
    Account,
    Cutoff,
    Department,
    FormerAddress,
    Phone,
    SecurityEvent,
)
from provisioning.columns import COLUMNS
from tests.factories import make_account, make_domain, make_policy
from tests.takenover import HASHES
from tests.unit.provisioning.importing import run

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

PASSWORDS = ["", *map(schemes.convert_to_django, HASHES.values())]
PHONES = ["+4915112345678", "+12025550123", "+8613800138000"]
NAMES = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=60
).map(str.strip)
MAILBOXES = st.fixed_dictionaries(
    {
        "name": NAMES | st.sampled_from(["=1+1", '"', ",;\u00e9", "'", "-", "yes"]),
        "department": NAMES,
        "language": st.sampled_from(["", "de", "zh-hant"]),
        "is_active": st.booleans(),
        "client_passwords_on": st.booleans(),
        "policy": st.sampled_from(["", "Exception", "f", "Zwei; \u201edrei\u201c"]),
        "policy_until": st.none()
        | st.integers(0, 250_000_000_000_000_000).map(
            lambda past: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=past)
        ),
        "password": st.sampled_from(PASSWORDS),
        "phone": st.none() | st.sampled_from(PHONES),
    }
)
# What of a mailbox is in the columns of a file.
KEPT = (
    "address",
    "name",
    "department__name",
    "language",
    "phone__number",
    "is_active",
    "client_passwords_on",
    "policy__name",
    "policy_until",
    "password",
)


def make(number: int, fields: dict[str, Any]) -> None:
    fields = dict(fields)
    domain = make_domain("firm.example", make_policy("Standard"))
    department, policy = fields.pop("department"), fields.pop("policy")
    if department:
        fields["department"], _ = Department.objects.get_or_create(
            domain=domain, name=department
        )
    if not policy:
        fields["policy_until"] = None
    fields["policy"] = make_policy(policy) if policy else None
    password, phone = fields.pop("password"), fields.pop("phone")
    account = Account.objects.create_user(f"u{number}@firm.example", None, **fields)
    if phone:
        Phone.objects.create(account=account, number=phone)
    if password:
        Account.objects.filter(pk=account.pk).update(password=password)


def kept() -> list[tuple[Any, ...]]:
    """Return what is to come back; without a password an empty text for it."""
    rows = Account.objects.order_by("address").values_list(*KEPT)
    return [
        (*row[:-1], "" if row[-1].startswith("!") else str(row[-1])) for row in rows
    ]


def test_every_column_is_compared() -> None:
    assert len(KEPT) == len(COLUMNS)


@hypothesis.settings(max_examples=25, deadline=None)
@given(mailboxes=st.lists(MAILBOXES, min_size=1, max_size=4))
def test_nothing_is_lost_or_opened_on_the_way(
    mailboxes: list[dict[str, Any]],
) -> None:
    with transaction.atomic(), TemporaryDirectory() as folder:
        file = Path(folder) / "mailboxes.csv"
        for number, fields in enumerate(mailboxes):
            make(number, fields)
        before = kept()
        call_command("export_accounts", file, with_hashes=True, stdout=io.StringIO())
        assert "0 created, 0 changed" in import_(file)

        Phone.objects.all().delete()
        Account.objects.all().delete()
        Department.objects.all().delete()
        FormerAddress.objects.all().delete()  # the other host knows of none
        said = import_(file)

        assert said == f"{len(mailboxes)} created, 0 changed, 0 unchanged, 0 refused\n"
        assert kept() == before
        transaction.set_rollback(True)


def import_(file: Path) -> str:
    out = io.StringIO()
    call_command("import_accounts", file, create_departments=True, stdout=out)
    return out.getvalue()


@pytest.fixture
def file(tmp_path: Path, settings: Settings) -> Path:
    settings.DOVEADM_URLS = ["http://mail.example:8080/doveadm/v1"]
    make_domain("firm.example", make_policy("Standard"))
    return tmp_path / "mailboxes.csv"


def test_security_passwords_are_turned_on_by_a_file_and_never_off(file: Path) -> None:
    make_account("on@firm.example", client_passwords_on=True)
    make_account("off@firm.example")
    lines = ["on@firm.example,no", "off@firm.example,yes", "new@firm.example,yes"]

    said = run(file, *lines, header="address,security_passwords")

    assert said == "1 created, 1 changed, 1 unchanged, 0 refused\n"
    assert all(Account.objects.values_list("client_passwords_on", flat=True))
    event = SecurityEvent.objects.get(kind="switched-on")
    assert event.address == "off@firm.example"
    mask = Cutoff.objects.get(is_review=True).login_mask
    assert mask == "off@firm.example*"
