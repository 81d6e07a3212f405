"""Logons that a mail server let in although they have no right any more.

A mail server decides by what it reads. From a replica of the database it reads what was
true a moment ago, and lets in who lost the right since: after the sessions were ended.
The log tells of it, and the database knows better.
"""

from collections.abc import Iterator
from datetime import timedelta

from django.utils import timezone

from accounts.models import MailLogon, MailWebLogon
from accounts.sessions import cutoffs
from clientpasswords.usage.alarms import Logons
from clientpasswords.usage.summary import LogonKey
from gateways.loginnames import build_mask

# What a follower reads that caught up was reviewed since.
REVIEWED_FOR = timedelta(minutes=10)


def review_late_logons(logons: Logons) -> None:
    """Order that sessions end which were let in lately and would not be let in now.

    Two queries, if somebody was let in.
    """
    since = timezone.now() - REVIEWED_FOR
    recent = [
        key for key, stats in logons.items() if not key.reason and stats.last_at > since
    ]
    if recent:
        cutoffs.request_reviews({*_late_clients(recent), *_late_web_passwords(recent)})


def _late_clients(logons: list[LogonKey]) -> Iterator[str]:
    """Yield a mask of each security password that its protocol is closed to now."""
    keys = {(key.credential, key.protocol): key for key in logons if key.credential}
    credentials = {credential for credential, _protocol in keys}
    refused = MailLogon.objects.filter(
        credential__in=credentials, refusal__isnull=False
    )
    for found in refused.values_list("credential", "protocol"):
        if found in keys:
            yield build_mask(keys[found].address, found[0])


def _late_web_passwords(logons: list[LogonKey]) -> Iterator[str]:
    """Yield each address whose web password opens its protocol to the webmail alone."""
    keys = {(key.address, key.protocol) for key in logons if key.by_web_password}
    addresses = {address for address, _protocol in keys}
    refused = MailWebLogon.objects.filter(address__in=addresses, refusal__isnull=False)
    for found in refused.values_list("address", "protocol"):
        if found in keys:
            yield found[0]
