"""What the pages of the administration have in common: whose records they show.

`roles.scope` alone decides which records an administrator sees. Lists, searches,
suggestions, filters, actions, exports and the pages of single records all come from
`get_queryset`, which asks it.
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

from administration.base import deletions
from administration.base.lists import BoundedAdmin, Context, Reference
from provisioning import roles

M = TypeVar("M", bound=Model)
F = TypeVar("F", bound=ModelChoiceField[Model] | None)
References = ManyToManyField[Any, Any]  # a field that refers to many records
NOT_YOURS = _("This does not exist, or you do not administer it.")


class ScopedAdmin(BoundedAdmin[M]):
    """Shows of each record's domain those alone that the administrator was given.

    What `roles.SCOPES` does not name is of the whole host, and for site operators.
    """

    view_on_site = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[M]:
        return super().get_queryset(request).filter(self.scope(request))

    def scope(self, request: HttpRequest) -> Q:
        """Return the condition for the administrator to see a record."""
        return roles.scope(request.user, self.model)

    def may_write(self, request: HttpRequest, record: M) -> bool:
        """Whether this record, which they see, is theirs to change, by their rank."""
        owner = roles.owner_of(record)
        return owner is None or roles.may_change_mailbox(request.user, owner)

    def why_read_only(self, request: HttpRequest, record: M) -> StrOrPromise:
        """What the page says where `may_write` forbids what permissions allow."""
        return _("Only site operators can change the mailboxes of administrators.")

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or self.may_write(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        """Nobody deletes what is their own: that would take their own rights."""
        allowed = super().has_delete_permission(request, obj)
        if obj is None or not allowed:
            return allowed
        is_own = roles.owner_of(obj) == request.user
        return not is_own and self.may_write(request, obj)

    def get_deleted_objects(
        self, objs: Sequence[M] | QuerySet[M], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """The first of what hangs on the record: a domain may have any number."""
        return deletions.collect_deleted_objects(objs, request, self.admin_site)

    def formfield_for_foreignkey(
        self, db_field: Reference, request: HttpRequest, **kwargs: object
    ) -> ModelChoiceField[Model] | None:
        return self._limit_choices(
            request, super().formfield_for_foreignkey(db_field, request, **kwargs)
        )

    def formfield_for_manytomany(
        self, db_field: References, request: Any = None, **kwargs: object
    ) -> ModelMultipleChoiceField[Model] | None:
        return self._limit_choices(
            request, super().formfield_for_manytomany(db_field, request, **kwargs)
        )

    def render_change_form(
        self, request: HttpRequest, context: Context, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context |= self.get_extra_context(request, kwargs.get("obj"))
        return super().render_change_form(request, context, *args, **kwargs)

    def get_extra_context(self, request: HttpRequest, record: M | None) -> Context:
        """Return what the template of the record's page shows besides; None: a new one.

        Here, why the record is only to look at where permissions allow more.
        """
        could = super().has_change_permission(request)
        if record is None or not could or self.may_write(request, record):
            return {}
        return {"why_read_only": self.why_read_only(request, record)}

    def _limit_choices(self, request: HttpRequest, field: F) -> F:
        """Let a field choose among what the person sees."""
        if field is not None:
            if field.queryset is not None and not roles.sees_whole_host(request.user):
                field.queryset = roles.visible(request.user, field.queryset.model)
            field.error_messages["invalid_choice"] = NOT_YOURS
        return field


class ReadOnlyAdmin(ScopedAdmin[M]):
    """For records that nobody writes by hand, superusers included."""

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
    """Offers what the person sees of what the records point to, and takes no other."""

    def field_choices(
        self, field: Related, request: HttpRequest, model_admin: ModelAdmin[Model]
    ) -> Choices:
        """Return it once it is looked at: a filter is also made to ask for its name."""
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


# In place of Django's own wherever a list is narrowed by a relation.
FieldListFilter.register(
    lambda field: bool(field.remote_field), ScopedRelatedFilter, take_priority=True
)
