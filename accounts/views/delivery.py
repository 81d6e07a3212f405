"""Where the provider of text messages tells what became of one."""

from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from accounts import deliveries
from gateways import sms


# The provider has no session and no cookie here: it signs each request instead.
@csrf_exempt
@login_not_required
@require_POST
def learn(request: HttpRequest, reference: UUID) -> HttpResponse:
    """Take the outcome of one message; the answer is the same for those long gone."""
    if not deliveries.are_told():
        raise Http404
    signature = request.headers.get(sms.SIGNATURE_HEADER, "")
    try:
        deliveries.learn(reference, request.POST, signature)
    except sms.Forged:
        return HttpResponse(status=403)
    return HttpResponse(status=204)
