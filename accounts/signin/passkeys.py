"""Passkeys (WebAuthn), as this portal wants them."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Any

from django.contrib.sessions.backends.base import SessionBase
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.http.request import split_domain_port
from django.utils.translation import gettext as _
from django_otp_webauthn import exceptions
from django_otp_webauthn.helpers import WebAuthnHelper
from webauthn.helpers.structs import UserVerificationRequirement

from accounts.http import actor
from accounts.signin import second_factor, throttle

# In the session: what a passkey that was asked for is to be called, and until when.
REQUESTED_PASSKEY = "passkey_wanted"
REQUEST_LIFETIME = 5 * 60  # seconds


def are_passkeys_possible(request: HttpRequest) -> bool:
    """Whether browsers make passkeys for the address that we were reached at.

    WebAuthn ties them to a domain name, which an IP address is not.
    """
    try:
        ip_address(_get_host(request).strip("[]"))
    except ValueError:
        return True
    return False


def request_passkey(session: SessionBase, name: str) -> None:
    """Let a passkey of this name be made in this session, for five minutes."""
    session[REQUESTED_PASSKEY] = [name, int(time.time()) + REQUEST_LIFETIME]


def get_requested_name(session: SessionBase) -> str:
    """Return the name of the passkey that may be made now; empty if none may."""
    name, until = session.get(REQUESTED_PASSKEY, ["", 0])
    return str(name) if time.time() <= until else ""


class PortalHelper(WebAuthnHelper):
    """Ties passkeys to the name that the browser knows us by (ALLOWED_HOSTS lists it).

    The user has to be verified by the device each time: a passkey that was merely at
    hand would be one factor, and has to stand for two.
    """

    def get_relying_party_domain(self) -> str:
        return _get_host(self.request)

    def get_relying_party_name(self) -> str:
        return _("Mail Portal")

    def get_allowed_origins(self) -> list[str]:
        return [f"{self.request.scheme}://{self.request.get_host()}"]

    def get_generate_registration_options_kwargs(self, *, user: Any) -> dict[str, Any]:
        options: dict[str, Any] = super().get_generate_registration_options_kwargs(
            user=user
        )
        criteria = options["authenticator_selection"]
        criteria.user_verification = UserVerificationRequirement.REQUIRED
        return options

    def create_credential(self, *args: Any) -> Any:
        passkey = super().create_credential(*args)
        passkey.name = get_requested_name(self.request.session)
        return passkey

    def register_complete(self, user: Any, state: Any, data: Any) -> Any:
        """Keep the passkey and tell the owner, in one transaction.

        Sessions elsewhere end if it is the first second factor: they began with less.
        """
        is_first = not second_factor.is_on(user)
        with _refuse_malformed(), transaction.atomic():
            passkey = super().register_complete(user, state, data)
            second_factor.record_passkey_added(passkey, by=actor(self.request))
            if is_first:
                throttle.end_other_sessions(user, self.request.session)
        self.request.session.pop(REQUESTED_PASSKEY, None)
        return passkey

    def authenticate_complete(self, *args: Any, **kwargs: Any) -> Any:
        with _refuse_malformed():
            return super().authenticate_complete(*args, **kwargs)


@contextmanager
def _refuse_malformed() -> Iterator[None]:
    """Refuse what the library takes for granted that no browser sends."""
    try:
        yield
    except (AttributeError, IntegrityError, KeyError, TypeError, ValueError) as error:
        raise exceptions.MalformedRequest from error


def _get_host(request: HttpRequest) -> str:
    return split_domain_port(request.get_host())[0]
