"""Create rows with sensible values; a test names only what matters to it."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.events import Actor
from accounts.models import Account, Domain, Phone, Policy
from clientpasswords import lifecycle, passwords
from clientpasswords.models import ClientPassword, Logon, LogonDay, Usage

PASSWORD = "correct horse battery staple"


def make_policy(name: str = "Standard", **fields: Any) -> Policy:
    return Policy.objects.update_or_create(name=name, defaults=fields)[0]


def make_domain(name: str = "example.com", policy: Policy | None = None) -> Domain:
    domain, _created = Domain.objects.get_or_create(
        name=name, defaults={"policy": policy or make_policy()}
    )
    return domain


def make_account(
    address: str = "alice@example.com",
    *,
    policy: Policy | None = None,
    password: str = PASSWORD,
    phone: str | None = None,
    **fields: Any,
) -> Account:
    """Create an account in the domain of its address; `policy` is its own."""
    make_domain(address.rpartition("@")[2])
    account = Account.objects.create_user(address, password, policy=policy, **fields)
    if phone is not None:
        Phone.objects.create(account=account, number=phone)
    return account


def make_client_password(
    account: Account, label: str = "Phone", **fields: Any
) -> tuple[ClientPassword, str]:
    """Create a client password as if it had been issued; return it and its secret."""
    known = set(account.client_passwords.values_list("selector", flat=True))
    secret = passwords.generate()
    while passwords.selector(secret) in known:
        secret = passwords.generate()
    taken = set(account.client_passwords.live().values_list("slot", flat=True))
    row = ClientPassword.objects.create(
        account=account,
        slot=min(set(range(1, 51)) - taken),
        label=label,
        selector=passwords.selector(secret),
        hash=passwords.hash_for_mail_server(secret),
        **fields,
    )
    return row, secret


def switch_off(account: Account, *, by: Actor) -> None:
    """Turn security passwords off, as where the policy asks for no code."""
    Policy.objects.update(code_to_switch_off=False)
    lifecycle.switch_off(account, by=by)


def make_usage(
    client_password: ClientPassword,
    *,
    ago: timedelta = timedelta(days=1),
    **fields: Any,
) -> Usage:
    """Record that a mail program used this password that long ago."""
    at = timezone.now() - ago
    values = {
        "first_at": at,
        "last_at": at,
        "protocol": "imap",
        "network_address": "192.0.2.7",
        "node": "one",
    }
    return Usage.objects.create(client_password=client_password, **(values | fields))


def make_logon(account: Account, protocol: str = "imap", **fields: Any) -> Logon:
    """Record a successful logon an hour ago; with the web password by default."""
    at = timezone.now() - timedelta(hours=1)
    values = {
        "by_web_password": "client_password" not in fields,
        "network_address": "192.0.2.7",
        "node": "one",
        "first_at": at,
        "last_at": at,
        "count": 1,
    }
    return Logon.objects.create(account=account, protocol=protocol, **(values | fields))


def make_logon_days(client_password: ClientPassword, *, days: int = 30) -> None:
    """Record that it was let in on each of these days, today the last, and refused."""
    today = timezone.now().date()
    LogonDay.objects.bulk_create(
        LogonDay(
            account=client_password.account,
            client_password=client_password,
            day=today - timedelta(days=ago),
            hours_let_in=0x155555 << ago % 3,
            hours_refused=ago % 5 == 0,
        )
        for ago in range(days)
    )
