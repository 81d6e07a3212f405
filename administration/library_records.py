"""Pages of the records of libraries: groups and second factors."""

from http import HTTPStatus
from typing import Any, TypeVar

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.forms import ModelForm, ModelMultipleChoiceField
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_totp.admin import TOTPDeviceAdmin
from django_otp.plugins.otp_totp.models import TOTPDevice
from django_otp_webauthn.models import WebAuthnCredential
from django_stubs_ext import StrOrPromise

from accounts.http import actor
from accounts.models import RecoveryCodes
from accounts.signin import second_factor
from administration.base import audit, rights
from administration.base.audited import AuditedAdmin
from administration.base.display import NOTHING
from administration.base.filters import CreatedFilter, LastUsedFilter
from administration.base.lists import Columns, Context, Fieldsets
from administration.base.proof import read_proof
from administration.base.scoped import References
from provisioning import roles

# The libraries registered their own pages when they were imported.
admin.site.unregister([Group, TOTPDevice])

M = TypeVar("M", bound=Model)
S = TypeVar("S", bound=TOTPDevice | WebAuthnCredential | RecoveryCodes)


class OperatorsAdmin(AuditedAdmin[M]):
    """For site operators only, whatever permissions others have."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        allowed = super().has_module_permission(request)
        return allowed and roles.is_operator(request.user)

    def has_view_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        allowed = super().has_view_permission(request, obj)
        return allowed and roles.is_operator(request.user)

    def has_add_permission(self, request: HttpRequest) -> bool:
        allowed = super().has_add_permission(request)
        return allowed and roles.is_operator(request.user)

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        allowed = super().has_change_permission(request, obj)
        return allowed and roles.is_operator(request.user)

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        allowed = super().has_delete_permission(request, obj)
        return allowed and roles.is_operator(request.user)


@admin.register(Group)
class AuditedGroupAdmin(OperatorsAdmin[Group], GroupAdmin):
    """Refuses changes of one's own groups, which would change one's own rights.

    Ready-made groups are read-only as well: `prepare` would restore them.
    """

    list_display = ["shown", "described"]
    fields = ["name", "permissions"]
    readonly_fields = ["granted"]

    def get_fields(self, request: HttpRequest, obj: Group | None = None) -> list[Any]:
        """Describe the permissions where Django would name them for programmers."""
        if obj is not None and not self.has_change_permission(request, obj):
            return ["name", "granted"]
        return [*self.fields]

    def formfield_for_manytomany(
        self, db_field: References, request: HttpRequest | None = None, **kwargs: Any
    ) -> ModelMultipleChoiceField[Model] | None:
        if db_field.name == "permissions":
            kwargs |= rights.build_field_options()
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def opens_more(self, form: ModelForm[Group]) -> bool:
        return "permissions" in form.changed_data

    def may_write(self, request: HttpRequest, record: Group) -> bool:
        if roles.is_ready_made(record):
            return False
        return not _is_member(request, record)

    def why_read_only(self, request: HttpRequest, record: Group) -> StrOrPromise:
        if roles.is_ready_made(record):
            return _(
                "This group comes with the portal, which sets its rights at each "
                "start. For other rights, create your own group."
            )
        return _("You are in this group. Only others can change its rights.")

    @admin.display(description=_("name"), ordering="name")
    def shown(self, group: Group) -> str:
        """Return the name, translated for ready-made groups."""
        return gettext(group.name)

    @admin.display(description=_("Rights"))
    def granted(self, group: Group) -> str:
        """Return each permission in words."""
        rows = group.permissions.select_related("content_type")
        return "\n".join(map(rights.describe_permission, rows))

    @admin.display(description=_("what its members may do"))
    def described(self, group: Group) -> str:
        """Return the translated description of a ready-made group."""
        text = roles.DESCRIPTIONS.get(group.name)
        return gettext(text) if text else NOTHING


def _is_member(request: HttpRequest, group: Group) -> bool:
    """Whether the reader is in the group. One query for each page that shows it."""
    known = vars(group)
    if "has_reader" not in known:
        known["has_reader"] = request.user.groups.filter(pk=group.pk).exists()
    return bool(known["has_reader"])


WITHOUT_IT = _(
    "The owner then signs in with the second factors that are left. Without any, the "
    "web password alone is enough."
)


class SecondFactorAdmin(AuditedAdmin[S]):
    """Second factors of owners: to view and to delete; only operators change one."""

    list_select_related = ["user"]
    search_help_text = _("Beginning of a mailbox's address")

    def get_form(
        self, request: HttpRequest, obj: S | None = None, *args: Any, **kwargs: Any
    ) -> type[ModelForm[S]]:
        """Leave out the help texts of the libraries, which are for programmers."""
        no_help = dict.fromkeys((each.name for each in self.opts.fields), "")
        labels = {"throttling_failure_count": _("failures")}
        return super().get_form(
            request, obj, *args, help_texts=no_help, labels=labels, **kwargs
        )

    def delete_view(
        self,
        request: HttpRequest,
        object_id: str,
        extra_context: Context | None = None,
    ) -> HttpResponse:
        """Say how the owner signs in without it, and ask for a proof: more get in."""
        more = {**(extra_context or {}), "what_follows": WITHOUT_IT}
        is_refused = not read_proof(request).ask() and request.method == "POST"
        if is_refused:
            request.POST = QueryDict()  # by which Django's page is shown again
        answer = super().delete_view(request, object_id, more)
        if is_refused and answer.status_code == HTTPStatus.OK:
            answer.status_code = HTTPStatus.UNPROCESSABLE_ENTITY
        return answer

    def opens_more(self, form: ModelForm[S]) -> bool:
        return bool(set(form.changed_data) - audit.OWN_FIELDS)

    def save_model(
        self, request: HttpRequest, obj: S, form: ModelForm[S], change: object
    ) -> None:
        """Save it; without its confirmation it is no second factor any more."""
        super().save_model(request, obj, form, change)
        second_factor.remove_codes_without_factor(obj.user, by=actor(request))

    def delete_model(self, request: HttpRequest, obj: S) -> None:
        """Delete it, and with the last second factor the recovery codes too."""
        super().delete_model(request, obj)
        second_factor.remove_codes_without_factor(obj.user, by=actor(request))

    def may_write(self, request: HttpRequest, record: S) -> bool:
        """Refuse one's own second factors: another page asks for a code first."""
        allowed = super().may_write(request, record)
        return allowed and record.user_id != request.user.pk

    def has_add_permission(self, request: HttpRequest, obj: S | None = None) -> bool:
        """Refuse: only the owner may know the secret."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: S | None = None) -> bool:
        allowed = super().has_change_permission(request, obj)
        return allowed and roles.is_operator(request.user)


@admin.register(TOTPDevice)
class AuditedTOTPDeviceAdmin(SecondFactorAdmin[TOTPDevice], TOTPDeviceAdmin):
    """Never shows the seed, whatever the setting of the library says."""

    list_display = ["user", "name", "created_at", "last_used_at", "state"]
    list_filter = [CreatedFilter, LastUsedFilter, "confirmed"]
    fields = [
        "user",
        "name",
        "confirmed",
        "created_at",
        "last_used_at",
        "step",
        "t0",
        "digits",
        "tolerance",
        "drift",
        "throttling_failure_timestamp",
        "throttling_failure_count",
    ]
    # It stays with its owner: whoever made it knows the seed.
    readonly_fields = ["user", "created_at", "last_used_at"]
    raw_id_fields = []

    def get_list_display(self, request: HttpRequest) -> Columns:
        return self.list_display

    def get_fieldsets(self, request: HttpRequest, obj: object = None) -> Fieldsets:
        return [(None, {"fields": self.fields})]

    @admin.display(description=_("state"))
    def state(self, device: TOTPDevice) -> StrOrPromise:
        return _("In use") if device.confirmed else _("Not yet confirmed")

    def config_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Refuse this page of the library, which shows the seed."""
        raise PermissionDenied

    def qrcode_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Refuse this picture of the library, which contains the seed."""
        raise PermissionDenied


@admin.register(WebAuthnCredential)
class AuditedPasskeyAdmin(SecondFactorAdmin[WebAuthnCredential]):
    """Passkeys of owners: to view and to delete; nobody changes one."""

    list_display = ["user", "name", "created_at", "last_used_at"]
    list_filter = [CreatedFilter, LastUsedFilter]
    search_fields = ["user__address__startswith"]
    fields = [
        "user",
        "name",
        "confirmed",
        "last_used_at",
        "created_at",
        "aaguid",
        "transports",
        "discoverable",
        "backup_eligible",
        "backup_state",
        "sign_count",
    ]

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(RecoveryCodes)
class AuditedRecoveryCodesAdmin(SecondFactorAdmin[RecoveryCodes]):
    """The number of unused recovery codes: to view and to delete."""

    list_display = ["user", "unused", "made_at"]
    search_fields = ["user__address__startswith"]
    fields = ["user", "unused", "made_at", "throttling_failure_count"]
    readonly_fields = ["unused"]

    @admin.display(description=_("unused codes"))
    def unused(self, codes: RecoveryCodes) -> int:
        return codes.left

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False
