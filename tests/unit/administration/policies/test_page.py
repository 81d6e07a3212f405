"""Before a policy is changed it is seen whom that touches, and whom it would refuse."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account, Cutoff, Policy
from accounts.policy import effective
from clientpasswords import rollout
from clientpasswords.models import Logon
from tests.factories import make_account, make_logon, make_policy
from tests.unit.administration.pages import MOST_QUERIES
from tests.unit.administration.steps import save_policy

pytestmark = pytest.mark.one_database

UNCONFIRMED: dict[str, str | None] = {"_confirmed": None}


@pytest.fixture
def policy(administrator: Client, alice: Account, mallory: Account) -> Policy:
    """The policy of three mailboxes; one is the administrator's."""
    return effective.load_effective_policy(alice).policy


def report(browser: Client, policy: Policy) -> Any:
    return browser.get(reverse("admin:accounts_policy_report", args=[policy.pk]))


def test_the_page_of_a_policy_has_every_field_that_one_may_write() -> None:
    page = admin.site.get_model_admin(Policy)
    written = {field.name for field in Policy._meta.fields if field.editable}

    assert set(flatten_fieldsets(page.fieldsets or ())) == written - {"id"}


def test_it_is_asked_before_a_policy_is_changed(
    administrator: Client, policy: Policy, alice: Account
) -> None:
    make_logon(alice)
    make_logon(alice, protocol="smtp")

    fields = {**UNCONFIRMED, "imap": None}
    asked = save_policy(administrator, policy, **fields)

    page = asked.content.decode()
    assert "Applies to 3 mailboxes." in page
    assert "1 of them would lose access now" in page
    assert "<li>IMAP: On → Off</li>" in page
    policy.refresh_from_db()
    assert policy.imap
    assert not Cutoff.objects.exists()


def test_what_was_typed_is_saved_once_it_is_confirmed(
    administrator: Client, policy: Policy
) -> None:
    fields = {**UNCONFIRMED, "imap": None, "audit_reason": "As agreed"}
    asked = save_policy(administrator, policy, **fields)
    typed = dict(asked.context["typed"])

    page = reverse("admin:accounts_policy_change", args=[policy.pk])
    saved = administrator.post(page, typed | {"_confirmed": "Change it"})

    assert saved.status_code == 302
    policy.refresh_from_db()
    assert not policy.imap
    assert policy.pop3


@pytest.mark.parametrize("number", ["0", "many"])
def test_what_is_wrong_is_said_before_anything_is_asked(
    administrator: Client, policy: Policy, number: str
) -> None:
    fields = {**UNCONFIRMED, "max_client_passwords": number}
    answer = save_policy(administrator, policy, **fields)

    assert "Change the policy?" not in answer.content.decode()
    assert "max_client_passwords" in answer.context["adminform"].form.errors


def test_what_touches_nobody_is_not_asked(
    administrator: Client, policy: Policy
) -> None:
    of_nobody = make_policy("Of nobody")

    saved = save_policy(administrator, of_nobody, **UNCONFIRMED, imap=None)
    renamed = save_policy(administrator, policy, **UNCONFIRMED, owner_sets_phone="on")

    assert (saved.status_code, renamed.status_code) == (302, 302)


def test_an_exception_is_bound_by_its_own_policy_alone(
    administrator: Client, policy: Policy, alice: Account
) -> None:
    strict = make_policy("Strict")
    Account.objects.filter(pk=alice.pk).update(policy=strict)

    page = report(administrator, strict).content.decode()
    others = report(administrator, policy).content.decode()

    assert "Applies to 1 mailbox." in page
    assert "Applies to 2 mailboxes." in others


def test_the_report_lists_whom_a_requirement_would_refuse(
    administrator: Client, policy: Policy, alice: Account, mallory: Account
) -> None:
    make_logon(alice)
    make_logon(mallory, protocol="pop3")
    Account.objects.filter(pk=mallory.pk).update(client_passwords_on=True)
    old = timezone.now() - timedelta(days=31)
    make_logon(alice, protocol="smtp", last_at=old)
    make_logon(alice, protocol="pop3", by_web_password=False)

    page = report(administrator, policy).content.decode()

    assert [logon.account for logon in _listed(administrator, policy)] == [alice]
    assert "192.0.2.7" in page
    assert re.search("<td[^>]*>IMAP</td>", page)


@pytest.mark.parametrize("few", [0, 10])
def test_it_lists_the_same_of_few_mailboxes_as_of_many(
    administrator: Client, policy: Policy, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(rollout, "COUNT_LIMIT", few)
    alice = Account.objects.get(address="alice@example.com")
    mallory = Account.objects.get(address="mallory@example.com")
    elsewhere = make_account("a@example.com", policy=make_policy("Strict"))
    inactive = make_account("b@example.com", is_active=False)
    hour = timedelta(hours=1)
    wanted = [make_logon(alice), make_logon(mallory, last_at=timezone.now() - 2 * hour)]
    make_logon(elsewhere)
    make_logon(inactive)
    make_logon(alice, last_at=timezone.now() - timedelta(days=31))

    assert _listed(administrator, policy) == wanted


def _listed(browser: Client, policy: Policy) -> list[Logon]:
    return list(report(browser, policy).context["page"].object_list)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "does not require security passwords"),
        ({"client_passwords_required": True, "report_only": True}, "only reports"),
        (
            {"client_passwords_required": True},
            "mail programs are refused with the web password",
        ),
        (
            {
                "client_passwords_required": True,
                "required_from": timezone.now() + timedelta(days=9),
            },
            "Owners are notified",
        ),
    ],
)
def test_the_report_says_which_step_the_policy_is_at(
    administrator: Client, policy: Policy, fields: dict[str, Any], said: str
) -> None:
    Policy.objects.filter(pk=policy.pk).update(**fields)

    assert said in report(administrator, policy).content.decode()


def test_reports_do_not_ask_more_for_more_logons(
    administrator: Client, policy: Policy, django_assert_max_num_queries: Any
) -> None:
    for number in range(60):
        make_logon(make_account(f"user{number}@example.com"))
    administrator.get("/admin/")  # a session is written once a minute

    with django_assert_max_num_queries(MOST_QUERIES):
        page = report(administrator, policy)

    assert len(page.context["page"].object_list) == 50


def test_a_report_does_not_count_how_many_thousands_there_are(
    administrator: Client, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollout, "COUNT_LIMIT", 2)

    page = report(administrator, policy).content.decode()

    assert "Applies to 2+ mailboxes." in page
    assert "mail programs of 0 of them" in page


def test_the_report_is_for_those_who_may_look_at_logons(
    administrator: Client, policy: Policy
) -> None:
    admin = Account.objects.get(address="admin@example.com")
    Account.objects.filter(pk=admin.pk).update(is_superuser=False)
    given = Permission.objects.filter(
        codename__in=["view_policy", "administer_whole_host"]
    )
    admin.user_permissions.add(*given)
    assert report(administrator, policy).status_code == 403

    admin.user_permissions.add(Permission.objects.get(codename="view_logon"))
    assert report(administrator, policy).status_code == 200


def test_there_is_no_report_of_a_policy_that_is_not_there(
    administrator: Client, policy: Policy
) -> None:
    assert administrator.get("/admin/accounts/policy/999/report/").status_code == 404


@pytest.mark.parametrize(
    ("says", "warns"),
    [
        ({}, False),
        ({"code_to_switch_off": False}, True),
        ({"code_to_switch_off": False, "client_passwords_required": True}, False),
    ],
)
def test_the_page_warns_where_no_code_is_asked(
    administrator: Client, says: dict[str, bool], *, warns: bool
) -> None:
    policy = make_policy("Own", **says)

    page = administrator.get(reverse("admin:accounts_policy_change", args=[policy.pk]))

    assert ("turn security passwords off without a code" in page.text) is warns
