"""Each bulk action has words of its own: before, on its button, and afterwards."""

from collections import Counter
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from django.conf import settings
from django.db import DatabaseError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from accounts.models import Account, Domain, Policy
from administration.base import consequences
from administration.bulk import actions, jobs
from administration.bulk.actions import BULK_ACTIONS, BulkAction
from administration.models import Job
from clientpasswords.consequences import EffectKind
from provisioning import operations
from tests.factories import make_account, make_client_password, make_logon, make_policy
from tests.signedin import sign_in_verified
from tests.unit.administration.jobsteps import (
    ACCOUNTS,
    choose,
    counts,
    do,
    ordered,
    work_off,
)
from tests.unit.administration.worlds import World, make_administrator

pytestmark = pytest.mark.one_database

LANGUAGES = [code for code, _name in settings.LANGUAGES]


@pytest.mark.parametrize("action", BULK_ACTIONS, ids=lambda action: action.name)
def test_an_action_says_what_it_does_to_how_many_in_each_language(
    action: BulkAction,
) -> None:
    said = {}
    for language, number in product(LANGUAGES, (1, 5)):
        with translation.override(language):
            texts = [
                action.describe_order(number, number),
                str(action.result % {"count": number}),
                str(actions.SELECTED[action.model] % {"count": number}),
            ]
            assert all(str(number) in text for text in texts), texts
            said[language, number] = texts
    for language in LANGUAGES[1:]:
        for number in (1, 5):
            pairs = zip(said["en", number], said[language, number], strict=True)
            assert all(english != text for english, text in pairs), language
    for language in ("en", "de"):
        one, five = said[language, 1], said[language, 5]
        pairs = zip(one, five, strict=True)
        assert all(a.replace("1", "5") != b for a, b in pairs), language


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_actions_have_the_same_words(language: str) -> None:
    with translation.override(language):
        buttons = Counter(each.describe_order(2, 2) for each in BULK_ACTIONS)
        results = Counter(str(each.result % {"count": 2}) for each in BULK_ACTIONS)

    assert set(buttons.values()) == set(results.values()) == {1}


@pytest.mark.parametrize("action", BULK_ACTIONS, ids=lambda action: action.name)
def test_the_button_of_an_action_names_it_and_how_many(
    administrator: Client, admin: Account, alice: Account, action: BulkAction
) -> None:
    rows: Any = action.model._default_manager.all()
    make_client_password(alice)
    make_policy("Strict")
    alice.domain.departments.create(name="Sales")
    job = jobs.create_job(action, list(rows.values_list("pk", flat=True)), admin, None)
    number = job.total - (1 if action.model is Account else 0)

    page = f"/admin/administration/job/{job.pk}/change/"
    shown = administrator.get(page)
    if action.asks_first:
        assert 'name="confirm"' not in shown.text
        assert "selected: show what changes" in shown.text
        strict = Policy.objects.get(name="Strict").pk
        chosen: Any = {"preview": 1, "policy": strict, "imap": "off"}
        shown = administrator.get(page, chosen)

    button = action.describe_order(number, 1)
    assert f'name="confirm" class="default" value="{button}"' in shown.text
    assert str(actions.SELECTED[action.model] % {"count": job.total}) in shown.text
    own = "Your own mailbox is skipped." in shown.text
    assert own is (action.model is Account)


def test_what_is_skipped_is_said_before_and_is_what_fails(own: World) -> None:
    """Administrators' mailboxes and one's own, of a domain administrator."""
    author = make_administrator("domain", own.domain)
    other = make_administrator("help", own.domain)
    password, _secret = make_client_password(other)
    browser = sign_in_verified(author)

    asking = choose(browser, "unlock_codes", [author, other, own.owner])
    shown = browser.get(asking).text
    assert 'value="Unlock codes for 1 mailbox"' in shown
    assert "Your own mailbox is skipped." in shown
    assert "1 of an administrator is skipped." in shown

    job = do(browser, "unlock_codes", [author, other, own.owner])
    done = browser.get(f"/admin/administration/job/{job.pk}/change/").text
    assert job.counts()["failed"] == 2
    assert f"{author.address}: your own mailbox" in done
    assert f"{other.address}: an administrator" in done

    base = "/admin/clientpasswords/clientpassword/"
    asking = choose(browser, "revoke", [password], base)
    assert "There is nothing to do." in browser.get(asking).text


def test_each_failure_has_its_reason(
    own: World, foreign: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    author = make_administrator("domain", own.domain)
    gone = make_account(f"gone@{own.domain.name}")
    broken = make_account(f"broken@{own.domain.name}")
    act = operations.unlock_codes

    def fails(account: Account, order: operations.Order) -> bool:
        if account == broken:
            raise DatabaseError
        return act(account, order)

    job = ordered(author, "unlock_codes", [gone, broken, foreign.owner, author])
    pk = gone.pk
    gone.delete()
    monkeypatch.setattr(operations, "unlock_codes", fails)
    assert work_off(job) == counts(failed=4)

    reasons = dict(job.parts.get().failures)
    assert reasons == {
        str(pk): "deleted",
        str(foreign.owner.pk): "not-yours",
        broken.address: "database",
        author.address: "own",
    }
    shown = sign_in_verified(author).get(f"/admin/administration/job/{job.pk}/change/")
    for reason in reasons.values():
        assert str(jobs.WHY_FAILED[reason]) in shown.text.replace("&#x27;", "'")


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_each_reason_is_in_each_language(language: str) -> None:
    english = {key: str(text) for key, text in jobs.WHY_FAILED.items()}

    with translation.override(language):
        assert not [
            key for key, text in jobs.WHY_FAILED.items() if text == english[key]
        ]


def test_whoever_would_lose_access_is_named(
    administrator: Client, alice: Account, bob: Account
) -> None:
    """Alice's program uses the web password; Bob is required already."""
    make_logon(alice)
    make_logon(bob)
    strict = make_policy("Strict", client_passwords_required=True)
    Account.objects.filter(pk=bob.pk).update(policy=strict)

    shown = administrator.get(choose(administrator, "require_passwords", [alice, bob]))

    assert "1 of them would lose access now" in shown.text
    (loss,) = shown.context["losses"]
    assert [name for name, _page in loss.links] == [alice.address]
    nobody = administrator.get(choose(administrator, "require_passwords", [bob]))
    assert "None would lose access now, judging by" in nobody.text


def test_afterwards_the_askingsays_what_holds(
    administrator: Client, alice: Account
) -> None:
    job = do(administrator, "require_passwords", [alice])

    shown = administrator.get(f"/admin/administration/job/{job.pk}/change/").text

    assert "1 mailbox now needs security passwords." in shown
    assert ACCOUNTS in shown


# Actions that touch no policy: what they take, they say in `effect`.
WITHOUT_POLICY = {
    "revoke_all",
    "sign_out",
    "cut_off",
    "off_board",
    "unlock_codes",
    "reset_phone",
    "revoke",
}
# What closes IMAP by the choice of each action; the others require security passwords.
CLOSING = {"set_policy", "set_protocols", "set_domain_policy", "set_department_policy"}


@pytest.mark.parametrize(
    "action",
    [each for each in BULK_ACTIONS if each.name not in WITHOUT_POLICY],
    ids=lambda action: action.name,
)
def test_whatever_changes_a_policy_names_who_loses_what_before_it_is_confirmed(
    administrator: Client, admin: Account, alice: Account, action: BulkAction
) -> None:
    """And it is the same for mailboxes, departments and domains."""
    closed = make_policy("Closed", imap=False)
    if action.model is not Domain:
        department = alice.domain.departments.create(name="Sales")
        Account.objects.filter(pk=alice.pk).update(department=department)
    if action.name == "release_passwords":
        Policy.objects.filter(pk=alice.domain.policy_id).update(
            client_passwords_required=True
        )
    password, _secret = make_client_password(alice)
    by_device = action.name == "release_passwords"
    by: Any = {"client_password": password} if by_device else {}
    make_logon(alice, **by)
    rows: Any = action.model._default_manager.all()
    job = jobs.create_job(action, list(rows.values_list("pk", flat=True)), admin, None)
    page = f"/admin/administration/job/{job.pk}/change/"
    chosen: Any = {"preview": 1, "policy": closed.pk, "imap": "off"}

    shown = administrator.get(page, chosen if action.asks_first else {})

    (loss,) = shown.context["losses"]
    assert [name for name, _page in loss.links] == [alice.address]
    assert action.asks_first is (action.name in CLOSING)
    assert ("IMAP" in loss.text) is action.asks_first
    shown = administrator.get(page, chosen | {"_show": loss.name})
    assert shown.context["shown"]["links"] == loss.links
    number = job.total - (1 if action.model is Account else 0)
    assert f'value="{action.describe_order(number)}"' in shown.text
    if action.asks_first:
        confirmed = dict(shown.context["typed"]) | {"confirm": "1", "reason": "Agreed."}
        assert administrator.post(page, confirmed).status_code == 302
        assert Job.objects.get().counts()["changed"] >= 1


def test_of_many_a_hundred_are_shown_on_a_page(
    administrator: Client, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consequences, "LISTED", 2)
    rows = [alice, *(make_account(f"user{n}@example.com") for n in range(4))]
    for account in rows:
        make_logon(account)
    page = choose(administrator, "require_passwords", rows)

    last = administrator.get(page, {"_show": "required", "_page": "3"})
    typed = {
        number: administrator.get(page, {"_show": "required", "_page": number})
        for number in ("x", "", "-1", "²", "9", "9" * 5000)
    }

    assert last.context["shown"]["links"][0][0] == "user3@example.com"
    assert (last.context["shown"]["page"], last.context["shown"]["next"]) == (3, 0)
    shown = {number: each.context["shown"]["page"] for number, each in typed.items()}
    assert shown == {"x": 1, "": 1, "-1": 1, "²": 1, "9": 3, "9" * 5000: 1}
    assert administrator.get(page, {"_show": "nothing"}).context["shown"] is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_effect_has_words_in_each_language(language: str) -> None:
    values = {"number": "7", "protocol": "IMAP", "day": "8 Dec", "count": 7}
    assert set(consequences.WORDS) == set(EffectKind)
    with translation.override("en"):
        english = {
            kind: str(text % values) for kind, text in consequences.WORDS.items()
        }
    with translation.override(language):
        for kind, text in consequences.WORDS.items():
            said = str(text % values)
            assert "7" in said
            assert (said == english[kind]) is (language == "en")


def test_a_page_that_says_who_loses_takes_few_queries(
    administrator: Client, alice: Account
) -> None:
    strict = make_policy("Strict", client_passwords_required=True)
    rows = [alice, *(make_account(f"user{n}@example.com") for n in range(30))]
    for account in rows:
        make_logon(account)
    page = choose(administrator, "set_policy", rows)
    administrator.get(page)

    with CaptureQueriesContext(connection) as asked:
        administrator.get(page, {"preview": 1, "policy": strict.pk})

    assert len(asked) <= 8


@pytest.mark.parametrize("listed", [1_000, 1])
def test_deleting_all_says_how_many_passwords_of_how_many_mailboxes(
    administrator: Client,
    alice: Account,
    bob: Account,
    listed: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of however many mailboxes: only those of them, and none that is deleted."""
    monkeypatch.setattr(operations, "MOST_LISTED", listed)
    for name in ("My iPhone", "Mac"):
        make_client_password(alice, name)
    make_client_password(bob)
    make_client_password(bob, revoked_at=timezone.now())
    make_client_password(make_account("carol@example.com"))

    shown = administrator.get(choose(administrator, "revoke_all", [alice, bob])).text
    assert 'value="Delete 3 security passwords (2 mailboxes)"' in shown
    shown = administrator.get(choose(administrator, "off_board", [alice])).text
    assert "2 security passwords are deleted." in shown
    assert 'value="Offboard 1 mailbox"' in shown


@pytest.mark.parametrize(("listed", "is_of_all"), [(1, False), (0, True)])
def test_passwords_of_all_are_added_up_only_if_many_are_left_out(
    alice: Account,
    bob: Account,
    listed: int,
    monkeypatch: pytest.MonkeyPatch,
    *,
    is_of_all: bool,
) -> None:
    """The count is the same. The two have one mailbox between them."""
    monkeypatch.setattr(operations, "MOST_LISTED", listed)
    between, last = (make_account(f"{name}@example.com") for name in ("c", "d"))
    for account in (alice, alice, bob, between, last):
        make_client_password(account)
    owners = {bob.pk, last.pk}
    assert owners == {between.pk - 1, between.pk + 1}

    with CaptureQueriesContext(connection) as asked:
        assert operations.count_client_passwords(owners) == 2

    assert ["GROUP BY" in each["sql"] for each in asked] == [is_of_all]


def test_an_exception_that_has_ended_is_not_given_up(
    administrator: Client, alice: Account
) -> None:
    shut = make_policy("Shut", third_party_logon=False)
    ended = timezone.now() - timedelta(days=1)
    Account.objects.filter(pk=alice.pk).update(policy=shut, policy_until=ended)
    page = choose(administrator, "set_policy", [alice])

    possible = "Mail programs can connect to 1 mailbox."
    asked = {"preview": "1", "policy": ""}

    assert possible not in administrator.get(page, asked).text
    Account.objects.filter(pk=alice.pk).update(policy_until=None)
    assert possible in administrator.get(page, asked).text


def test_where_there_is_no_password_none_can_be_deleted(
    administrator: Client, alice: Account
) -> None:
    shown = administrator.get(choose(administrator, "revoke_all", [alice])).text

    assert "There is no security password to delete." in shown
    assert 'name="confirm"' not in shown
