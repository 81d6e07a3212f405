"""Of several things that stand against an act, the first is said: every set of them."""

from datetime import timedelta
from itertools import combinations
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Account, Policy
from accounts.models.protocols import PROTOCOL_KEYS
from clientpasswords import lifecycle
from clientpasswords.lifecycle import (
    LimitReached,
    NotInForce,
    Refused,
    Required,
    ThirdPartyLogonOff,
)
from gateways import sms
from tests.factories import make_client_password, switch_off
from tests.unit.support import HOME, issue, set_policy

# What the policy of somebody who has one security password says, in the order in which
# it is looked at, and what is refused by it. What comes first is worth knowing first:
# deleting a device does not help where no device may log on.
OBSTACLES: list[tuple[dict[str, bool | int], type[Refused]]] = [
    ({"third_party_logon": False}, ThirdPartyLogonOff),
    ({"client_passwords_required": False}, NotInForce),
    ({"max_client_passwords": 1}, LimitReached),
]
SETS = [
    some
    for size in range(1, len(OBSTACLES) + 1)
    for some in combinations(OBSTACLES, size)
]


@pytest.mark.parametrize("some", SETS, ids=lambda some: f"{len(some)}")
def test_the_first_obstacle_is_said(
    bob: Account, some: list[tuple[dict[str, bool | int], type[Refused]]]
) -> None:
    make_client_password(bob)
    for fields, _refusal in some:
        set_policy(bob, **fields)
    first = some[0][1]

    with pytest.raises(first) as sent:
        lifecycle.send_code(bob, by=HOME)
    with pytest.raises(first) as issued:
        issue(bob, "123456")

    # Not a refusal that inherits from it.
    assert (sent.type, issued.type) == (first, first)
    assert sms.outbox == []


@pytest.mark.parametrize("on", PROTOCOL_KEYS)
def test_one_protocol_that_is_on_is_enough(bob: Account, on: str) -> None:
    switches = dict.fromkeys(PROTOCOL_KEYS, False)
    set_policy(bob, **switches | {on: True})

    lifecycle.send_code(bob, by=HOME)

    set_policy(bob, **switches)
    with pytest.raises(ThirdPartyLogonOff):
        issue(bob, "123456")


def test_what_is_required_is_said_before_a_code_is_looked_at(bob: Account) -> None:
    Account.objects.update(client_passwords_on=True)
    set_policy(bob, code_to_switch_off=True)

    with pytest.raises(Required):
        lifecycle.switch_off(bob, by=HOME, code="123456")

    assert not bob.security_events.filter(kind="code-refused").exists()


@pytest.mark.parametrize(
    "fields",
    [{"report_only": True}, {"required_from": timezone.now() + timedelta(days=1)}],
)
def test_what_is_announced_or_only_reported_can_still_be_turned_off(
    bob: Account, fields: dict[str, Any]
) -> None:
    Account.objects.update(client_passwords_on=True)
    Policy.objects.update(**fields)

    switch_off(bob, by=HOME)

    bob.refresh_from_db()
    assert not bob.client_passwords_on
