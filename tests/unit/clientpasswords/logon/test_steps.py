"""How a requirement comes into force, and how exceptions and passwords end by time."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from accounts.models import Account, MailLogon, MailWebLogon, Policy
from accounts.policy import effective
from clientpasswords.models import ClientPassword
from tests.factories import make_account, make_client_password, make_policy

pytestmark = pytest.mark.both_databases

HOUR = timedelta(hours=1)
REQUIRED = "security-password-required"


def web_refusal(account: Account) -> str | None:
    """What the mail server finds, after making sure that the pages say the same."""
    refusal = MailWebLogon.objects.get(address=account.address, protocol="imap").refusal
    policy = effective.load_effective_policy(account).policy
    assert policy.requires_client_passwords == (refusal == REQUIRED)
    return refusal


@pytest.mark.parametrize(
    ("fields", "from_in", "refusal"),
    [
        ({}, None, REQUIRED),
        ({}, -HOUR, REQUIRED),
        ({}, HOUR, None),
        ({"report_only": True}, None, None),
        ({"report_only": True}, -HOUR, None),
        ({"client_passwords_required": False}, -HOUR, None),
    ],
)
def test_security_passwords_are_required_step_by_step(
    alice: Account,
    fields: dict[str, bool],
    from_in: timedelta | None,
    refusal: str | None,
) -> None:
    required_from = None if from_in is None else timezone.now() + from_in
    rule = {"client_passwords_required": True, "required_from": required_from, **fields}

    Policy.objects.update(**rule)

    assert web_refusal(alice) == refusal


@pytest.mark.parametrize(
    ("from_in", "report_only", "is_announced"),
    [(HOUR, False, True), (-HOUR, False, False), (HOUR, True, False)],
)
def test_a_date_is_announced_until_it_has_come(
    from_in: timedelta, *, report_only: bool, is_announced: bool
) -> None:
    policy = Policy(
        client_passwords_required=True,
        report_only=report_only,
        required_from=timezone.now() + from_in,
    )

    assert policy.will_require_client_passwords == is_announced


@pytest.mark.parametrize(("ends_in", "refusal"), [(HOUR, None), (-HOUR, REQUIRED)])
def test_an_exception_ends_at_its_date(
    db: None, ends_in: timedelta, refusal: str | None
) -> None:
    strict = make_policy("Strict", client_passwords_required=True)
    account = make_account("eve@strict.example")
    account.domain.policy = strict
    account.domain.save()
    account.policy = make_policy("Loose")
    account.policy_until = timezone.now() + ends_in
    account.save()

    assert web_refusal(account) == refusal


def test_only_an_exception_can_end(alice: Account) -> None:
    alice.policy_until = timezone.now() + HOUR

    with pytest.raises(ValidationError, match="Only an exception can end"):
        alice.full_clean()


@pytest.mark.parametrize(
    ("days", "age", "refusal"),
    [
        (None, timedelta(days=4000), None),
        (30, timedelta(days=30) - HOUR, None),
        (30, timedelta(days=30) + HOUR, "expired"),
    ],
)
def test_a_security_password_lives_as_long_as_the_policy_says(
    alice: Account, days: int | None, age: timedelta, refusal: str | None
) -> None:
    Policy.objects.update(client_password_days=days)
    Account.objects.update(client_passwords_on=True)
    made, _secret = make_client_password(alice)
    made_at = timezone.now() - age
    ClientPassword.objects.filter(pk=made.pk).update(created_at=made_at)

    found = MailLogon.objects.get(credential=made.pk, protocol="imap").refusal

    assert found == refusal


@pytest.mark.parametrize(
    ("table", "column", "refusal"),
    [
        ("clientpasswords_clientpassword", "expires_at", "expired"),
        ("accounts_policy", "required_from", None),
        ("accounts_account", "policy_until", "suspended"),
    ],
)
def test_what_ends_or_begins_at_this_very_moment_has(
    alice: Account, table: str, column: str, refusal: str | None
) -> None:
    """Her exception requires security passwords, and she has not turned them on."""
    policy = make_policy("Strict", client_passwords_required=True)
    Account.objects.update(policy=policy)
    make_client_password(alice)

    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {column} = CURRENT_TIMESTAMP")  # noqa: S608

    assert MailLogon.objects.get(protocol="imap").refusal == refusal
