"""The page of policies."""

import json
from collections.abc import Sequence

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.forms import ModelChoiceField, ModelForm
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from accounts.models import Account, Department, Domain, Policy
from accounts.models.policy import (
    CODE_SETTINGS,
    MAIL_PROGRAM_SETTINGS,
    PROTOCOL_SETTINGS,
    SECURITY_PASSWORD_SETTINGS,
)
from accounts.models.protocols import PROTOCOLS
from accounts.policy import queries
from accounts.sessions import cutoffs
from administration.base.lists import BoundedPaginator, Context, Reference
from administration.policies import effective, form
from administration.policies.preview import PreviewedAdmin
from clientpasswords import rollout
from clientpasswords.consequences import PolicyChange
from provisioning import roles

# Fields that mail programs do not depend on.
WITHOUT_EFFECT = {"name", "domain", "owner_sets_phone", "code_to_switch_off"}
ROWS = 50
MAX_USERS = 10  # records of a kind that are named as users of a policy


def _in_rows(settings: Sequence[str]) -> list[str | list[str] | tuple[str, ...]]:
    """Return the settings as rows of the page: all protocols in one row."""
    first = settings.index(PROTOCOL_SETTINGS[0])
    rest = settings[first + len(PROTOCOL_SETTINGS) :]
    return [*settings[:first], PROTOCOL_SETTINGS, *rest]


@admin.register(Policy)
class PolicyAdmin(PreviewedAdmin[Policy]):
    """Administrators change policies of their domains, and may choose the others."""

    change_form_template = "admin/accounts/policy/change_form.html"
    add_form_template = change_form_template
    list_display = [
        "name",
        "domain",
        "protocols",
        "required",
        "max_client_passwords",
    ]
    list_select_related = ["domain"]
    search_fields = ["name"]
    autocomplete_fields = ["domain"]
    fieldsets = [
        (None, {"fields": ["name", "domain"]}),
        (_("Mail programs"), {"fields": _in_rows(MAIL_PROGRAM_SETTINGS)}),
        (_("Requirement"), {"fields": SECURITY_PASSWORD_SETTINGS[:3]}),
        (_("Limits of security passwords"), {"fields": SECURITY_PASSWORD_SETTINGS[3:]}),
        (_("Codes"), {"fields": CODE_SETTINGS}),
    ]
    form = form.PolicyForm

    @admin.display(description=_("mail programs"))
    def protocols(self, policy: Policy) -> str:
        return effective.describe_protocols(policy)

    @admin.display(description=_("security passwords"))
    def required(self, policy: Policy) -> str:
        return effective.describe_requirement(policy)

    def may_write(self, request: HttpRequest, record: Policy) -> bool:
        """Refuse policies for every domain: they bind mailboxes of other domains."""
        return record.domain_id is not None or roles.sees_whole_host(request.user)

    def why_read_only(self, request: HttpRequest, record: Policy) -> StrOrPromise:
        return _(
            "This policy is for every domain of the host. You can choose it, or create "
            "one for your own domain and change that."
        )

    def formfield_for_foreignkey(
        self, db_field: Reference, request: HttpRequest, **kwargs: object
    ) -> ModelChoiceField[Model] | None:
        """Require a domain, unless the scope is the whole host."""
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if field is not None and not roles.sees_whole_host(request.user):
            field.required = True
        return field

    def get_extra_context(self, request: HttpRequest, record: Policy | None) -> Context:
        """Add what the settings come to, the presets, and where the policy is named."""
        texts: Context = {
            **{key: str(text) for key, text in form.RESULTS.items()},
            "protocols": [(each.key, str(each.label)) for each in PROTOCOLS],
        }
        return super().get_extra_context(request, record) | {
            "result": form.describe_result(record or Policy()),
            "result_texts": json.dumps(texts, ensure_ascii=False),
            "presets": form.PRESETS,
            "users": self._list_users(request, record) if record else [],
        }

    def _list_users(
        self, request: HttpRequest, policy: Policy
    ) -> list[tuple[str, list[tuple[str, str]], bool]]:
        """Return which records name the policy: of each kind the first, with links.

        One query for each kind.
        """
        found = []
        for model in (Domain, Department, Account):
            page = self.admin_site.get_model_admin(model)
            users = page.get_queryset(request).filter(policy=policy)
            rows = list(users[: MAX_USERS + 1])
            view = f"admin:accounts_{page.opts.model_name}_change"
            links = [
                (str(row), reverse(view, args=[row.pk])) for row in rows[:MAX_USERS]
            ]
            if links and page.has_view_permission(request):
                name = capfirst(str(page.opts.verbose_name_plural))
                found.append((name, links, len(rows) > MAX_USERS))
        return found

    def save_model(
        self, request: HttpRequest, obj: Policy, form: ModelForm[Policy], change: object
    ) -> None:
        """Save the policy, and end the mail sessions that it no longer allows."""
        super().save_model(request, obj, form, change)
        cutoffs.review_sessions("*")

    def get_urls(self) -> list[URLPattern]:
        report = self.admin_site.admin_view(self.report_view)
        name = "accounts_policy_report"
        return [
            path("<path:object_id>/report/", report, name=name),
            *super().get_urls(),
        ]

    def affected_accounts(
        self, record: Policy, changed: list[str]
    ) -> QuerySet[Account]:
        if WITHOUT_EFFECT.issuperset(changed):
            return Account.objects.none()
        return queries.accounts_bound_by(record)

    def differences(
        self, old: Policy, form: ModelForm[Policy]
    ) -> list[tuple[str, str, str]]:
        return effective.setting_differences(old, form.instance)

    def policy_change(self, old: Policy, form: ModelForm[Policy]) -> PolicyChange:
        return PolicyChange(settings=form.instance.settings)

    def report_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show whom the policy would refuse if it required security passwords.

        Raises:
            Http404: there is no such policy for this administrator.
            PermissionDenied: they may not look at it, or at mail logons.
        """
        policy = self.get_object(request, unquote(object_id))
        if policy is None:
            raise Http404
        may_look = self.has_view_permission(request, policy)
        if not (may_look and request.user.has_perm("clientpasswords.view_logon")):
            raise PermissionDenied
        bound = self.visible_among(request, queries.accounts_bound_by(policy))
        reach = rollout.measure_reach(bound)
        found = rollout.would_be_refused(bound, reach)
        page = BoundedPaginator(found, ROWS).get_page(request.GET.get("p"))
        more = {"reach": reach, "days": rollout.RECENT.days, "page": page}
        return self.page(request, "report", policy, **more)
