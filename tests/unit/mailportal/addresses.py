"""Every address of the portal, and what is to be expected of each."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from django.urls import (
    NoReverseMatch,
    URLPattern,
    URLResolver,
    get_resolver,
    resolve,
    reverse,
)

# What opens without a sign-in, and why.
OPEN = {
    "links:scanned": "the link itself is what opens it",
    "links:install": "as before",
    "home": "the choice of the site",
    "healthz": "for monitors",
    "change-password": "the page that it leads to asks for the sign-in",
    "icon": "it is on every page",
    "two_factor:login": "the sign-in itself",
    "accounts:passkey-begin": "a sign-in, too",
    "accounts:passkey-sign-in": "as before",
    "accounts:language": "on the sign-in page too",
    "accounts:appearance": "on the sign-in page too",
    "help:index": "what it says is no secret",
    "help:client": "as before",
    "api-docs": "as before",
    "api:openapi-json": "as before",
    "discovery:autoconfig": "asked by programs that are about to be set up",
    "discovery:autoconfig-well-known": "as before",
    "discovery:autodiscover": "as before",
    "discovery:autodiscover-json": "as before",
    "accounts:sms-status": "the provider of text messages signs what it tells",
}
# Posted by programs, which have no form of ours; test_discovery.py says what happens,
# and test_deliveries.py.
MACHINES = {"discovery:autodiscover", "accounts:sms-status"}
JSON = "discovery:autodiscover-json"
PASSKEYS = {"accounts:passkey-begin", "accounts:passkey-sign-in"}  # test_passkeys.py
LINKS = {"links:scanned", "links:install"}  # test_scan.py
POST_ONLY = {
    *PASSKEYS,
    "accounts:passkey-make-begin",
    "accounts:passkey-make-complete",
    "accounts:end-sessions",
    "accounts:mails",
    "accounts:phone-send",
    "accounts:sms-status",
    "accounts:sign-out",
    "accounts:language",
    "accounts:appearance",
    "clientpasswords:code",
    "clientpasswords:verify",
    "clientpasswords:name",
    "clientpasswords:limit",
    "clientpasswords:notices",
    "clientpasswords:profile",
    "clientpasswords:connect-code",
    "clientpasswords:connect-verify",
    "clientpasswords:scan-code",
    "clientpasswords:scan-verify",
    "clientpasswords:withdraw",
    "clientpasswords:disable-code",
    "clientpasswords:keep-code",
    "clientpasswords:keep-verify",
    "clientpasswords:replace-code",
    "clientpasswords:replace-verify",
    "clientpasswords:keep-both",
    "links:install",
    "discovery:autodiscover",
}
GET_ONLY = {
    "accounts:passkey-make",
    "api-docs",
    "api:openapi-json",
    "home",
    "healthz",
    "change-password",
    "icon",
    "accounts:general",
    "accounts:phone",
    "clientpasswords:index",
    "clientpasswords:lost-done",
    "clientpasswords:new",
    "clientpasswords:device",
    "clientpasswords:sign-ins",
    "clientpasswords:status",
    "clientpasswords:connect",
    "clientpasswords:scan",
    "clientpasswords:link-status",
    "clientpasswords:keep",
    "clientpasswords:replace",
    "links:scanned",
    "two_factor:profile",
    "two_factor:qr",
    "two_factor:setup_complete",
    "help:index",
    "help:client",
    "discovery:autoconfig",
    "discovery:autoconfig-well-known",
    "discovery:autodiscover-json",
}
OF_ONE_PASSWORD = {
    f"clientpasswords:{name}"
    for name in (
        "device",
        "name",
        "limit",
        "notices",
        "status",
        "profile",
        "link-status",
        "keep",
        "keep-code",
        "keep-verify",
        "replace",
        "replace-code",
        "replace-verify",
        "keep-both",
        "delete",
    )
}
OF_ONE_ROW = OF_ONE_PASSWORD | {"accounts:passkey-remove"}
OF_A_WORD = {"help:client", "links:scanned"}


def names(resolver: URLResolver, namespace: str = "") -> Iterator[str]:
    """The name of every address but for the administration's."""
    for entry in resolver.url_patterns:
        if isinstance(entry, URLPattern):
            yield f"{namespace}{entry.name}"
        elif entry.namespace != "admin":
            inner = f"{entry.namespace}:" if entry.namespace else namespace
            yield from names(entry, inner)


def address(name: str, pk: int = 1) -> str:
    if name == "accounts:sms-status":
        return reverse(name, args=[REFERENCE])
    if name in OF_A_WORD:
        return reverse(name, args=["iphone"])
    return reverse(name, args=[pk] if name in OF_ONE_ROW else [])


def _for_programs(name: str) -> bool:
    """Whether it asks for a token, whoever has signed in."""
    return name.startswith("api:") and name not in OPEN


def program_address(name: str) -> str:
    """The address of an operation of the API, with whatever it needs filled in."""
    filled = {"address": "alice@example.com", "name": "Standard", "pk": 1}
    for names_ in ([], ["address"], ["name"], ["address", "pk"]):
        try:
            return reverse(name, kwargs={each: filled[each] for each in names_})
        except NoReverseMatch:
            continue
    raise AssertionError(name)


# The root of the API is there to be reversed: nothing answers at it.
EVERYTHING = sorted(set(names(get_resolver())) - {"api:api-root"})
PROGRAMS = [name for name in EVERYTHING if _for_programs(name)]
ALL = [name for name in EVERYTHING if not _for_programs(name)]
CHANGING = sorted(set(ALL) - GET_ONLY - MACHINES)


REFERENCE = "11111111-1111-4111-8111-111111111111"
FILLED_IN = {
    "int": "1",
    "slug": "iphone",
    "path": "1",
    "str": "1",
    "uuid": REFERENCE,
}

# What stands in the addresses that are regular expressions.
PLAIN = {
    "[aA]uto[dD]iscover": "autodiscover",
    r"\.": ".",
    "(?:/.*)?": "",
    "(?P<url>.*)": "nowhere",
    "^": "",
    "$": "",
}


def every_address(resolver: URLResolver, before: str = "/") -> Iterator[str]:
    """All of the portal's and of the administration's, with something filled in."""
    for entry in resolver.url_patterns:
        text = re.sub(
            r"<(?:(\w+):)?\w+>",
            lambda found: FILLED_IN[found[1] or "str"],
            str(entry.pattern),
        )
        for pattern, plain in PLAIN.items():
            text = text.replace(pattern, plain)
        if isinstance(entry, URLPattern):
            yield before + text
        else:
            yield from every_address(entry, before + text)


EVERY_ADDRESS = sorted(set(every_address(get_resolver())))


def with_rows(page: str, rows: Mapping[str, Any]) -> str:
    """Return the page of the record that there is, if it is one of a record.

    `rows` are by the names that the addresses of the administration begin with.
    """
    name = resolve(page).view_name.partition(":")[2]
    kinds = [kind for kind in rows if name.startswith(f"{kind}_")]
    kind = max(kinds, key=len, default="clientpasswords_clientpassword")
    return page.replace("/1/", f"/{rows[kind].pk}/")
