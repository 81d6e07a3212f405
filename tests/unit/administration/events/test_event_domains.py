"""Of whatever road a change comes: the same domain's administrators read of it."""

from collections.abc import Callable

import pytest
from django.urls import reverse

from accounts.models import Policy, SecurityEvent
from tests.factories import make_policy
from tests.unit.administration.jobsteps import ordered, work_off
from tests.unit.administration.rolesteps import browser_as, post_policy, save
from tests.unit.administration.worlds import World, make_administrator
from tests.unit.api.conftest import client_with, make_token
from tests.unit.api.mailboxsteps import ANY, send

pytestmark = pytest.mark.both_databases

API = "/api/v1/"


def by_api(place: str, **body: object) -> Callable[[World], None]:
    def do(own: World) -> None:
        make_policy("For everybody")
        method = "PUT" if place.startswith("domains") else "PATCH"
        answer = send(client_with(make_token()), method, API + place, body, ANY)
        assert answer.status_code == 200, answer.text

    return do


def by_job(action: str, which: str) -> Callable[[World], None]:
    def do(own: World) -> None:
        policy = make_policy("For everybody")
        admin = make_administrator("operator", own.domain)
        asked = {"policy": str(policy.pk), "imap": "off"}
        row = {"domain": own.domain, "owner": own.owner}.get(which)
        rows = [row or own.domain.departments.get()]
        assert work_off(ordered(admin, action, rows, **asked))["changed"] == 1

    return do


def by_job_of_the_domain(own: World) -> None:
    admin = make_administrator("domain", own.domain)
    job = ordered(admin, "set_protocols", [own.owner], imap="off")
    assert work_off(job)["changed"] == 1


def policy_page(own: World) -> None:
    browser = browser_as("operator", own)
    saved = post_policy(browser, own.policy, domain=own.domain.pk, pop3="")
    assert saved.status_code == 302


def new_policy_page(own: World) -> None:
    saved = post_policy(browser_as("operator", own), None, domain=own.domain.pk)
    assert saved.status_code == 302


def domain_page(own: World) -> None:
    page = reverse("admin:accounts_domain_change", args=[own.domain.pk])
    policy = make_policy("For everybody")
    data = {"name": own.domain.name, "policy": policy.pk, "_confirmed": "1"}
    assert browser_as("operator", own).post(page, data).status_code == 302


def department_page(own: World) -> None:
    department = own.domain.departments.get()
    page = reverse("admin:accounts_department_change", args=[department.pk])
    data = {"domain": own.domain.pk, "name": "Other", "_confirmed": "1"}
    assert browser_as("operator", own).post(page, data).status_code == 302


def mailbox_page(own: World) -> None:
    save(browser_as("operator", own), own.owner, name="Other")


OURS = "Policy of ours"
ROADS: dict[tuple[str, str], Callable[[World], None]] = {
    ("policy-created", "page"): new_policy_page,
    ("policy-created", "job"): by_job_of_the_domain,
    ("policy-changed", "page"): policy_page,
    ("policy-changed", "API"): by_api(f"policies/{OURS}", imap=False),
    ("domain-changed", "page"): domain_page,
    ("domain-changed", "API"): by_api("domains/ours.example", policy="For everybody"),
    ("domain-changed", "job"): by_job("set_domain_policy", "domain"),
    ("department-changed", "page"): department_page,
    ("department-changed", "job"): by_job("set_department_policy", "department"),
    ("mailbox-changed", "page"): mailbox_page,
    ("mailbox-changed", "API"): by_api("accounts/owner@ours.example", name="Other"),
    ("mailbox-changed", "job"): by_job("set_policy", "owner"),
}


@pytest.mark.parametrize(("kind", "road"), ROADS)
def test_a_change_is_recorded_for_its_domain(own: World, kind: str, road: str) -> None:
    assert Policy.objects.get(name=OURS).domain == own.domain

    ROADS[kind, road](own)

    events = SecurityEvent.objects.filter(kind=kind)
    assert set(events.values_list("domain", flat=True)) == {"ours.example"}
