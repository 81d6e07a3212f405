"""How long a policy can say that something lasts: no longer than can be computed."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account, Policy
from tests.factories import make_client_password, make_policy
from tests.unit.administration.rolesteps import browser_as, errors_of, post_policy
from tests.unit.administration.worlds import World
from tests.unit.api.conftest import client_with, make_token
from tests.unit.api.mailboxsteps import ANY, send

MOST = {
    "client_password_days": 3650,
    "suspend_unused_days": 3650,
    "suspend_never_used_hours": 8760,
}


@pytest.mark.parametrize("name", MOST)
def test_no_road_takes_a_longer_time(own: World, name: str) -> None:
    program, browser = client_with(make_token()), browser_as("operator", own)
    place = f"/api/v1/policies/{own.policy.name}"
    for longer in (MOST[name] + 1, 40_000, 999_999, 2**40, 2**62):
        answer = send(program, "PATCH", place, {name: longer}, ANY)
        assert answer.status_code == 422, longer
        assert [each["pointer"] for each in answer.json()["errors"]] == [f"/{name}"]
        fields = {name: str(longer), "domain": own.domain.pk}
        refused = post_policy(browser, own.policy, **fields)
        assert set(errors_of(refused)) == {name}
        assert str(MOST[name]) in str(errors_of(refused)[name])
        own.policy.refresh_from_db()
        assert getattr(own.policy, name) is None

    taken = send(program, "PATCH", place, {name: MOST[name]}, ANY)

    assert taken.status_code == 200
    page = browser.get(reverse("admin:accounts_policy_add"))
    fields = page.context["adminform"].form.fields
    assert f"to {MOST[name]}" in str(fields[name].help_text)


@pytest.mark.django_db
@pytest.mark.parametrize("name", MOST)
def test_the_database_itself_takes_no_longer_time(name: str) -> None:
    policy = make_policy()

    with pytest.raises(IntegrityError), transaction.atomic():
        Policy.objects.filter(pk=policy.pk).update(**{name: MOST[name] + 1})


@pytest.mark.parametrize("name", MOST)
def test_the_longest_time_keeps_no_worker_and_no_page_from_its_work(
    alice: Account, name: str
) -> None:
    Account.objects.update(client_passwords_on=True)
    make_client_password(alice)
    Policy.objects.update(**{name: MOST[name]})

    call_command("send_notifications", "--once")

    assert Policy.objects.filter(**{name: MOST[name]}).exists()


@pytest.mark.django_db
def test_without_a_time_there_is_no_bound() -> None:
    policy = Policy(name="New", required_from=timezone.now() + timedelta(days=1))
    policy.full_clean()
    policy.client_password_days = 0

    with pytest.raises(ValidationError):
        policy.full_clean()
