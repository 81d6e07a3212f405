"""The reasons why a mail program is refused, with their texts.

The logon views (`logon/*.sql`) decide most of them. `deploy/dovecot/portal.lua`
compares networks and passwords, and `logon/decision.py` does the same. Each names a
reason by its key.

To add a reason, add a row here and to the view or script that decides it.
`tests/unit/clientpasswords/test_refusals.py` compares them.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

Text = str | Promise


@dataclass(frozen=True)
class Question:
    """A line of the page "Why can't they connect?", which a reason answers badly."""

    text: Text
    bad_answer: Text


class Fix(StrEnum):
    """Where an administrator mends what refuses a mail program, or finds out more."""

    POLICY = "policy"
    DEVICE = "device"
    DEVICES = "devices"
    MAILBOX = "mailbox"
    LOGONS = "logons"


@dataclass(frozen=True)
class Help:
    """What administrators read about a reason, each text a sentence or two.

    Args:
        cause: What happened.
        remedy: Who does what about it.
        answer: What an owner is asked to do. It may contain `%(page)s`, the address of
            their page of security passwords.
        fixes: The pages that help, the best one first.
    """

    cause: Text
    remedy: Text
    answer: Text
    fixes: tuple[Fix, ...]


@dataclass(frozen=True)
class Refusal:
    """A reason why a mail program is refused.

    Args:
        key: Its name in the views, the script and stored rows.
        label: Its text in lists, for owners and administrators.
        help: What administrators read about it.
        notice: The text that the mail server may send to a mail program with the right
            password, in English; empty for none. Short, with `%(page)s` in it.
        question: Its line on the page "Why can't they connect?", if it has one.
        policy_setting: The setting of a policy that causes it, if one does.
    """

    key: str
    label: Text
    help: Help
    notice: str = ""
    question: Question | None = None
    policy_setting: str = ""


WRONG_PASSWORD = Refusal(
    "wrong-password",
    _("wrong password"),
    help=Help(
        cause=_("The password is wrong."),
        remedy=_(
            "The owner enters the right one in the program, or creates a new security "
            "password."
        ),
        answer=_(
            "Please enter the password in the program again. This page says which "
            "password it needs: %(page)s"
        ),
        fixes=(Fix.DEVICES, Fix.LOGONS),
    ),
)
# Dovecot refuses these itself, before it asks the script.
CONTROL_CHARACTERS = Refusal(
    "control-characters",
    _("a tab or a line break in the password"),
    help=Help(
        cause=_("A tab or a line break was pasted along with the password."),
        remedy=_(
            "The owner deletes the password in the program, and types or pastes it "
            "again."
        ),
        answer=_(
            "Please delete the password in the program, then type it or paste it "
            "again, with nothing before or after it."
        ),
        fixes=(Fix.LOGONS,),
    ),
)
ILLEGAL_NAME = Refusal(
    "illegal-name",
    _("a forbidden character in the user name"),
    help=Help(
        cause=_(
            "The user name has a character that the mail server does not allow, such "
            "as a blank behind the address."
        ),
        remedy=_("The owner enters the full address as the user name again."),
        answer=_(
            "Please enter the user name in the program again. It is your full address, "
            "with nothing before or after it."
        ),
        fixes=(Fix.LOGONS,),
    ),
)
TOO_MANY_GUESSES = Refusal(
    "too-many-guesses",
    _("too many wrong passwords from there"),
    help=Help(
        cause=_(
            "Too many different wrong passwords came from that network, so the web "
            "password is not checked there for ten to twenty minutes."
        ),
        remedy=_(
            "Wait, and have the program with the old password corrected. A security "
            "password works at once."
        ),
        answer=_(
            "Please correct the password in every program that still has an old one, "
            "and wait twenty minutes. A security password works at once: %(page)s"
        ),
        fixes=(Fix.LOGONS,),
    ),
)
REQUIRED = Refusal(
    "security-password-required",
    _("needs a security password"),
    help=Help(
        cause=_(
            "The program uses the web password, or a security password with a typing "
            "error."
        ),
        remedy=_("The owner enters a security password, best by copying it."),
        answer=_(
            "Please create a security password and copy it into the program in place "
            "of the password there: %(page)s"
        ),
        fixes=(Fix.DEVICES, Fix.POLICY),
    ),
    # Translators: sent as plain ASCII, so write ae, oe, ue and ss.
    notice=gettext_noop(
        "Use a security password here, not your web password: %(page)s"
    ),
    policy_setting="client_passwords_required",
)
REVOKED = Refusal(
    "revoked",
    _("deleted security password"),
    help=Help(
        cause=_("The program still uses a security password that was deleted."),
        remedy=_(
            "The owner creates a new one for this device, or removes the mailbox from "
            "it."
        ),
        answer=_(
            "Please create a new security password and enter it in the program: "
            "%(page)s If you no longer use the device, remove the mailbox from it."
        ),
        fixes=(Fix.DEVICE, Fix.DEVICES),
    ),
    # Translators: sent as plain ASCII, so write ae, oe, ue and ss.
    notice=gettext_noop(
        "This security password was deleted. Create a new one: %(page)s"
    ),
)
EXPIRED = Refusal(
    "expired",
    _("expired"),
    help=Help(
        cause=_("The security password of this program has expired."),
        remedy=_("The owner creates a new one for this device."),
        answer=_(
            "Please create a new security password and enter it in the program: "
            "%(page)s"
        ),
        fixes=(Fix.DEVICE, Fix.POLICY),
    ),
    # Translators: sent as plain ASCII, so write ae, oe, ue and ss.
    notice=gettext_noop(
        "This security password has expired. Create a new one: %(page)s"
    ),
    policy_setting="client_password_days",
)
OUT_OF_SCOPE = Refusal(
    "out-of-scope",
    _("outside what the password is for"),
    help=Help(
        cause=_(
            "The security password of this program is limited to other protocols or "
            "networks."
        ),
        remedy=_(
            "The owner changes its limits, or creates another one for this program."
        ),
        answer=_(
            "Please change the limits of this security password, or create another one "
            "for this program: %(page)s"
        ),
        fixes=(Fix.DEVICE, Fix.DEVICES),
    ),
    # Translators: sent as plain ASCII, so write ae, oe, ue and ss.
    notice=gettext_noop(
        "This security password is for other protocols or networks: %(page)s"
    ),
)
SUSPENDED = Refusal(
    "suspended",
    _("security passwords are turned off"),
    help=Help(
        cause=_(
            "The program uses a security password, but security passwords are turned "
            "off."
        ),
        remedy=_(
            "The owner turns them on again, or enters the web password in the program."
        ),
        answer=_(
            "Please turn security passwords on again, or enter your web password in "
            "the program: %(page)s"
        ),
        fixes=(Fix.MAILBOX,),
    ),
    # Translators: sent as plain ASCII, so write ae, oe, ue and ss.
    notice=gettext_noop(
        "Security passwords are turned off. Use your web password: %(page)s"
    ),
)
SUSPENDED_UNUSED = Refusal(
    "suspended-unused",
    _("suspended, as it was not used"),
    help=Help(
        cause=_(
            "The security password of this program is suspended, because it was not "
            "used for a long time."
        ),
        remedy=_("The owner reactivates it with a code, or creates a new one."),
        answer=_(
            "Please reactivate this security password, or create a new one for the "
            "program: %(page)s"
        ),
        fixes=(Fix.DEVICE, Fix.POLICY),
    ),
    # Translators: sent as plain ASCII, so write ae, oe, ue and ss.
    notice=gettext_noop(
        "This security password was suspended, as it was not used: %(page)s"
    ),
    policy_setting="suspend_unused_days",
)
PROTOCOL_OFF = Refusal(
    "protocol-off",
    _("protocol switched off"),
    help=Help(
        cause=_("The policy switches this protocol off."),
        remedy=_("Switch it on in the policy, or have the owner use another protocol."),
        answer=_(
            "This protocol is switched off for your mailbox. Please set the program up "
            "with one of these servers: %(page)s"
        ),
        fixes=(Fix.POLICY,),
    ),
    # Translators: sent as plain ASCII, so write ae, oe, ue and ss.
    notice=gettext_noop("This protocol is switched off for your mailbox: %(page)s"),
    question=Question(_("Is the protocol on?"), _("No: the policy switches it off")),
)
NETWORK_NOT_ALLOWED = Refusal(
    "network-not-allowed",
    _("network not allowed"),
    help=Help(
        cause=_("The policy lets mail programs in from other networks only."),
        remedy=_(
            "Add the network to the policy, or have the owner connect from an allowed "
            "one."
        ),
        answer=_(
            "Please connect from an allowed network, for example by VPN, or use "
            "webmail."
        ),
        fixes=(Fix.POLICY,),
    ),
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
    help=Help(
        cause=_("The policy lets no mail program in."),
        remedy=_(
            "Switch third-party client logon on in the policy, or have the owner use "
            "webmail."
        ),
        answer=_(
            "Mail programs are switched off for your mailbox. Please use webmail."
        ),
        fixes=(Fix.POLICY,),
    ),
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
    help=Help(
        cause=_("The mailbox is disabled."),
        remedy=_("If its owner has not left, make it active again."),
        answer=_(
            "Your mailbox is disabled. Please ask whoever is responsible for it "
            "whether it is still needed."
        ),
        fixes=(Fix.MAILBOX,),
    ),
    question=Question(_("Is the mailbox active?"), _("No")),
)
# In old rows only: once Dovecot 2.4 gave no reason.
UNKNOWN = Refusal(
    "refused",
    _("the mail server does not say why"),
    help=Help(
        cause=_("The mail server does not say why."),
        remedy=_("Ask for the time and the message that the program shows."),
        answer=_(
            "Please try again, and tell us the time and the message that the program "
            "shows."
        ),
        fixes=(Fix.LOGONS,),
    ),
)

# In the order of lists.
REFUSALS = (
    WRONG_PASSWORD,
    CONTROL_CHARACTERS,
    ILLEGAL_NAME,
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
# Reasons that Dovecot has by itself, so that neither a view nor the script has them.
GIVEN_BY_DOVECOT = frozenset({CONTROL_CHARACTERS.key, ILLEGAL_NAME.key})
# Reasons that refuse every mail program, in the order of the mail server's checks.
CHECKED_FOR_ALL = (DISABLED, LOGON_OFF, PROTOCOL_OFF, NETWORK_NOT_ALLOWED)
# Reasons in the script's lines that are not stored: unknown names and services, and
# temporary failures.
UNKNOWN_ACCOUNT = "unknown-account"
NOT_KEPT = frozenset({UNKNOWN_ACCOUNT, "unknown-service", "database", "too-late"})


def get_refusal(key: str) -> Refusal:
    """Return the reason of this key; an unknown one under its key if it is newer."""
    return BY_KEY.get(key) or replace(UNKNOWN, key=key, label=key)


def describe(key: str) -> str:
    """Return the label of a reason; its key if a later version has added it."""
    return str(get_refusal(key).label)
