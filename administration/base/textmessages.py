"""Why text messages do not arrive, and what an administrator does about it."""

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.events import Kind
from accounts.models import Account, SecurityEvent
from gateways.sms import Reason

# What the text message of a code came to.
OUTCOMES = (Kind.CODE_SENT, Kind.CODE_NOT_SENT, Kind.CODE_UNDELIVERED)
# Of which text messages the provider may say why they do not arrive.
EXPLAINED = (*OUTCOMES, Kind.NOTICE_NOT_SENT)

ADVICE = {
    Reason.BAD_NUMBER: _(
        "The number gets no text messages: it does not exist, or is a landline. Enter "
        "a mobile number."
    ),
    Reason.OPTED_OUT: _(
        "The owner has answered STOP, or blocked the sender. Ask them to send START to "
        "the sender's number, or to unblock it."
    ),
    Reason.REGION: _(
        "The country is not enabled at the provider. Enable it there, in the "
        "permissions for messages by country."
    ),
    Reason.NO_ROUTE: _(
        "The provider cannot reach this number with your sender. Add a sender that the "
        "country allows, or enter another number."
    ),
    Reason.SENDER: _(
        "No sender is set up for this country. At the provider, add or register a "
        "number or a sender's name to the messaging service."
    ),
    Reason.CREDENTIALS: _(
        "The provider refuses the account: the token is wrong, or the account is "
        "suspended or on trial. Check the settings of the provider's account, and its "
        "state at the provider."
    ),
    Reason.FILTERED: _(
        "The message was filtered for its text or its sender. Register the sender for "
        "one-time codes, or ask the provider."
    ),
    Reason.REFUSED: _(
        "The provider refuses the message. The portal's log has its error code; look "
        "it up in the provider's list."
    ),
    Reason.HANDSET: _(
        "The phone was off or out of reach. If this goes on, check the number."
    ),
    Reason.TOO_MANY: _(
        "Too many messages for the provider or the network. If this goes on, add "
        "senders, or have your limits raised."
    ),
    Reason.UNREACHABLE: _(
        "The portal could not reach the provider. If this goes on, check the network "
        "and the firewall of the host."
    ),
    Reason.TIMEOUT: _(
        "The provider did not answer in time, so the message may have been sent. If "
        "this goes on, look at the provider's status page."
    ),
    Reason.PROVIDER: _(
        "Something failed at the provider. If this goes on, look at its status page."
    ),
}


def get_advice(event: SecurityEvent) -> str:
    """Return why the message of this event did not arrive, and what to do; or ""."""
    if event.kind not in EXPLAINED:
        return ""
    try:
        return str(ADVICE[Reason(event.detail.get("reason", ""))])
    except ValueError:
        return ""


def find_outcomes(account: Account) -> QuerySet[SecurityEvent]:
    """Return what became of the codes to the phone of the mailbox, the newest first."""
    rows = SecurityEvent.objects.filter(account=account, kind__in=OUTCOMES)
    return rows.order_by("-at", "-pk")
