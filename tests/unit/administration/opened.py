"""Every page that an administrator may open, and what comes of posting to one."""

from collections.abc import Iterator
from datetime import timedelta

from django.contrib import admin
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account
from administration.bulk import jobs
from administration.bulk.actions import BULK_ACTIONS
from tests.signedin import sign_in_verified
from tests.unit.administration.jobsteps import ordered
from tests.unit.administration.lookups import list_of
from tests.unit.administration.pages import PAGES, address
from tests.unit.administration.steps import POLICY_FORM
from tests.unit.administration.worlds import World, make_administrator


def list_pages(world: World, account: Account) -> Iterator[tuple[str, dict[str, str]]]:
    """Every page, and those that come of posting to one: what is posted, or nothing."""
    for name in PAGES:
        if name != "logout":
            yield address(name, world), {}
    for model in admin.site._registry:
        yield f"{list_of(model)}?all=", {}
    yield f"{reverse('admin:accounts_account_changelist')}?exception=ending", {}
    policy = reverse("admin:accounts_policy_change", args=[world.policy.pk])
    soon = timezone.now() + timedelta(days=20)
    later = {"required_from_0": f"{soon:%Y-%m-%d}", "required_from_1": "12:00"}
    required = {"client_passwords_required": "on", "domain": str(world.domain.pk)}
    yield policy, POLICY_FORM | {"name": world.policy.name} | required | later
    renamed = {"address": f"new@{world.domain.name}", "domain": str(world.domain.pk)}
    no_phone = {"phone-TOTAL_FORMS": "0", "phone-INITIAL_FORMS": "0"}
    mailbox = reverse("admin:accounts_account_change", args=[world.owner.pk])
    yield mailbox, {"is_active": "on"} | renamed | no_phone
    for action in BULK_ACTIONS:
        row = world.rows[
            f"{action.model._meta.app_label}_{action.model._meta.model_name}"
        ]
        for job in (
            jobs.create_job(action, [row.pk], account, None),
            ordered(account, action.name, [row]),
        ):
            yield reverse("admin:administration_job_change", args=[job.pk]), {}


def open_pages(world: World, role: str) -> Iterator[tuple[str, str]]:
    """Yield the address and the text of each page that this administrator may open."""
    account = make_administrator(role, world.domain)
    browser = sign_in_verified(account)
    browser.cookies["time_zone"] = "Asia/Singapore"
    for page, sent in list_pages(world, account):
        answer = browser.post(page, sent) if sent else browser.get(page)
        if answer.status_code == 200 and "html" in answer["Content-Type"]:
            yield page, answer.content.decode()
