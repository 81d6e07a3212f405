"""The reasons why a mail program is refused, with their texts.

The logon views (`logon/*.sql`) decide most of them. `deploy/dovecot/portal.lua`
compares networks and passwords, and `logon/decision.py` does the same. Each names a
reason by its key.

To add a reason, add a row here and to the view or script that decides it.
`tests/unit/clientpasswords/test_refusals.py` compares them.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

Text = str | Promise


@dataclass(frozen=True)
class Question:
    """A line of the page "Why can't they connect?", which a reason answers badly.

    `text` may contain `%(protocol)s`.
    """

    text: Text
    bad_answer: Text


@dataclass(frozen=True)
class Refusal:
    """A reason why a mail program is refused.

    Args:
        key: Its name in the views, the script and stored rows.
        label: Its text in lists, for owners and administrators.
        notice: The text that the mail server may send to a mail program with the right
            password, in English; empty for none. Short, with `%(page)s` in it.
        question: Its line on the page "Why can't they connect?", if it has one.
        policy_setting: The setting of a policy that causes it, if one does.
    """

    key: str
    label: Text
    notice: str = ""
    question: Question | None = None
    policy_setting: str = ""


WRONG_PASSWORD = Refusal("wrong-password", _("wrong password"))
TOO_MANY_GUESSES = Refusal("too-many-guesses", _("too many wrong passwords from there"))
REQUIRED = Refusal(
    "security-password-required",
    _("needs a security password"),
    # Translators: sent as plain ASCII, so write ae, oe, ue and ss.
    notice=gettext_noop(
        "Use a security password here, not your web password: %(page)s"
    ),
    policy_setting="client_passwords_required",
)
REVOKED = Refusal("revoked", _("deleted security password"))
EXPIRED = Refusal("expired", _("expired"), policy_setting="client_password_days")
OUT_OF_SCOPE = Refusal("out-of-scope", _("outside what the password is for"))
SUSPENDED = Refusal("suspended", _("security passwords are turned off"))
SUSPENDED_UNUSED = Refusal(
    "suspended-unused",
    _("suspended, as it was not used"),
    policy_setting="suspend_unused_days",
)
PROTOCOL_OFF = Refusal(
    "protocol-off",
    _("protocol switched off"),
    # Translators: sent as plain ASCII, so write ae, oe, ue and ss.
    notice=gettext_noop("This protocol is switched off for your mailbox: %(page)s"),
    question=Question(_("Is %(protocol)s on?"), _("No: the policy switches it off")),
)
NETWORK_NOT_ALLOWED = Refusal(
    "network-not-allowed",
    _("network not allowed"),
    # Translators: sent as plain ASCII, so write ae, oe, ue and ss.
    notice=gettext_noop(
        "Mail programs cannot use your mailbox from this network: %(page)s"
    ),
    question=Question(
        _("Are mail programs let in from that network?"),
        _("No: the policy names other networks"),
    ),
    policy_setting="client_networks",
)
LOGON_OFF = Refusal(
    "third-party-logon-off",
    _("third-party client logon is off"),
    # Translators: sent as plain ASCII, so write ae, oe, ue and ss.
    notice=gettext_noop("Mail programs are switched off for your mailbox: %(page)s"),
    question=Question(
        _("Is third-party client logon on?"),
        _("No: the policy lets no mail program in"),
    ),
    policy_setting="third_party_logon",
)
DISABLED = Refusal(
    "account-disabled",
    _("mailbox disabled"),
    question=Question(_("Is the mailbox active?"), _("No")),
)
# In old rows only: once Dovecot 2.4 gave no reason.
UNKNOWN = Refusal("refused", _("the mail server does not say why"))

# In the order of lists.
REFUSALS = (
    WRONG_PASSWORD,
    TOO_MANY_GUESSES,
    REQUIRED,
    REVOKED,
    EXPIRED,
    OUT_OF_SCOPE,
    SUSPENDED,
    SUSPENDED_UNUSED,
    PROTOCOL_OFF,
    NETWORK_NOT_ALLOWED,
    LOGON_OFF,
    DISABLED,
    UNKNOWN,
)
BY_KEY = {each.key: each for each in REFUSALS}
# Reasons that refuse every mail program, in the order of the mail server's checks.
CHECKED_FOR_ALL = (DISABLED, LOGON_OFF, PROTOCOL_OFF, NETWORK_NOT_ALLOWED)
# Reasons in the script's lines that are not stored: unknown names and services, and
# temporary failures.
UNKNOWN_ACCOUNT = "unknown-account"
NOT_KEPT = frozenset({UNKNOWN_ACCOUNT, "unknown-service", "database", "too-late"})


def describe(key: str) -> str:
    """Return the label of a reason; its key if a later version has added it."""
    return str(BY_KEY[key].label) if key in BY_KEY else key
