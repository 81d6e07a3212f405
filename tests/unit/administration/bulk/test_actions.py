"""What bulk actions do, each once, and what they leave alone."""

from datetime import UTC, datetime

import pytest
from django.contrib.admin import site
from django.test import Client, RequestFactory

from accounts.models import (
    Account,
    Cutoff,
    Department,
    Domain,
    NewPhone,
    Phone,
    Policy,
    RecoveryCodes,
    SecurityEvent,
)
from accounts.policy import effective
from administration.bulk import actions, jobs
from administration.bulk.actions import BulkAction
from clientpasswords.logon import decision
from tests.factories import PASSWORD, make_account, make_client_password, make_policy
from tests.unit.administration.jobsteps import (
    WHY,
    choose,
    counts,
    do,
    ordered,
    work_off,
)
from tests.unit.support import is_signed_in

pytestmark = pytest.mark.usefixtures("one_node")


@pytest.mark.parametrize("action", actions.BULK_ACTIONS, ids=lambda each: each.name)
def test_every_action_is_offered_in_the_list_of_its_records(
    admin: Account, rf: RequestFactory, action: BulkAction
) -> None:
    request = rf.get("/")
    request.user = admin

    assert action.name in site.get_model_admin(action.model).get_actions(request)


def test_a_policy_is_set_until_a_day(administrator: Client, alice: Account) -> None:
    strict = make_policy("Strict")
    until = {"until_0": "2099-01-31", "until_1": "12:00:00"}

    do(administrator, "set_policy", [alice], policy=strict.pk, **until)

    alice.refresh_from_db()
    assert alice.policy == strict
    assert alice.policy_until is not None
    assert alice.policy_until.year == 2099
    assert alice.policy_reason == WHY
    told = alice.security_events.get(kind="mailbox-changed").detail["changed"]
    assert told["policy"] == ["", "Strict"]


def test_a_time_is_that_of_the_zone_in_which_it_was_typed_whoever_works_it_off(
    administrator: Client, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "PART_SIZE", 1)  # so that the worker does it
    administrator.cookies["time_zone"] = "Etc/GMT-14"
    until = {"until_0": "2099-01-31", "until_1": "12:00:00"}
    others = [alice, make_account("late@example.com")]

    strict = make_policy("Strict")
    work_off(do(administrator, "set_policy", others, policy=strict.pk, **until))

    alice.refresh_from_db()
    assert alice.policy_until == datetime(2099, 1, 30, 22, tzinfo=UTC)
    ordered = SecurityEvent.objects.get(kind="action-ordered")
    assert datetime.fromisoformat(ordered.detail["until"]) == alice.policy_until
    assert ordered.detail["policy"] == "Strict"


def test_a_day_that_has_passed_is_refused_at_the_field(
    administrator: Client, alice: Account
) -> None:
    page = choose(administrator, "set_policy", [alice])
    until = {"until_0": "2001-01-31", "until_1": "12:00:00"}

    answer = administrator.post(page, {"confirm": "1", "reason": WHY, **until})

    assert "This time has passed." in answer.content.decode()


def test_required_passwords_hold_at_once_and_released_ones_no_more(
    administrator: Client, alice: Account
) -> None:
    def reason() -> str:
        return decision.decide(alice.address, "imap", PASSWORD, None).reason

    do(administrator, "require_passwords", [alice])
    assert reason() == "security-password-required"
    alice.refresh_from_db()
    made = alice.policy
    assert made is not None
    assert made.name == "Standard / 2"

    do(administrator, "release_passwords", [alice])
    assert reason() == "web password"
    alice.refresh_from_db()
    assert alice.policy is None


def test_a_policy_made_for_it_is_used_again(
    administrator: Client, alice: Account
) -> None:
    rows = [alice, make_account("bob@example.com")]

    do(administrator, "set_protocols", rows, pop3="off")

    policy = Policy.objects.get(pop3=False)
    assert Account.objects.filter(policy=policy).count() == 2
    assert policy.imap
    assert SecurityEvent.objects.filter(kind="policy-created").count() == 1


def test_protocols_go_back_to_what_the_department_says(
    administrator: Client, alice: Account
) -> None:
    closed = make_policy("Closed", pop3=False)
    alice.department = Department.objects.create(
        domain=alice.domain, name="Sales", policy=closed
    )
    alice.policy = make_policy()
    alice.save()

    do(administrator, "set_protocols", [alice], pop3="off")

    alice.refresh_from_db()
    assert alice.policy is None
    assert effective.load_effective_policy(alice).policy == closed


def test_at_least_one_protocol_has_to_be_chosen(
    administrator: Client, alice: Account
) -> None:
    page = choose(administrator, "set_protocols", [alice])

    answer = administrator.post(page, {"confirm": "1", "reason": WHY})

    assert "Choose at least one protocol." in answer.content.decode()


def test_whoever_has_left_is_signed_out_cut_off_and_disabled(
    administrator: Client, browser: Client, alice: Account
) -> None:
    row, secret = make_client_password(alice)
    assert is_signed_in(browser)

    do(administrator, "off_board", [alice])

    assert not is_signed_in(browser)
    alice.refresh_from_db()
    row.refresh_from_db()
    assert not alice.is_active
    assert row.revoked_at is not None
    assert alice.sessions_ended == 1
    reason = decision.decide(alice.address, "imap", secret, None).reason
    assert reason == f"security password {row.pk}: account-disabled"
    assert alice.security_events.filter(kind="off-boarded", reason=WHY).exists()
    assert Cutoff.objects.get().login_mask == "alice@example.com*"


def test_codes_are_unlocked(administrator: Client, alice: Account) -> None:
    Phone.objects.update(throttling_failure_count=20)
    RecoveryCodes.objects.create(user=alice, throttling_failure_count=20)

    job = do(administrator, "unlock_codes", [alice])

    assert Phone.objects.get().throttling_failure_count == 0
    assert RecoveryCodes.objects.get().throttling_failure_count == 0
    assert alice.security_events.filter(kind="codes-unlocked").exists()
    assert job.counts() == counts(changed=1)


def test_a_phone_is_reset_and_its_owner_told(
    administrator: Client, alice: Account
) -> None:
    do(administrator, "reset_phone", [alice])

    assert not Phone.objects.exists()
    assert not NewPhone.objects.exists()
    event = alice.security_events.get(kind="phone-changed")
    assert event.detail == {"old": "+1 ••• •••• ••23", "new": ""}
    assert event.notifications.count() == 2


def test_domains_get_a_policy(administrator: Client, alice: Account) -> None:
    strict = make_policy("Strict", imap=False)

    page = "/admin/accounts/domain/"
    do(administrator, "set_domain_policy", [alice.domain], page=page, policy=strict.pk)

    assert Domain.objects.get().policy == strict
    assert SecurityEvent.objects.get(kind="domain-changed").domain == "example.com"
    assert Cutoff.objects.get().login_mask == "*@example.com*"


def test_departments_get_a_policy_and_lose_it(
    administrator: Client, alice: Account
) -> None:
    closed = make_policy("Closed", imap=False)
    page = "/admin/accounts/department/"
    both = [
        Department.objects.create(domain=alice.domain, name=name)
        for name in ("Sales", "Support")
    ]

    do(administrator, "set_department_policy", both, page=page, policy=closed.pk)

    assert set(Department.objects.values_list("policy", flat=True)) == {closed.pk}
    assert Cutoff.objects.get().login_mask == "*@example.com*"
    event = SecurityEvent.objects.filter(kind="department-changed").first()
    assert event is not None
    assert (event.domain, event.reason) == ("example.com", WHY)
    assert event.detail["department"] == "Support (example.com)"
    assert event.detail["changed"] == {"policy": ["", "Closed"]}

    job = do(administrator, "set_department_policy", both, page=page, policy="")
    assert job.counts() == counts(changed=2)
    assert not Department.objects.filter(policy__isnull=False).exists()


@pytest.mark.parametrize(
    ("action", "asked"),
    [
        ("set_policy", {}),
        ("require_passwords", {}),
        ("set_protocols", {"imap": "off"}),
        ("revoke_all", {}),
        ("off_board", {}),
        ("unlock_codes", {}),
        ("reset_phone", {}),
    ],
)
def test_done_twice_the_second_changes_and_records_nothing(
    admin: Account, alice: Account, action: str, asked: dict[str, str]
) -> None:
    make_client_password(alice)
    Phone.objects.update(throttling_failure_count=3)
    if action == "set_policy":
        asked = {"policy": str(make_policy("Strict").pk)}
    assert work_off(ordered(admin, action, [alice], **asked)) == counts(changed=1)
    before = alice.security_events.count()

    assert work_off(ordered(admin, action, [alice], **asked)) == counts(unchanged=1)

    assert alice.security_events.count() == before
