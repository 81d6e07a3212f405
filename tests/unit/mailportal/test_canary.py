"""What is secret is looked for everywhere after a journey through the portal.

The password that was shown, the codes, and what was typed into the sign-in must be in
no table, file, log, mail, session, cookie or message, and in no error report whatever
breaks.
"""

import logging
import plistlib
import re
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import Account
from clientpasswords import passwords
from tests.environment import FOLDER
from tests.factories import PASSWORD
from tests.unit.support import (
    everything_in_the_database,
    last_code,
    other_than,
    press_get_code,
    press_next,
    revealed_by,
    sealed_in,
    sign_in,
)

pytestmark = pytest.mark.django_db(transaction=True)
TYPED_BY_MISTAKE = "what-alice-types-at-her-bank"


def spellings(secret: str) -> list[str]:
    """As itself, and in the groups it is shown in."""
    groups = passwords.groups(secret)
    return [secret, " ".join(groups), "-".join(groups), groups[0] + groups[1]]


def everything_in_files(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


class Journey:
    """Alice's way from the sign-in to the deleted password, and all she was shown."""

    def __init__(self) -> None:
        self.browser = Client(headers={"User-Agent": "(iPhone; CPU iPhone OS 19)"})
        self.answers: list[Any] = []
        self.codes: list[str] = []
        self.secret = self.second_secret = self.token = self.cookies = ""

    def get(self, name: str, *args: object) -> None:
        self.answers.append(self.browser.get(reverse(name, args=args)))

    def post(self, name: str, *args: object, **data: str) -> None:
        self.answers.append(self.browser.post(reverse(name, args=args), data))

    def go(self, alice: Account) -> None:
        sign_in(self.browser, alice.address, TYPED_BY_MISTAKE)
        sign_in(self.browser, TYPED_BY_MISTAKE, PASSWORD)
        sign_in(self.browser, alice.address, PASSWORD)
        self.post("clientpasswords:enable")
        self.codes.append(press_get_code(self.browser))
        self.answers.append(press_next(self.browser, other_than(self.codes[0])))
        revealed = press_next(self.browser, self.codes[0])
        self.secret = revealed_by(revealed)
        self._take_the_profile(alice, sealed_in(revealed))
        self.answers.append(press_next(self.browser, self.codes[0]))
        pk = alice.client_passwords.get().pk
        self.post("clientpasswords:name", pk, label="My iPhone")
        self._set_another_device_up()
        self.get("clientpasswords:index")
        self.codes.append(press_get_code(self.browser))  # left unused
        self.get("clientpasswords:new")
        self.get("home")
        self.post("clientpasswords:delete", pk)
        self.get("clientpasswords:index")

    def _set_another_device_up(self) -> None:
        self.browser.post(reverse("clientpasswords:scan-code"))
        data = {"code": last_code(), "attempt": str(uuid4())}
        link = self.browser.post(reverse("clientpasswords:scan-verify"), data)
        self.answers.append(
            self.browser.post(reverse("clientpasswords:scan-verify"), data)
        )
        found = re.search(r"/i/([\w-]{22})/", link.content.decode())
        assert found is not None
        self.token = found[1]
        phone = Client(headers={"User-Agent": "(iPhone; CPU iPhone OS 19)"})
        phone.get(reverse("links:scanned", args=[self.token]))
        profile = phone.post(reverse("links:install"), {"token": self.token})
        (mail,) = plistlib.loads(profile.content)["PayloadContent"]
        self.second_secret = mail["IncomingPassword"]
        again = phone.post(reverse("links:install"), {"token": self.token})
        assert again.status_code == 410
        self.answers.append(again)
        self.cookies = str(phone.cookies)

    def _take_the_profile(self, alice: Account, sealed: str) -> None:
        pk = alice.client_passwords.get().pk
        address = reverse("clientpasswords:profile", args=[pk])
        profile = self.browser.post(address, {"sealed": sealed})
        assert self.secret.encode() in profile.content  # where it belongs
        self.post("clientpasswords:profile", pk, sealed=f"x{sealed}")
        self.get("clientpasswords:profile", pk)


def test_after_the_journey_nothing_secret_is_left_anywhere(
    alice: Account,
    administrator: Client,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    journey = Journey()
    journey.go(alice)
    for model in ("account", "securityevent", "cutoff"):
        journey.answers.append(administrator.get(f"/admin/accounts/{model}/"))
    journey.answers.append(administrator.get("/admin/clientpasswords/clientpassword/"))
    call_command("tidy", verbosity=0)
    call_command("send_notifications", "--once", stdout=StringIO())
    assert len(mail.outbox) == 3  # switched on, made, deleted

    output = capfd.readouterr()
    database = everything_in_the_database()
    files = everything_in_files(FOLDER)
    mails = "".join(f"{each.subject}{each.body}" for each in mail.outbox)
    shown = "".join(
        f"{answer.content.decode()}{answer.headers}" for answer in journey.answers
    )
    cookies = f"{journey.browser.cookies}{journey.cookies}"
    logs = f"{caplog.text}{output.out}{output.err}"

    typed = [PASSWORD, TYPED_BY_MISTAKE]
    made = [*spellings(journey.secret), *spellings(journey.second_secret)]
    for secret in [*made, journey.token, *typed]:
        for place in (database, shown, cookies, logs, mails):
            assert secret not in place
        assert secret.encode() not in files
    for code in journey.codes:
        # Not within a longer word or after a point: hashes and split seconds.
        alone = re.compile(rf"(?<![.\w]){code}(?!\w)")
        for place in (database, cookies, logs, mails):
            assert not alone.search(place)


def test_the_search_finds_what_is_there(alice: Account) -> None:
    canary = "a-canary-in-the-database 123456"
    Account.objects.filter(pk=alice.pk).update(name=canary)
    Session.objects.create(
        session_key="k",
        session_data=Client().session.encode({"canary": "in-the-session"}),
        expire_date="2030-01-01T00:00Z",
    )

    database = everything_in_the_database()

    assert canary in database
    assert "in-the-session" in database
    if connection.vendor == "sqlite":
        assert canary.encode() in everything_in_files(FOLDER)
