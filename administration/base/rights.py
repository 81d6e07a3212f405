"""The permissions that can be granted, and what each is called."""

from typing import Any

from django.apps import apps
from django.contrib.admin.utils import model_format_dict
from django.contrib.auth.models import Permission
from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from administration.base.widgets import RecordsField
from provisioning import roles

# The acts of Django's permissions; ours have names of their own.
ACTS = {
    "view": _("Can view %(records)s"),
    "add": _("Can add %(records)s"),
    "change": _("Can change %(records)s"),
    "delete": _("Can delete %(records)s"),
}


def list_permissions() -> QuerySet[Permission]:
    """Return the permissions that the portal asks for, with their models.

    Django has others, of records that no page and no operation offers.
    """
    return roles.filter_grantable(Permission.objects.select_related("content_type"))


def describe_permission(permission: Permission) -> str:
    """Return what the permission allows, in the active language."""
    app, codename = permission.content_type.app_label, permission.codename
    return describe_right(f"{app}.{codename}") or gettext(permission.name)


def describe_right(right: str) -> str:
    """Return what a permission of this name allows; "" if its model is unknown.

    The name is as `has_perm` takes it: "accounts.view_account".
    """
    app, _dot, codename = right.partition(".")
    act, _sign, name = codename.partition("_")
    models = apps.all_models.get(app, {})
    if act in ACTS and name in models:
        records = model_format_dict(models[name])["verbose_name_plural"]
        return ACTS[act] % {"records": records}
    options = [each._meta for each in models.values()]  # noqa: SLF001 (documented)
    own = dict(pair for each in options for pair in each.permissions)
    return gettext(own[codename]) if codename in own else ""


class PermissionsField(RecordsField):
    """Permissions, described in the reader's language."""

    def label_from_instance(self, obj: Permission) -> str:
        return describe_permission(obj)


def build_field_options() -> dict[str, Any]:
    """Return what `formfield_for_manytomany` takes for a field of permissions."""
    return {"form_class": PermissionsField, "queryset": list_permissions()}
