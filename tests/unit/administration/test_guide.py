"""The first steps tick themselves off by the data, within what their reader may do."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Account, Domain, Heartbeat, Policy
from accounts.models.heartbeat import WORKERS
from administration import guide
from tests.factories import PASSWORD, make_account, make_domain, make_logon
from tests.signedin import sign_in_verified
from tests.unit.administration.pages import MOST_QUERIES
from tests.unit.administration.rolesteps import browser_as
from tests.unit.administration.steps import SITE, add_account, queries_of, save_policy
from tests.unit.administration.worlds import ROLES, World

pytestmark = pytest.mark.both_databases

INDEX, CHOOSE = "/admin/", "/admin/first-steps/"
TRY = "/admin/accounts/account/try/"


@pytest.fixture
def first(db: None, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Client:
    """The browser of the one administrator of an empty host, signed in."""
    settings.MAIL_SITES = []
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command("createsuperuser", address="root@example.com", interactive=False)
    return sign_in_verified(Account.objects.get())


def shown(browser: Client) -> guide.Guide | None:
    found: guide.Guide | None = browser.get(INDEX).context["guide"]
    return found


def done(browser: Client) -> set[str]:
    """The keys of the steps that are ticked; all of them if there is no guide."""
    found = shown(browser)
    if found is None:
        return {step.key for step in guide.STEPS}
    return {each.step.key for each in found.steps if each.is_done}


def run_services() -> None:
    for worker in WORKERS:
        values = {"node": "mx", "seen_at": timezone.now()}
        Heartbeat.objects.update_or_create(worker=worker, defaults=values)


def test_each_step_is_ticked_by_the_data_until_all_are_done(
    first: Client, settings: Settings
) -> None:
    ticked = done(first)
    assert ticked == {"second_factor", "domain"}

    def set_sites() -> None:
        settings.MAIL_SITES, settings.MAIL_SITE = [SITE], "sg"

    acts: dict[str, Callable[[], Any]] = {
        "sites": set_sites,
        # As it is: whoever has looked at it may have nothing to change.
        "policy": lambda: save_policy(first, Policy.objects.get()),
        "mailbox": lambda: add_account(first, phone="+6581234567"),
        "services": run_services,
        "tried": lambda: first.post(
            TRY, {"address": "new@example.com", "protocol": "imap"}
        ),
        "connected": lambda: make_logon(Account.objects.get(address="new@example.com")),
    }
    assert [*acts] == [step.key for step in guide.STEPS if step.key not in ticked]
    for key, act in acts.items():
        found = shown(first)
        assert found is not None
        assert found.next is not None
        assert found.next.step.key == key
        act()
        ticked |= {key}
        assert done(first) == ticked, key

    assert shown(first) is None
    assert "First steps" not in first.get(INDEX).content.decode()


def test_what_looks_like_it_ticks_nothing(first: Client) -> None:
    make_account("bob@example.com")  # without a phone
    make_logon(Account.objects.get(address="bob@example.com"), reason="wrong-password")
    first.get("/admin/accounts/policy/")
    first.get(f"/admin/accounts/policy/{Policy.objects.get().pk}/change/")
    first.get(f"{TRY}?address=bob@example.com")
    first.post(TRY, {"address": "nobody@example.com", "protocol": "imap"})
    run_services()
    Heartbeat.objects.filter(worker="follow_logons").update(
        seen_at=timezone.now() - timedelta(hours=1)
    )

    assert done(first) == {"second_factor", "domain"}


def test_no_click_ticks_a_step(first: Client) -> None:
    before = done(first)

    for step in guide.STEPS:
        first.post(CHOOSE, {"steps": step.key, step.key: "done"})

    assert done(first) == before


def test_every_step_has_a_sentence_and_leads_to_a_page(first: Client) -> None:
    found = shown(first)
    assert found is not None
    html = first.get(INDEX).content.decode()

    assert [each.step for each in found.steps] == [*guide.STEPS]
    for each in found.steps:
        assert str(each.step.text).endswith(".")
        assert f'href="{each.link}"' in html
        assert first.get(each.link).status_code == 200, each.link


def test_it_can_be_hidden_and_is_not_lost(first: Client) -> None:
    assert first.post(CHOOSE, {"steps": "hidden"})["Location"] == INDEX
    hidden = first.get(INDEX).content.decode()
    first.post(CHOOSE, {"steps": "shown"})
    again = first.get(INDEX).content.decode()

    assert "Show the first steps" in hidden
    assert '<section class="module guide"' not in hidden
    assert '<section class="module guide"' in again
    assert first.get(CHOOSE).status_code == 405


def test_it_can_be_hidden_while_nothing_can_be_changed(
    first: Client, settings: Settings
) -> None:
    settings.READ_ONLY = True

    assert first.post(CHOOSE, {"steps": "hidden"}).status_code == 302


@pytest.mark.parametrize("role", ROLES)
def test_everybody_sees_the_steps_that_they_can_take(
    own: World, foreign: World, role: str, settings: Settings
) -> None:
    settings.MAIL_SITES = []
    browser = browser_as(role, own)

    found = shown(browser)

    if role not in {"superuser", "operator", "domain", "domain without one"}:
        assert found is None
        return
    assert found is not None
    steps = {each.step.key for each in found.steps}
    of_the_host = {"sites", "domain", "services"}
    if "domain" in role:
        assert steps == {step.key for step in guide.STEPS} - of_the_host
    else:
        assert steps == {step.key for step in guide.STEPS}
    for each in found.steps:
        assert browser.get(each.link).status_code == 200, each.step.key


def test_the_steps_of_a_domain_are_ticked_by_its_data_alone(
    own: World, foreign: World
) -> None:
    own.owner.logons.all().delete()
    own.owner.phone.delete()
    save_policy(browser_as("superuser", own), foreign.policy)
    browser = browser_as("domain", own)
    assert done(browser) == {"second_factor"}

    make_logon(own.owner)

    assert done(browser) == {"second_factor", "connected"}


def test_it_takes_no_query_of_its_own_whatever_there_is(first: Client) -> None:
    few = len(queries_of(first, INDEX))
    for number in range(20):
        make_domain(f"d{number}.example")
        make_account(f"a{number}@example.com", phone="+12025550123")
        Policy.objects.create(name=f"P{number}")
    for number, account in enumerate(Account.objects.all()):
        make_logon(account, reason="wrong-password", node=f"n{number}")
        Heartbeat.objects.create(
            worker="tidy", node=f"n{number}", seen_at=timezone.now()
        )
    first.post(CHOOSE, {"steps": "shown"})
    many = queries_of(first, INDEX)

    assert len(many) <= few + 1  # the content type of policies is known by now
    assert len(many) <= MOST_QUERIES
    assert Domain.objects.count() > 20
    asked = [sql for sql in many if "EXISTS" in sql and "accounts_phone" in sql]
    assert len(asked) == 1
    assert "accounts_cutoff" in asked[0]  # the overview's counts


def test_it_is_shown_to_those_who_see_no_overview(first: Client) -> None:
    account = make_account("adds@example.com", is_staff=True)
    rights = Permission.objects.filter(codename__in=["add_account", "change_policy"])
    account.user_permissions.set(rights)
    browser = sign_in_verified(account)

    page = browser.get(INDEX)

    assert page.context["overview"] is None
    steps = page.context["guide"].steps
    assert [(each.step.key, each.is_done) for each in steps] == [
        ("second_factor", True),
        ("policy", False),
    ]
