"""How far a device is that is being set up: what static/js/live.js asks for."""

from django.utils.translation import gettext as _

from clientpasswords.models import ClientPassword

# A state, its text, and since when it is so; static/js/live.js knows the states.
Progress = dict[str, str]


def describe_progress(client_password: ClientPassword) -> Progress:
    """Return whether the password was used; until then, why it was refused.

    "at" is when it was used first, in ISO 8601; "" before.
    """
    used = client_password.used
    if used is not None:
        text = _("Connected: %(protocol)s") % {"protocol": used.protocol.upper()}
        return describe("connected", text, at=used.first_at.isoformat())
    refusal = client_password.logons.exclude(reason="").first()
    if refusal is None:
        return describe("waiting")
    text = _("Refused: %(reason)s") % {"reason": refusal.get_reason_display()}
    return describe("refused", text)


def describe(state: str, text: str = "", *, at: str = "") -> Progress:
    """Return the answer for this state; without a text the page keeps its own."""
    return {"state": state, "text": text, "at": at}
