"""The groups of the administration's menu, on the start page and beside each page.

To register another model, add it to one of the groups; a test finds those that are in
none.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

AppEntry = dict[str, Any]  # of an app and its models, as Django's site describes it


@dataclass(frozen=True)
class MenuGroup:
    """Models that belong together for an administrator, in the order of the menu.

    `is_folded`: what one needs rarely is not shown before it is asked for.
    """

    key: str
    name: StrOrPromise
    models: tuple[str, ...]
    is_folded: bool = False


MENU = (
    MenuGroup(
        "people",
        _("People"),
        (
            "accounts.Account",
            "accounts.Domain",
            "accounts.Department",
            "clientpasswords.ClientPassword",
            "accounts.FormerAddress",
        ),
    ),
    MenuGroup(
        "rules",
        _("Rules"),
        ("accounts.Policy", "auth.Group", "provisioning.ApiToken"),
    ),
    MenuGroup(
        "records",
        _("Records"),
        (
            "accounts.SecurityEvent",
            "clientpasswords.Logon",
            "administration.Job",
        ),
    ),
    MenuGroup(
        "technical",
        _("Technical"),
        (
            "accounts.Heartbeat",
            "clientpasswords.FollowedLog",
            "accounts.Cutoff",
            "otp_totp.TOTPDevice",
            "django_otp_webauthn.WebAuthnCredential",
            "accounts.RecoveryCodes",
        ),
        is_folded=True,
    ),
)


def group_models(apps: Iterable[AppEntry], path: str) -> list[AppEntry]:
    """Return the models of the apps in the groups of the menu.

    Empty groups are left out. A folded group is open on the pages of its models: `path`
    is that of the page. A model that is in no group comes last.
    """
    by_label = {
        f"{app['app_label']}.{entry['object_name']}": entry
        for app in apps
        for entry in app["models"]
    }
    groups = []
    for group in MENU:
        models = [by_label.pop(label) for label in group.models if label in by_label]
        if group is MENU[-1]:
            models += by_label.values()
        pages = tuple(each["admin_url"] for each in models if each["admin_url"])
        if models:
            groups.append(
                {
                    "name": group.name,
                    "app_label": group.key,
                    "models": models,
                    "is_folded": group.is_folded and not path.startswith(pages),
                }
            )
    return groups
