"""Administrators read why a code did not arrive, and what to do about it."""

import pytest
from django.test import Client
from django.utils.html import escape

from accounts import deliveries, events
from accounts.events import Kind
from accounts.models import Account, SecurityEvent
from administration.base import textmessages
from gateways.sms import Reason
from tests.unit.support import HOME, words_of

EVENTS = "/admin/accounts/securityevent/"


def mailbox(account: Account) -> str:
    return f"/admin/accounts/account/{account.pk}/change/"


def test_every_reason_has_its_own_advice() -> None:
    assert set(textmessages.ADVICE) == set(Reason)
    texts = [str(text) for text in textmessages.ADVICE.values()]
    assert len(set(texts)) == len(texts)
    assert all(texts)


@pytest.mark.parametrize("kind", textmessages.OUTCOMES)
@pytest.mark.parametrize("reason", Reason)
def test_the_audit_log_and_the_mailbox_say_what_to_do(
    administrator: Client, alice: Account, kind: Kind, reason: Reason
) -> None:
    events.record(kind, alice, by=HOME, reason=str(reason))

    for page in (f"{EVENTS}?kind__exact={kind}", mailbox(alice)):
        assert str(escape(textmessages.ADVICE[reason])) in words_of(administrator, page)


@pytest.mark.parametrize("reason", Reason)
def test_the_audit_log_says_what_to_do_about_a_notice(
    administrator: Client, alice: Account, reason: Reason
) -> None:
    deliveries.record_refused_notice(alice, "+12025550123", reason)

    page = words_of(administrator, f"{EVENTS}?kind__exact=notice-not-sent")
    assert str(escape(textmessages.ADVICE[reason])) in page
    assert "+1 ••• •••• ••23" in page
    assert textmessages.find_outcomes(alice).first() is None


def test_the_mailbox_shows_the_last_outcome_only(
    administrator: Client, alice: Account
) -> None:
    assert "code sent" not in words_of(administrator, mailbox(alice))
    events.record(Kind.CODE_NOT_SENT, alice, by=HOME, reason="region")
    events.record(Kind.CODE_SENT, alice, by=HOME)
    events.record(Kind.SIGNED_IN, alice, by=HOME)

    page = words_of(administrator, mailbox(alice))

    assert ": code sent<" in page
    assert "The country is not enabled" not in page


@pytest.mark.parametrize(
    ("kind", "detail"),
    [
        (Kind.CODE_REFUSED, {"reason": "WrongCode"}),
        (Kind.CODE_REFUSED, {"reason": "timeout"}),
        (Kind.CODE_SENT, {}),
        (Kind.CODE_NOT_SENT, {"reason": "of another version"}),
    ],
)
def test_other_events_have_no_advice(kind: Kind, detail: dict[str, str]) -> None:
    assert textmessages.get_advice(SecurityEvent(kind=kind, detail=detail)) == ""
