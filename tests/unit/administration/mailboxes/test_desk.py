"""The page of a mailbox: its state, its devices, what refuses it, and what to do."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import Account, Cutoff, Domain, Phone, Policy
from accounts.policy import effective
from administration.bulk import actions, jobs
from administration.mailboxes import desk
from administration.models import Job
from tests.factories import (
    make_account,
    make_client_password,
    make_logon,
    make_policy,
    make_usage,
)
from tests.signedin import sign_in_verified
from tests.unit.administration.jobsteps import WHY, do
from tests.unit.administration.pages import MANY, MOST_QUERIES, ROLES_OF
from tests.unit.administration.steps import queries_of
from tests.unit.administration.worlds import World, make_administrator
from tests.unit.clientpasswords.apps import make_app

pytestmark = pytest.mark.usefixtures("one_node")
BUTTONS = [
    each for each in actions.BULK_ACTIONS if each.model is Account and each.asks_nothing
]


def address_of(account: Account) -> str:
    return reverse("admin:accounts_account_change", args=[account.pk])


def open_page(browser: Client, account: Account) -> Any:
    return browser.get(address_of(account))


def state(browser: Client, account: Account) -> list[str]:
    """The parts of the line of state; those that are bad with a "!"."""
    facts = open_page(browser, account).context["state"]
    return [("!" if each.is_bad else "") + each.text for each in facts]


def acts(page: Any) -> list[str]:
    return [each.name for each in page.context["acts"]]


# --- the line of state ----------------------------------------------------------------


def test_a_mailbox_says_in_one_line_how_it_is(
    administrator: Client, bob: Account
) -> None:
    make_client_password(bob)
    logon = make_logon(bob)

    assert state(administrator, bob) == [
        "Security passwords on",
        f"required by {effective.load_effective_policy(bob).decided_by}",
        "1 of 10 devices",
        "last mail program:",
        "codes: fine",
    ]
    facts = open_page(administrator, bob).context["state"]
    assert facts[3].at == logon.last_at


@pytest.mark.parametrize(
    ("account", "policy", "said"),
    [
        ({"is_active": False}, {}, "!Disabled"),
        ({}, {"third_party_logon": False}, "!Mail programs are switched off"),
        ({}, {}, "Security passwords off"),
        ({"client_passwords_on": True}, {}, "Security passwords on"),
        ({}, {"client_passwords_required": True, "report_only": True}, "Report only"),
        ({}, {"max_client_passwords": 3}, "0 of 3 devices"),
        ({}, {}, "no mail program yet"),
    ],
)
def test_what_is_unusual_is_in_that_line(
    administrator: Client,
    alice: Account,
    account: dict[str, Any],
    policy: dict[str, Any],
    said: str,
) -> None:
    Account.objects.filter(pk=alice.pk).update(**account)
    Policy.objects.update(**policy)

    assert said in state(administrator, alice)


@pytest.mark.parametrize(
    ("phone", "said"),
    [
        ({"throttling_failure_count": 20}, "!codes: locked until someone unlocks them"),
        (
            {"throttling_failure_count": 6, "throttling_failure_timestamp": "now"},
            "!codes: next try from",
        ),
        ({"held_until": "later"}, "!codes: sent to the new number from"),
        ({}, "codes: fine"),
    ],
)
def test_the_state_of_codes_is_in_that_line(
    administrator: Client, bob: Account, phone: dict[str, Any], said: str
) -> None:
    now = timezone.now()
    times = {"now": now, "later": now + timedelta(days=1)}
    values = {name: times.get(str(value), value) for name, value in phone.items()}
    Phone.objects.filter(account=bob).update(**values)

    assert said in state(administrator, bob)


def test_a_mailbox_without_a_phone_says_so(administrator: Client, bob: Account) -> None:
    Phone.objects.all().delete()

    assert "!codes: no phone number" in state(administrator, bob)

    make_app(bob, timedelta(days=1))
    assert "!codes: no phone number" in state(administrator, bob)

    Policy.objects.update(owner_sets_phone=True)
    assert "codes: by authenticator app" in state(administrator, bob)

    TOTPDevice.objects.filter(user=bob).update(created_at=timezone.now())
    assert "!codes: by authenticator app from" in state(administrator, bob)


# --- devices and logons ---------------------------------------------------------------


def test_each_device_has_its_state_last_use_and_limits(
    administrator: Client, bob: Account
) -> None:
    past = timezone.now() - timedelta(days=1)
    old, _secret = make_client_password(bob, "Old", expires_at=past)
    office, _secret = make_client_password(
        bob, "Office", pop3=False, networks="192.0.2.0/24"
    )
    make_usage(office)

    page = open_page(administrator, bob)

    shown = [(each.row, each.state, each.works) for each in page.context["devices"]]
    assert shown == [
        (office, "works", True),
        (old, "expired", False),
    ]
    limits = [each.limits for each in page.context["devices"]]
    assert limits[0] == "IMAP, SMTP; 192.0.2.0/24"
    assert limits[1].startswith("until ")
    for device in page.context["devices"]:
        assert administrator.get(device.url).status_code == 200
        assert device.url in page.content.decode()


def test_devices_and_logons_are_bounded_and_lead_to_all(
    administrator: Client, bob: Account
) -> None:
    for number in range(desk.DEVICES + 2):
        make_client_password(bob, f"Phone {number}")
    row, _secret = make_client_password(bob, "The last")
    for number in range(desk.LOGONS + 3):
        at = timezone.now() - timedelta(minutes=number)
        make_logon(bob, client_password=row, last_at=at)
    other = make_account("other@example.com")
    make_client_password(other, "Of another")

    page = open_page(administrator, bob)

    assert len(page.context["devices"]) == desk.DEVICES
    assert len(page.context["attempts"]) == desk.LOGONS
    text = page.content.decode()
    for name, count in (
        ("devices_url", desk.DEVICES + 3),
        ("logons_url", desk.LOGONS + 3),
    ):
        url = page.context[name]
        assert url in text
        assert administrator.get(url).context["cl"].result_count == count


def test_the_page_asks_no_more_for_many_rows(
    administrator: Client, bob: Account
) -> None:
    few = len(queries_of(administrator, address_of(bob)))
    for number in range(MANY):
        row, _secret = make_client_password(bob, f"Phone {number}")
        make_logon(bob, client_password=row)
        make_logon(bob, reason="revoked", client_password=row)

    assert len(queries_of(administrator, address_of(bob))) == few <= MOST_QUERIES


# --- what can be done -----------------------------------------------------------------


def test_what_would_change_nothing_is_not_offered(
    administrator: Client, alice: Account
) -> None:
    Phone.objects.all().delete()
    assert acts(open_page(administrator, alice)) == [
        "unlock_codes",
        "sign_out",
        "cut_off",
        "off_board",
    ]
    Phone.objects.create(account=alice, number="+12025550123")
    make_client_password(alice)
    Account.objects.filter(pk=alice.pk).update(is_active=False)

    assert acts(open_page(administrator, alice)) == [
        "unlock_codes",
        "reset_phone",
        "sign_out",
        "revoke_all",
        "off_board",
    ]


# Which acts each role has. Whoever is not here has none.
ACTS = {
    "operator": desk.ORDER,
    "domain": desk.ORDER,
    "help": ["unlock_codes", "reset_phone", "sign_out", "revoke_all"],
    "auditor": [],
}


@pytest.mark.parametrize("role", ROLES_OF)
def test_each_role_sees_the_acts_that_it_may_order_and_each_leads_to_its_question(
    own: World, role: str
) -> None:
    """Each button posts what the list's action would, and asks before it acts."""
    reader = make_administrator(role, own.domain)
    browser = sign_in_verified(reader)
    expected = ACTS.get(ROLES_OF[role][0], [])
    page = open_page(browser, own.owner)
    if page.status_code != 200:  # nobody's domain, or no rights at all
        assert role in {"domain without one", "no group"}
        expected = []
    else:
        assert acts(page) == expected
        assert page.context["may_revoke"] is ("revoke_all" in expected)
        assert len(page.context["devices"]) == 1

    for action in BUTTONS:
        data = {"action": action.name, "_selected_action": own.owner.pk}
        answer = browser.post(reverse("admin:accounts_account_changelist"), data)
        ordered = Job.objects.filter(ordered_by=reader, action=action.name, total=1)
        job = ordered.first()
        assert (job is not None) is (action.name in expected), action.name
        if job is None:
            continue
        assert answer["Location"] == reverse(
            "admin:administration_job_change", args=[job.pk]
        )
        assert own.owner.address in browser.get(answer["Location"]).content.decode()
        assert job.confirmed_at is None
        text = page.content.decode()
        assert f'name="action" value="{action.name}"' in text


def test_every_act_has_its_place() -> None:
    assert sorted(desk.ORDER) == sorted(each.name for each in BUTTONS)


def test_each_device_has_a_button_that_asks_first(own: World) -> None:
    browser = sign_in_verified(make_administrator("help", own.domain))
    (device,) = open_page(browser, own.owner).context["devices"]
    data = {"action": "revoke", "_selected_action": device.row.pk}

    answer = browser.post(
        reverse("admin:clientpasswords_clientpassword_changelist"), data
    )

    assert device.row.label in browser.get(answer["Location"]).content.decode()
    device.row.refresh_from_db()
    assert device.row.revoked_at is None


@pytest.mark.parametrize("rank", ["administrator", "oneself"])
def test_no_act_is_offered_that_the_rank_refuses(own: World, rank: str) -> None:
    reader = make_administrator("domain", own.domain)
    whose = reader if rank == "oneself" else make_administrator("help", own.domain)
    make_client_password(whose)

    page = open_page(sign_in_verified(reader), whose)

    assert acts(page) == []
    assert not page.context["may_revoke"]
    assert not any(jobs.may_order_for(reader, each, whose) for each in BUTTONS)


def test_the_owner_is_signed_out_and_may_come_back(
    administrator: Client, alice: Account
) -> None:
    owner = sign_in_verified(alice)
    assert owner.get("/settings/").status_code == 200

    do(administrator, "sign_out", [alice])

    assert owner.get("/settings/").status_code == 302
    alice.refresh_from_db()
    assert alice.is_active
    assert alice.security_events.get(kind="signed-out").reason == WHY


def test_a_mailbox_that_is_cut_off_keeps_everything(
    administrator: Client, alice: Account
) -> None:
    owner = sign_in_verified(alice)
    make_client_password(alice)

    do(administrator, "cut_off", [alice])
    again = do(administrator, "cut_off", [alice])

    assert owner.get("/settings/").status_code == 302
    alice.refresh_from_db()
    assert not alice.is_active
    assert alice.client_passwords.live().count() == 1
    assert alice.security_events.filter(kind="mailbox-changed").count() == 1
    assert again.counts()["unchanged"] == 1
    masks = Cutoff.objects.values_list("login_mask", flat=True)
    assert f"{alice.address}*" in masks  # the worker ends what is refused now


# --- the policy -----------------------------------------------------------------------


def test_the_policy_shows_what_differs_and_folds_the_rest(
    administrator: Client, alice: Account
) -> None:
    strict = make_policy("Strict", pop3=False, max_client_passwords=3)
    Domain.objects.filter(pk=alice.domain_id).update(policy=strict)

    text = open_page(administrator, alice).content.decode()
    shown, _sign, folded = text.partition('class="effective"')[2].partition("<details>")

    assert shown.count('<th scope="row">') == 2
    assert ">POP3</th>" in shown
    assert ">IMAP</th>" in folded.partition("</details>")[0]
    assert "12 more settings" in folded


def test_a_policy_without_a_setting_of_its_own_says_that_once(
    administrator: Client, alice: Account
) -> None:
    text = open_page(administrator, alice).content.decode()
    folded = text.partition('class="effective"')[2].partition("<details>")[2]

    assert "<summary>Every setting is as in a new policy.</summary>" in folded
    assert "more settings" not in folded


def test_the_page_speaks_of_the_web_password_and_of_signing_in(
    administrator: Client, alice: Account
) -> None:
    html = open_page(administrator, alice).content.decode()

    for text in ("Web password:", "only a hash of it is stored", "Last sign-in:"):
        assert text in html, text
    for text in ("Raw passwords", ">Password:", "Last login"):
        assert text not in html, text
