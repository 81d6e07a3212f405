"""The pages of domains and departments."""

from datetime import datetime
from typing import Protocol, TypeVar

from django.contrib import admin
from django.db.models import Count, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from accounts import addresses
from accounts.events import Kind
from accounts.models import Account, Department, Domain, Policy, SecurityEvent
from accounts.policy import effective as effective_policy
from accounts.policy import queries
from accounts.sessions import cutoffs
from administration.base.display import NOTHING
from administration.base.filters import MailboxDomainFilter
from administration.base.lists import Context, Shown
from administration.bulk.mixin import BulkActionsMixin
from administration.mailboxes.filters import GroupRequiredFilter
from administration.policies import effective
from administration.policies.preview import PreviewedAdmin
from clientpasswords.consequences import PolicyChange
from provisioning import roles

G = TypeVar("G", bound=Domain | Department)


class CountedGroup(Protocol):
    """A domain or department in the list, with the number of its mailboxes."""

    counted: int


class DatedDomain(Protocol):
    """A domain in the list, with the time of the last change of its policy."""

    changed_at: datetime | None


class GroupAdmin(BulkActionsMixin[G], PreviewedAdmin[G]):
    """The base of the pages of domains and departments: each may name a policy."""

    comes_with = ["policy"]
    # The field of a mailbox that refers to it.
    name_in_mailboxes: str
    readonly_fields = ["effective_policy"]
    autocomplete_fields = ["policy"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[G]:
        return super().get_queryset(request).select_related(*self.comes_with)

    def annotate_page(self, rows: QuerySet[G]) -> QuerySet[G]:
        its_own = Account.objects.filter(**{self.name_in_mailboxes: OuterRef("pk")})
        # Without an order, which would be added to GROUP BY.
        counted = its_own.order_by().values(self.name_in_mailboxes)
        number = counted.annotate(number=Count("pk")).values("number")
        widened: QuerySet[G] = rows.annotate(counted=Coalesce(Subquery(number), 0))
        return widened

    def policy_change(self, old: G, form: ModelForm[G]) -> PolicyChange:
        return PolicyChange(policy=binding_policy(form.instance))

    def differences(self, old: G, form: ModelForm[G]) -> list[tuple[str, str, str]]:
        was, will = binding_policy(old), binding_policy(form.instance)
        name = capfirst(str(_("policy")))
        return [(name, str(was), str(will)), *effective.setting_differences(was, will)]

    def get_extra_context(self, request: HttpRequest, record: G | None) -> Context:
        effective.remember_authors(request, record, effective_policy.get_levels_above)
        return super().get_extra_context(request, record)

    @admin.display(description=_("effective policy"))
    def effective_policy(self, group: G) -> SafeString | str:
        if group.pk is None:
            return NOTHING
        return effective.render_box(group, effective_policy.get_levels_above(group))

    @admin.display(description=_("security passwords required"))
    def required(self, group: G) -> str:
        return effective.describe_requirement(binding_policy(group))

    @admin.display(description=_("protocols"))
    def protocols(self, group: G) -> str:
        return effective.describe_protocols(binding_policy(group))

    @admin.display(description=_("mailboxes"))
    def mailboxes(self, group: CountedGroup) -> int:
        return group.counted


@admin.register(Domain)
class DomainAdmin(GroupAdmin[Domain]):
    """Lets only site operators create, rename and delete domains."""

    name_in_mailboxes = "domain"
    normalise_search = staticmethod(addresses.normalise_domain)
    list_display = [
        "name",
        "policy",
        "required",
        "protocols",
        "mailboxes",
        "last_change",
    ]
    list_filter = [GroupRequiredFilter]
    search_fields = ["name__startswith"]
    search_help_text = _("Beginning of its name")
    fields = ["name", "policy", "effective_policy"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and roles.is_operator(request.user)

    def has_delete_permission(
        self, request: HttpRequest, obj: Domain | None = None
    ) -> bool:
        allowed = super().has_delete_permission(request, obj)
        return allowed and roles.is_operator(request.user)

    def get_readonly_fields(
        self, request: HttpRequest, obj: Domain | None = None
    ) -> list[str]:
        fields = [*super().get_readonly_fields(request, obj)]
        return fields if roles.is_operator(request.user) else [*fields, "name"]

    def save_model(
        self, request: HttpRequest, obj: Domain, form: ModelForm[Domain], change: object
    ) -> None:
        """Save the record, and end the mail sessions that lose their right."""
        super().save_model(request, obj, form, change)
        cutoffs.review_sessions(f"*@{obj.name}*")

    def affected_accounts(
        self, record: Domain, changed: list[str]
    ) -> QuerySet[Account]:
        if "policy" not in changed:
            return Account.objects.none()
        return queries.accounts_bound_by_domains([record.pk])

    def complete_rows(self, rows: Shown) -> None:
        changed = _last_changes(rows)
        for domain in rows:
            domain.changed_at = changed.get(domain.name)

    @admin.display(description=_("last policy change"))
    def last_change(self, domain: DatedDomain) -> datetime | None:
        return domain.changed_at


@admin.register(Department)
class DepartmentAdmin(GroupAdmin[Department]):
    name_in_mailboxes = "department"
    comes_with = ["domain__policy", "policy"]
    list_display = ["name", "domain", "policy", "required", "protocols", "mailboxes"]
    list_filter = [MailboxDomainFilter, GroupRequiredFilter]
    search_fields = ["name__istartswith", "domain__name__startswith"]
    search_help_text = _("Beginning of its name, or of its domain's")
    autocomplete_fields = ["domain", "policy"]
    fields = ["domain", "name", "policy", "effective_policy"]

    def save_model(
        self,
        request: HttpRequest,
        obj: Department,
        form: ModelForm[Department],
        change: object,
    ) -> None:
        """Save the record, and end the mail sessions that lose their right."""
        super().save_model(request, obj, form, change)
        cutoffs.review_sessions(f"*@{obj.domain.name}*")

    def delete_model(self, request: HttpRequest, obj: Department) -> None:
        """Delete the department; the policy of the domain applies to its mailboxes."""
        super().delete_model(request, obj)
        cutoffs.review_sessions(f"*@{obj.domain.name}*")

    def affected_accounts(
        self, record: Department, changed: list[str]
    ) -> QuerySet[Account]:
        if "policy" not in changed:
            return Account.objects.none()
        return queries.accounts_bound_by_departments([record.pk])


def binding_policy(group: Domain | Department) -> Policy:
    """Return the policy of its mailboxes that have no exception."""
    return effective_policy.list_binding(effective_policy.get_levels_above(group))[
        -1
    ].policy


def _last_changes(domains: list[Domain]) -> dict[str, datetime]:
    """Return when the policy of each domain was replaced or changed. One query."""
    names = [domain.name for domain in domains]
    policies_named = [domain.policy.name for domain in domains]
    given = Q(kind=Kind.DOMAIN_CHANGED, domain__in=names)
    given &= Q(detail__changed__has_key="policy")
    changed = Q(kind=Kind.POLICY_CHANGED, detail__policy__in=policies_named)
    rows = SecurityEvent.objects.filter(given | changed).order_by()
    found = rows.values_list("domain", "detail__policy").annotate(Max("at"))
    of_domain = {domain: at for domain, _policy, at in found if domain}
    of_policy = {policy: at for domain, policy, at in found if not domain}
    latest = {}
    for domain in domains:
        both = of_domain.get(domain.name), of_policy.get(domain.policy.name)
        if any(both):
            latest[domain.name] = max(filter(None, both))
    return latest
