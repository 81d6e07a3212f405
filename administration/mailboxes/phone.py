"""The phone of a mailbox, as administrators see it on the mailbox's page."""

from typing import Any

from django.contrib import admin
from django.db.models.query import EmptyQuerySet
from django.forms.models import BaseInlineFormSet
from django.utils.translation import gettext_lazy as _

from accounts.models import Phone
from administration.base.audited import AuditedAdmin


class PhoneFormSet(BaseInlineFormSet):
    """The phone that came with its mailbox, for those who may look at phones."""

    def get_queryset(self) -> Any:
        is_hidden = isinstance(self.queryset, EmptyQuerySet)
        phone = None if is_hidden else getattr(self.instance, "phone", None)
        return [] if phone is None else [phone]


class PhoneInline(admin.StackedInline):
    """The phone for codes; its code is not for administrators."""

    model = Phone
    formset = PhoneFormSet
    fields = ["number", "held_until"]
    formfield_overrides = AuditedAdmin.formfield_overrides
    verbose_name = verbose_name_plural = _("phone for codes")
