"""Rules between settings, each broken by one."""

import pytest
from django.core.checks import CheckMessage
from pytest_django import Settings

from mailportal.checks import ALWAYS, IN_PRODUCTION, mailserver, sites, textmessages


def ids(found: list[CheckMessage]) -> list[str]:
    assert all(message.msg for message in found)
    return [str(message.id).removeprefix("mailportal.") for message in found]


def test_the_settings_of_the_tests_are_sound() -> None:
    assert [message for check in ALWAYS for message in check()] == []


@pytest.mark.parametrize(
    "missing", ["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_SENDER"]
)
def test_twilio_needs_its_account_its_token_and_a_sender(
    settings: Settings, missing: str
) -> None:
    settings.SMS_GATEWAY = "twilio"
    settings.TWILIO_ACCOUNT_SID = "AC0"
    settings.TWILIO_AUTH_TOKEN = "token"
    settings.TWILIO_SENDER = "+12025550100"
    complete = ids(textmessages.gateway_is_complete())

    setattr(settings, missing, "")

    assert (complete, ids(textmessages.gateway_is_complete())) == ([], ["E001"])


def test_a_messaging_service_is_a_sender_too(settings: Settings) -> None:
    settings.SMS_GATEWAY = "twilio"
    settings.TWILIO_ACCOUNT_SID = "AC0"
    settings.TWILIO_AUTH_TOKEN = "token"
    settings.TWILIO_MESSAGING_SERVICE_SID = "MG0"

    assert textmessages.gateway_is_complete() == []


def test_mail_nodes_need_a_key(settings: Settings) -> None:
    settings.DOVEADM_URLS = ["http://127.0.0.1:8080/doveadm/v1"]
    settings.DOVEADM_API_KEY = ""

    assert ids(mailserver.doveadm_can_be_asked()) == ["E002"]


@pytest.mark.parametrize(
    ("networks", "found"),
    [
        (["192.0.2.0/24", "2001:db8::/48", "192.0.2.1"], []),
        (["192.0.2.1/24"], ["E003"]),
        (["webmail.example"], ["E003"]),
        (["nonsense", "192.0.2.0/24", "1.2.3.4/99"], ["E003", "E003"]),
    ],
)
def test_webmails_networks_are_networks(
    settings: Settings, networks: list[str], found: list[str]
) -> None:
    settings.WEBMAIL_NETWORKS = networks

    assert ids(mailserver.webmails_networks_are_networks()) == found


@pytest.mark.parametrize(
    ("entries", "own", "found"),
    [
        ([], "", []),
        ([{"key": "sg", "name": "S", "url": "https://sg.example/"}], "sg", []),
        ([{"key": "sg", "name": "S", "url": "https://sg.example/"}], "de", ["E006"]),
        ([{"key": "sg", "name": "S"}], "sg", ["E005"]),
        ([{"name": "S", "url": "https://sg.example/"}], "sg", ["E005", "E006"]),
    ],
)
def test_each_site_is_complete_and_the_own_is_among_them(
    settings: Settings, entries: list[dict[str, str]], own: str, found: list[str]
) -> None:
    settings.MAIL_SITES = entries
    settings.MAIL_SITE = own

    assert ids(sites.sites_are_complete()) == found


def test_nothing_of_the_demonstration_is_fit_for_production(
    settings: Settings,
) -> None:
    settings.SMS_GATEWAY = "console"
    settings.TWILIO_API_URL = "http://127.0.0.1:8001"
    settings.EMAIL_GATEWAY = "filebased"
    settings.DEFAULT_FROM_EMAIL = "mailportal@localhost"
    settings.DOVEADM_URLS = []

    found = [id_ for check in IN_PRODUCTION for id_ in ids(check())]
    assert {"E007", "E008", "E009", "E010", "W001"} <= set(found)
