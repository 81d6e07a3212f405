"""The rights of administrators on the page of a mailbox."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import UserChangeForm
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from administration.base import audit
from administration.base.audited import AuditedAdmin, CleanedData
from administration.base.lists import Context, Fieldsets
from administration.base.rights import build_field_options
from administration.base.scoped import References
from administration.base.widgets import (
    NamedAutocompleteSelectMultiple,
    RecordsField,
)
from administration.mailboxes import rights
from administration.mailboxes.adding import AccountCreationForm
from provisioning import roles

OWN_RIGHTS = _("You cannot change your own rights. Ask another site operator.")
OWN_MAILBOX = _("This would disable your own mailbox, and you could not sign in again.")
OWN_KEYS = _(
    "Your own web password, phone number and security passwords are changed in your "
    "settings in the portal."
)
RIGHTS = [
    "is_staff",
    "is_superuser",
    "domains_administered",
    "groups",
    "user_permissions",
]
# Which value of a field lets a password in that was refused before.
OPENED_BY = {"is_active": True, "client_passwords_on": False}
# The rights that only the pages of administrators show.
ADMINISTRATOR_FIELDS = {"domains_administered", "groups", "user_permissions"}
VISIBLE_RIGHTS = ["is_staff", "is_superuser", "domains_administered", "groups_of"]


class GroupsField(RecordsField):
    """Groups, with translated names of the ready-made ones."""

    def label_from_instance(self, obj: Group) -> str:
        return gettext(obj.name)


Form = forms.ModelForm[Account]


class AccountChangeForm(UserChangeForm[Account]):
    """Changes a mailbox; the hash of its password is not shown."""

    author: Account

    class Meta:
        model = Account
        fields = [
            "address",
            "password",
            "name",
            "language",
            "domain",
            "department",
            "policy",
            "policy_until",
            "policy_reason",
            "is_active",
            "client_passwords_on",
            *RIGHTS,
        ]
        field_classes = {"groups": GroupsField}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Who may only look has no such field.
        if "password" in self.fields:
            self.fields["password"].label = _("Web password")
            self.fields["password"].help_text = _(
                "Nobody can see it: only a hash of it is stored."
            )

    def clean(self) -> CleanedData:
        """Refuse changes of the author's own rights, and disabling oneself."""
        cleaned = super().clean() or self.cleaned_data
        if self.instance.pk == self.author.pk:
            for name in audit.RIGHTS.intersection(self.changed_data):
                self.add_error(name, OWN_RIGHTS)
            if "is_active" in self.changed_data:
                self.add_error("is_active", OWN_MAILBOX)
        return cleaned


class RightsAdmin(AuditedAdmin[Account], UserAdmin[Account]):
    """Lets only site operators grant rights, and nobody to themselves."""

    def get_fieldsets(
        self, request: HttpRequest, obj: Account | None = None
    ) -> Fieldsets:
        """Show only the rights that the person may see."""
        shown = super().get_fieldsets(request, obj)
        if obj is not None and not self.has_change_permission(request, obj):
            shown = _without_password(shown)
        if obj is None or roles.is_operator(request.user):
            return shown
        sees = roles.sees_whole_host(request.user) and obj.is_staff
        fields = VISIBLE_RIGHTS if sees else ["is_staff"]
        return [
            (title, {**what, "fields": fields} if what["fields"] == RIGHTS else what)
            for title, what in shown
        ]

    def get_form(
        self,
        request: HttpRequest,
        obj: Account | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> type[forms.ModelForm[Account]]:
        """Offer what can be given to an administrator, all of it with one query."""
        form = super().get_form(request, obj, *args, **kwargs)
        sees = roles.sees_whole_host(request.user)
        if request.method != "GET" or obj is None or not (obj.is_staff and sees):
            return form
        for name, records in rights.load_rights(obj).items():
            field: Any = form.base_fields.get(name)
            if name == "domains_administered" and field:
                field.widget.widget.loaded = {str(each.pk): each for each in records}
            elif field:
                label = field.label_from_instance
                field.choices = [(each.pk, label(each)) for each in records]
        return form

    def get_readonly_fields(
        self, request: HttpRequest, obj: Account | None = None
    ) -> list[str]:
        fields = [*super().get_readonly_fields(request, obj)]
        if obj == request.user:
            fields.append("client_passwords_on")
        if not roles.is_operator(request.user):
            return [*fields, *RIGHTS, "groups_of"]
        is_super = getattr(request.user, "is_superuser", False)
        return fields if is_super else [*fields, "is_superuser"]

    def formfield_for_manytomany(
        self, db_field: References, request: HttpRequest | None = None, **kwargs: Any
    ) -> forms.ModelMultipleChoiceField[Model] | None:
        if db_field.name == "domains_administered":
            kwargs["widget"] = NamedAutocompleteSelectMultiple(
                db_field, self.admin_site
            )
        if db_field.name == "user_permissions":
            kwargs |= build_field_options()
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def save_model(
        self,
        request: HttpRequest,
        obj: Account,
        form: Form,
        change: object,
    ) -> None:
        """Save the mailbox, if the author may still change rights.

        Raises:
            PermissionDenied: the author is no longer a site operator.
        """
        if audit.RIGHTS.intersection(form.changed_data):
            author = Account.objects.get(address=request.user.get_username())
            if not (author.is_active and roles.is_operator(author)):
                raise PermissionDenied
        super().save_model(request, obj, form, change)

    def get_extra_context(
        self, request: HttpRequest, record: Account | None
    ) -> Context:
        """Say where one's own keys are changed: by a page that asks for a proof."""
        shown = super().get_extra_context(request, record)
        return {"why_read_only": OWN_KEYS, **shown} if record == request.user else shown

    def opens_more(self, form: Form) -> bool:
        """Whether it is a new mailbox, or one that opens for more than before.

        Under another address, it gets the mail to that one, perhaps somebody's before.
        """
        changed = set(form.changed_data)
        opened = {
            name
            for name in changed & OPENED_BY.keys()
            if form.cleaned_data.get(name) is OPENED_BY[name]
        }
        is_new = isinstance(form, AccountCreationForm)
        return is_new or bool(opened or changed & (audit.RIGHTS | {"address"}))

    @admin.display(description=_("groups"))
    def groups_of(self, account: Account) -> str:
        return ", ".join(gettext(group.name) for group in account.groups.all())


def _without_password(fieldsets: Fieldsets) -> Fieldsets:
    """Leave out the password field, for those who may not set one."""
    return [
        (title, {**what, "fields": [f for f in what["fields"] if f != "password"]})
        for title, what in fieldsets
    ]
