"""The mail server: its doveadm interface, and from where its webmail logs on."""

from ipaddress import ip_network
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error


def doveadm_can_be_asked(**_kwargs: Any) -> list[CheckMessage]:
    """Every node that is named can be asked to end sessions."""
    if settings.DOVEADM_URLS and not settings.DOVEADM_API_KEY:
        return [Error("DOVEADM_URLS needs DOVEADM_API_KEY.", id="mailportal.E002")]
    return []


def webmails_networks_are_networks(**_kwargs: Any) -> list[CheckMessage]:
    """As the database and the mail server read them."""
    found: list[CheckMessage] = []
    for network in settings.WEBMAIL_NETWORKS:
        try:
            ip_network(network)
        except ValueError:
            text = f"WEBMAIL_NETWORKS: {network} is not a network."
            found.append(Error(text, id="mailportal.E003"))
    return found


def sessions_can_be_ended(**_kwargs: Any) -> list[CheckMessage]:
    """In production: there are mail nodes to ask."""
    if settings.DOVEADM_URLS:
        return []
    text = "Without DOVEADM_URLS the sessions of a deleted password go on."
    return [checks.Warning(text, id="mailportal.W001")]
