"""The mail programs with a help page."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Client:
    """A mail program, or the mail app of a device."""

    key: str  # in the page's address and its template's name
    name: str | Promise
    icon: str
    maker: str = ""  # whose servers log on, if the device does not do so itself


CLIENTS = {
    client.key: client
    for client in (
        Client("iphone", _("iPhone and iPad"), "smartphone"),
        Client("mac", "Mac", "monitor"),
        Client("outlook-new", _("Outlook (new)"), "monitor", maker="Microsoft"),
        Client(
            "outlook-mobile",
            _("Outlook for iPhone and Android"),
            "smartphone",
            maker="Microsoft",
        ),
        Client("outlook-classic", _("Outlook (classic)"), "monitor"),
        Client("foxmail", "Foxmail", "monitor"),
        Client("thunderbird", "Thunderbird", "monitor"),
        Client("thunderbird-android", _("Thunderbird for Android"), "smartphone"),
        Client("gmail-app", _("Gmail app"), "smartphone"),
    )
}
