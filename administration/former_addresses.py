"""The page of former addresses, where administrators release them."""

from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import AdminForm
from django.contrib.admin.utils import unquote
from django.contrib.admin.widgets import AdminTextInputWidget
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from accounts import events
from accounts.http import actor
from accounts.models import Account, FormerAddress
from administration.base.display import NOTHING
from administration.base.filters import MailboxDomainFilter
from administration.base.lists import Context, Fieldsets
from administration.base.scoped import ReadOnlyAdmin
from provisioning import former_addresses, roles
from provisioning.operations import Order


class ReleaseForm(forms.Form):
    """Confirms that no mail is left, and asks for the reason of the release."""

    nothing_left = forms.BooleanField(
        label=_("Its mail has been moved or removed"),
        help_text=_("The portal does not look into the mail server's folders."),
    )
    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("Recorded in the audit log."),
        max_length=events.MAX_REASON_LENGTH,
        widget=AdminTextInputWidget,
    )


class FormerDomainFilter(MailboxDomainFilter):
    path = "domain"


@admin.register(FormerAddress)
class FormerAddressAdmin(ReadOnlyAdmin[FormerAddress]):
    """Shows former addresses by the name of their domain, which may be gone."""

    change_form_template = "admin/accounts/formeraddress/change_form.html"
    list_display = ["address", "left_at", "because", "present_address"]
    list_select_related = ["account"]
    list_filter = [FormerDomainFilter, "because"]
    sortable_by = ["address"]
    search_fields = ["address__startswith"]
    search_help_text = _("Beginning of the address")
    fields = ["address", "left_at", "because", "present_address"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[FormerAddress]:
        """Add `is_mailbox_seen`: whether they may see the mailbox that had it."""
        rows = super().get_queryset(request)
        mailboxes = roles.visible(request.user, Account)
        is_seen = Exists(mailboxes.filter(pk=OuterRef("account")))
        return rows.select_related("account").annotate(is_mailbox_seen=is_seen)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.release_view)
        name = "accounts_formeraddress_release"
        own = path("<path:object_id>/release/", view, name=name)
        return [own, *super().get_urls()]

    def has_release_permission(self, request: HttpRequest) -> bool:
        permission = "accounts.release_formeraddress"
        return self.has_view_permission(request) and request.user.has_perm(permission)

    def get_extra_context(
        self, request: HttpRequest, record: FormerAddress | None
    ) -> Context:
        return super().get_extra_context(request, record) | {
            "may_release": self.has_release_permission(request),
            "to_do": _to_do(record) if record else None,
        }

    def release_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Confirm that no mail is left, and release the address.

        Raises:
            Http404: there is no such former address for this administrator.
            PermissionDenied: they may not release addresses.
        """
        if not self.has_release_permission(request):
            raise PermissionDenied
        former = self.get_object(request, unquote(object_id))
        if former is None:
            raise Http404
        form = ReleaseForm(request.POST if request.method == "POST" else None)
        if not form.is_valid():
            return self._page(request, former, form)
        order = Order(actor(request), form.cleaned_data["reason"])
        former_addresses.release(former, order)
        words = gettext("The address %(address)s is released. A mailbox can use it.")
        messages.success(request, words % {"address": former.address})
        return redirect("admin:accounts_formeraddress_changelist")

    @admin.display(description=_("previous mailbox"))
    def present_address(self, former: Any) -> StrOrPromise:
        """Return the present address of the mailbox, if they may see it."""
        if former.account is None:
            return NOTHING
        return (
            former.account.address if former.is_mailbox_seen else _("in another domain")
        )

    def _page(
        self, request: HttpRequest, former: FormerAddress, form: ReleaseForm
    ) -> HttpResponse:
        fields: Fieldsets = [(None, {"fields": list(form.fields)})]
        shown: Any = form
        context = {
            **self.admin_site.each_context(request),
            "to_do": _to_do(former),
            "title": _("Release the address?"),
            "opts": self.opts,
            "original": former,
            "form": form,
            "adminform": AdminForm(shown, fields, {}),
            "media": self.media + form.media,
        }
        status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
        template = "admin/accounts/formeraddress/release.html"
        return TemplateResponse(request, template, context, status=status)


def _to_do(former: Any) -> former_addresses.MailInstructions:
    """Return the instructions for the mail that may be left."""
    return former_addresses.instructions_for(
        former.address, former.account, is_seen=former.is_mailbox_seen
    )
