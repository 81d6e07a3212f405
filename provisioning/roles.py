"""Roles of administrators, and the scope of each administrator.

Permissions say what an administrator may do, as everywhere in Django. The scope says on
which records: those of their domains, or of the whole host. An administrator with
neither sees nothing. Pages, workers and the API use `visible`, `scope` or `in_domains`;
there is no second rule.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from django.contrib.auth.models import AnonymousUser, Group, Permission
from django.db import transaction
from django.db.models import CharField, Exists, Model, Q, QuerySet, Value
from django.db.models.functions import Concat
from django.utils.translation import gettext_noop
from django_otp.plugins.otp_totp.models import TOTPDevice
from django_otp_webauthn.models import WebAuthnCredential

from accounts.models import (
    Account,
    Cutoff,
    Department,
    Domain,
    FormerAddress,
    Policy,
    RecoveryCodes,
    SecurityEvent,
)
from clientpasswords.models import ClientPassword, Logon

WHOLE_HOST = "accounts.administer_whole_host"
OPERATE = "accounts.operate_site"


def _permissions(**names: str) -> frozenset[str]:
    """Return the permissions with these codenames, given by app label."""
    return frozenset(
        f"{app}.{name}" for app, text in names.items() for name in text.split()
    )


VIEW_RIGHTS = _permissions(
    accounts="view_account view_cutoff view_department view_domain view_formeraddress"
    " view_phone view_policy view_recoverycodes view_securityevent",
    administration="view_job",
    clientpasswords="view_clientpassword view_logon",
    otp_totp="view_totpdevice",
    django_otp_webauthn="view_webauthncredential",
)
HELP_RIGHTS = VIEW_RIGHTS | _permissions(
    administration="reset_phone sign_out unlock_codes",
    clientpasswords="revoke_clientpassword",
)
DOMAIN_RIGHTS = HELP_RIGHTS | _permissions(
    accounts="add_account change_account release_formeraddress"
    " add_department change_department delete_department"
    " change_domain"
    " add_phone change_phone delete_phone"
    " add_policy change_policy delete_policy"
    " delete_recoverycodes"
    " export_securityevent",
    administration="offboard",
    otp_totp="delete_totpdevice",
    django_otp_webauthn="delete_webauthncredential",
)
SITE_RIGHTS = DOMAIN_RIGHTS | _permissions(
    accounts="operate_site delete_account add_domain delete_domain view_heartbeat"
    " delete_heartbeat",
    clientpasswords="view_followedlog delete_followedlog",
    provisioning="add_apitoken revoke_apitoken view_apitoken",
    auth="view_group add_group change_group delete_group",
    otp_totp="add_totpdevice change_totpdevice",
)


@dataclass(frozen=True)
class Role:
    """A ready-made group: its name and description in English, and its permissions."""

    name: str
    description: str
    rights: frozenset[str]


# To add a role, add it here and to the table in docs/operations.md, *Administrators*.
GROUPS = (
    Role(
        gettext_noop("Site operators"),
        gettext_noop(
            "everything in every domain; only they grant rights, create domains and "
            "change administrators' mailboxes"
        ),
        SITE_RIGHTS,
    ),
    Role(
        gettext_noop("Domain administrators"),
        gettext_noop(
            "create and change mailboxes, departments and policies of their domains; "
            "delete security passwords, offboard, release former addresses, export"
        ),
        DOMAIN_RIGHTS,
    ),
    Role(
        gettext_noop("Help desk"),
        gettext_noop(
            "view, delete security passwords, sign owners out, unlock codes, reset "
            "phones"
        ),
        HELP_RIGHTS,
    ),
    Role(
        gettext_noop("Auditors"),
        gettext_noop("view, and export the audit log"),
        VIEW_RIGHTS | {"accounts.export_securityevent"},
    ),
    # A scope: it goes together with one of the other groups.
    Role(
        gettext_noop("Every domain of the host"),
        gettext_noop(
            "with one of the other groups: in all domains instead of the assigned ones"
        ),
        frozenset({WHOLE_HOST}),
    ),
)
RIGHTS = frozenset[str]().union(*(role.rights for role in GROUPS))
DESCRIPTIONS = {role.name: role.description for role in GROUPS}

M = TypeVar("M", bound=Model)
# A user who may not have signed in.
Asker = Account | AnonymousUser
# Returns the condition for a record to belong to one of these domains.
Scope = Callable[[QuerySet[Domain]], Q]


def _by_domain_path(path: str) -> Scope:
    """Return the scope of records whose domain is at the end of this path."""
    return lambda domains: Q(**{f"{path}__in": domains})


def _by_domain_name(domains: QuerySet[Domain]) -> Q:
    """Return the condition of records that outlive their domain, by its name."""
    return Q(domain__in=domains.values("name"))


def _cutoff_scope(domains: QuerySet[Domain]) -> Q:
    """Return the condition of cut-offs of a mailbox, or of a whole domain."""
    mask = Concat(Value("*@"), "name", Value("*"), output_field=CharField())
    masks = domains.annotate(mask=mask)
    return Q(account__domain__in=domains) | Q(login_mask__in=masks.values("mask"))


def _policy_scope(domains: QuerySet[Domain]) -> Q:
    """Return the condition of policies of these domains, or of every domain."""
    for_all = Q(Exists(domains)) & Q(domain=None)
    return for_all | Q(domain__in=domains)


# Other models belong to the whole host, and are for site operators only.
SCOPES: dict[type[Model], Scope] = {
    Account: _by_domain_path("domain"),
    ClientPassword: _by_domain_path("account__domain"),
    Cutoff: _cutoff_scope,
    Department: _by_domain_path("domain"),
    Domain: _by_domain_path("pk"),
    FormerAddress: _by_domain_name,
    Logon: _by_domain_path("account__domain"),
    Policy: _policy_scope,
    RecoveryCodes: _by_domain_path("user__domain"),
    SecurityEvent: _by_domain_name,
    TOTPDevice: _by_domain_path("user__domain"),
    WebAuthnCredential: _by_domain_path("user__domain"),
}


@dataclass(frozen=True)
class GroupChange:
    """A ready-made group that was created or changed, with its permissions."""

    name: str
    is_new: bool
    before: frozenset[str]
    after: frozenset[str]


@transaction.atomic
def apply_groups() -> list[GroupChange]:
    """Create or update the ready-made groups from `GROUPS`; return the changes.

    Other groups and the members of groups do not change. Applying them again changes
    nothing.

    Raises:
        KeyError: a role has a permission that no app declares.
    """
    rows = Permission.objects.values_list(
        "content_type__app_label", "codename", "pk"
    ).order_by()
    keys = {f"{app}.{codename}": pk for app, codename, pk in rows}
    names = {pk: name for name, pk in keys.items()}
    changes = []
    for role in GROUPS:
        group, is_new = Group.objects.get_or_create(name=role.name)
        held = group.permissions.order_by().values_list("pk", flat=True)
        before = frozenset(names[pk] for pk in held)
        if is_new or before != role.rights:
            group.permissions.set([keys[right] for right in role.rights])
            changes.append(GroupChange(role.name, is_new, before, role.rights))
    return changes


def is_ready_made(group: Group) -> bool:
    """Whether `apply_groups` alone sets the permissions of the group."""
    return group.name in DESCRIPTIONS


def filter_grantable(permissions: QuerySet[Permission]) -> QuerySet[Permission]:
    """Return those of the permissions that a ready-made group has."""
    keys = Concat("content_type__app_label", Value("."), "codename")
    return permissions.alias(key=keys).filter(key__in=RIGHTS)


def is_grantable(permission: Permission) -> bool:
    """Whether a ready-made group has the permission."""
    return f"{permission.content_type.app_label}.{permission.codename}" in RIGHTS


def visible(account: Asker, model: type[M]) -> QuerySet[M]:
    """Return the records of this model in the scope of the account."""
    rows: QuerySet[M] = QuerySet(model)
    return rows.filter(scope(account, model))


def scope(account: Asker, model: type[Model]) -> Q:
    """Return the condition for the account to see a record of this model."""
    if model not in SCOPES:
        return Q() if is_operator(account) else Q(pk__in=[])
    return (
        Q()
        if sees_whole_host(account)
        else in_domains(model, administered_domains(account))
    )


def in_domains(model: type[Model], domains: QuerySet[Domain]) -> Q:
    """Return the condition for a record to belong to one of these domains.

    Raises:
        KeyError: the model's records belong to the whole host, see `SCOPES`.
    """
    return SCOPES[model](domains)


def goes_with_domain_of(record: Model, chosen: Domain | Department | Policy) -> bool:
    """Whether everybody who sees the record sees what it names: by their domain alone.

    They see what is of the record's domain, and policies for every domain.
    """
    domain, of_record = (
        each.pk if isinstance(each, Domain) else getattr(each, "domain_id", None)
        for each in (chosen, record)
    )
    return domain in {None, of_record}


def is_operator(account: Asker) -> bool:
    """Whether the account may grant rights and change records of the whole host."""
    return bool(account.has_perm(OPERATE))


def sees_whole_host(account: Asker) -> bool:
    """Whether the scope of the account is the whole host."""
    return bool(account.has_perm(OPERATE) or account.has_perm(WHOLE_HOST))


def administered_domains(account: Asker) -> QuerySet[Domain]:
    """Return the domains in the scope of the account, if it is not the whole host."""
    return Domain.objects.filter(administrators=account.pk)


def is_administrator(account: Account) -> bool:
    return account.is_staff or account.is_superuser


def may_change_mailbox(account: Asker, other: Account) -> bool:
    """Whether the account may change this mailbox and its records, by their ranks.

    Only site operators change the mailboxes of administrators, and only superusers
    those of superusers: whoever can set a password has the rights of its owner.
    """
    if not is_administrator(other) or account.is_superuser:
        return True
    return is_operator(account) and not other.is_superuser


def owner_of(record: Model | None) -> Account | None:
    """Return the mailbox that the record is or belongs to, if any."""
    for found in (
        record,
        getattr(record, "account", None),
        getattr(record, "user", None),
    ):
        if isinstance(found, Account):
            return found
    return None
