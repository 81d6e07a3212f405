"""Actions on many: nothing is done before somebody has seen it, and said why."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Account, SecurityEvent
from administration.bulk import page as bulk_page
from administration.models import Job
from tests.factories import make_account, make_client_password
from tests.unit.administration.jobsteps import ACCOUNTS, WHY, choose
from tests.unit.administration.pages import MOST_QUERIES


def test_nothing_is_done_before_it_is_confirmed(
    administrator: Client, alice: Account
) -> None:
    make_client_password(alice)

    page = choose(administrator, "revoke_all", [alice])
    shown = administrator.get(page).content.decode()

    assert "1 mailbox selected" in shown
    assert "alice@example.com" in shown
    assert "Mail programs can no longer connect with them" in shown
    assert alice.client_passwords.get().revoked_at is None


def test_a_reason_is_required_and_kept_with_each(
    administrator: Client, alice: Account
) -> None:
    make_client_password(alice)
    page = choose(administrator, "revoke_all", [alice])

    refused = administrator.post(page, {"confirm": "1", "reason": "  "})
    assert refused.status_code == 422
    assert alice.client_passwords.get().revoked_at is None
    administrator.post(page, {"confirm": "1", "reason": WHY})

    event = alice.security_events.get(kind="revoked")
    assert (event.reason, event.actor) == (WHY, "admin@example.com")
    assert event.network_address == "127.0.0.1"
    order = SecurityEvent.objects.get(kind="action-ordered")
    assert order.reason == WHY
    assert SecurityEvent.objects.get(kind="action-ended").detail["changed"] == 1


def test_doing_nothing_does_nothing(administrator: Client, alice: Account) -> None:
    make_client_password(alice)
    page = choose(administrator, "revoke_all", [alice])

    administrator.post(page, {"stop": "1"})
    administrator.post(page, {"confirm": "1", "reason": WHY})

    assert "Cancelled. Nothing was changed." in administrator.get(page).content.decode()
    assert alice.client_passwords.get().revoked_at is None


def test_the_two_passwords_of_a_device_are_told_from_each_other(
    administrator: Client, alice: Account
) -> None:
    old, _secret = make_client_password(alice, "Phone")
    new, _secret = make_client_password(alice, "Phone", replaces=old)

    rows = reverse("admin:clientpasswords_clientpassword_changelist")
    shown = administrator.get(choose(administrator, "revoke", [old, new], page=rows))

    assert "Phone (old password) (alice@example.com)" in shown.text
    assert "Phone (new password) (alice@example.com)" in shown.text


def test_that_all_are_skipped_is_said_before_that_nothing_is_there(
    administrator: Client,
) -> None:
    own = Account.objects.get(is_superuser=True)
    make_client_password(own)

    shown = administrator.get(choose(administrator, "revoke_all", [own]))

    assert "All of them are skipped" in shown.text
    assert "There is no security password to delete" not in shown.text


def test_twenty_names_are_shown_and_the_rest_counted(
    administrator: Client, db: None
) -> None:
    rows = [make_account(f"user{number:02}@example.com") for number in range(23)]
    page = choose(administrator, "unlock_codes", rows)

    with CaptureQueriesContext(connection) as queries:
        shown = administrator.get(page).content.decode()

    assert "user19@example.com" in shown
    assert "user20@example.com" not in shown
    assert "and 3 more" in shown
    assert len(queries) <= MOST_QUERIES


def test_for_very_many_their_number_has_to_be_typed(
    administrator: Client, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_page, "NUMBER_TYPED_ABOVE", 1)
    bob = make_account("bob@example.com")
    page = choose(administrator, "unlock_codes", [alice, bob])

    for number in ("", "3", "two"):
        answer = administrator.post(
            page, {"confirm": "1", "reason": WHY, "number": number}
        )
        assert answer.status_code == 422
    answer = administrator.post(page, {"confirm": "1", "reason": WHY, "number": "2"})

    assert answer.status_code == 302


def test_all_that_match_are_chosen_as_they_are_then(
    administrator: Client, alice: Account
) -> None:
    data = {"action": "set_protocols", "select_across": "1", "_selected_action": [1]}
    page = administrator.post(f"{ACCOUNTS}?q=alice", data)["Location"]
    make_account("alice2@example.com")

    assert Job.objects.get().total == 1
    assert "alice2" not in administrator.get(page).content.decode()
