"""Who administers what: the kinds of administrators, and the domains of each.

What somebody may do is said by their permissions, as everywhere in Django; to whose
records they may do it, here: to those of the domains they were given, or of the whole
host. Whoever was given neither sees nothing.
"""

from typing import Any

from django.db.models import Model, QuerySet
from django.utils.translation import gettext_noop

from accounts.models import Account, Domain

WHOLE_HOST = "accounts.administer_whole_host"
OPERATE = "accounts.operate_site"

# The groups that a migration makes, for the catalogues.
SITE_OPERATORS = gettext_noop("Site operators")
DOMAIN_ADMINISTRATORS = gettext_noop("Domain administrators")
HELP_DESK = gettext_noop("Help desk")
AUDITORS = gettext_noop("Auditors")
EVERY_DOMAIN = gettext_noop("Every domain of the host")


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
