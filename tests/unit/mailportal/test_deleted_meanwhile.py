"""A mailbox is deleted while a request of its owner is answered: that is no error."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from accounts.middleware import SignInRequired
from accounts.models import Account
from clientpasswords.setup import links
from tests.factories import PASSWORD, make_client_password
from tests.signedin import sign_in_verified
from tests.unit.mailportal.addresses import ALL, MACHINES, OPEN, address
from tests.unit.support import HOME, code_for

pytestmark = [pytest.mark.usefixtures("one_node"), pytest.mark.both_databases]

OWN = sorted(set(ALL) - set(OPEN) - MACHINES)
TYPED = {
    "code": "123456",
    "digits": "123456",
    "label": "Phone",
    "name": "Laptop",
    "number": "+12025550166",
    "password": PASSWORD,
    "old_password": PASSWORD,
    "new_password1": "quite another web password",
    "new_password2": "quite another web password",
    "understood": "on",
    "imap": "on",
    "state": "off",
}


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("name", OWN)
def test_whoever_is_gone_by_then_is_led_to_the_sign_in_or_nothing_is_found(
    alice: Account, monkeypatch: pytest.MonkeyPatch, name: str, method: str
) -> None:
    row, _secret = make_client_password(alice)
    Account.objects.update(client_passwords_on=True)
    alice.refresh_from_db()
    code = code_for(alice)
    browser = sign_in_verified(alice)
    browser.raise_request_exception = False
    let_in = SignInRequired.process_view

    def deleted_then(*args: Any) -> Any:
        answer = let_in(*args)
        Account.objects.filter(pk=alice.pk).delete()
        return answer

    monkeypatch.setattr(SignInRequired, "process_view", deleted_then)

    typed = {**TYPED, "code": code, "attempt": str(uuid4())}
    answer = getattr(browser, method)(address(name, row.pk), typed)

    assert answer.status_code < 500
    assert not Account.objects.exists()


def test_nobody_waits_for_a_mailbox_that_a_link_was_of(
    alice: Account, client_passwords_on: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer = links.offer(alice, code=code_for(alice), attempt=uuid4(), by=HOME)
    find = links.find

    def find_then_delete(token: str) -> Any:
        link = find(token)
        Account.objects.filter(pk=alice.pk).delete()
        return link

    monkeypatch.setattr(links, "find", find_then_delete)

    answer = Client().post(reverse("links:install"), {"token": offer.token})

    assert answer.status_code == 410
