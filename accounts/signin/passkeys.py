"""Passkeys (WebAuthn): the portal's rules for django-otp-webauthn."""

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

# In the session: the name of the requested passkey, and until when it may be made.
REQUESTED_PASSKEY = "passkey_wanted"
REQUEST_LIFETIME = 5 * 60  # seconds


def are_passkeys_possible(request: HttpRequest) -> bool:
    """Return whether browsers can make passkeys for the host of this request.

    WebAuthn binds passkeys to a domain name, so an IP address will not do.
    """
    try:
        ip_address(_get_host(request).strip("[]"))
    except ValueError:
        return True
    return False


def request_passkey(session: SessionBase, name: str) -> None:
    """Allow this session to make a passkey with this name, for five minutes."""
    session[REQUESTED_PASSKEY] = [name, int(time.time()) + REQUEST_LIFETIME]


def get_requested_name(session: SessionBase) -> str:
    """Return the name of the passkey that may be made now; "" if none may."""
    name, until = session.get(REQUESTED_PASSKEY, ["", 0])
    return str(name) if time.time() <= until else ""


class PortalHelper(WebAuthnHelper):
    """Binds passkeys to the host of the request, which ALLOWED_HOSTS restricts.

    The device has to verify the user each time (WebAuthn's user verification), because
    a passkey replaces two factors; possession alone would be one.
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
        """Save the passkey and queue the notification, in one transaction.

        If it is the first second factor, all other sessions end, because they began
        with the web password alone. One request for a passkey makes one.
        """
        session = self.request.session
        with _refuse_malformed(), transaction.atomic():
            second_factor.lock_owner(user)
            # As another that was sent at once with this one has left it.
            if not get_requested_name(type(session)(session.session_key)):
                raise exceptions.InvalidState
            is_first = not second_factor.is_on(user)
            passkey = super().register_complete(user, state, data)
            second_factor.record_passkey_added(passkey, by=actor(self.request))
            if is_first:
                throttle.end_other_sessions(user, session)
            session.pop(REQUESTED_PASSKEY, None)
            session.save()
        return passkey

    def authenticate_complete(self, *args: Any, **kwargs: Any) -> Any:
        with _refuse_malformed():
            return super().authenticate_complete(*args, **kwargs)


@contextmanager
def _refuse_malformed() -> Iterator[None]:
    """Turn the library's exceptions about malformed input into a refusal."""
    try:
        yield
    except (AttributeError, IntegrityError, KeyError, TypeError, ValueError) as error:
        raise exceptions.MalformedRequest from error


def _get_host(request: HttpRequest) -> str:
    return split_domain_port(request.get_host())[0]
