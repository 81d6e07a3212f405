"""Programs see and set the settings of a policy, and nothing else."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import POLICY_SETTINGS, Domain, Policy
from tests.factories import make_domain, make_policy
from tests.unit.api.mailboxsteps import ANY, send

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

STRICT = "/api/v1/policies/Strict"


@pytest.fixture
def strict(firm: Domain) -> Policy:
    """A policy that suspends what nobody uses."""
    known = timezone.now() - timedelta(minutes=1)
    return make_policy("Strict", suspend_unused_days=90, uses_known_to=known)


def internals() -> Any:
    return Policy.objects.values_list("networks_mark", "uses_known_to").get(
        name="Strict"
    )


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("uses_known_to", "2099-01-01T00:00:00Z"),
        ("uses_known_to", None),
        ("networks_mark", 7),
        ("id", 7),
        ("name", "Other"),
        ("domain", None),
        ("domain_id", 1),
    ],
)
def test_what_is_no_setting_is_refused_by_its_name(
    program: Client, strict: Policy, method: str, name: str, value: Any
) -> None:
    before = internals()

    answer = send(program, method, STRICT, {name: value, "imap": False}, ANY)

    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["errors"]] == [f"/{name}"]
    assert internals() == before
    assert Policy.objects.get(pk=strict.pk).imap


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_real_change_leaves_alone_who_is_suspended(
    program: Client, strict: Policy, method: str
) -> None:
    before = internals()
    body = {"suspend_unused_days": 30, "pop3": False}

    answer = send(program, method, STRICT, body, ANY)

    assert answer.status_code == 200
    assert internals() == before
    strict.refresh_from_db()
    assert (strict.suspend_unused_days, strict.pop3) == (30, False)


def test_the_state_that_a_program_has_seen_is_not_changed_by_the_worker(
    program: Client, strict: Policy
) -> None:
    seen = program.get(STRICT)["ETag"]
    Policy.objects.filter(pk=strict.pk).update(uses_known_to=timezone.now())

    answer = send(program, "PATCH", STRICT, {"imap": False}, {"If-Match": seen})

    assert program.get(STRICT)["ETag"] != seen
    assert answer.status_code == 200


def test_a_policy_shows_its_name_its_domain_and_its_settings(
    program: Client, strict: Policy
) -> None:
    make_policy("Theirs", domain=make_domain("other.example"))

    shown = program.get(STRICT).json()
    theirs = program.get("/api/v1/policies/Theirs").json()

    assert set(shown) == {"name", "domain", *POLICY_SETTINGS}
    assert (shown["domain"], theirs["domain"]) == (None, "other.example")
