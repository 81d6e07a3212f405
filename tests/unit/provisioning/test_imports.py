"""Mailboxes from a file: what is made, changed, refused, and told."""

from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts.models import (
    Account,
    Cutoff,
    Domain,
    Notification,
    Phone,
    SecurityEvent,
)
from provisioning import apply, imports
from tests.factories import make_account, make_domain, make_policy
from tests.takenover import HASHES, PASSWORD
from tests.unit.provisioning.importing import run
from tests.unit.support import is_signed_in, sign_in

pytestmark = pytest.mark.django_db

NODE = "http://mail.example:8080/doveadm/v1"


@pytest.fixture(autouse=True)
def _host(settings: Settings) -> None:
    make_domain("firm.example", make_policy("Standard"))
    make_policy("Exception")
    settings.DOVEADM_URLS = [NODE]


ERIN = (
    f'erin@firm.example,"Erin, née Ó",Sales,de,+12025550123,{HASHES["SSHA512"]},'
    "yes,Exception,2030-01-31T18:00:00+01:00"
)


def erin() -> Account:
    return Account.objects.select_related("phone").get(address="erin@firm.example")


# --- what is made and changed ---------------------------------------------------------


def test_a_mailbox_is_made_with_everything_its_line_says(
    file: Path, client: Client
) -> None:
    assert run(file, ERIN, create_departments=True) == (
        "1 created, 0 changed, 0 unchanged, 0 refused\n"
    )

    made = erin()
    assert (made.name, made.language, made.is_active) == ("Erin, née Ó", "de", True)
    assert str(made.department) == "Sales (firm.example)"
    assert made.policy is not None
    assert made.policy.name == "Exception"
    assert made.policy_until is not None
    assert made.policy_until.isoformat() == "2030-01-31T17:00:00+00:00"
    assert made.phone.number == "+12025550123"
    sign_in(client, made.address, PASSWORD)
    assert client.session["_auth_user_id"] == str(made.pk)


def test_importing_the_same_again_changes_nothing(file: Path) -> None:
    run(file, ERIN, create_departments=True)
    before = list(Account.objects.values())
    events = SecurityEvent.objects.exclude(kind="imported").count()

    said = run(file, ERIN)

    assert said == "0 created, 0 changed, 1 unchanged, 0 refused\n"
    assert list(Account.objects.values()) == before
    assert SecurityEvent.objects.exclude(kind="imported").count() == events


def test_nor_does_it_after_the_sign_in_has_hashed_the_password_anew(
    file: Path, client: Client
) -> None:
    run(file, ERIN, create_departments=True)
    sign_in(client, "erin@firm.example", PASSWORD)
    assert is_signed_in(client)
    now = erin().password
    assert now.startswith("argon2$")

    said = run(file, ERIN)

    assert said == "0 created, 0 changed, 1 unchanged, 0 refused\n"
    assert erin().password == now


def test_another_hash_than_was_taken_over_is_another_password(file: Path) -> None:
    run(file, ERIN, create_departments=True)
    line = f"erin@firm.example,{HASHES['PBKDF2']}"

    run(file, line, header="address,password")

    assert erin().password.startswith("pbkdf2$1$")
    assert SecurityEvent.objects.filter(kind="password-changed").count() == 1
    assert Cutoff.objects.filter(login_mask="erin@firm.example", is_review=False)


def test_columns_that_are_not_there_leave_things_as_they_are(file: Path) -> None:
    run(file, ERIN, create_departments=True)

    run(file, "ERIN@firm.example,Erin B.", header="Address,Name")

    after = erin()
    assert (after.name, after.language) == ("Erin B.", "de")
    assert after.department
    assert after.policy
    assert after.phone.number == "+12025550123"
    assert after.password.startswith("ssha512$")


def test_an_empty_cell_empties_all_but_password_and_active(file: Path) -> None:
    run(file, ERIN, create_departments=True)
    Account.objects.update(is_active=False)

    run(file, "erin@firm.example,,,,,,,,")

    after = Account.objects.get()
    assert (after.name, after.language, after.department) == ("", "", None)
    assert (after.policy, after.policy_until) == (None, None)
    assert not Phone.objects.exists()
    assert after.password.startswith("ssha512$")
    assert not after.is_active


def test_a_new_mailbox_without_a_hash_has_no_password(file: Path) -> None:
    run(
        file,
        "erin@firm.example,frank@firm.example".replace(",", "\n"),
        header="address",
    )

    erin, frank = Account.objects.order_by("address")
    assert not erin.has_usable_password()
    assert erin.password != frank.password


def test_domains_are_made_where_a_policy_is_named(file: Path) -> None:
    run(
        file,
        "a@new.example",
        "b@new.example",
        header="address",
        create_domains="Standard",
    )

    domain = Domain.objects.get(name="new.example")
    assert (domain.policy.name, domain.accounts.count()) == ("Standard", 2)
    event = SecurityEvent.objects.get(kind="domain-created")
    assert (event.domain, event.detail["policy"]) == ("new.example", "Standard")


def test_a_passwd_file_of_dovecot_is_read(file: Path, client: Client) -> None:
    lines = [
        "# users",
        f"erin@firm.example:{HASHES['BLF-CRYPT']}:1000:1000::/home/erin::userdb_quota_rule=*:storage=1G",
        "",
        f"frank@firm.example:{HASHES['SHA512-CRYPT'].partition('}')[2]}",
    ]

    run(file, *lines[1:], header=lines[0], format="passwd")

    for address in ("erin@firm.example", "frank@firm.example"):
        browser = Client()
        sign_in(browser, address, PASSWORD)
        assert is_signed_in(browser)


# --- what is ended and told -----------------------------------------------------------


def test_mail_sessions_end_whose_right_the_file_takes(file: Path) -> None:
    make_account("kept@firm.example")
    make_account("gone@firm.example")
    make_account("moved@firm.example")

    run(
        file,
        "kept@firm.example,yes,,Kept",
        "gone@firm.example,no,,Gone",
        "moved@firm.example,yes,Exception,Moved",
        header="address,active,policy,name",
    )

    masks = Cutoff.objects.filter(is_review=True).values_list("login_mask", flat=True)
    assert sorted(masks) == ["gone@firm.example*", "moved@firm.example*"]
    assert set(Cutoff.objects.values_list("node", flat=True)) == {NODE}


def test_the_record_tells_what_was_and_is_and_no_secret(file: Path) -> None:
    run(file, ERIN, create_departments=True, reason="merger")
    changed = ERIN.replace("+12025550123", "+12025550199").replace(",de,", ",en,")
    run(file, changed)

    created = SecurityEvent.objects.get(kind="mailbox-created")
    assert created.actor.startswith("import_accounts (")
    assert (created.address, created.reason) == ("erin@firm.example", "merger")
    assert created.detail["changed"]["language"] == ["", "de"]
    event = SecurityEvent.objects.get(kind="mailbox-changed")
    assert event.detail == {"changed": {"language": ["de", "en"]}}
    imported = SecurityEvent.objects.filter(kind="imported").earliest("pk")
    assert imported.detail == {"file": "mailboxes.csv", "created": 1}
    everything = str(list(SecurityEvent.objects.values()))
    assert HASHES["SSHA512"].partition("}")[2] not in everything
    assert "2025550" not in everything


def test_who_gets_another_number_is_told_on_both_ways(file: Path) -> None:
    make_account("erin@firm.example", phone="+12025550123")

    run(file, "erin@firm.example,+12025550199", header="address,phone")

    assert erin().phone.number == "+12025550199"
    numbers = Notification.objects.values_list("number", flat=True)
    assert sorted(map(str, numbers)) == ["", "+12025550123"]


# --- many -----------------------------------------------------------------------------


def many(count: int) -> list[str]:
    return [f"user{number}@firm.example,User {number}" for number in range(count)]


def test_queries_do_not_grow_with_the_lines(file: Path) -> None:
    counts = []
    for lines in (many(2), many(50)):
        with CaptureQueriesContext(connection) as queries:
            run(file, *lines, header="address,name")
        counts.append(len(queries))

    assert counts[1] <= counts[0] + 2  # those of the two that are there already


def test_what_dies_between_two_parts_is_gone_on_with(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "PART_SIZE", 4)
    real, calls = apply.provision, []

    def dies_in_the_third(*args: Any, **kwargs: Any) -> Any:
        calls.append(args)
        if len(calls) == 3:
            raise DatabaseError
        return real(*args, **kwargs)

    monkeypatch.setattr(apply, "provision", dies_in_the_third)
    with pytest.raises(DatabaseError):
        run(file, *many(10), header="address,name")
    assert Account.objects.count() == 8
    assert SecurityEvent.objects.get(kind="imported").detail["created"] == 8

    said = run(file, *many(10), header="address,name")

    assert said == "2 created, 0 changed, 8 unchanged, 0 refused\n"
    assert SecurityEvent.objects.filter(kind="mailbox-created").count() == 10


def test_in_one_transaction_nothing_is_left_of_what_died(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "PART_SIZE", 4)
    real, calls = apply.provision, []

    def dies_in_the_third(*args: Any, **kwargs: Any) -> Any:
        calls.append(args)
        if len(calls) == 3:
            raise DatabaseError
        return real(*args, **kwargs)

    monkeypatch.setattr(apply, "provision", dies_in_the_third)

    with pytest.raises(DatabaseError):
        run(file, *many(10), header="address,name", in_one=True)

    assert not Account.objects.exists()
    assert not SecurityEvent.objects.exists()
