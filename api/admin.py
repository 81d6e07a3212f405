"""The page of API tokens, where site operators make and revoke them."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import AdminForm
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from accounts.http import actor
from accounts.models import Domain
from accounts.moments import moment
from administration.base.filters import ChoiceFilter
from administration.base.proof import read_proof
from administration.library_records import OperatorsAdmin
from api.forms import MakeForm, ReasonForm
from provisioning import token_access, tokens
from provisioning.models import ApiToken
from provisioning.operations import Order

MOST_NAMES = 50


class StateFilter(ChoiceFilter):
    title = _("state")
    parameter_name = "state"
    options = [
        ("live", _("in force"), lambda rows: rows.live()),
        ("ended", _("no longer in force"), lambda rows: rows.ended()),
    ]


@admin.register(ApiToken)
class ApiTokenAdmin(OperatorsAdmin):
    """Shows a token only in the response to the request that makes it."""

    change_form_template = "admin/provisioning/apitoken/change_form.html"
    list_display = [
        "name",
        "state",
        "scope_names",
        "where",
        "owner",
        "created_at",
        "used",
        "ends",
    ]
    list_filter = [StateFilter]
    sortable_by = ["name", "created_at"]
    search_fields = ["name__istartswith"]
    search_help_text = _("Beginning of the name")
    autocomplete_fields = ["domains"]  # which `MakeForm` asks for
    fields = [
        "name",
        "state",
        "scope_names",
        "domain_names",
        "scopes_now",
        "domains_now",
        "owner",
        "created_by",
        "created_at",
        "used",
        "ends",
    ]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.revoke_view)
        name = "provisioning_apitoken_revoke"
        own = path("<path:object_id>/revoke/", view, name=name)
        return [own, *super().get_urls()]

    def get_form(self, *args: Any, **kwargs: Any) -> Any:
        """Leave out the help text of the owner, which is for programmers."""
        return super().get_form(*args, help_texts={"owner": ""}, **kwargs)

    def annotate_page(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        owned: QuerySet[Any] = rows.select_related("owner")
        widened: QuerySet[Any] = owned.annotate(number=Count("domains"))
        return widened

    def complete_rows(self, rows: list[Any]) -> None:
        token_access.load_owner_permissions(rows)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        may_look: bool = self.has_view_permission(request)
        return may_look and request.user.has_perm("provisioning.revoke_apitoken")

    @sensitive_variables()
    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show the form; the response to a valid POST contains the token.

        A repeated POST is refused, because the name is taken by then.
        """
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = MakeForm(_posted_data(request))
        is_allowed = form.is_valid() & read_proof(request).check(form)
        made = _make(request, form) if is_allowed else None
        if made is None:
            return self._page(request, "make", form, title=_("Create an API token"))
        self.log_addition(request, made.token, [{"added": {}}])
        title = _("The token “%(name)s” was created") % {"name": made.token.name}
        return self._page(request, "made", made=made, title=title)

    def revoke_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for confirmation, and revoke the token.

        Raises:
            Http404: there is no such token.
            PermissionDenied: they may not revoke tokens.
        """
        if not self.has_revoke_permission(request):
            raise PermissionDenied
        token = self.get_object(request, unquote(object_id))
        if token is None:
            raise Http404
        form = ReasonForm(_posted_data(request))
        if not form.is_valid():
            title = _("Revoke the API token?")
            return self._page(request, "revoke", form, original=token, title=title)
        self._revoke(request, token, _order(request, form))
        return redirect("admin:provisioning_apitoken_changelist")

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        token = kwargs.get("obj")
        is_open = token is not None and token.revoked_at is None
        context["may_revoke"] = is_open and self.has_revoke_permission(request)
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description=_("scopes"))
    def scope_names(self, token: ApiToken) -> str:
        return ", ".join(token.scopes)

    @admin.display(description=_("domains"))
    def where(self, token: Any) -> Any:
        return token.number if token.is_limited else _("all")

    @admin.display(description=_("domains"))
    def domain_names(self, token: ApiToken) -> Any:
        return _first_names(token.domains.all()) if token.is_limited else _("all")

    @admin.display(description=_("scopes in effect now"))
    def scopes_now(self, token: ApiToken) -> Any:
        opens = token_access.evaluate(token).scopes if token.is_live else ()
        return ", ".join(sorted(opens)) or _("none")

    @admin.display(description=_("domains in effect now"))
    def domains_now(self, token: ApiToken) -> Any:
        access = token_access.evaluate(token)
        if not (token.is_live and access.scopes):
            return _("none")
        return _("all") if access.covers_whole_host else _first_names(access.domains())

    @admin.display(description=_("last used"))
    def used(self, token: ApiToken) -> Any:
        return token.last_used_at or _("never")

    @admin.display(description=_("expires"))
    def ends(self, token: ApiToken) -> Any:
        return token.expires_at or _("never")

    @admin.display(description=_("state"))
    def state(self, token: ApiToken) -> Any:
        if token.revoked_at:
            return format_html(gettext("revoked {day}"), day=moment(token.revoked_at))
        if token.is_live:
            return "; ".join(map(str, [_("in force"), *_describe_limits(token)]))
        return _("its owner is not an administrator") if token.is_left else _("expired")

    def _revoke(self, request: HttpRequest, token: ApiToken, order: Order) -> None:
        if tokens.revoke(token.name, order):
            self.log_change(request, token, gettext("Revoked."))
            words = gettext("The token “%(name)s” no longer works.")
        else:
            words = gettext("The token “%(name)s” was already revoked.")
        messages.success(request, words % {"name": token.name})

    def _page(
        self, request: HttpRequest, name: str, form: Any = None, **context: Any
    ) -> HttpResponse:
        fields = [(None, {"fields": list(form.fields)})] if form else []
        context |= {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "form": form,
            "adminform": AdminForm(form, fields, {}) if form else None,
            "media": self.media + form.media if form else self.media,
        }
        is_refused = form is not None and form.errors
        status = HTTPStatus.UNPROCESSABLE_ENTITY if is_refused else HTTPStatus.OK
        template = f"admin/provisioning/apitoken/{name}.html"
        return TemplateResponse(request, template, context, status=status)


def _first_names(domains: QuerySet[Domain]) -> Any:
    names = domains.order_by("name").values_list("name", flat=True)
    found = list(names[: MOST_NAMES + 1])
    more = ["…"] if found[MOST_NAMES:] else []
    return ", ".join([*found[:MOST_NAMES], *more]) or _("none")


def _describe_limits(token: ApiToken) -> Iterator[Any]:
    """Yield the limits of a live token that come from its owner."""
    access = token_access.evaluate(token)
    if access.withheld_scopes:
        words = _("not allowed for its owner now: %(scopes)s")
        yield words % {"scopes": ", ".join(sorted(access.withheld_scopes))}
    if access.is_limited_by_owner:
        yield _("only in domains that its owner administers now")


def _posted_data(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None


def _order(request: HttpRequest, form: Any) -> Order:
    return Order(actor(request), form.cleaned_data["reason"])


@sensitive_variables()
def _make(request: Any, form: Any) -> tokens.NewToken | None:
    """Make the token; None if it is refused, with an error at the field."""
    answers = form.cleaned_data
    terms = tokens.Terms(
        domains=form.chosen_domains(),
        expires_at=answers["expires_at"],
        owner=request.user,
    )
    try:
        return tokens.make(
            answers["name"], answers["scopes"], terms, _order(request, form)
        )
    except tokens.TokenRefused as error:
        form.add_error(error.field, str(error))
        return None
