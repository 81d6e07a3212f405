"""Help with setting up mail programs, with the data of the reader."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts import sites
from clientpasswords.page import SecurityPasswordPage
from clientpasswords.setup import clients


@require_safe
@login_not_required
def index(request: HttpRequest) -> HttpResponse:
    """Show all programs."""
    return render(request, "help/index.html", _help_context(request))


@require_safe
@login_not_required
def client(request: HttpRequest, key: str) -> HttpResponse:
    """Show one program, step by step."""
    if key not in clients.CLIENTS:
        raise Http404
    context = _help_context(request)
    context["client"] = clients.CLIENTS[key]
    return render(request, clients.CLIENTS[key].template, context)


def _help_context(request: HttpRequest) -> dict[str, Any]:
    """Return the data of the reader, or of the site if nobody is signed in."""
    page = SecurityPasswordPage(request.user) if request.user.is_authenticated else None
    servers = page.servers if page else sites.get_own_site().servers
    return {
        "layout": "shell.html" if page else "signed_out.html",
        "page": page,
        "clients": clients.CLIENTS.values(),
        "servers": servers,
        "incoming": sites.find_incoming(servers),
        "outgoing": sites.find_outgoing(servers),
        "address": page.account.address if page else _("your full address"),
    }
