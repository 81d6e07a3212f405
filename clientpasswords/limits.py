"""Find accounts with as many client passwords as their policy allows."""

from collections import defaultdict
from typing import Any

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from accounts.models import Account, Policy
from accounts.policy import queries
from clientpasswords.models import ClientPassword


def at_limit(accounts: QuerySet[Account]) -> QuerySet[Account]:
    """Filter accounts that have reached their limit."""
    policies_with: dict[int, list[int]] = defaultdict(list)
    for pk, most in Policy.objects.values_list("pk", "max_client_passwords"):
        policies_with[most].append(pk)
    is_full = Q(pk__in=[])
    for most, pks in policies_with.items():
        is_full |= Q(binding__in=pks, pk__in=_with_at_least(most))
    return accounts.annotate(binding=queries.binding_policy()).filter(is_full)


def _with_at_least(count: int) -> QuerySet[ClientPassword, Any]:
    """Return the accounts with at least `count` of them.

    Such an account has one in slot `count` or higher, so only these are counted.
    """
    live = ClientPassword.objects.live().order_by()
    candidates = live.filter(slot__gte=count).values("account")
    rows = live.counted().filter(account__in=candidates).values("account")
    return rows.annotate(found=Count("pk")).filter(found__gte=count).values("account")


def count_in_use() -> Coalesce:
    """Return an expression for the number of client passwords of an account."""
    rows = ClientPassword.objects.counted().filter(account=OuterRef("pk")).order_by()
    number = rows.values("account").annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(number), 0)
