"""Decide whether a password may log on now, as the mail server does."""

from dataclasses import dataclass

from django.contrib.auth.hashers import check_password
from django.views.decorators.debug import sensitive_variables

from accounts import addresses
from accounts.hashing import schemes
from accounts.models import MailLogon, MailWebLogon
from accounts.networks import contains_address
from clientpasswords import passwords
from clientpasswords.refusals import (
    CONTROL_CHARACTERS,
    NETWORK_NOT_ALLOWED,
    OUT_OF_SCOPE,
    WRONG_PASSWORD,
)

# What `check_logon` says of an address that no mailbox has.
NO_SUCH_MAILBOX = "no-such-mailbox"


@dataclass(frozen=True)
class Verdict:
    """The outcome of a logon: `login_name` if it is let in, and always the reason.

    Args:
        login_name: The name of the session; None if it is refused.
        reason: By which credential it is let in, or why not, as `check_logon` says it.
        refusal: The key of the reason why not.
        credential: The primary key of the security password that was given, also where
            it is refused.
    """

    login_name: str | None
    reason: str
    refusal: str | None = None
    credential: int | None = None


@sensitive_variables()
def decide(address: str, protocol: str, password: str, ip: str | None) -> Verdict:
    """Decide as Dovecot and `deploy/dovecot/portal.lua` do, in the same order.

    A client password that matches decides, even if it is refused. Otherwise the text is
    checked as the web password, exactly as typed, unless that is refused anyway.
    """
    if not passwords.REFUSED_BY_DOVECOT.isdisjoint(password):
        key, words = CONTROL_CHARACTERS.key, "Dovecot refuses control characters"
        return Verdict(None, f"{key}: {words}", key)
    address = addresses.normalise(address)
    typed = passwords.normalise(password)
    if passwords.could_be_one(typed):
        row = MailLogon.objects.filter(
            address=address, protocol=protocol, selector=passwords.selector(typed)
        ).first()
        if row is not None and passwords.matches(typed, row.hash):
            return _verdict(row, refusal_of_client_password(row, ip))
    web = MailWebLogon.objects.filter(address=address, protocol=protocol).first()
    if web is None:
        return Verdict(None, NO_SUCH_MAILBOX, NO_SUCH_MAILBOX)
    refusal = refusal_of_web_password(web, ip)
    if refusal is not None:
        return Verdict(None, refusal, refusal)
    if web.hash is None or not check_password(
        password, schemes.convert_to_django(web.hash)
    ):
        return Verdict(None, WRONG_PASSWORD.key, WRONG_PASSWORD.key)
    return Verdict(web.login_name, "web password")


def refusal_of_client_password(row: MailLogon, ip: str | None) -> str | None:
    """Return why this client password is refused from `ip`; None if it is let in."""
    return row.refusal or refusal_by_network(ip, row)


def refusal_of_web_password(row: MailWebLogon, ip: str | None) -> str | None:
    """Return why the web password is refused from `ip`; None if it is let in."""
    return (
        None
        if contains_address(row.networks, ip)
        else row.refusal or refusal_by_network(ip, row)
    )


def refusal_by_network(ip: str | None, row: MailLogon | MailWebLogon) -> str | None:
    """Return why `ip` is refused; None if it is not. Ignores webmail networks."""
    if row.policy_networks and not contains_address(row.policy_networks, ip):
        return NETWORK_NOT_ALLOWED.key
    if (
        isinstance(row, MailWebLogon)
        or not row.networks
        or contains_address(row.networks, ip)
    ):
        return None
    return OUT_OF_SCOPE.key


def _verdict(row: MailLogon, refusal: str | None) -> Verdict:
    name = f"security password {row.credential}"
    if refusal is None:
        return Verdict(row.login_name, name, None, row.credential)
    return Verdict(None, f"{name}: {refusal}", refusal, row.credential)
