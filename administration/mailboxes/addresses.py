"""Rename and delete mailboxes, with instructions for their mail."""

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import unquote
from django.db import IntegrityError
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from accounts.sessions import cutoffs
from administration.base.lists import Context
from administration.bulk import actions, jobs
from administration.mailboxes.permissions import RightsAdmin
from administration.policies.preview import CONFIRMED, typed_values
from provisioning import former_addresses, operations


class RenamableAdmin(RightsAdmin):
    """Tells administrators how to move mail: the portal moves none itself."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Context | None = None,
    ) -> HttpResponse:
        """Save the mailbox; show an error if somebody else took the address first."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except IntegrityError:  # the address was taken, or left, meanwhile
            return super().changeform_view(request, object_id, form_url, extra_context)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: Context | None = None,
    ) -> HttpResponse:
        """Rename after the administrator confirmed that the mail does not move."""
        if request.method == "POST" and CONFIRMED not in request.POST:
            asked = self._confirmation_page(request, object_id)
            if asked is not None:
                return asked
        return super().change_view(request, object_id, form_url, extra_context)

    def save_model(
        self,
        request: HttpRequest,
        obj: Account,
        form: ModelForm[Account],
        change: object,
    ) -> None:
        """Save the mailbox; after a rename, end the sessions of the old address."""
        super().save_model(request, obj, form, change)
        if not change or "address" not in form.changed_data:
            return
        old = form.initial["address"]
        cutoffs.review_sessions(f"{old}*")
        if old != obj.address:
            words = gettext(
                "The mail of %(address)s does not move by itself. See “Former "
                "addresses” for what to do."
            )
            messages.warning(request, words % {"address": old})

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: Context | None = None
    ) -> HttpResponse:
        """Show as well that the mail stays, and where.

        A mailbox that has to be offboarded first is not deleted; the page says why.
        """
        account = self.get_object(request, unquote(object_id))
        context = dict(extra_context or {})
        if account is not None and self.has_delete_permission(request, account):
            if operations.must_offboard_first(account):
                return self._offboard_first_page(request, account)
            # After the deletion, the mail belongs to no mailbox.
            context["to_do"] = former_addresses.instructions_for(
                account.address, None, is_seen=True
            )
        return super().delete_view(request, object_id, context)

    def _offboard_first_page(
        self, request: HttpRequest, account: Account
    ) -> HttpResponse:
        """Return the page that says why the mailbox stays, and the way on."""
        action = actions.BY_NAME["off_board"]
        context = {
            **self.admin_site.each_context(request),
            "title": _("Offboard the mailbox first"),
            "opts": self.opts,
            "original": account,
            "action": action if jobs.may_order(request.user, action) else None,
            "checkbox": ACTION_CHECKBOX_NAME,
        }
        template = "admin/accounts/account/offboard_first.html"
        status = 409 if request.method == "POST" else 200
        return TemplateResponse(request, template, context, status=status)

    def _confirmation_page(
        self, request: HttpRequest, object_id: str
    ) -> HttpResponse | None:
        """Return the confirmation page, if the valid form changes the address."""
        account = self.get_object(request, unquote(object_id))
        if account is None or not self.has_change_permission(request, account):
            return None
        old = account.address
        form = self.get_form(request, account, change=True)(
            request.POST, instance=account
        )
        if not form.is_valid() or account.address == old:
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": _("Rename the mailbox?"),
            "opts": self.opts,
            "original": self.get_object(request, unquote(object_id)),
            "new": account.address,
            "to_do": former_addresses.instructions_for(old, account, is_seen=True),
            "typed": typed_values(request),
        }
        template = "admin/accounts/account/rename.html"
        return TemplateResponse(request, template, context)
