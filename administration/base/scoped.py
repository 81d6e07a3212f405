"""Base classes that limit pages to the scope of the administrator.

`roles.scope` alone decides which records an administrator sees. Lists, searches,
suggestions, filters, actions, exports and the pages of single records all use
`get_queryset`, which applies it.
"""

from collections.abc import Sequence
from typing import Any, TypeVar, cast

from django.contrib.admin import ModelAdmin
from django.contrib.admin.filters import FieldListFilter, RelatedFieldListFilter
from django.db.models import ManyToManyField, Model, Q, QuerySet
from django.db.models.fields.related import RelatedField
from django.forms import ModelChoiceField, ModelMultipleChoiceField
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from administration.base import dependents
from administration.base.lists import BoundedAdmin, Context, Reference
from administration.base.widgets import RecordsField
from provisioning import roles

M = TypeVar("M", bound=Model)
F = TypeVar("F", bound=ModelChoiceField[Model] | None)
References = ManyToManyField[Any, Any]  # a field that refers to many records
NOT_YOURS = _("This does not exist, or you do not administer it.")


class ScopedAdmin(BoundedAdmin[M]):
    """Shows only records in the scope of the administrator.

    Records of models that are not in `roles.SCOPES` are for site operators.
    """

    view_on_site = False
    # Whether nobody deletes such a record by hand, so that no permission to do so is
    # needed where its mailbox is deleted, and the record with it.
    goes_with_mailbox = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[M]:
        return super().get_queryset(request).filter(self.scope(request))

    def scope(self, request: HttpRequest) -> Q:
        """Return the condition for the administrator to see a record."""
        return roles.scope(request.user, self.model)

    def may_write(self, request: HttpRequest, record: M) -> bool:
        """Whether the administrator may change this visible record, by their rank."""
        owner = roles.owner_of(record)
        return owner is None or roles.may_change_mailbox(request.user, owner)

    def why_read_only(self, request: HttpRequest, record: M) -> StrOrPromise:
        """Return why the page is read-only although permissions allow changes."""
        return _("Only site operators can change the mailboxes of administrators.")

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or self.may_write(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        """Refuse to delete one's own records: that would take one's own rights."""
        allowed = super().has_delete_permission(request, obj)
        if obj is None or not allowed:
            return allowed
        is_own = roles.owner_of(obj) == request.user
        return not is_own and self.may_write(request, obj)

    def get_deleted_objects(
        self, objs: Sequence[M] | QuerySet[M], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Return the first of the related objects: a domain may have any number."""
        return dependents.collect_dependents(objs, request, self.admin_site)

    def formfield_for_foreignkey(
        self, db_field: Reference, request: HttpRequest, **kwargs: object
    ) -> ModelChoiceField[Model] | None:
        return self._limit_choices(
            request, super().formfield_for_foreignkey(db_field, request, **kwargs)
        )

    def formfield_for_manytomany(
        self, db_field: References, request: Any = None, **kwargs: object
    ) -> ModelMultipleChoiceField[Model] | None:
        kwargs.setdefault("form_class", RecordsField)
        return self._limit_choices(
            request, super().formfield_for_manytomany(db_field, request, **kwargs)
        )

    def render_change_form(
        self, request: HttpRequest, context: Context, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context |= self.get_extra_context(request, kwargs.get("obj"))
        return super().render_change_form(request, context, *args, **kwargs)

    def get_extra_context(self, request: HttpRequest, record: M | None) -> Context:
        """Return additional context for the page of the record; None: a new one.

        Here, it is why the record is read-only although permissions allow changes.
        """
        could = super().has_change_permission(request)
        if record is None or not could or self.may_write(request, record):
            return {}
        return {"why_read_only": self.why_read_only(request, record)}

    def _limit_choices(self, request: HttpRequest, field: F) -> F:
        """Limit the choices of a field to the scope of the person."""
        if field is not None:
            if field.queryset is not None and not roles.sees_whole_host(request.user):
                field.queryset = roles.visible(request.user, field.queryset.model)
            field.error_messages["invalid_choice"] = NOT_YOURS
        return field


class ReadOnlyAdmin(ScopedAdmin[M]):
    """For records that nobody changes by hand, not even superusers."""

    goes_with_mailbox = True

    def has_add_permission(
        self, request: HttpRequest, obj: Model | None = None
    ) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False


Related = RelatedField[Any, Any]  # a field that refers to other records
Choices = list[tuple[str, StrOrPromise]]


class ScopedRelatedFilter(RelatedFieldListFilter):
    """Offers and accepts only related records in the scope of the person."""

    def field_choices(
        self, field: Related, request: HttpRequest, model_admin: ModelAdmin[Model]
    ) -> Choices:
        """Return the choices lazily: some filters are only asked for parameters."""
        choices = SimpleLazyObject(lambda: self._choices(field, request, model_admin))
        return cast("Choices", choices)

    def _choices(
        self, field: Related, request: HttpRequest, model_admin: ModelAdmin[Model]
    ) -> Choices:
        rows = roles.visible(request.user, field.related_model)
        ordering = self.field_admin_ordering(field, request, model_admin)
        found = field.get_choices(
            include_blank=False,
            ordering=ordering,
            limit_choices_to={"pk__in": rows.order_by().values("pk")},
        )
        return [(str(key), str(name)) for key, name in found]


# Replaces the filter of Django for all relations.
FieldListFilter.register(
    lambda field: bool(field.remote_field), ScopedRelatedFilter, take_priority=True
)
