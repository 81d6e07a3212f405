"""How long somebody types counts nowhere, however the client asks.

Raw lines: smtplib would write the mechanism in capitals.
"""

import time
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from deploy.mailhost import MailHost
from tests import factories
from tests.mailserver.clients import Smtp, client_address

pytestmark = pytest.mark.mailserver

ALICE = "alice@example.com"
SLOWLY = 9.0  # seconds: longer than the relay and the script wait for an answer
CASES: list[Callable[[str], str]] = [str.upper, str.lower, str.title]


def said(host: MailHost, lines: list[str]) -> int:
    """Return the code of the answer to the last line; each is typed slowly."""
    client = Smtp(host.ports.submission, client_address())
    try:
        client.ehlo()
        for line in lines[:-1]:
            client.docmd(line)
            time.sleep(SLOWLY)
        return client.docmd(lines[-1])[0]
    finally:
        client.close()


def test_who_types_slowly_is_let_in_by_every_way_to_ask(host: MailHost) -> None:
    account = factories.make_account(ALICE, client_passwords_on=True)
    secret = factories.make_client_password(account)[1]
    plain, name, password = (
        b64encode(each.encode()).decode()
        for each in (f"\0{ALICE}\0{secret}", ALICE, secret)
    )
    asked = {
        f"{begin} {' '.join(rest)}": [begin, *rest]
        for case in CASES
        for begin, *rest in (
            [f"AUTH {case('plain')} {plain}"],
            [f"AUTH {case('plain')}", plain],
            [f"AUTH {case('login')} {name}", password],
            [f"AUTH {case('login')}", name, password],
        )
    }

    with ThreadPoolExecutor(len(asked)) as calls:
        codes = {way: calls.submit(said, host, lines) for way, lines in asked.items()}
    refused = {
        way: code.result() for way, code in codes.items() if code.result() != 235
    }

    assert refused == {}
