"""The first page, the health check, and what is shown when nothing else can be."""

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from accounts import sites
from clientpasswords.page import Area


@require_safe
@login_not_required
def home(request: HttpRequest) -> HttpResponse:
    """The mailbox's overview; before the sign-in, the choice of the site."""
    if request.user.is_authenticated:
        area = Area(request.user)
        context = {"area": area, "servers": area.servers}
        return render(request, "accounts/overview.html", context)
    everywhere = sites.everywhere()
    if len(everywhere) > 1:
        return render(request, "accounts/chooser.html", {"sites": everywhere})
    return redirect("two_factor:login")


@require_safe
@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    """200 while the database answers, 503 otherwise; for monitors and balancers."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return HttpResponse("database away\n", status=503, content_type="text/plain")
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form was not ours, or the session it was made in has ended."""
    return render(request, "403_csrf.html", status=403)
