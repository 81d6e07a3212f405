"""The site class of Django admin."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from csp.decorators import csp_replace
from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.i18n import JavaScriptCatalog
from two_factor.admin import AdminSiteOTPRequired

from accounts.library_texts import WIDGET_TEXTS
from accounts.models import Account
from accounts.signin import second_factor
from accounts.views.proof import takes_password
from administration import guide, menu, overview
from administration.base import display
from administration.base.lists import Context
from administration.base.proof import read_proof, take_proof
from administration.suggestions import SuggestionsView
from provisioning import statistics

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


class WidgetCatalog(JavaScriptCatalog):
    """Django's texts for its widgets, and ours where it has none."""

    packages = ["django.contrib.admin"]

    def get_catalog(self) -> dict[str, str | list[str]]:
        ours = {text: gettext(text) for text in WIDGET_TEXTS}
        return {**super().get_catalog(), **ours}


class PortalAdminSite(AdminSiteOTPRequired):
    """Lets in only administrators who signed in with their second factor."""

    site_header = _("Mail administration")
    site_title = _("Mail administration")
    index_title = _("Policies and mailboxes")
    site_url = "/"
    enable_nav_sidebar = True

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self.empty_value_display = display.NOTHING
        # It collects all related objects; bulk actions work part by part.
        self.disable_action("delete_selected")

    @method_decorator(login_not_required)
    def login(
        self, request: HttpRequest, extra_context: Context | None = None
    ) -> HttpResponse:
        """Redirect to the sign-in, or to the set-up of the second factor.

        Raises:
            PermissionDenied: the user has signed in and is not an administrator.
        """
        if request.user.is_anonymous:
            page = request.GET.get(REDIRECT_FIELD_NAME, "/admin/")
            return redirect_to_login(page)
        if request.user.is_staff and not second_factor.is_on(request.user):
            return redirect("two_factor:setup")
        if self.has_permission(request):
            return redirect("admin:index")
        raise PermissionDenied

    def i18n_javascript(
        self, request: HttpRequest, extra_context: Context | None = None
    ) -> HttpResponse:
        return cast("HttpResponse", WidgetCatalog.as_view()(request))

    def index(
        self, request: HttpRequest, extra_context: Context | None = None
    ) -> TemplateResponse:
        """Show the first steps and the overview above the lists."""
        shown, first_steps = overview.build_start_page(request)
        more = {"overview": shown, "guide": first_steps}
        return super().index(request, (extra_context or {}) | more)

    def each_context(self, request: HttpRequest) -> Context:
        """Add the version, what stands where there is nothing, and the proof."""
        return {
            **super().each_context(request),
            "portal_version": settings.VERSION,
            "nothing": display.NOTHING,
            "proof": read_proof(request),
        }

    def get_app_list(
        self, request: HttpRequest, app_label: str | None = None
    ) -> list[Any]:
        """Return the models that the person may open, in the groups of the menu."""
        apps = super().get_app_list(request, app_label)
        return menu.group_models(apps, request.path)

    def app_index(
        self,
        request: HttpRequest,
        app_label: str,
        extra_context: Context | None = None,
    ) -> Any:
        """Redirect to the start page: the menu has groups, and no apps."""
        return redirect("admin:index")

    def get_urls(self) -> list[URLResolver | URLPattern]:
        """Add two pages, and drop `view_on_site`, which no record has."""
        count = path("figures/", self.admin_view(self.count_figures), name="figures")
        steps = path("first-steps/", self.admin_view(guide.choose), name="first_steps")
        urls = super().get_urls()
        return [
            count,
            steps,
            *(u for u in urls if getattr(u, "name", "") != "view_on_site"),
        ]

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        """Return suggestions for a field with search."""
        view = SuggestionsView.as_view(admin_site=self)
        return cast("HttpResponse", view(request))

    def count_figures(self, request: HttpRequest) -> HttpResponse:
        """Count the figures of the overview again."""
        if not self.get_model_admin(Account).has_view_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            statistics.count_now()
        return redirect("admin:index")

    def password_change(
        self, request: HttpRequest, extra_context: Context | None = None
    ) -> Any:
        """Redirect to the only page on which one changes one's own web password."""
        return redirect("accounts:password")

    password_change_done: Any = password_change

    def admin_view(self, view: View, cacheable: bool = False) -> View:  # noqa: FBT001, FBT002
        """Apply the portal's content security policy without trusted types.

        jQuery and Select2, which Django ships, do not support trusted types. What is
        posted may have a proof with it, which is taken before the view begins.
        """
        loosened = csp_replace({"require-trusted-types-for": None})
        proving = view if cacheable else _take_proof_before(view)
        return cast("View", loosened(super().admin_view(proving, cacheable)))


def _take_proof_before(view: View) -> View:
    """Have the view begin with the proof taken; 429 once too many were wrong."""

    @wraps(view)
    def proving(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method == "POST":
            take_proof(request)
        return view(request, *args, **kwargs)

    return cast("View", takes_password(proving))
