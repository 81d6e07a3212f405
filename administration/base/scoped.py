"""What the pages of the administration have in common: whose records they show.

`roles.scope` alone decides which records an administrator sees. Lists, searches,
suggestions, filters, actions, exports and the pages of single records all come from
`get_queryset`, which asks it.
"""

from typing import Any

from django.contrib.admin.filters import FieldListFilter, RelatedFieldListFilter
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from administration.base import deletions
from administration.base.lists import BoundedAdmin
from provisioning import roles

NOT_YOURS = _("This is not there, or not among what you administer.")


class ScopedAdmin(BoundedAdmin):
    """Shows of each record's domain those alone that the administrator was given.

    What `roles.SCOPES` does not name is of the whole host, and for site operators.
    """

    view_on_site = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.filter(self.scope(request))

    def scope(self, request: HttpRequest) -> Q:
        """Return the condition for the administrator to see a record."""
        return roles.scope(request.user, self.model)

    def may_write(self, request: HttpRequest, record: Any) -> bool:
        """Whether this record, which they see, is theirs to change, by their rank."""
        owner = roles.owner_of(record)
        return owner is None or roles.may_touch(request.user, owner)

    def why_read_only(self, request: HttpRequest, record: Any) -> Any:
        """What the page says where `may_write` forbids what permissions allow."""
        return _("The mailboxes of administrators are for site operators to change.")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        allowed: bool = super().has_change_permission(request, obj)
        return allowed and (obj is None or self.may_write(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes what is their own: that would take their own rights."""
        allowed: bool = super().has_delete_permission(request, obj)
        if obj is None or not allowed:
            return allowed
        is_own = roles.owner_of(obj) == request.user
        return not is_own and self.may_write(request, obj)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """The first of what hangs on the record: a domain may have any number."""
        return deletions.look_up(objs, request, self.admin_site)

    def formfield_for_foreignkey(
        self, db_field: Any, request: Any, **kwargs: Any
    ) -> Any:
        return self._narrowed(
            request, super().formfield_for_foreignkey(db_field, request, **kwargs)
        )

    def formfield_for_manytomany(
        self, db_field: Any, request: Any = None, **kwargs: Any
    ) -> Any:
        return self._narrowed(
            request, super().formfield_for_manytomany(db_field, request, **kwargs)
        )

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        record = kwargs.get("obj")
        could = super().has_change_permission(request)
        if record is not None and could and not self.may_write(request, record):
            context["why_read_only"] = self.why_read_only(request, record)
        return super().render_change_form(request, context, *args, **kwargs)

    def _narrowed(self, request: HttpRequest, field: Any) -> Any:
        """Let a field choose among what the person sees."""
        if field is not None:
            model = field.queryset.model
            if not roles.sees_whole_host(request.user):
                field.queryset = roles.visible(request.user, model)
            field.error_messages["invalid_choice"] = NOT_YOURS
        return field


class ReadOnlyAdmin(ScopedAdmin):
    """For records that nobody writes by hand, superusers included."""

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


class ScopedRelatedFilter(RelatedFieldListFilter):
    """Offers what the person sees of what the records point to, and takes no other."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        """Return it once it is looked at: a filter is also made to ask for its name."""
        return SimpleLazyObject(lambda: self._choices(field, request, model_admin))

    def _choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        rows = roles.visible(request.user, field.related_model)
        ordering = self.field_admin_ordering(field, request, model_admin)
        return field.get_choices(
            include_blank=False,
            ordering=ordering,
            limit_choices_to={"pk__in": rows.order_by().values("pk")},
        )


# In place of Django's own wherever a list is narrowed by a relation.
FieldListFilter.register(
    lambda field: bool(field.remote_field), ScopedRelatedFilter, take_priority=True
)
