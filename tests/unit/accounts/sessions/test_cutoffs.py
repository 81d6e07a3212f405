"""Ending sessions on the mail servers, for which a small server stands in."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from pytest_django import Settings
from time_machine import Traveller

from accounts.models import Account, Cutoff, MailSetting
from accounts.sessions import cutoffs
from tests import standins
from tests.standins import Handler, StandIn

MASK = "alice@example.com~7"
SECOND = timedelta(seconds=1)


def dovecot(handler: Handler) -> None:
    """Answer as a node where four sessions are on line."""
    ips = ["198.51.100.7", "192.0.2.10", "2001:db8::9", "198.51.100.7"]
    sessions = [
        {"username": "alice@example.com", "service": "imap", "pid": "1", "ip": ip}
        for ip in ips
    ]
    rows = {"authCacheFlush": [{"entries": "1"}], "kick": [{"result": MASK}]}
    commands = json.loads(handler.request_seen.body)
    answer = [
        ["doveadmResponse", rows.get(name, sessions), tag] for name, _, tag in commands
    ]
    standins.answers(200, answer)(handler)


@pytest.fixture
def node(settings: Settings) -> Iterator[StandIn]:
    with standins.mail_node(settings, dovecot) as node:
        yield node


@pytest.fixture
def down() -> str:
    """A node that does not answer."""
    return standins.closed_port()


def kicks(node: StandIn) -> int:
    return [name for name, _options in node.commands].count("kick")


def make_order(account: Account, node: str, **fields: Any) -> Cutoff:
    fields = {"login_mask": MASK, "due_at": timezone.now(), **fields}
    return Cutoff.objects.create(account=account, node=node, **fields)


@pytest.mark.django_db(transaction=True)
def test_an_order_is_carried_out_when_its_transaction_commits(
    alice: Account, node: StandIn
) -> None:
    with transaction.atomic():
        cutoffs.end_sessions(alice, MASK)
        before = kicks(node)

    assert (before, kicks(node)) == (0, 1)
    assert Cutoff.objects.get().kicks == 1


@pytest.mark.django_db(transaction=True)
def test_an_order_is_undone_with_the_change_it_belongs_to(
    alice: Account, node: StandIn
) -> None:
    with transaction.atomic():
        cutoffs.end_sessions(alice, MASK)
        transaction.set_rollback(True)

    assert not Cutoff.objects.exists()
    assert node.requests == []


@pytest.mark.django_db(transaction=True)
def test_every_node_is_told_though_one_is_down(
    alice: Account, node: StandIn, settings: Settings, down: str
) -> None:
    settings.DOVEADM_URLS = [down, node.url]

    cutoffs.end_sessions(alice, MASK)

    assert kicks(node) == 1
    states = dict(Cutoff.objects.values_list("node", "kicks"))
    assert states == {down: 0, node.url: 1}
    assert cutoffs.count_unconfirmed(alice) == 1


def test_the_node_forgets_what_it_knows_before_it_kicks(
    alice: Account, node: StandIn
) -> None:
    make_order(alice, node.url)

    cutoffs.deliver_due()

    assert node.commands == [
        ("authCacheFlush", {"user": ["alice@example.com"]}),
        ("kick", {"mask": [MASK]}),
    ]


def test_sessions_are_kicked_again_after_one_and_after_ten_seconds(
    alice: Account, node: StandIn, clock: Traveller
) -> None:
    make_order(alice, node.url)

    made = []
    for second in range(20):
        before = kicks(node)
        cutoffs.deliver_due()
        made += [second] * (kicks(node) - before)
        clock.shift(SECOND)

    assert made == [0, 1, 10]
    assert Cutoff.objects.get().due_at is None


def test_a_node_that_is_down_is_asked_again_ever_more_rarely(
    alice: Account, clock: Traveller, down: str
) -> None:
    make_order(alice, down)

    waits = []
    for _ in range(8):
        assert cutoffs.deliver_due() == 1
        due_at = Cutoff.objects.get().due_at
        assert due_at is not None
        waits.append((due_at - timezone.now()).total_seconds())
        clock.move_to(due_at)

    assert waits == [2, 4, 8, 16, 32, 60, 60, 60]


def test_an_order_is_never_given_up(
    alice: Account, node: StandIn, clock: Traveller, down: str
) -> None:
    order = make_order(alice, down, failures=10_000)
    cutoffs.deliver_due()
    Cutoff.objects.filter(pk=order.pk).update(node=node.url)
    clock.shift(timedelta(minutes=1))

    assert cutoffs.deliver_due() == 1

    order.refresh_from_db()
    assert (order.kicks, order.failures) == (1, 0)
    assert cutoffs.count_unconfirmed(alice) == 0


def test_a_failure_between_two_kicks_makes_neither_fewer(
    alice: Account, node: StandIn, clock: Traveller
) -> None:
    make_order(alice, node.url)
    cutoffs.deliver_due()
    node.behave = standins.answers(500)
    clock.shift(SECOND)
    cutoffs.deliver_due()
    node.behave = dovecot

    for _ in range(30):
        clock.shift(SECOND)
        cutoffs.deliver_due()

    assert Cutoff.objects.get().kicks == 3


@pytest.mark.parametrize(
    "behaviour",
    [
        standins.answers(500),
        standins.answers(401),
        standins.answers(200, "no JSON"),
        standins.answers(200, []),
        standins.doveadm_answers([], 75),
        standins.doveadm_answers(75, []),
        standins.cuts(),
    ],
)
def test_only_a_node_that_says_so_has_done_it(
    alice: Account, node: StandIn, behaviour: standins.Behaviour
) -> None:
    node.behave = behaviour
    make_order(alice, node.url)

    cutoffs.deliver_due()

    order = Cutoff.objects.get()
    assert (order.kicks, order.failures) == (0, 1)


def test_nobody_on_line_is_a_success(alice: Account, node: StandIn) -> None:
    node.behave = standins.doveadm_answers([{"entries": "0"}], 68)
    make_order(alice, node.url)

    cutoffs.deliver_due()

    assert Cutoff.objects.get().kicks == 1


def test_what_no_node_can_be_told_holds_up_nobody(
    alice: Account, node: StandIn
) -> None:
    odd = make_order(alice, node.url, login_mask="no (mask) at all")
    good = make_order(alice, node.url)

    assert cutoffs.deliver_due() == 2

    odd.refresh_from_db()
    good.refresh_from_db()
    assert (odd.kicks, odd.failures, good.kicks) == (0, 1, 1)


@pytest.mark.parametrize(
    ("webmail", "kicked"),
    [
        (["192.0.2.0/24"], {"198.51.100.7/32", "2001:db8::9/128"}),
        (["192.0.2.0/24", "2001:db8::/64"], {"198.51.100.7/32"}),
        ([], {"192.0.2.10/32", "198.51.100.7/32", "2001:db8::9/128"}),
        (["0.0.0.0/0", "::/0"], set()),
    ],
)
def test_a_review_ends_what_has_lost_its_right_and_nothing_else(
    alice: Account, node: StandIn, webmail: list[str], kicked: set[str]
) -> None:
    Account.objects.update(client_passwords_on=True)
    MailSetting.objects.create(name="webmail_networks", value=",".join(webmail))
    make_order(alice, node.url, login_mask="alice@example.com*", is_review=True)

    cutoffs.deliver_due()

    masks = [options["mask"] for name, options in node.commands if name == "kick"]
    assert node.commands[0][0] == "who"
    assert {mask[0] for mask in masks} <= {"alice@example.com"}
    assert {mask[1] for mask in masks} == kicked
    assert len(masks) == len(kicked)
    assert Cutoff.objects.get().kicks == 1


def test_a_review_lets_go_on_what_has_a_right(alice: Account, node: StandIn) -> None:
    make_order(alice, node.url, login_mask="*", is_review=True)

    cutoffs.deliver_due()

    assert [name for name, _options in node.commands] == ["who"]
    assert Cutoff.objects.get().kicks == 1


def test_a_review_of_many_accounts_is_left_to_the_worker(
    alice: Account, node: StandIn
) -> None:
    Account.objects.update(client_passwords_on=True)
    with transaction.atomic():
        cutoffs.review_sessions("*")
    assert node.requests == []

    assert cutoffs.deliver_due() == 1

    assert kicks(node) == 3
    assert Cutoff.objects.get().account is None


def test_a_review_waits_for_a_node_that_does_not_answer(
    alice: Account, down: str
) -> None:
    make_order(alice, down, is_review=True)

    cutoffs.deliver_due()

    assert Cutoff.objects.get().failures == 1


def test_a_device_that_two_nodes_have_not_confirmed_is_one_device(
    alice: Account, settings: Settings
) -> None:
    settings.DOVEADM_URLS = ["http://one.example/", "http://two.example/"]

    cutoffs.end_sessions(alice, MASK)
    cutoffs.end_sessions(alice, MASK)  # later, as when it is turned off
    cutoffs.review_account(alice)

    assert cutoffs.count_unconfirmed(alice) == 1
