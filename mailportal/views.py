"""The first page, the health check, and the page for a failed CSRF check."""

from ipaddress import ip_address

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import Error, connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.views.decorators.http import require_safe

from accounts import sites
from accounts.models import Heartbeat
from clientpasswords.page import SecurityPasswordPage


@require_safe
@login_not_required
def home(request: HttpRequest) -> HttpResponse:
    """Show the mailbox's overview; before the sign-in, the choice of the site.

    If there is only one site, redirect to the sign-in.
    """
    if request.user.is_authenticated:
        page = SecurityPasswordPage(request.user)
        context = {"page": page, "servers": page.servers}
        return render(request, "accounts/overview.html", context)
    everywhere = sites.get_sites()
    if len(everywhere) > 1:
        domain = request.GET.get("domain", "")
        context = {"sites": everywhere, "domain": domain}
        context["can_find"] = any(site.domains for site in everywhere)
        context["found"] = sites.find_site(domain)
        return render(request, "accounts/chooser.html", context)
    return redirect("two_factor:login")


@require_safe
@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    """Return 200 if the database answers, else 503; for monitors and load balancers.

    With `?full` the version of the running portal and the state of each worker stand
    below, for this host alone: a stranger would learn which known faults to try.
    """
    is_full = "full" in request.GET and _asks_from_this_host(request)
    text, status, workers = "ok\n", 200, ""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        if is_full:
            workers = "".join(map(_describe_worker, Heartbeat.objects.with_missing()))
    except Error:
        text, status = "database away\n", 503
    if is_full:
        text += f"{settings.VERSION}\n{workers}"
    return HttpResponse(text, status=status, content_type="text/plain")


@require_safe
@login_not_required
def lead_to_password_page(request: HttpRequest) -> HttpResponse:
    """Lead a password manager to where passwords are changed.

    See https://w3c.github.io/webappsec-change-password-url/: it first makes sure that
    an address below `/.well-known/` that does not exist is answered as one.
    """
    return redirect("accounts:password")


@require_safe
@login_not_required
def lead_to_icon(request: HttpRequest) -> HttpResponse:
    """Lead a browser or mail program that looks for an icon to ours."""
    return redirect(static("favicon.svg"))


@login_not_required
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Return 403 for a form of another site, or of a session that has ended."""
    return render(request, "403_csrf.html", status=403)


def _describe_worker(row: Heartbeat) -> str:
    """Return a line for monitors: state, command, host, when seen, what failed."""
    seen = row.seen_at.isoformat(timespec="seconds") if row.node else "-"
    failure = f" ({row.failure})" if row.state == "failing" else ""
    return f"{row.state} {row.worker} {row.node or '-'} {seen}{failure}\n"


def _asks_from_this_host(request: HttpRequest) -> bool:
    """Return whether the request came by local socket or loopback, without a proxy."""
    if any(name in request.headers for name in ("X-Forwarded-For", "Forwarded", "Via")):
        return False
    address = request.META.get("REMOTE_ADDR")
    return not address or ip_address(address).is_loopback
