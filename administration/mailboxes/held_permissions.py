"""The rights there are, and which of them a mailbox has: all in one query.

Seven of the eight queries that a page may take are the page's own: the session, who
asks, their second factor and permissions, the mailbox, its record of events, and the
kind of that. `prefetch_related` would ask once for each of the fields, and the form
once more for what can be chosen in each. So what is found is handed to the mailbox
where Django keeps what it has prefetched; it has no public way to put it there.
"""

from typing import Any

from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import DEFAULT_DB_ALIAS
from django.db.models import Exists, F, Model, OuterRef, QuerySet, Value

from accounts.models import Account, Domain

# The fields of a mailbox that hold many of them.
MANY = ("domains_administered", "groups", "user_permissions")


class Found(QuerySet):
    """Rows that are there already; narrowed, they are looked up as ever.

    `_result_cache` is where a QuerySet has its rows once it has asked for them.
    """

    def __init__(self, *args: Any, records: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._result_cache = records


def look_up(account: Account) -> dict[str, list[Model]]:
    """Return what can be chosen in each of the fields; of domains, what is chosen.

    From then on the account does not ask the database for what it has.
    """
    offered: dict[str, list[Model]] = {name: [] for name in MANY}
    held: dict[str, list[Model]] = {name: [] for name in MANY}
    for row in sorted(_rows(account), key=_place):
        record = _record(row)
        offered[row["field"]].append(record)
        if row["held"]:
            held[row["field"]].append(record)
    for name, records in held.items():
        _remember(account, name, records)
    return offered


def _rows(account: Account) -> Any:
    none: dict[str, Any] = {
        "code": Value(""),
        "type": Value(0),
        "app": Value(""),
        "of": Value(""),
    }
    groups = Group.objects.order_by().values(
        "pk",
        "name",
        field=Value("groups"),
        held=Exists(account.groups.filter(pk=OuterRef("pk"))),
        **none,
    )
    permissions = Permission.objects.order_by().values(
        "pk",
        "name",
        field=Value("user_permissions"),
        held=Exists(account.user_permissions.filter(pk=OuterRef("pk"))),
        code=F("codename"),
        type=F("content_type"),
        app=F("content_type__app_label"),
        of=F("content_type__model"),
    )
    domains = account.domains_administered.order_by().values(
        "pk",
        "name",
        field=Value("domains_administered"),
        held=Value(value=True),
        **none,
    )
    rows: Any = groups
    return rows.union(permissions, domains, all=True)


def _place(row: dict[str, Any]) -> tuple[str, ...]:
    return row["app"], row["of"], row["code"], row["name"]


def _record(row: dict[str, Any]) -> Model:
    """The record as if it had been loaded itself."""
    start = ["id", "name"], [row["pk"], row["name"]]
    if row["field"] == "groups":
        return Group.from_db(DEFAULT_DB_ALIAS, *start)
    if row["field"] == "domains_administered":
        return Domain.from_db(DEFAULT_DB_ALIAS, *start)
    permission = Permission.from_db(
        DEFAULT_DB_ALIAS,
        ["id", "name", "content_type_id", "codename"],
        [row["pk"], row["name"], row["type"], row["code"]],
    )
    permission.content_type = ContentType(
        id=row["type"], app_label=row["app"], model=row["of"]
    )
    return permission


def _remember(account: Any, name: str, records: list[Model]) -> None:
    """Put them where `prefetch_related` does: the manager of the field looks there."""
    rows = getattr(account, name).all()
    found: Any = Found(rows.model, rows.query, rows.db, records=records)
    vars(account).setdefault("_prefetched_objects_cache", {})[name] = found
