"""Of several reasons to refuse a logon, which one is named.

All of them hold; then they are taken away one by one, in the order of the CASE in each
view. So each reason is seen to come before all that follow it.
"""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from accounts.models import Account, MailLogon, MailWebLogon, Policy
from clientpasswords import logon
from clientpasswords.models import ClientPassword
from tests.factories import make_account, make_client_password, make_policy

pytestmark = pytest.mark.both_databases

DAY = timedelta(days=1)
SQL = Path(logon.__file__).parent
Step = tuple[str, Callable[[], int]]


def alter_account(**fields: object) -> Callable[[], int]:
    return lambda: Account.objects.update(**fields)


def alter_policy(**fields: object) -> Callable[[], int]:
    return lambda: Policy.objects.update(**fields)


def alter_password(**fields: object) -> Callable[[], int]:
    return lambda: ClientPassword.objects.update(**fields)


# The reason that is named, and what takes it away.
OF_CLIENT_PASSWORDS: list[Step] = [
    ("account-disabled", alter_account(is_active=True)),
    ("revoked", alter_password(revoked_at=None)),
    ("expired", alter_password(expires_at=None)),
    ("expired", alter_policy(client_password_days=None)),
    ("suspended-unused", alter_password(suspends_at=None)),
    ("third-party-logon-off", alter_policy(third_party_logon=True)),
    ("protocol-off", alter_policy(imap=True)),
    ("out-of-scope", alter_password(imap=True)),
    ("suspended", alter_account(client_passwords_on=True)),
]
OF_WEB_PASSWORDS: list[Step] = [
    ("account-disabled", alter_account(is_active=True)),
    ("third-party-logon-off", alter_policy(third_party_logon=True)),
    ("protocol-off", alter_policy(imap=True)),
    ("security-password-required", alter_account(client_passwords_on=False)),
]


@pytest.fixture
def worst(db: None) -> Account:
    """A mailbox and a security password that are refused for every reason."""
    now = timezone.now()
    policy = make_policy(
        third_party_logon=False,
        imap=False,
        client_password_days=1,
        suspend_unused_days=1,
        uses_known_to=now,
    )
    account = make_account(policy=policy, is_active=False)
    make_client_password(
        account,
        imap=False,
        created_at=now - 2 * DAY,
        revoked_at=now,
        expires_at=now - DAY,
        suspends_at=now - DAY,
    )
    return account


def follow(
    view: type[MailLogon | MailWebLogon], steps: list[Step]
) -> list[tuple[str | None, str]]:
    found = []
    for reason, take_away in steps:
        found.append((view.objects.get(protocol="imap").refusal, reason))
        assert take_away() == 1
    found.append((view.objects.get(protocol="imap").refusal, ""))
    return found


def test_the_first_reason_that_holds_refuses_a_client_password(worst: Account) -> None:
    found = follow(MailLogon, OF_CLIENT_PASSWORDS)

    assert [named or "" for named, _ in found] == [reason for _, reason in found]


def test_the_first_reason_that_holds_refuses_the_web_password(worst: Account) -> None:
    Account.objects.update(client_passwords_on=True)

    found = follow(MailWebLogon, OF_WEB_PASSWORDS)

    assert [named or "" for named, _ in found] == [reason for _, reason in found]


@pytest.mark.parametrize(
    ("view", "steps"),
    [("mail_logon", OF_CLIENT_PASSWORDS), ("mail_web_logon", OF_WEB_PASSWORDS)],
)
def test_every_reason_of_a_view_is_among_them(view: str, steps: list[Step]) -> None:
    named = reasons_in(view)

    assert [reason for reason, _ in steps] == named


def reasons_in(view: str) -> list[str]:
    """Return the reasons of the view's CASE, in their order there."""
    text = SQL.joinpath(f"{view}.sql").read_text()
    case = text.rpartition("END AS refusal")[0].rpartition("CASE")[2]
    return re.findall(r"THEN\s+'([a-z-]+)'", case)
