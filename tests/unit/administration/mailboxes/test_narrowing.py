"""By what lists are narrowed and searched, and what their lines tell."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.events import Kind
from accounts.models import Account, Department, Phone, Policy, SecurityEvent
from accounts.policy import effective as effective_policy
from administration.policies import effective
from tests.factories import (
    make_account,
    make_client_password,
    make_domain,
    make_logon,
    make_policy,
    make_usage,
)
from tests.unit.administration.steps import ACCOUNTS, rows_listed

PASSWORDS = "/admin/clientpasswords/clientpassword/"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("ALI", ["alice@example.com"]),
        ("ann l", ["bob@example.com"]),
        ("Lee", []),
        ("lice", []),
        ('"', []),
        ("ali%", []),
    ],
)
def test_mailboxes_are_found_by_beginnings(
    administrator: Client, alice: Account, bob: Account, query: str, found: list[str]
) -> None:
    Account.objects.filter(pk=bob.pk).update(name="Ann Lee")

    assert rows_listed(administrator, f"{ACCOUNTS}?q={query}") == found


@pytest.fixture
def mailboxes(administrator: Client, alice: Account, bob: Account) -> Client:
    """Alice's is as it comes; bob has an exception, which requires passwords."""
    make_account("carol@example.org", client_passwords_on=True)
    make_account("dave@example.org", is_active=False)
    Policy.objects.filter(name="Required").update(max_client_passwords=1)
    make_client_password(bob)
    failures = {"throttling_failure_count": 20}
    Phone.objects.filter(account=alice).update(**failures)
    return administrator


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("in=example.org", ["carol", "dave"]),
        ("in=.org", []),
        ("client_passwords_on__exact=1", ["carol"]),
        ("required=yes", ["bob"]),
        ("required=no", ["admin", "alice", "carol", "dave"]),
        ("web=refused", ["bob", "carol"]),
        ("web=let-in", ["admin", "alice", "dave"]),
        ("has=some", ["bob"]),
        ("has=none", ["admin", "alice", "carol", "dave"]),
        ("has=full", ["bob"]),
        ("phone=none", ["admin", "carol", "dave"]),
        ("phone=locked", ["alice"]),
        ("exception=yes", ["bob"]),
        ("exception=ending", []),
        ("exception=yes&in=example.org", []),
    ],
)
def test_mailboxes_are_narrowed(
    mailboxes: Client, query: str, found: list[str]
) -> None:
    names = [
        each.partition("@")[0] for each in rows_listed(mailboxes, f"{ACCOUNTS}?{query}")
    ]

    assert names == found


EVERYBODY = ["admin", "alice", "bob"]


@pytest.mark.usefixtures("alice", "bob")
@pytest.mark.parametrize(
    ("query", "if_required", "if_not"),
    [
        ("required=yes", EVERYBODY, []),
        ("required=no", [], EVERYBODY),
        ("web=refused", EVERYBODY, []),
        ("web=let-in", [], EVERYBODY),
        ("protocols=imap-off", [], []),
    ],
)
def test_mailboxes_are_narrowed_where_all_policies_say_the_same(
    administrator: Client, query: str, if_required: list[str], if_not: list[str]
) -> None:
    page = f"{ACCOUNTS}?{query}"
    for required, found in ((True, if_required), (False, if_not)):
        Policy.objects.update(client_passwords_required=required)

        names = [each.partition("@")[0] for each in rows_listed(administrator, page)]

        assert names == found


@pytest.fixture
def protocols(administrator: Client) -> Client:
    """Each policy comes from another place; each name tells what binds at last."""
    no_pop3, closed = (
        make_policy("Modern", pop3=False),
        make_policy("Closed", third_party_logon=False),
    )
    make_domain("modern.example", no_pop3)
    sales, support = (
        Department.objects.create(domain=make_domain(), name=name, policy=policy)
        for name, policy in (("Sales", no_pop3), ("Support", None))
    )
    hour = timedelta(hours=1)
    make_account("by-domain@modern.example")
    make_account("by-department@example.com", department=sales)
    make_account("by-exception@example.com", policy=no_pop3)
    make_account("open@example.com", department=support)
    make_account("open-again@modern.example", policy=make_policy())
    make_account(
        "ended@example.com", policy=no_pop3, policy_until=timezone.now() - hour
    )
    make_account("closed@modern.example", policy=closed)
    imap_only = make_policy("IMAP only", pop3=False, smtp=False)
    make_account("imap-only@example.com", policy=imap_only)
    return administrator


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("imap-off", ["closed"]),
        (
            "pop3-off",
            ["by-department", "by-domain", "by-exception", "closed", "imap-only"],
        ),
        ("smtp-off", ["closed", "imap-only"]),
        ("smtp-off&in=example.com", ["imap-only"]),
    ],
)
def test_mailboxes_are_narrowed_by_the_protocols_that_are_off(
    protocols: Client, query: str, found: list[str]
) -> None:
    page = f"{ACCOUNTS}?protocols={query}"
    names = [each.partition("@")[0] for each in rows_listed(protocols, page)]

    assert names == found


@pytest.mark.parametrize("protocol", ["IMAP", "POP3", "SMTP"])
def test_the_column_of_protocols_says_the_same(
    protocols: Client, protocol: str
) -> None:
    off = rows_listed(protocols, f"{ACCOUNTS}?protocols={protocol.lower()}-off")

    for account in Account.objects.all():
        told = effective.describe_protocols(
            effective_policy.load_effective_policy(account).policy
        )
        assert (protocol in told) == (account.address not in off)


@pytest.mark.parametrize(
    ("days", "queries"),
    [
        (-1, {"ended"}),
        (29, {"yes", "ending"}),
        (31, {"yes"}),
        (None, {"yes"}),
    ],
)
def test_exceptions_are_listed_by_when_they_end(
    administrator: Client, bob: Account, days: int | None, queries: set[str]
) -> None:
    until = None if days is None else timezone.now() + timedelta(days=days)
    Account.objects.filter(pk=bob.pk).update(
        policy_until=until, policy_reason="On a long journey"
    )

    pages = {
        query: administrator.get(f"{ACCOUNTS}?exception={query}").content.decode()
        for query in ("yes", "ending", "ended")
    }

    told = {query for query, page in pages.items() if "On a long journey" in page}
    assert told == queries


def test_a_mailbox_is_told_in_a_line(mailboxes: Client, bob: Account) -> None:
    row = bob.client_passwords.get()
    make_logon(bob, client_password=row, by_web_password=False)

    page = mailboxes.get(f"{ACCOUNTS}?q=bob")

    text = page.content.decode()
    assert "Required · Exception" in text
    assert ">1/1<" in text
    assert ">IMAP POP3 SMTP<" in text
    account = page.context["cl"].result_list[0]
    assert account.last_logon_at == bob.logons.get().last_at


def test_webmail_is_no_mail_program(administrator: Client, alice: Account) -> None:
    make_logon(alice, by_web_password=False)
    make_logon(alice, reason="wrong-password", by_web_password=False)

    [account] = administrator.get(f"{ACCOUNTS}?q=alice").context["cl"].result_list

    assert account.last_logon_at is None


@pytest.fixture
def passwords(administrator: Client, bob: Account) -> Client:
    """One in use, one idle, one never used, one past its end, one deleted."""
    make_usage(make_client_password(bob, "In use")[0])
    make_usage(make_client_password(bob, "Idle")[0], ago=timedelta(days=91))
    make_client_password(bob, "Never")
    now = timezone.now()
    old = {"created_at": now - timedelta(days=40)}
    ended = now - timedelta(days=1)
    make_usage(make_client_password(bob, "Expired", expires_at=ended, **old)[0])
    make_client_password(bob, "Deleted", revoked_at=now)
    return administrator


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("use=never", ["Never"]),
        ("use=idle", ["Idle"]),
        ("state=live", ["Expired", "Idle", "In use", "Never"]),
        ("state=expired", ["Expired"]),
        ("state=deleted", ["Deleted"]),
        ("created=older", ["Expired"]),
        ("created=7&state=live", ["Idle", "In use", "Never"]),
        ("in=example.com&use=never", ["Never"]),
        ("in=example.org", []),
        ("q=Bob@", ["Deleted", "Expired", "Idle", "In use", "Never"]),
        ("q=Idle", []),
    ],
)
def test_passwords_are_narrowed(
    passwords: Client, query: str, found: list[str]
) -> None:
    assert sorted(rows_listed(passwords, f"{PASSWORDS}?{query}")) == found


def test_the_state_of_a_password_is_what_the_mail_server_would_say(
    passwords: Client, bob: Account
) -> None:
    refusals = states(passwords)
    Policy.objects.update(client_passwords_required=False)

    assert refusals == {
        "In use": None,
        "Idle": None,
        "Never": None,
        "Expired": "expired",
        "Deleted": "revoked",
    }
    assert states(passwords)["In use"] == "suspended"
    page = passwords.get(PASSWORDS).content.decode()
    assert "security passwords are turned off" in page


def states(browser: Client) -> dict[str, str | None]:
    rows = browser.get(PASSWORDS).context["cl"].result_list
    return {row.label: row.refusal for row in rows}


def test_domains_tell_when_their_policy_was_changed(
    administrator: Client, alice: Account
) -> None:
    list_ = "/admin/accounts/domain/"
    before = administrator.get(list_).context["cl"].result_list[0].changed_at
    strict = make_policy("Strict")
    page = reverse("admin:accounts_domain_change", args=[alice.domain_id])
    administrator.post(
        page, {"name": "example.com", "policy": strict.pk, "_confirmed": "Yes"}
    )
    given = administrator.get(list_).context["cl"].result_list[0]

    event = SecurityEvent.objects.get(kind=Kind.DOMAIN_CHANGED)
    assert before is None
    assert given.changed_at == event.at
    assert given.counted == 2
    make_domain("example.org")
    other = administrator.get(list_).context["cl"].result_list[1]
    assert other.changed_at is None


def test_a_change_of_the_policy_itself_counts_for_its_domains(
    administrator: Client, alice: Account
) -> None:
    policy = alice.domain.policy
    detail = {"policy": policy.name, "changed": {"imap": ["yes", "no"]}}
    SecurityEvent.objects.create(
        kind=Kind.POLICY_CHANGED, actor="admin@example.com", detail=detail
    )

    domains = administrator.get("/admin/accounts/domain/").context["cl"].result_list

    assert domains[0].changed_at == SecurityEvent.objects.get(kind="policy-changed").at
