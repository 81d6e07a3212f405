"""Few accounts do not use up what others need; what did not leave is not charged."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from pytest_django import Settings
from time_machine import Traveller

from accounts import codes, phones
from accounts.codes import Purpose
from accounts.events import Actor
from accounts.models import Account, Budget
from gateways import sms
from gateways.sms import Message, NotSent, Reason, SmsError, Unknown
from gateways.sms.memory import MemoryGateway
from tests.factories import make_account
from tests.unit.accounts.codesteps import spend
from tests.unit.accounts.phonesteps import let_owners_enter_numbers, propose
from tests.unit.support import HOME, at_once, code_for, last_code

LIMITS = [
    "CODES_PER_ACCOUNT_HOUR",
    "CODES_PER_ACCOUNT_DAY",
    "CODES_PER_NUMBER_DAY",
    "CODES_PER_NETWORK_HOUR",
    "CODES_PER_COUNTRY_DAY",
    "CODES_PER_DAY",
]
Says = Callable[[SmsError | None], None]
SHARED = ["CODES_PER_COUNTRY_DAY", "CODES_PER_DAY"]


def actor_in(network: str) -> Actor:
    return Actor("", network, "session")


def make_owner(number: int) -> Account:
    return make_account(
        f"owner{number}@example.com", phone=f"+1202555{number + 100:04}"
    )


def ask(account: Account, *, by: Actor = HOME) -> str:
    """Ask for a code and type it; return what came of it."""
    try:
        codes.send_code(account, Purpose.ISSUE, by=by)
    except codes.TooMany as error:
        return "slowed" if error.is_slowed else "too many"
    except codes.CodeError as error:
        return type(error).__name__
    spend(account, last_code(), by=by)
    return "sent"


def get_used() -> dict[str, int]:
    rows = Budget.objects.filter(used__gt=0)
    return {
        key.partition(":")[0]: used for key, used in rows.values_list("key", "used")
    }


@pytest.fixture
def provider_says(monkeypatch: pytest.MonkeyPatch) -> Says:
    def say(failure: SmsError | None) -> None:
        class Gateway(MemoryGateway):
            def send(self, number: str, text: str) -> None:
                sms.outbox.append(Message(number, text))
                if failure:
                    raise failure

        monkeypatch.setitem(sms.GATEWAYS, "memory", Gateway)

    return say


# --- what did not leave is not charged ------------------------------------------------


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("reason", [Reason.REGION, Reason.UNREACHABLE])
@pytest.mark.usefixtures("clock")
def test_what_surely_was_not_sent_uses_up_no_limit(
    alice: Account, settings: Settings, provider_says: Says, limit: str, reason: Reason
) -> None:
    setattr(settings, limit, 1)
    provider_says(NotSent(reason))
    assert {ask(alice) for _ in range(9)} == {"NotSent"}
    assert get_used() == {"codes-failed": 9}
    provider_says(None)

    assert ask(alice) == "sent"

    assert get_used()["codes-failed"] == 9
    assert ask(alice) in {"too many", "slowed"}


def test_what_may_have_been_sent_is_charged(
    alice: Account, provider_says: Says
) -> None:
    provider_says(Unknown(Reason.TIMEOUT))

    assert ask(alice) == "MayBeLate"

    assert set(get_used().values()) == {1}
    assert len(get_used()) == len(LIMITS)


def test_failures_have_a_brake_of_their_own(
    alice: Account, clock: Traveller, provider_says: Says
) -> None:
    provider_says(NotSent(Reason.UNREACHABLE))

    outcomes = [ask(alice) for _ in range(12)]

    assert outcomes == ["NotSent"] * 10 + ["too many"] * 2
    clock.shift(timedelta(minutes=5))
    assert ask(alice) == "NotSent"


@pytest.mark.django_db(transaction=True)
def test_what_many_did_not_send_at_once_is_given_back_whole(
    db: None, settings: Settings, clock: Traveller, provider_says: Says
) -> None:
    settings.CODES_PER_DAY = 7
    owners = [make_owner(number) for number in range(20)]
    provider_says(NotSent(Reason.UNREACHABLE))

    outcomes = at_once(20, lambda number: ask(owners[number]))

    assert outcomes.count("NotSent") >= 7
    assert set(outcomes) <= {"NotSent", "too many"}
    assert set(get_used()) == {"codes-failed"}


# --- an office, a country, the host ---------------------------------------------------


def test_everybody_in_an_office_gets_a_first_code_though_sends_hang(
    db: None, clock: Traveller, provider_says: Says
) -> None:
    provider_says(Unknown(Reason.TIMEOUT))

    assert {ask(make_owner(number)) for number in range(30)} == {"MayBeLate"}


def test_an_office_has_ten_times_as_many_first_codes_as_codes(
    settings: Settings, db: None, clock: Traveller
) -> None:
    settings.CODES_PER_NETWORK_HOUR = 2
    first = make_owner(0)
    assert [ask(first), ask(first), ask(first)] == ["sent", "sent", "too many"]

    outcomes = [ask(make_owner(number)) for number in range(1, 20)]

    assert outcomes == ["sent"] * 18 + ["too many"]


def exhaust(accounts: list[Account], hours: int, clock: Traveller) -> int:
    """Have these accounts ask all the time for so long; return how many were sent."""
    sent = 0
    for _ in range(hours * 12):
        for account in accounts:
            for number in range(12):
                by = actor_in(f"192.0.2.{number}")
                if ask(account, by=by) != "sent":
                    break
                sent += 1
        clock.shift(timedelta(minutes=5))
    return sent


@pytest.mark.parametrize("limit", SHARED)
def test_seven_mailboxes_do_not_stop_a_country_or_the_host(
    settings: Settings, db: None, clock: Traveller, limit: str
) -> None:
    setattr(settings, limit, 40)
    settings.CODES_PER_ACCOUNT_DAY = 10
    attackers = [make_owner(number) for number in range(7)]

    sent = exhaust(attackers, 3, clock)

    assert 20 <= sent <= 30  # from half on slowly, and a quarter is kept
    owners = [make_owner(number) for number in range(7, 7 + 40 - sent)]
    assert {ask(owner) for owner in owners} == {"sent"}
    assert ask(make_owner(90)) == "too many"


@pytest.mark.parametrize("limit", SHARED)
def test_a_shared_limit_slows_down_with_a_growing_pause(
    settings: Settings, db: None, clock: Traveller, limit: str
) -> None:
    setattr(settings, limit, 20)
    owner = make_owner(0)
    for number in range(1, 10):
        assert ask(make_owner(number)) == "sent"
    assert ask(owner) == "sent"

    pauses = []
    for _ in range(4):
        minutes = 0
        while ask(owner) == "slowed":
            clock.shift(timedelta(minutes=1))
            minutes += 1
        pauses.append(minutes)

    assert pauses == [5, 10, 20, 40]
    assert ask(make_owner(10)) == "sent"
    assert ask(owner) == "too many"  # the last quarter is kept
    assert ask(make_owner(11)) == "sent"


def test_the_pause_is_said_with_its_end(
    settings: Settings, db: None, clock: Traveller
) -> None:
    settings.CODES_PER_DAY = 2
    settings.CODES_PER_COUNTRY_DAY = 200
    owner = make_owner(0)
    assert ask(owner) == "sent"

    with pytest.raises(codes.TooMany) as caught:
        codes.send_code(owner, Purpose.ISSUE, by=HOME)

    assert caught.value.wait == timedelta(minutes=5)


def test_below_half_nobody_waits(
    settings: Settings, db: None, clock: Traveller
) -> None:
    settings.CODES_PER_COUNTRY_DAY = 24

    owner = make_owner(0)

    assert [ask(owner) for _ in range(12)] == ["sent"] * 12


def test_who_proposes_a_number_uses_up_nothing_of_its_owner(
    alice: Account, settings: Settings, clock: Traveller
) -> None:
    """Anybody may propose a number; its owner gets codes to it all the same."""
    settings.CODES_PER_NUMBER_DAY = 3
    mallory = make_account("mallory@example.com")
    let_owners_enter_numbers(mallory)
    propose(mallory, "+12025550123")
    for _ in range(3):
        phones.send_code(mallory, by=HOME)
        clock.shift(60)
    with pytest.raises(codes.TooMany):
        phones.send_code(mallory, by=HOME)

    assert code_for(alice)
