"""What many unit tests do, in one line each."""

import html
import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any, TypeVar
from uuid import UUID, uuid4

from django.contrib.sessions.models import Session
from django.db import connection, connections
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts import codes
from accounts.codes import Purpose
from accounts.events import Actor
from accounts.hashing.hashers import WebPasswordHasher
from accounts.models import Account, Policy
from accounts.policy import effective
from clientpasswords import lifecycle
from clientpasswords.lifecycle import Issued
from gateways import sms

T = TypeVar("T")

# The owner at two browsers.
HOME = Actor("alice@example.com", "198.51.100.7", "session of the browser at home")
OFFICE = Actor("alice@example.com", "203.0.113.9", "session of the browser at work")


class CheapHasher(WebPasswordHasher):
    """The same form of hash, in less than a millisecond."""

    time_cost = 1
    memory_cost = 8


def at_once(count: int, act: Callable[[int], T]) -> list[T]:
    """Run act(0), act(1), … together, each on a database connection of its own."""
    barrier = Barrier(count)

    def run(number: int) -> T:
        try:
            barrier.wait()
            return act(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


# --- the sign-in ----------------------------------------------------------------------


def sign_in(
    browser: Client, name: str, password: str, *, follow_to: str = "", **extra: Any
) -> Any:
    """Send the first step of the sign-in."""
    data = {
        "sign_in_view-current_step": "auth",
        "auth-username": name,
        "auth-password": password,
    }
    query = f"?next={follow_to}" if follow_to else ""
    return browser.post(f"{reverse('two_factor:login')}{query}", data, **extra)


def is_signed_in(browser: Client) -> bool:
    return browser.get(reverse("accounts:general")).status_code == 200


def totp_of(device: TOTPDevice) -> str:
    """The code that the authenticator app shows now."""
    return f"{totp(device.bin_key, t0=device.t0):06}"


# --- codes ----------------------------------------------------------------------------


def last_code() -> str:
    """The code in the newest text message."""
    found = re.search(r"\b\d{6}\b", sms.outbox[-1].text)
    assert found is not None
    return found[0]


def code_for(account: Account, *, by: Actor = HOME) -> str:
    codes.send_code(account, Purpose.ISSUE, by=by)
    return last_code()


def other_than(code: str, *, by: int = 1) -> str:
    """A code that is surely wrong."""
    return f"{(int(code) + by) % 10**6:06}"


# --- client passwords -----------------------------------------------------------------


def issue(
    account: Account,
    code: str,
    *,
    attempt: UUID | None = None,
    label: str = "Phone",
    by: Actor = HOME,
) -> Issued:
    return lifecycle.issue(
        account, code=code, attempt=attempt or uuid4(), label=label, by=by
    )


def revealed_by(response: Any) -> str:
    """The secret that a page shows in clear."""
    found = re.search(r"<output[^>]*>(.*?)</output>", response.content.decode())
    assert found is not None
    return re.sub(r"<[^>]+>", "", found[1])


def sealed_in(response: Any) -> str:
    """The same secret, as a page hands it back to us when it asks for a profile."""
    found = re.search(r'name="sealed" value="([^"]+)"', response.content.decode())
    assert found is not None
    return html.unescape(found[1])


def press_get_code(browser: Client) -> str:
    """Press *Get Dynamic Captcha*; return the code that came."""
    response = browser.post(reverse("clientpasswords:code"))
    assert response.status_code == 302
    return last_code()


def press_next(
    browser: Client,
    code: str,
    attempt: UUID | str | None = None,
    *,
    view: str = "clientpasswords:verify",
    **chosen: str,
) -> Any:
    """Press *Next* with this code typed in, in the window of this view."""
    data = {"code": code, "attempt": str(attempt or uuid4()), **chosen}
    return browser.post(reverse(view), data)


def send_second_step(browser: Client, code: str) -> int:
    """Send the second step of the sign-in; return the status of the answer."""
    data = {"sign_in_view-current_step": "token", "token-otp_token": code}
    return browser.post(reverse("two_factor:login"), data).status_code


def everything_in_the_database() -> str:
    """Every row of every table and view, with the sessions as they are read."""
    rows: list[Any] = [session.get_decoded() for session in Session.objects.all()]
    with connection.cursor() as cursor:
        names = connection.introspection.table_names(cursor, include_views=True)
        for name in names:
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(name)}")  # noqa: S608
            rows += cursor.fetchall()
    return json.dumps(rows, default=str, ensure_ascii=False)


# --- pages and policies ---------------------------------------------------------------


def text_of(browser: Client, address: str = "/settings/account-security/") -> str:
    """The text of a page with its markup; by default that of security passwords."""
    return browser.get(address).content.decode()


def words_of(browser: Client, address: str = "/settings/account-security/") -> str:
    """As `text_of`, with one blank wherever there is white space."""
    return " ".join(text_of(browser, address).split())


def set_policy(account: Account, **fields: bool | int) -> None:
    """Change the policy that binds the account."""
    policy = effective.load_effective_policy(account).policy
    for name, value in fields.items():
        setattr(policy, name, value)
    policy.save()


def require_client_passwords_in(span: timedelta, **fields: bool) -> None:
    """All policies announce that they will require security passwords."""
    rule = {"client_passwords_required": True, **fields}
    Policy.objects.update(required_from=timezone.now() + span, **rule)
