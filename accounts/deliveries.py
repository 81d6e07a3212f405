"""What became of text messages: of codes that the provider took, and of notices.

Of codes, it tells us by a request for each message, once a setting says where it finds
us. Such a request may come twice, late, in any order, or before the provider's answer.
"""

from typing import Any
from urllib.parse import urljoin
from uuid import UUID

from django.db import transaction
from django.urls import reverse

from accounts import events, retention
from accounts.events import PORTAL, Kind
from accounts.models import Account, Phone, SentCode
from gateways import sms


def are_told() -> bool:
    """Whether the provider tells us what becomes of a message."""
    return bool(sms.get_callback_url())


def expect(account: Account, digest: str) -> str:
    """Return the address for the provider to tell of the next code; "" if none is."""
    if not are_told():
        return ""
    return _get_url(SentCode.objects.create(account=account, digest=digest).reference)


def learn(reference: UUID, form: Any, signature: str) -> None:
    """Take what the provider posted of this message; record once that it failed.

    Raises:
        sms.Forged: the provider did not sign this.
    """
    outcome = sms.read_status(_get_url(reference), form, signature)
    if outcome is None:
        return
    with transaction.atomic():
        row = SentCode.objects.filter(reference=reference, outcome="")
        if not row.update(outcome=outcome) or outcome == sms.DELIVERED:
            return
        account = Account.objects.get(sent_codes=reference)
        reason = str(outcome)
        events.record(Kind.CODE_UNDELIVERED, account, by=PORTAL, reason=reason)


def record_refused_notice(account: Account, number: str, reason: sms.Reason) -> None:
    """Record that the provider refuses notices to this number, which is masked."""
    masked = Phone(number=number).masked
    facts = {"phone": masked, "reason": str(reason)}
    events.record(Kind.NOTICE_NOT_SENT, account, by=PORTAL, **facts)


def get_failure(account: Account, digest: str) -> sms.Reason | None:
    """Return why the newest code of this act and session did not arrive, if we know."""
    if not are_told():
        return None
    newest = account.sent_codes.filter(digest=digest).order_by("-sent_at").first()
    if newest is None or newest.outcome in {"", sms.DELIVERED}:
        return None
    return sms.Reason(newest.outcome)


def forget() -> int:
    """Delete what nobody tells of any more; return how many."""
    oldest = retention.SENT_CODES.oldest
    return SentCode.objects.filter(sent_at__lt=oldest).delete()[0]


def _get_url(reference: UUID) -> str:
    path = reverse("accounts:sms-status", args=[reference])
    return urljoin(sms.get_callback_url(), path)
