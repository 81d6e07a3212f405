"""Which accounts have as many client passwords as their policy allows."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db.models import Count, Q, QuerySet

from accounts import policies
from accounts.models import Account, Policy
from clientpasswords.models import ClientPassword


def reached(accounts: QuerySet[Account]) -> QuerySet[Account]:
    """Those of the accounts that can make no further one."""
    policies_with: dict[int, list[int]] = defaultdict(list)
    for pk, most in Policy.objects.values_list("pk", "max_client_passwords"):
        policies_with[most].append(pk)
    is_full = Q(pk__in=[])
    for most, pks in policies_with.items():
        is_full |= Q(binding__in=pks, pk__in=_with_at_least(most))
    return accounts.annotate(binding=policies.binding()).filter(is_full)


def _with_at_least(count: int) -> QuerySet[ClientPassword, Any]:
    """The accounts with so many of them: one is in slot `count`, or in a higher one.

    So only the owners of high slots have to be counted.
    """
    live = ClientPassword.objects.live().order_by()
    candidates = live.filter(slot__gte=count).values("account")
    rows = live.filter(account__in=candidates).values("account")
    return rows.annotate(found=Count("pk")).filter(found__gte=count).values("account")


def in_use(accounts: Iterable[Account]) -> dict[int, int]:
    """Return of each account that has any how many it has. One query."""
    live = ClientPassword.objects.live().filter(account__in=list(accounts)).order_by()
    return dict(live.values_list("account").annotate(Count("pk")))
