"""Service discovery for mail programs, without a sign-in."""

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from accounts import sites
from accounts.http import build_absolute_url
from clientpasswords.setup import discovery

XML = "application/xml; charset=utf-8"


@cache_control(public=True, max_age=3600)
@require_safe
@login_not_required
def autoconfig(request: HttpRequest) -> HttpResponse:
    """Return Thunderbird's file. The address in the query is ignored."""
    servers = discovery.servers_with_tls(sites.get_own_site().servers)
    if not servers:
        raise Http404(_("This site has no server that mail programs can find."))
    document = discovery.autoconfig(
        servers,
        host=sites.get_own_site().host or servers[0].host,
        help_url=build_absolute_url(request, reverse("help:index")),
    )
    return HttpResponse(document, content_type=XML)


# Exempt from CSRF protection: programs post here without a form, nothing changes, and
# everybody gets the same response.
@csrf_exempt
@require_POST
@login_not_required
def autodiscover(request: HttpRequest) -> HttpResponse:
    """Answer Outlook's request in XML."""
    try:
        # One byte more than allowed: the rest of a longer request is never read.
        asked = discovery.parse_request(request.read(discovery.LARGEST_REQUEST + 1))
        servers = discovery.servers_with_tls(sites.get_own_site().servers)
        document = discovery.autodiscover(servers, asked)
    except discovery.NotUnderstood:
        document = discovery.error_response(discovery.INVALID_REQUEST)
        return HttpResponse(document, content_type=XML, status=400)
    except discovery.NothingOffered:
        document = discovery.error_response(discovery.NO_PROVIDER)
    return HttpResponse(document, content_type=XML)


@require_safe
@login_not_required
def autodiscover_json(request: HttpRequest) -> HttpResponse:
    """Return the address for requests in XML, which is all version 2 is for."""
    protocol = request.GET.get("Protocol", request.GET.get("protocol", ""))
    if protocol.lower() == "autodiscoverv1":
        url = build_absolute_url(request, reverse("discovery:autodiscover"))
        return JsonResponse({"Protocol": "AutodiscoverV1", "Url": url})
    error = {
        "ErrorCode": "InvalidProtocol",
        "ErrorMessage": "The supported protocol is AutodiscoverV1.",
    }
    return JsonResponse(error, status=400)
