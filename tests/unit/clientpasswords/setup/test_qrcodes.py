"""The code that Thunderbird for Android scans beside a new password."""

import json
import re

import pytest
from django.test import Client

from accounts import sites
from accounts.models import Account
from accounts.models.protocols import PROTOCOLS_BY_KEY
from accounts.sites import Server, ServerPair
from clientpasswords.setup import qrcodes
from tests.unit.support import press_get_code, press_next, revealed_by


def test_thunderbird_is_told_everything_in_its_own_format(alice: Account) -> None:
    alice.name = "Alice\nÄ"
    ways = sites.choose_servers(sites.get_own_site().servers)
    assert ways is not None

    text = qrcodes.thunderbird_export(alice, "abcdefghijkm2345", ways)

    user = "alice@example.com"
    assert "\n" not in text
    assert json.loads(text) == [
        1,
        [1, 1],
        [0, "imap.example.com", 993, 3, 1, user, user, "abcdefghijkm2345"],
        [
            [
                [0, "smtp.example.com", 465, 3, 1, user, "abcdefghijkm2345"],
                [user, "Alice Ä"],
            ]
        ],
    ]


@pytest.mark.parametrize(
    ("security", "number"), [("SSL/TLS", 3), ("STARTTLS", 2), ("none", 0)]
)
def test_pop3_and_other_encryption_have_their_numbers(
    alice: Account, security: str, number: int
) -> None:
    ways = ServerPair(
        Server(PROTOCOLS_BY_KEY["pop3"], "p", 1, security),
        Server(PROTOCOLS_BY_KEY["smtp"], "s", 2, security),
    )

    document = json.loads(qrcodes.thunderbird_export(alice, "x", ways))

    assert document[2][:4] == [1, "p", 1, number]
    assert document[3][0][0][:4] == [0, "s", 2, number]
    assert document[3][0][1] == [alice.address, alice.address]


def test_the_page_draws_the_code_of_the_password_that_it_shows(
    browser: Client, alice: Account
) -> None:
    Account.objects.update(client_passwords_on=True)
    ways = sites.choose_servers(sites.get_own_site().servers)
    assert ways is not None

    revealed = press_next(browser, press_get_code(browser))

    text = qrcodes.thunderbird_export(alice, revealed_by(revealed), ways)
    assert qrcodes.draw_svg(text) in revealed.content.decode()


def test_a_drawing_is_black_on_white_and_breaks_no_policy() -> None:
    drawn = qrcodes.draw_svg("<script>")

    assert "script" not in drawn
    assert "style=" not in drawn
    assert set(re.findall(r"<(\w+)", drawn)) == {"svg", "path"}
    assert 'fill="#fff"' in drawn
    assert 'stroke="#000"' in drawn
