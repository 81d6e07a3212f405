"""What an API token may do now: its scopes, limited to what its owner may do now.

A token without an owner has all of its scopes.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from django.db.models import QuerySet

from accounts.models import Account, Domain, Policy
from accounts.signin import backend
from provisioning import roles
from provisioning.models import ApiToken

Scope = ApiToken.Scope
# Scopes for the whole host; no token for some domains has them.
WHOLE_HOST_SCOPES = frozenset({Scope.DOMAINS_WRITE, Scope.POLICIES_WRITE})
# The permissions that the owner needs for each scope, all of them. As in the
# administration, whoever may change a record may view it.
PERMISSIONS: Mapping[Scope, Collection[str]] = {
    Scope.ACCOUNTS_READ: ["accounts.view_account", "accounts.view_phone"],
    Scope.ACCOUNTS_WRITE: [
        "accounts.add_account",
        "accounts.change_account",
        "accounts.add_phone",
        "accounts.change_phone",
        "accounts.delete_phone",
        "administration.offboard",
    ],
    Scope.ACCOUNTS_DELETE: ["accounts.delete_account"],
    Scope.DOMAINS_READ: ["accounts.view_domain"],
    Scope.DOMAINS_WRITE: [
        "accounts.add_domain",
        "accounts.change_domain",
        roles.OPERATE,
    ],
    Scope.POLICIES_READ: ["accounts.view_policy"],
    Scope.POLICIES_WRITE: ["accounts.add_policy", "accounts.change_policy"],
    Scope.PASSWORDS_READ: ["clientpasswords.view_clientpassword"],
    Scope.PASSWORDS_REVOKE: ["clientpasswords.revoke_clientpassword"],
}


@dataclass(frozen=True)
class TokenAccess:
    """What a token may do at this moment.

    `scopes` are its usable scopes. `withheld_scopes` are those that its owner has no
    permission for now. `covers_whole_host` says that it covers every domain.
    """

    token: ApiToken
    scopes: frozenset[str]
    withheld_scopes: frozenset[str]
    covers_whole_host: bool
    is_limited_by_owner: bool  # to the domains that its owner administers

    @property
    def grants_nothing(self) -> bool:
        """Whether the token can be used for nothing now."""
        return not self.scopes or not (
            self.covers_whole_host or self.domains().exists()
        )

    def domains(self) -> QuerySet[Domain]:
        """Return the visible domains."""
        rows = Domain.objects.all()
        if self.token.is_limited:
            rows = rows.filter(pk__in=self.token.domains.values("pk"))
        if self.is_limited_by_owner:
            owner = self.token.owner
            own = roles.administered_domains(owner) if owner else Domain.objects.none()
            rows = rows.filter(pk__in=own.values("pk"))
        return rows

    def accounts(self) -> QuerySet[Account]:
        """Return the visible mailboxes."""
        if self.covers_whole_host:
            return Account.objects.all()
        domains = self.domains().order_by()
        return Account.objects.filter(roles.in_domains(Account, domains))

    def policies(self) -> QuerySet[Policy]:
        """Return the visible policies: those for every domain and those of its domains.

        None, if it sees no domain.
        """
        if self.covers_whole_host:
            return Policy.objects.all()
        domains = self.domains().order_by()
        return Policy.objects.filter(roles.in_domains(Policy, domains))


def evaluate(token: ApiToken) -> TokenAccess:
    """Return what the token may do now. The owner has to be loaded already."""
    named = frozenset(token.scopes)
    if not token.is_owned:
        is_whole = not token.is_limited
        return TokenAccess(
            token, named, frozenset(), is_whole, is_limited_by_owner=False
        )
    owner = token.owner
    if owner is None or token.is_left:
        return TokenAccess(
            token, frozenset(), named, covers_whole_host=False, is_limited_by_owner=True
        )
    beyond = scopes_beyond_owner(owner, named)
    sees_all = roles.sees_whole_host(owner)
    is_whole = sees_all and not token.is_limited
    return TokenAccess(
        token, named - beyond, beyond, is_whole, is_limited_by_owner=not sees_all
    )


def scopes_beyond_owner(owner: Account, scopes: Collection[str]) -> frozenset[str]:
    """Return the scopes for which the owner lacks a permission now."""
    sees_all = roles.sees_whole_host(owner)
    return frozenset(
        scope
        for scope in scopes
        if not all(_owner_may(owner, each) for each in PERMISSIONS[Scope(scope)])
        or (scope in WHOLE_HOST_SCOPES and not sees_all)
    )


def load_owner_permissions(tokens: Collection[ApiToken]) -> None:
    """Load the permissions of the owners of these tokens. One query."""
    owners = {token.owner.pk: token.owner for token in tokens if token.owner}
    if not owners:
        return
    held: dict[int, set[str]] = {pk: set() for pk in owners}
    for owner, app, name in _owner_permissions(owners):
        held[owner].add(f"{app}.{name}")
    for token in tokens:
        if token.owner is not None:
            backend.give_permissions(token.owner, held[token.owner.pk])


def _owner_may(owner: Account, permission: str) -> bool:
    change = permission.replace(".view_", ".change_")
    return owner.has_perm(permission) or owner.has_perm(change)


def _owner_permissions(owners: Collection[int]) -> Iterable[tuple[int, str, str]]:
    """Yield owner, app label and codename of each permission."""
    own = Account.user_permissions.through.objects.filter(account__in=owners)
    groups = Account.groups.through.objects.filter(account__in=owners)
    app, name = "permission__content_type__app_label", "permission__codename"
    of_group = "group__permissions__content_type__app_label"
    direct = own.order_by().values_list("account", app, name)
    through = groups.order_by().values_list(
        "account", of_group, "group__permissions__codename"
    )
    return direct.union(through)
