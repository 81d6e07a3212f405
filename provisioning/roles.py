"""Who administers what: the kinds of administrators, and the domains of each.

What somebody may do is said by their permissions, as everywhere in Django; to whose
records they may do it, here: to those of the domains they were given, or of the whole
host. Whoever was given neither sees nothing. Pages, workers and the API ask `visible`,
`scope` or `in_domains`; there is no second rule.
"""

from collections.abc import Callable
from typing import Any

from django.db.models import Exists, Model, Q, QuerySet, Value
from django.db.models.functions import Concat
from django.utils.translation import gettext_noop
from django_otp.plugins.otp_totp.models import TOTPDevice
from django_otp_webauthn.models import WebAuthnCredential

from accounts.models import (
    Account,
    Cutoff,
    Department,
    Domain,
    FormerAddress,
    Policy,
    RecoveryCodes,
    SecurityEvent,
)
from clientpasswords.models import ClientPassword, Logon

WHOLE_HOST = "accounts.administer_whole_host"
OPERATE = "accounts.operate_site"

# The groups that a migration makes, for the catalogues.
SITE_OPERATORS = gettext_noop("Site operators")
DOMAIN_ADMINISTRATORS = gettext_noop("Domain administrators")
HELP_DESK = gettext_noop("Help desk")
AUDITORS = gettext_noop("Auditors")
EVERY_DOMAIN = gettext_noop("Every domain of the host")

# The condition for a record to belong to one of these domains.
Scope = Callable[[QuerySet[Domain]], Q]


def _by(path: str) -> Scope:
    """Of records that have their domain at the end of this path."""
    return lambda domains: Q(**{f"{path}__in": domains})


def _by_name(domains: QuerySet[Domain]) -> Q:
    """Of records that stay when their domain goes, and are of one made anew as well."""
    return Q(domain__in=domains.values("name"))


def _cutoffs(domains: QuerySet[Domain]) -> Q:
    """Those of their mailboxes, and of all mailboxes of one of them."""
    masks = domains.annotate(mask=Concat(Value("*@"), "name", Value("*")))
    return Q(account__domain__in=domains) | Q(login_mask__in=masks.values("mask"))


def _policies(domains: QuerySet[Domain]) -> Q:
    """Their own, and those for every domain, which bind theirs too if they have."""
    for_all = Q(Exists(domains)) & Q(domain=None)
    return for_all | Q(domain__in=domains)


# What is not here is of the whole host, and for site operators alone.
SCOPES: dict[type[Model], Scope] = {
    Account: _by("domain"),
    ClientPassword: _by("account__domain"),
    Cutoff: _cutoffs,
    Department: _by("domain"),
    Domain: _by("pk"),
    FormerAddress: _by_name,
    Logon: _by("account__domain"),
    Policy: _policies,
    RecoveryCodes: _by("user__domain"),
    SecurityEvent: _by_name,
    TOTPDevice: _by("user__domain"),
    WebAuthnCredential: _by("user__domain"),
}


def visible(account: Any, model: type[Model]) -> QuerySet[Any]:
    """Return the records of this model that the account administers, or may look at."""
    rows: QuerySet[Any] = QuerySet(model)
    return rows.filter(scope(account, model))


def scope(account: Any, model: type[Model]) -> Q:
    """Return the condition for the account to see a record of this model."""
    if model not in SCOPES:
        return Q() if is_operator(account) else Q(pk__in=[])
    return Q() if sees_whole_host(account) else in_domains(model, domains_of(account))


def in_domains(model: type[Model], domains: QuerySet[Domain]) -> Q:
    """Return the condition for a record to belong to one of these domains.

    Raises:
        KeyError: the model's records belong to the whole host, see `SCOPES`.
    """
    return SCOPES[model](domains)


def is_operator(account: Any) -> bool:
    """Whether they hand out rights, and touch what is of the host and of no domain."""
    return bool(account.has_perm(OPERATE))


def sees_whole_host(account: Any) -> bool:
    """Whether the records of every domain are theirs to administer."""
    return bool(account.has_perm(OPERATE) or account.has_perm(WHOLE_HOST))


def domains_of(account: Any) -> QuerySet[Domain]:
    """The domains that were given to them; those of the whole host need none."""
    return Domain.objects.filter(administrators=account.pk)


def is_administrator(account: Account) -> bool:
    return account.is_staff or account.is_superuser


def may_touch(account: Any, other: Account) -> bool:
    """Whether they may change this mailbox and what belongs to it, by their rank.

    An administrator's mailbox is for site operators to change, a superuser's for
    superusers: whoever can set somebody's password has their rights.
    """
    if not is_administrator(other) or account.is_superuser:
        return True
    return is_operator(account) and not other.is_superuser


def owner_of(record: Model | None) -> Account | None:
    """The mailbox that the record is, or is of."""
    for found in (
        record,
        getattr(record, "account", None),
        getattr(record, "user", None),
    ):
        if isinstance(found, Account):
            return found
    return None
