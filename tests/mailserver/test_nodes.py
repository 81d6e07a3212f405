"""Several mail hosts with one portal: each is told, those that are away later."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.events import Actor
from accounts.models import Account, Cutoff, Policy
from accounts.sessions import cutoffs
from bench.authsocket import Verdict
from clientpasswords import lifecycle
from clientpasswords.models import ClientPassword
from deploy.mailhost import MailHost
from tests import factories, standins
from tests.environment import FOLDER
from tests.mailserver.clients import WEBMAIL, imap_session, log_on, pop3_session
from tests.mailserver.steps import is_closed
from tests.patience import PATIENCE
from tests.signedin import sign_in_with_password

pytestmark = pytest.mark.mailserver

ADDRESS = "alice@example.com"
OWNER = Actor(ADDRESS, "198.51.100.7", "")
OUTSTANDING = "may still be connected"


@pytest.fixture(scope="module")
def second_host(running_host: MailHost, database_url: str) -> Iterator[MailHost]:
    with MailHost(
        FOLDER / "second",
        database_url=database_url,
        doveadm_api_key=running_host.doveadm_api_key,
        webmail_networks=[WEBMAIL],
        failure_delay=0,
    ) as host:
        yield host


@pytest.fixture
def second(second_host: MailHost, host: MailHost, settings: Settings) -> MailHost:
    """Known to the portal, after the first one."""
    url = f"http://127.0.0.1:{second_host.ports.doveadm}/doveadm/v1"
    settings.DOVEADM_URLS = [*settings.DOVEADM_URLS, url]
    return second_host


@pytest.fixture
def alice(host: MailHost) -> Account:
    return factories.make_account(ADDRESS, client_passwords_on=True)


@pytest.fixture
def phone(alice: Account) -> tuple[ClientPassword, str]:
    return factories.make_client_password(alice, "Phone")


@pytest.fixture
def browser(alice: Account) -> Client:
    return sign_in_with_password(alice)


def delete(browser: Client, row: ClientPassword) -> str:
    """Delete it on its page; return the page that follows."""
    window = reverse("clientpasswords:delete", args=[row.pk])
    return browser.post(window, follow=True).content.decode()


def next_kick() -> None:
    """What the worker does when the next kicks are due."""
    Cutoff.objects.exclude(due_at=None).update(due_at=timezone.now())
    call_command("deliver_cutoffs", "--once", stdout=StringIO())


def test_sessions_on_every_host_end_at_once(
    host: MailHost,
    second: MailHost,
    browser: Client,
    phone: tuple[ClientPassword, str],
) -> None:
    row, secret = phone
    with (
        imap_session(host, ADDRESS, secret) as here,
        imap_session(second, ADDRESS, secret) as there,
    ):
        page = delete(browser, row)

        assert is_closed(here.sock)
        assert is_closed(there.sock)
    assert OUTSTANDING not in page


@contextmanager
def way_to(host: MailHost, port: socket.socket) -> Iterator[None]:
    """While it lasts, this port leads to the host's doveadm."""
    port.listen()
    port.settimeout(0.1)
    stop = threading.Event()

    def relay() -> None:
        while not stop.is_set():
            try:
                client, _address = port.accept()
            except TimeoutError:
                continue
            server = socket.create_connection(("127.0.0.1", host.ports.doveadm))
            with client, server:
                back = threading.Thread(target=_pass_on, args=[server, client])
                back.start()
                _pass_on(client, server)
                back.join()

    thread = threading.Thread(target=relay)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    while data := source.recv(65536):
        target.sendall(data)
    target.shutdown(socket.SHUT_WR)


def test_a_session_on_a_host_out_of_reach_ends_when_it_is_within_reach_again(
    host: MailHost,
    second: MailHost,
    browser: Client,
    phone: tuple[ClientPassword, str],
    settings: Settings,
) -> None:
    row, secret = phone
    with (
        standins.hold_port() as port,
        imap_session(host, ADDRESS, secret) as here,
        imap_session(second, ADDRESS, secret) as there,
    ):
        url = f"{standins.url_of(port)}/doveadm/v1"
        settings.DOVEADM_URLS = [settings.DOVEADM_URLS[0], url]
        page = delete(browser, row)

        assert is_closed(here.sock)
        assert OUTSTANDING in page
        # Its session goes on, but nobody new gets in there either.
        assert there.noop()[0] == "OK"
        assert log_on("imap", second, ADDRESS, secret) is Verdict.REFUSED

        next_kick()
        assert there.noop()[0] == "OK"
        with way_to(second, port):
            next_kick()

        assert is_closed(there.sock)
    page = browser.get(reverse("clientpasswords:index")).content.decode()
    assert OUTSTANDING not in page


def test_a_host_that_is_stopped_confirms_when_it_is_started_again(
    host: MailHost,
    second: MailHost,
    browser: Client,
    phone: tuple[ClientPassword, str],
) -> None:
    row, secret = phone
    second.stop()
    try:
        with imap_session(host, ADDRESS, secret) as here:
            page = delete(browser, row)
            assert is_closed(here.sock)
        assert OUTSTANDING in page
        next_kick()
        assert OUTSTANDING in browser.get(reverse("clientpasswords:index")).text
    finally:
        second.start()

    next_kick()

    assert OUTSTANDING not in browser.get(reverse("clientpasswords:index")).text
    assert log_on("imap", second, ADDRESS, secret) is Verdict.REFUSED


def test_no_order_is_lost_while_a_host_is_restarted(
    host: MailHost, second: MailHost, alice: Account, browser: Client
) -> None:
    devices = [factories.make_client_password(alice) for _ in range(8)]
    some_are_deleted = threading.Event()

    def delete_all() -> None:
        try:
            for number, (row, _secret) in enumerate(devices):
                delete(browser, row)
                if number == 3:
                    some_are_deleted.set()
        finally:
            connection.close()

    with imap_session(host, ADDRESS, devices[-1][1]) as last:
        owner = threading.Thread(target=delete_all)
        owner.start()
        # In this thread, as servers stop with the thread that started them.
        second.stop()
        some_are_deleted.wait(PATIENCE)
        second.start()
        owner.join()
        assert is_closed(last.sock)
    for _ in range(4):
        next_kick()

    assert Cutoff.objects.count() == 16
    assert set(Cutoff.objects.values_list("kicks", "due_at")) == {(3, None)}
    for _row, secret in devices:
        assert log_on("imap", second, ADDRESS, secret) is Verdict.REFUSED


# --- the kicks that follow end nothing that has a right -------------------------------


def test_the_kicks_after_a_deletion_leave_the_next_password_of_the_device_alone(
    host: MailHost, alice: Account, browser: Client, phone: tuple[ClientPassword, str]
) -> None:
    delete(browser, phone[0])
    secret = factories.make_client_password(alice, "Phone")[1]
    with imap_session(host, ADDRESS, secret) as session:
        next_kick()
        next_kick()

        assert session.noop()[0] == "OK"
    assert Cutoff.objects.get().kicks == Cutoff.KICKS


def test_the_kicks_after_a_review_leave_alone_who_has_the_right_again(
    host: MailHost, alice: Account, phone: tuple[ClientPassword, str]
) -> None:
    secret = phone[1]
    Policy.objects.update(pop3=False)
    cutoffs.review_account(alice)
    Policy.objects.update(pop3=True)
    with pop3_session(host, ADDRESS, secret) as session:
        next_kick()
        next_kick()

        assert session.noop() == b"+OK"
    assert Cutoff.objects.get().kicks == Cutoff.KICKS


def test_the_kicks_that_follow_end_a_logon_that_was_in_flight(
    host: MailHost, alice: Account, phone: tuple[ClientPassword, str]
) -> None:
    row, secret = phone
    orders = lifecycle.revoke(alice.client_passwords.filter(pk=row.pk), by=OWNER)
    # As if it had been decided a moment before.
    ClientPassword.objects.update(revoked_at=None)
    with imap_session(host, ADDRESS, secret) as late:
        ClientPassword.objects.update(revoked_at=timezone.now())

        next_kick()

        assert is_closed(late.sock)
    assert orders == 1
