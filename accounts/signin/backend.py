"""The authentication backend, which looks up permissions."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Permission
from django.db.models import Model, Q

from accounts.models import Account


class PortalBackend(ModelBackend):
    """Django's ModelBackend with one query for permissions instead of two.

    Permissions are cached on the account. Unlike Django's private caches, this one can
    be filled for many accounts at once, and cleared.
    """

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
    own = account.user_permissions.values("pk")
    of_groups = Q(group__in=account.groups.values("pk"))
    rows = Permission.objects.filter(Q(pk__in=own) | of_groups).order_by()
    names = rows.values_list("content_type__app_label", "codename")
    return {f"{app}.{name}" for app, name in names}
