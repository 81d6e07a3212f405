"""What the web side of both apps needs of a request and an answer."""

from datetime import timedelta
from urllib.parse import urljoin

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from accounts import sites
from accounts.events import Actor
from accounts.models import Account


class UserRequest(HttpRequest):
    """A request whose user has signed in, which LoginRequiredMiddleware sees to."""

    user: Account


def client_address(request: HttpRequest) -> str | None:
    """The address of the browser.

    X-Forwarded-For is believed only as far from the right as we have proxies of our
    own; what stands further left the client may have written itself.
    """
    proxies = settings.TRUSTED_PROXIES
    chain = request.headers.get("X-Forwarded-For", "").split(",")
    if proxies and len(chain) >= proxies and chain[-proxies].strip():
        return chain[-proxies].strip()
    address: str | None = request.META.get("REMOTE_ADDR") or None
    return address


def actor(request: HttpRequest) -> Actor:
    """Who acts by this request, for the record."""
    name = request.user.address if request.user.is_authenticated else ""
    return Actor(
        name=name,
        network_address=client_address(request),
        session_key=request.session.session_key or "",
    )


def build_absolute_url(request: HttpRequest, path: str) -> str:
    """The whole address of a page of ours, for other programs and devices.

    By the site's own name if it has one, or they would go where we were asked.
    """
    return urljoin(sites.get_own_site().url or request.build_absolute_uri("/"), path)


def set_choice_cookie(response: HttpResponse, name: str, value: str) -> None:
    """Have the browser remember a choice that is nobody's secret."""
    response.set_cookie(
        name,
        value,
        max_age=timedelta(days=365),
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )
