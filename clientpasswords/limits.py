"""Which accounts have as many client passwords as their policy allows."""

from collections import defaultdict
from typing import Any

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from accounts.models import Account, Policy
from accounts.policy import queries
from clientpasswords.models import ClientPassword


def at_limit(accounts: QuerySet[Account]) -> QuerySet[Account]:
    """Those of the accounts that can make no further one."""
    policies_with: dict[int, list[int]] = defaultdict(list)
    for pk, most in Policy.objects.values_list("pk", "max_client_passwords"):
        policies_with[most].append(pk)
    is_full = Q(pk__in=[])
    for most, pks in policies_with.items():
        is_full |= Q(binding__in=pks, pk__in=_with_at_least(most))
    return accounts.annotate(binding=queries.binding_policy()).filter(is_full)


def _with_at_least(count: int) -> QuerySet[ClientPassword, Any]:
    """The accounts with so many of them: one is in slot `count`, or in a higher one.

    So only the owners of high slots have to be counted.
    """
    live = ClientPassword.objects.live().order_by()
    candidates = live.filter(slot__gte=count).values("account")
    rows = live.filter(account__in=candidates).values("account")
    return rows.annotate(found=Count("pk")).filter(found__gte=count).values("account")


def count_in_use() -> Coalesce:
    """How many client passwords an account has; to annotate accounts with."""
    live = ClientPassword.objects.live().filter(account=OuterRef("pk")).order_by()
    number = live.values("account").annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(number), 0)
