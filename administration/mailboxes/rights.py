"""What an administrator was given, and what can be given: one query for their page."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db.models import Exists, Model, OuterRef, QuerySet, Value

from accounts.models import Account, Domain
from provisioning import roles

# By the name of the relation: all that can be given, but of domains those that are.
Offered = dict[str, list[Any]]
# Instead of the other texts of a permission.
NOTHING = (Value(""), Value(""), Value(""))


def load_rights(account: Account) -> Offered:
    """Return what can be given, and attach what the account was given. One query.

    Its relations are then read without a query, as after `prefetch_related`.
    """
    selects = (_select_groups, _select_permissions, _select_domains)
    first, *others = (select(account) for select in selects)
    offered: Offered = {name: [] for name in MAKE}
    given: Offered = {name: [] for name in MAKE}
    for relation, pk, *texts, is_given in first.union(*others, all=True):
        record = MAKE[relation](pk, *texts)
        if not isinstance(record, Permission) or roles.is_grantable(record):
            offered[relation].append(record)
        if is_given:
            given[relation].append(record)
    for relation in MAKE:
        offered[relation].sort(key=_sort_key)
        given[relation].sort(key=_sort_key)
        _attach(account, relation, given[relation])
    return offered


def _select_groups(account: Account) -> QuerySet[Any, Any]:
    given = Account.groups.through.objects.filter(
        account=account.pk, group=OuterRef("pk")
    )
    relation, rows = Value("groups"), Group.objects.order_by()
    return rows.values_list(relation, "pk", "name", *NOTHING, Exists(given))


def _select_permissions(account: Account) -> QuerySet[Any, Any]:
    given = Account.user_permissions.through.objects.filter(
        account=account.pk, permission=OuterRef("pk")
    )
    kind = ["content_type__app_label", "content_type__model"]
    relation, rows = Value("user_permissions"), Permission.objects.order_by()
    return rows.values_list(relation, "pk", "name", *kind, "codename", Exists(given))


def _select_domains(account: Account) -> QuerySet[Any, Any]:
    rows = Domain.objects.filter(administrators=account.pk).order_by()
    relation, is_given = Value("domains_administered"), Value(value=True)
    return rows.values_list(relation, "pk", "name", *NOTHING, is_given)


def _make_permission(
    pk: int, name: str, app_label: str, model: str, codename: str
) -> Permission:
    kind = ContentType(app_label=app_label, model=model)
    return Permission(pk=pk, name=name, content_type=kind, codename=codename)


MAKE: dict[str, Callable[..., Model]] = {
    "groups": lambda pk, name, *_nothing: Group(pk=pk, name=name),
    "user_permissions": _make_permission,
    "domains_administered": lambda pk, name, *_nothing: Domain(pk=pk, name=name),
}


def _sort_key(record: Any) -> tuple[str, ...]:
    """Return what Django orders such records by; groups by their names."""
    if not isinstance(record, Permission):
        return (record.name,)
    kind = record.content_type
    return (kind.app_label, kind.model, record.codename)


def _attach(account: Account, relation: str, given: list[Any]) -> None:
    """Do what `prefetch_related` does, for which Django has no public name."""
    rows = getattr(account, relation).all()
    vars(rows)["_result_cache"] = given
    vars(account).setdefault("_prefetched_objects_cache", {})[relation] = rows
