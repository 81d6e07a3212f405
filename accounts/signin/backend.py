"""How the portal finds out what somebody may do."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Permission
from django.db.models import Model, Q

from accounts.models import Account


class PortalBackend(ModelBackend):
    """Django's own, but for one query where it makes two: every page asks for it.

    What it has looked up stays at the account, where Django has no public way to give
    it what was looked up for many accounts, or to have it forget that.
    """

    def get_all_permissions(self, user_obj: Any, obj: Model | None = None) -> set[str]:
        """Return what they and their groups were given, looked up once."""
        if obj is not None or not user_obj.is_active or user_obj.is_superuser:
            return super().get_all_permissions(user_obj, obj)
        if not hasattr(user_obj, "permissions_held"):
            give_permissions(user_obj, _load_permissions(user_obj))
        held: set[str] = user_obj.permissions_held
        return held


def give_permissions(account: Any, held: set[str]) -> None:
    """Let the account be asked for these permissions, without looking them up."""
    account.permissions_held = held


def forget_permissions(account: Any) -> None:
    """Have the permissions of the account looked up anew."""
    if hasattr(account, "permissions_held"):
        del account.permissions_held


def _load_permissions(account: Account) -> set[str]:
    own = account.user_permissions.values("pk")
    of_groups = Q(group__in=account.groups.values("pk"))
    rows = Permission.objects.filter(Q(pk__in=own) | of_groups).order_by()
    names = rows.values_list("content_type__app_label", "codename")
    return {f"{app}.{name}" for app, name in names}
