"""What a review tells a mail server, for which a small server stands in."""

from collections.abc import Iterator
from threading import Event
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Account, Cutoff, Policy
from accounts.sessions import cutoffs
from gateways import doveadm
from tests import factories, standins
from tests.patience import PATIENCE
from tests.standins import Handler, StandIn

IP = "198.51.100.7"
Row = dict[str, str]


def on_line(name: str, service: str = "imap", ip: str = IP) -> Row:
    return {"username": name, "service": service, "pid": "1", "ip": ip}


@pytest.fixture
def node(settings: Settings) -> Iterator[StandIn]:
    with standins.mail_node(settings, standins.answers(500)) as node:
        yield node


def kicks(node: StandIn) -> list[dict[str, Any]]:
    return [options for name, options in node.commands if name == "kick"]


def deliver(node: StandIn, mask: str) -> Cutoff:
    """Carry out a review of `mask` once."""
    order = Cutoff.objects.create(
        login_mask=mask, is_review=True, node=node.url, due_at=timezone.now()
    )
    cutoffs.deliver_due()
    order.refresh_from_db()
    return order


def test_one_protocol_of_several_is_ended_by_its_own_list(
    alice: Account, node: StandIn
) -> None:
    Policy.objects.update(pop3=False)
    name = alice.address
    node.behave = standins.dovecot([on_line(name), on_line(name, "pop3")])

    order = deliver(node, f"{name}*")

    mask = [name, f"{IP}/32"]
    assert kicks(node) == [{"mask": mask, "socketPath": "./portal-pop3"}]
    assert order.kicks == 1


def test_where_a_protocol_cannot_be_told_apart_its_neighbours_end_with_it(
    alice: Account, node: StandIn
) -> None:
    Policy.objects.update(pop3=False)
    name = alice.address
    node.behave = standins.dovecot(
        [on_line(name), on_line(name, "pop3")],
        fails=lambda commands: any("socketPath" in str(each) for each in commands),
    )

    order = deliver(node, f"{name}*")

    assert kicks(node)[-1] == {"mask": [name, f"{IP}/32"]}
    assert (order.kicks, order.failures) == (1, 0)


def test_a_node_that_takes_no_kick_at_all_has_confirmed_nothing(
    alice: Account, node: StandIn
) -> None:
    Policy.objects.update(pop3=False)
    sessions = [on_line(alice.address), on_line(alice.address, "pop3")]
    node.behave = standins.dovecot(
        sessions, fails=lambda commands: any("kick" in each for each in commands)
    )

    order = deliver(node, f"{alice.address}*")

    assert (order.kicks, order.failures) == (0, 1)
    assert len(node.requests) == 3


def test_many_sessions_take_few_requests(alice: Account, node: StandIn) -> None:
    names = [f"nobody{number}@example.com" for number in range(120)]
    node.behave = standins.dovecot([on_line(name) for name in names])

    order = deliver(node, "*@example.com*")

    assert sorted(each["mask"] for each in kicks(node)) == sorted(
        [name, f"{IP}/32"] for name in names
    )
    assert len(node.requests) == 1 + 3
    assert order.kicks == 1


def test_a_node_that_fails_is_not_asked_for_the_rest(
    alice: Account, node: StandIn
) -> None:
    names = [f"nobody{number}@example.com" for number in range(120)]
    node.behave = standins.dovecot(
        [on_line(name) for name in names],
        fails=lambda commands: len(kicks(node)) > 60,
    )

    order = deliver(node, "*@example.com*")

    assert len(node.requests) == 1 + 2
    assert (order.kicks, order.failures) == (0, 1)


def test_a_name_that_no_node_can_be_told_holds_up_nobody(
    alice: Account, node: StandIn
) -> None:
    names = ["no (name)@example.com", "ghost@example.com"]
    node.behave = standins.dovecot([on_line(name) for name in names])

    order = deliver(node, "*@example.com*")

    assert kicks(node) == [{"mask": ["ghost@example.com", f"{IP}/32"]}]
    assert (order.kicks, order.failures) == (0, 1)


def test_a_session_without_an_address_is_ended_by_its_name(
    alice: Account, node: StandIn
) -> None:
    node.behave = standins.dovecot([on_line("ghost@example.com", ip="")])

    order = deliver(node, "ghost@example.com*")

    assert kicks(node) == [{"mask": ["ghost@example.com"]}]
    assert order.kicks == 1


@pytest.mark.parametrize("mask", ["*", "*@example.com*"])
def test_a_review_of_many_leaves_domains_alone_that_are_not_the_portals(
    mask: str, alice: Account, node: StandIn
) -> None:
    names = ["ghost@example.com", "carl@example.com.example", "daemon"]
    node.behave = standins.dovecot([on_line(name) for name in names])

    deliver(node, mask)

    assert kicks(node) == [{"mask": ["ghost@example.com", f"{IP}/32"]}]


def test_a_mailbox_that_was_deleted_with_its_domain_is_still_logged_off(
    db: None, node: StandIn
) -> None:
    node.behave = standins.dovecot([on_line("ghost@gone.example~7")])

    deliver(node, "ghost@gone.example*")

    assert kicks(node) == [{"mask": ["ghost@gone.example~7", f"{IP}/32"]}]


@pytest.mark.django_db(transaction=True)
def test_a_node_that_hangs_holds_up_no_other(
    alice: Account, node: StandIn, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    Account.objects.update(client_passwords_on=True)
    monkeypatch.setattr(doveadm, "_READ_SECONDS", PATIENCE)
    kicked = Event()

    def quick(handler: Handler) -> None:
        standins.dovecot([on_line(alice.address)])(handler)
        if kicks(node):
            kicked.set()

    def slow(handler: Handler) -> None:
        """Answer when the other node has been told to kick, if ever."""
        told = standins.dovecot([]) if kicked.wait(PATIENCE) else standins.answers(500)
        told(handler)

    node.behave = quick
    with standins.serve(slow) as other:
        settings.DOVEADM_URLS = [other.url, node.url]

        cutoffs.review_account(alice)

    states = dict(Cutoff.objects.values_list("node", "kicks"))
    assert states == {other.url: 1, node.url: 1}


@pytest.mark.django_db(transaction=True)
def test_many_devices_are_ended_side_by_side(alice: Account, node: StandIn) -> None:
    names = [factories.make_client_password(alice)[0].login_name for _ in range(5)]
    node.behave = standins.dovecot([])

    cutoffs.end_sessions_of_all((alice, name) for name in names)

    assert sorted(each["mask"] for each in kicks(node)) == [[name] for name in names]
    assert set(Cutoff.objects.values_list("kicks", flat=True)) == {1}


@pytest.mark.parametrize("more", [0, 1])
def test_a_domain_is_looked_at_as_a_whole_if_it_has_more_than_some(
    db: None, one_node: None, more: int
) -> None:
    some = cutoffs.MAX_MASKS_A_DOMAIN + more
    cutoffs.review_addresses(f"{number}@example.com" for number in range(some))

    assert Cutoff.objects.count() == (1 if more else some)
