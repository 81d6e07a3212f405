"""The mail programs with a help page."""

from dataclasses import dataclass
from datetime import date

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# What programs run on; and words of the User-Agent that tell, the first match counts.
IPHONE, ANDROID = "iphone", "android"
COMPUTERS = MAC, WINDOWS, LINUX = "mac", "windows", "linux"
KINDS = {
    "iPhone": IPHONE,
    "iPad": IPHONE,
    "Android": ANDROID,
    "Macintosh": MAC,
    "Windows": WINDOWS,
    "Linux": LINUX,
}
NOVEMBER_2026 = date(2026, 11, 1)


@dataclass(frozen=True)
class Client:
    """A mail program, or the mail app of a device."""

    key: str  # in the page's address and its template's name
    name: str | Promise
    icon: str
    device: str | Promise  # suggested as the name of a security password for it
    runs_on: frozenset[str]
    versions: str  # that its page is written for
    maker: str = ""  # whose servers log on, if the device does not do so itself
    perhaps: str = ""  # whose servers may log on: that its maker does not say
    checked: bool = True  # its menus were compared with what its maker or a host shows
    as_of: date = NOVEMBER_2026  # when they were, or else when its page was written

    @property
    def template(self) -> str:
        """Return the template of its help page."""
        return f"help/{self.key}.html"


CLIENTS = {
    client.key: client
    for client in (
        Client(
            "iphone",
            _("iPhone and iPad"),
            "smartphone",
            _("My iPhone"),
            frozenset({IPHONE}),
            "iOS 18, iOS 26, iPadOS 18, iPadOS 26",
        ),
        Client(
            "mac",
            "Mac",
            "monitor",
            _("My Mac"),
            frozenset({MAC}),
            "macOS 15, macOS 26",
        ),
        Client(
            "outlook-new",
            _("Outlook (new)"),
            "monitor",
            "Outlook",
            frozenset({WINDOWS}),
            "Outlook for Windows (2025)",
            maker="Microsoft",
        ),
        Client(
            "outlook-mac",
            _("Outlook for Mac"),
            "monitor",
            "Outlook",
            frozenset({MAC}),
            "Outlook for Mac 16.100",
            perhaps="Microsoft",
            checked=False,
        ),
        Client(
            "outlook-mobile",
            _("Outlook for iPhone and Android"),
            "smartphone",
            "Outlook",
            frozenset({IPHONE, ANDROID}),
            "Outlook for iOS, Outlook for Android (2025)",
            maker="Microsoft",
        ),
        Client(
            "outlook-classic",
            _("Outlook (classic)"),
            "monitor",
            "Outlook",
            frozenset({WINDOWS}),
            "Microsoft 365, Outlook 2021, Outlook 2024",
        ),
        Client(
            "foxmail",
            "Foxmail",
            "monitor",
            "Foxmail",
            frozenset({WINDOWS, MAC}),
            "Foxmail 7.2 (Windows), Foxmail (Mac, 2025)",
        ),
        Client(
            "thunderbird",
            "Thunderbird",
            "monitor",
            "Thunderbird",
            frozenset({WINDOWS, MAC, LINUX}),
            "Thunderbird 140, 153",
        ),
        Client(
            "thunderbird-android",
            _("Thunderbird for Android"),
            "smartphone",
            _("My Android phone"),
            frozenset({ANDROID}),
            "Thunderbird for Android 24",
        ),
        Client(
            "gmail-app",
            _("Gmail app"),
            "smartphone",
            "Gmail",
            frozenset({IPHONE, ANDROID}),
            "Android 15, Gmail (2025)",
            perhaps="Google",
        ),
        Client(
            "samsung-email",
            "Samsung Email",
            "smartphone",
            _("My Android phone"),
            frozenset({ANDROID}),
            "Samsung Email (One UI 7)",
            checked=False,
        ),
        Client(
            "em-client",
            "eM Client",
            "monitor",
            "eM Client",
            frozenset({WINDOWS, MAC}),
            "eM Client 10",
        ),
        Client(
            "mail-master",
            _("NetEase Mail Master"),
            "smartphone",
            _("Mail Master"),
            frozenset({IPHONE, ANDROID, WINDOWS, MAC}),
            "Mail Master 7",
            perhaps="NetEase",
            checked=False,
        ),
    )
}
OTHER = "other"  # a program without a help page
# The program that a browser's user is likely to want, by words of the User-Agent.
LIKELY = {
    "iPhone": "iphone",
    "iPad": "iphone",
    "SamsungBrowser": "samsung-email",
    "Android": "gmail-app",
    "Macintosh": "mac",
    "Windows": "outlook-new",
    "Linux": "thunderbird",
}
# The program of a device, by words of the name that its owner gave it.
BY_NAME = {
    "iphone": "iphone",
    "ipad": "iphone",
    "outlook": "outlook-new",
    "foxmail": "foxmail",
    "thunderbird": "thunderbird",
    "samsung": "samsung-email",
    "android": "thunderbird-android",
    "gmail": "gmail-app",
    "em client": "em-client",
    "mac": "mac",
    "windows": "outlook-new",
    "linux": "thunderbird",
}


def guess_kind(user_agent: str) -> str:
    """Return what this browser runs on: a key of `Client.runs_on`; "" if unknown."""
    return next((kind for word, kind in KINDS.items() if word in user_agent), "")


def split_clients(user_agent: str) -> tuple[list[Client], list[Client]]:
    """Return those that run where this browser does, as far as it says, and others.

    A computer comes with the programs of all computers, its own first: passwords are
    often made on one for another.
    """
    kind = guess_kind(user_agent)
    alike = set(COMPUTERS if kind in COMPUTERS else [kind])
    own = [each for each in CLIENTS.values() if not kind or kind in each.runs_on]
    rest = [each for each in CLIENTS.values() if each not in own]
    here = [*own, *(each for each in rest if alike & each.runs_on)]
    return here, [each for each in rest if each not in here]


def guess_client(user_agent: str) -> str:
    """Return the key of the program that this browser's user is likely to want."""
    return next((key for word, key in LIKELY.items() if word in user_agent), "")


def guess_by_name(device: str) -> str:
    """Return the key of the program on the device of this name; "" if unknown.

    The name may be one that the portal suggested, in the reader's language, or another.
    """
    name = device.casefold()
    by_word = (key for word, key in BY_NAME.items() if word in name)
    suggested = (
        each.key for each in CLIENTS.values() if str(each.device).casefold() in name
    )
    return next(by_word, "") or next(suggested, "")
