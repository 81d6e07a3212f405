"""What was typed is in no event."""

from types import SimpleNamespace

from django.contrib.sessions.backends.db import SessionStore
from django.test import Client, RequestFactory
from django.urls import reverse

from accounts.events import Kind
from accounts.models import Account, SecurityEvent
from administration.base import audit

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
