"""Actions on many: how tests choose, confirm, and have them done."""

from collections.abc import Iterable
from typing import Any

from django.test import Client

from accounts.models import Account
from administration.bulk import jobs
from administration.bulk.actions import BY_NAME
from administration.models import Job

ACCOUNTS = "/admin/accounts/account/"
WHY = "They asked for it."


def choose(
    browser: Client, action: str, rows: Iterable[Any], page: str = ACCOUNTS
) -> str:
    """Choose rows of a list and an action; return the page that asks."""
    data = {"action": action, "_selected_action": [row.pk for row in rows]}
    response = browser.post(page, data)
    assert response.status_code == 302, response.content.decode()
    return str(response["Location"])


def do(browser: Client, action: str, rows: Iterable[Any], **asked: Any) -> Job:
    """Choose, confirm, and have it done."""
    page = asked.pop("page", ACCOUNTS)
    address = choose(browser, action, rows, page)
    response = browser.post(address, {"confirm": "1", "reason": WHY, **asked})
    assert response.status_code == 302, response.content.decode()
    return Job.objects.latest("pk")


def ordered(admin: Account, action: str, rows: Iterable[Any], **asked: Any) -> Job:
    """A job that nobody has begun to work off."""
    job = jobs.create_job(BY_NAME[action], [row.pk for row in rows], admin, "192.0.2.1")
    jobs.confirm_job(job, asked, WHY, chosen={})
    return job


def work_off(job: Job) -> dict[str, int]:
    while jobs.work_next_part(job):
        pass
    job.refresh_from_db()
    return job.counts()


def counts(changed: int = 0, unchanged: int = 0, failed: int = 0) -> dict[str, int]:
    return {"changed": changed, "unchanged": unchanged, "failed": failed}
