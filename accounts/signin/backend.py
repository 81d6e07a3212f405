"""The authentication backend, which looks up permissions."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Func, Model, TextField
from django.db.models.sql.compiler import SQLCompiler

from accounts.models import Account


class PortalBackend(ModelBackend):
    """Django's ModelBackend with one query for permissions instead of two.

    Those of an administrator come with the account of the session, without a query of
    their own. They are cached on the account. Unlike Django's private caches, this one
    can be filled for many accounts at once, and cleared.
    """

    def get_user(self, user_id: int) -> Account | None:
        """Return the account of a session unless it is disabled. One query."""
        rows = Account.objects.annotate(names=_PermissionsOfAdministrator())
        account = rows.filter(pk=user_id).order_by().first()
        if account is None or not self.user_can_authenticate(account):
            return None
        names: str | None = vars(account).pop("names")
        if names is not None:
            give_permissions(account, set(names.split()))
        return account

    def get_all_permissions(self, user_obj: Any, obj: Model | None = None) -> set[str]:
        """Return the user's own and their groups' permissions; query at most once."""
        if obj is not None or not user_obj.is_active or user_obj.is_superuser:
            return super().get_all_permissions(user_obj, obj)
        if not hasattr(user_obj, "permissions_held"):
            give_permissions(user_obj, _load_permissions(user_obj))
        held: set[str] = user_obj.permissions_held
        return held


def give_permissions(account: Any, held: set[str]) -> None:
    """Cache these permissions on the account, so that no query looks them up."""
    account.permissions_held = held


def forget_permissions(account: Any) -> None:
    """Clear the cache, so that the next use looks the permissions up again."""
    if hasattr(account, "permissions_held"):
        del account.permissions_held


def _load_permissions(account: Account) -> set[str]:
    rows = Account.objects.filter(pk=account.pk).order_by()
    names: str = rows.values_list(_Permissions(), flat=True).get()
    return set(names.split())


class _Permissions(Func):
    """The permissions of an account and of its groups, as one text with blanks.

    It is written by hand: each request needs it, and to build it from querysets takes
    Django longer than the database to answer.
    """

    function = "STRING_AGG"
    output_field = TextField()
    template = """(
        SELECT COALESCE(%(function)s(kind.app_label || '.' || held.codename, ' '), '')
        FROM auth_permission held
        JOIN django_content_type kind ON kind.id = held.content_type_id
        WHERE held.id IN (
            SELECT permission_id FROM accounts_account_user_permissions
            WHERE account_id = accounts_account.id
        ) OR held.id IN (
            SELECT permission_id FROM auth_group_permissions
            JOIN accounts_account_groups USING (group_id)
            WHERE account_id = accounts_account.id
        )
    )"""

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> tuple[str, Any]:
        return self.as_sql(compiler, connection, function="GROUP_CONCAT", **context)


class _PermissionsOfAdministrator(_Permissions):
    """The same, and NULL for owners, whose permissions nobody asks for."""

    template = f"CASE WHEN accounts_account.is_staff THEN {_Permissions.template} END"
