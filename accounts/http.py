"""Helpers for requests and responses, shared by the views of several apps."""

from datetime import timedelta
from ipaddress import ip_address
from urllib.parse import urljoin

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from accounts import sites
from accounts.events import Actor
from accounts.models import Account


class UserRequest(HttpRequest):
    """A request with a signed-in user, as LoginRequiredMiddleware guarantees."""

    user: Account


def client_address(request: HttpRequest) -> str | None:
    """Return the IP address of the client; None if it came by a local socket.

    With TRUSTED_PROXIES set to n, this is the nth entry of X-Forwarded-For from the
    right, which our outermost proxy wrote. The client can forge entries left of it.
    """
    proxies = settings.TRUSTED_PROXIES
    chain = request.headers.get("X-Forwarded-For", "").split(",")
    if proxies and len(chain) >= proxies and _is_address(chain[-proxies].strip()):
        return chain[-proxies].strip()
    address: str | None = request.META.get("REMOTE_ADDR") or None
    return address


def actor(request: HttpRequest) -> Actor:
    """Return the actor of this request, for the audit log."""
    name = request.user.address if request.user.is_authenticated else ""
    return Actor(
        name=name,
        network_address=client_address(request),
        session_key=request.session.session_key or "",
    )


def build_absolute_url(request: HttpRequest, path: str) -> str:
    """Return the absolute URL of a path, for other programs and devices.

    It has the host of our own site in MAIL_SITES, or else the host of the request.
    """
    return urljoin(sites.get_own_site().url or request.build_absolute_uri("/"), path)


def set_choice_cookie(response: HttpResponse, name: str, value: str) -> None:
    """Set a cookie for a year that stores a choice; the value must not be secret."""
    response.set_cookie(
        name,
        value,
        max_age=timedelta(days=365),
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )


def _is_address(text: str) -> bool:
    """Whether the text is an address of IPv4 or IPv6, without a zone."""
    try:
        return "%" not in text and bool(ip_address(text))
    except ValueError:
        return False
