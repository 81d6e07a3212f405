"""What was typed is in no event, and what was once written there is taken out."""

import json
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.contrib.sessions.backends.db import SessionStore
from django.db import DatabaseError, connection, transaction
from django.test import Client, RequestFactory
from django.urls import reverse

from accounts import events
from accounts.events import Kind
from accounts.models import Account, SecurityEvent
from administration import audit
from tests.unit.support import HOME

TYPED = "correct horse battery staple"
PASSWORDS = {"password1": TYPED, "password2": TYPED, "usable_password": "true"}


def test_the_web_password_of_a_new_mailbox_is_in_no_event(
    administrator: Client, alice: Account
) -> None:
    data = {"address": "new@example.com", "name": "New", "domain": alice.domain_id}

    page = reverse("admin:accounts_account_add")
    assert administrator.post(page, data | PASSWORDS).status_code == 302

    assert Account.objects.get(address="new@example.com").check_password(TYPED)
    event = SecurityEvent.objects.get(kind=Kind.MAILBOX_CREATED)
    assert event.detail["changed"].keys() == {"address", "name", "domain"}
    assert TYPED not in str(list(SecurityEvent.objects.values()))


def test_what_a_form_asks_besides_the_fields_of_its_record_is_in_no_event(
    alice: Account, rf: RequestFactory
) -> None:
    request = rf.get("/")
    request.user, request.session = alice, SessionStore()
    asked = {"name": "Alice", "secret_of_a_form": TYPED}
    form = SimpleNamespace(
        instance=alice, changed_data=[*asked], cleaned_data=asked, initial={}
    )

    audit.saved(request, form, ["name", "address"], is_new=True)

    event = SecurityEvent.objects.get(kind=Kind.MAILBOX_CREATED)
    assert event.detail == {"changed": {"name": ["", "Alice"]}}


def test_web_passwords_that_were_recorded_are_taken_out(alice: Account) -> None:
    migration = import_module(
        "administration.migrations.0006_no_passwords_in_events"
    ).forget
    was = {"changed": {"address": ["", "alice@example.com"], "password1": ["", TYPED]}}
    other = {"changed": {"name": ["", "password1"]}}
    for detail in (was, other):
        SecurityEvent.objects.create(
            kind=Kind.MAILBOX_CREATED, account=alice, detail=detail, actor="somebody"
        )
    events.record(Kind.SIGNED_IN, alice, by=HOME)

    for _again in range(2):
        migration(apps, SimpleNamespace(connection=connection))

    details = [event.detail for event in SecurityEvent.objects.order_by("pk")]
    assert details == [
        {"changed": {"address": ["", "alice@example.com"]}},
        other,
        {},
    ]
    assert TYPED not in json.dumps(details)
    with pytest.raises(DatabaseError), transaction.atomic():
        SecurityEvent.objects.update(actor="somebody else")
