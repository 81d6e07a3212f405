"""Links for another device: offered for a code, used once, within ten minutes."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice
from time_machine import Traveller

from accounts import codes
from accounts.models import Account, Policy, SecurityEvent
from accounts.signin.authenticator import AppCode
from clientpasswords import lifecycle, replacing
from clientpasswords.lifecycle import Issued
from clientpasswords.logon import decision
from clientpasswords.models import ClientPassword, SetUpLink
from clientpasswords.scopes import Scope
from clientpasswords.setup import links
from tests import factories
from tests.factories import make_client_password, make_usage
from tests.unit.support import (
    HOME,
    OFFICE,
    at_once,
    code_for,
    issue,
    other_than,
    totp_of,
)

pytestmark = pytest.mark.usefixtures("client_passwords_on")

IPHONE = "(iPhone; CPU iPhone OS 19)"


def offer(
    account: Account, code: str | None = None, other: ClientPassword | None = None
) -> links.Offer:
    code = code or code_for(account)
    return links.offer(account, code=code, attempt=uuid4(), by=HOME, other=other)


def use(token: str) -> Issued:
    return links.redeem(token, user_agent=IPHONE, network_address="203.0.113.5")


def test_a_link_brings_a_password_that_works(alice: Account) -> None:
    offered = offer(alice)
    assert not alice.client_passwords.exists()  # none is made before

    issued = use(offered.token)

    row = alice.client_passwords.get()
    assert row.label == "My iPhone"
    verdict = decision.decide(alice.address, "imap", issued.secret, None)
    assert verdict.login_name == row.login_name
    link = SetUpLink.objects.get()
    assert link.client_password == row
    event = SecurityEvent.objects.get(kind="issued")
    assert (event.actor, event.network_address) == (alice.address, "203.0.113.5")


@pytest.mark.parametrize("first", ["link", "password"])
def test_one_form_may_be_used_for_a_password_and_for_a_link(
    alice: Account, clock: Traveller, first: str
) -> None:
    """Who goes back in the browser sees the same form again."""
    attempt = uuid4()

    def offer_by_form() -> links.Offer:
        clock.shift(timedelta(minutes=2))
        return links.offer(alice, code=code_for(alice), attempt=attempt, by=HOME)

    early = offer_by_form() if first == "link" else None
    clock.shift(timedelta(minutes=2))
    issue(alice, code_for(alice), attempt=attempt)
    offered = early or offer_by_form()

    assert use(offered.token).client_password.account == alice
    assert alice.client_passwords.count() == 2


def test_a_link_works_once(alice: Account) -> None:
    offered = offer(alice)
    use(offered.token)

    with pytest.raises(links.LinkGone):
        use(offered.token)
    with pytest.raises(links.LinkGone):
        links.find(offered.token)
    assert alice.client_passwords.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_many_who_open_a_link_at_once_one_gets_a_password(alice: Account) -> None:
    token = offer(alice).token

    def try_it(_number: int) -> Issued | None:
        try:
            return use(token)
        except links.LinkGone:
            return None

    found = at_once(5, try_it)

    assert sum(each is not None for each in found) == 1
    assert alice.client_passwords.count() == 1


def test_a_link_runs_out_after_ten_minutes(alice: Account, clock: Traveller) -> None:
    offered = offer(alice)

    clock.shift(timedelta(minutes=9, seconds=59))
    assert links.find(offered.token) == offered.link
    clock.shift(timedelta(seconds=1))

    with pytest.raises(links.LinkGone):
        use(offered.token)
    assert not alice.client_passwords.exists()


def test_the_token_is_kept_as_a_digest_that_depends_on_the_key(
    alice: Account,
) -> None:
    offered = offer(alice)

    (row,) = SetUpLink.objects.values()

    assert len(offered.token) >= 22
    assert offered.token not in str(row)
    assert offered.token not in repr(offered)


@pytest.mark.parametrize("token", ["", "x", "a" * 22, "a" * 10_000, "ä", "\x00"])
def test_a_made_up_token_opens_nothing(alice: Account, token: str) -> None:
    offer(alice)

    with pytest.raises(links.LinkGone):
        use(token)
    assert not alice.client_passwords.exists()


def test_a_code_is_good_for_one_link_or_one_password(alice: Account) -> None:
    code = code_for(alice)
    offer(alice, code)

    with pytest.raises(codes.NoCode):
        issue(alice, code)
    with pytest.raises(codes.NoCode):
        offer(alice, code)
    assert SetUpLink.objects.count() == 1


def test_a_wrong_code_offers_nothing_and_is_counted(alice: Account) -> None:
    code = code_for(alice)

    with pytest.raises(codes.WrongCode) as wrong:
        offer(alice, other_than(code))

    assert wrong.value.tries_left == 4
    assert not SetUpLink.objects.exists()


def test_a_code_of_another_browser_offers_nothing(alice: Account) -> None:
    code = code_for(alice, by=OFFICE)

    with pytest.raises(codes.NoCode):
        offer(alice, code)


def test_a_code_of_the_authenticator_app_is_as_good_and_spent_as_well(
    alice: Account, clock: Traveller
) -> None:
    app = TOTPDevice.objects.create(user=alice, name="default")
    TOTPDevice.objects.update(created_at=timezone.now() - timedelta(days=1))
    code = AppCode(totp_of(app))

    offered = links.offer(alice, code=code, attempt=uuid4(), by=HOME)

    assert use(offered.token).secret
    with pytest.raises(codes.CodeError):
        links.offer(alice, code=code, attempt=uuid4(), by=HOME)


def test_the_same_form_again_makes_no_second_link(alice: Account) -> None:
    code, attempt = code_for(alice), uuid4()
    first = links.offer(alice, code=code, attempt=attempt, by=HOME)

    with pytest.raises(links.AlreadyOffered):
        links.offer(alice, code=code, attempt=attempt, by=HOME)

    assert links.find(first.token) == first.link


def test_a_new_link_ends_the_one_before(alice: Account) -> None:
    first, second = offer(alice), offer(alice)

    with pytest.raises(links.LinkGone):
        use(first.token)
    assert use(second.token).secret


def test_a_used_link_is_no_hindrance_to_the_next(alice: Account) -> None:
    use(offer(alice).token)

    use(offer(alice).token)

    assert alice.client_passwords.count() == 2
    assert SetUpLink.objects.count() == 2


def test_a_withdrawn_link_brings_nothing(alice: Account) -> None:
    offered = offer(alice)

    links.withdraw(alice)

    with pytest.raises(links.LinkGone):
        use(offered.token)


def fill_up(account: Account) -> None:
    for _ in range(10 - account.client_passwords.live().count()):
        make_client_password(account)


def third_party_logon_off(account: Account) -> None:
    Policy.objects.update(third_party_logon=False)


def switch_off(account: Account) -> None:
    factories.switch_off(account, by=HOME)


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        (fill_up, lifecycle.LimitReached),
        (third_party_logon_off, lifecycle.ThirdPartyLogonOff),
        (switch_off, lifecycle.NotInForce),
    ],
)
def test_what_stands_against_a_password_stands_against_a_link_and_its_use(
    alice: Account,
    change: Callable[[Account], None],
    refusal: type[lifecycle.Refused],
) -> None:
    offered = offer(alice)
    code = code_for(alice)
    change(alice)
    before = alice.client_passwords.count()

    with pytest.raises(refusal):
        use(offered.token)
    with pytest.raises(refusal):
        offer(alice, code)
    assert alice.client_passwords.count() == before
    assert links.find(offered.token) == offered.link


def test_at_the_limit_the_link_works_once_there_is_room(alice: Account) -> None:
    offered = offer(alice)
    fill_up(alice)
    with pytest.raises(lifecycle.LimitReached):
        use(offered.token)

    Policy.objects.update(max_client_passwords=11)

    assert use(offered.token).secret


def test_the_link_of_a_disabled_mailbox_brings_nothing(alice: Account) -> None:
    offered = offer(alice)

    Account.objects.update(is_active=False)

    with pytest.raises(links.LinkGone):
        use(offered.token)


# --- for a device that has a security password ----------------------------------------


def test_a_link_for_a_device_brings_what_takes_the_place_of_its_password(
    alice: Account, phone: ClientPassword
) -> None:
    scope = Scope(frozenset({"imap"}), ("203.0.113.0/24",), None)
    lifecycle.limit_scope(phone, scope, by=HOME)
    offered = offer(alice, other=phone)
    assert alice.client_passwords.count() == 1  # none is made before

    row = use(offered.token).client_password

    assert (row.label, row.replaces) == (phone.label, phone)
    assert Scope.of_password(row) == scope
    assert replacing.delete_replaced() == 0
    make_usage(row)
    assert replacing.delete_replaced() == 1
    assert [*alice.client_passwords.live()] == [row]
    event = SecurityEvent.objects.get(kind="issued")
    assert event.detail["replaces"] == phone.pk


def test_a_link_for_a_device_works_at_the_limit(
    alice: Account, phone: ClientPassword
) -> None:
    fill_up(alice)

    row = use(offer(alice, other=phone).token).client_password

    assert row.replaces == phone
    assert alice.client_passwords.counted().count() == 10


def test_of_two_ways_to_replace_a_password_the_first_one_counts(
    alice: Account, phone: ClientPassword
) -> None:
    """The device is given a password by hand while a link for it is open."""
    offered = offer(alice, other=phone)
    code = code_for(alice)
    by_hand = lifecycle.issue(alice, code=code, attempt=uuid4(), label=phone, by=HOME)

    with pytest.raises(lifecycle.BeingReplaced):
        use(offered.token)
    with pytest.raises(lifecycle.BeingReplaced):
        offer(alice, code, other=by_hand.client_password)
    assert alice.client_passwords.live().count() == 2


def test_a_link_for_a_device_whose_password_is_deleted_is_gone(
    alice: Account, phone: ClientPassword
) -> None:
    offered = offer(alice, other=phone)
    lifecycle.revoke(alice.client_passwords.filter(pk=phone.pk), by=HOME)

    with pytest.raises(links.LinkGone):
        use(offered.token)


def test_a_link_for_a_device_never_becomes_one_for_a_further_device(
    alice: Account, phone: ClientPassword
) -> None:
    offered = offer(alice, other=phone)

    ClientPassword.objects.filter(pk=phone.pk).delete()

    with pytest.raises(links.LinkGone):
        use(offered.token)


def test_a_link_may_be_for_a_device_whose_password_was_deleted_before(
    alice: Account, phone: ClientPassword
) -> None:
    lifecycle.revoke(alice.client_passwords.filter(pk=phone.pk), by=HOME)
    phone.refresh_from_db()

    row = use(offer(alice, other=phone).token).client_password

    assert (row.label, row.replaces) == (phone.label, None)


def test_a_link_replaces_nothing_that_is_anothers(
    alice: Account, mallory: Account, phone: ClientPassword
) -> None:
    Account.objects.update(client_passwords_on=True)

    row = use(offer(mallory, other=phone).token).client_password

    assert (row.account, row.replaces) == (mallory, None)


@pytest.mark.django_db(transaction=True)
def test_of_a_link_and_a_password_by_hand_at_once_one_replaces(
    alice: Account, phone: ClientPassword
) -> None:
    token = offer(alice, other=phone).token
    code = code_for(alice)

    def act(number: int) -> str:
        try:
            if number:
                use(token)
            else:
                lifecycle.issue(alice, code=code, attempt=uuid4(), label=phone, by=HOME)
        except lifecycle.BeingReplaced:
            return "waits"
        return "made"

    assert sorted(at_once(2, act)) == ["made", "waits"]
    assert alice.client_passwords.live().count() == 2


def test_old_links_are_deleted_after_a_day(alice: Account, clock: Traveller) -> None:
    offer(alice)

    clock.shift(timedelta(days=1, minutes=9))
    assert links.forget() == 0
    clock.shift(timedelta(minutes=2))

    assert links.forget() == 1
    assert not SetUpLink.objects.exists()
