"""The browsers and networks from which an account signed in lately.

Tries from there are counted apart from those of strangers, who therefore cannot use up
what the owner needs. Nothing here reads the account of a name that was typed, so known
and unknown names take the same time.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts import addresses, budgets, retention
from accounts.http import client_address
from accounts.models import Account, FamiliarNetwork

SALT = "accounts.signin.familiar"
MAX_NAMES = 5  # in one browser, the newest
FAMILIAR_FOR = timedelta(days=int(retention.FAMILIAR_NETWORKS.days))


@dataclass(frozen=True)
class FamiliarBrowser:
    """A browser with our cookie: a random name, and for each account a keyed digest.

    The digest binds the account's address and the day to this browser. Without our key
    it says nothing of the account, and it opens nothing: it only counts tries apart.
    """

    name: str
    accounts: tuple[tuple[int, str], ...] = ()  # day and digest, the newest first

    @property
    def key(self) -> str:
        """What its tries are counted by."""
        return hashlib.sha256(self.name.encode()).hexdigest()[:32]

    def knows(self, address: str) -> bool:
        """Whether the account of this address, if there is one, signed in here lately.

        Takes as long for every address.
        """
        oldest = _count_days() - FAMILIAR_FOR.days
        same = [
            constant_time_compare(digest, self._digest(day, address)) and day > oldest
            for day, digest in self.accounts
        ]
        return any(same)

    def with_account(self, address: str) -> Self:
        """Return it as it is after this account has signed in."""
        others = [
            (day, digest)
            for day, digest in self.accounts
            if not constant_time_compare(digest, self._digest(day, address))
        ]
        today = _count_days()
        own = (today, self._digest(today, address))
        return type(self)(self.name, (own, *others[: MAX_NAMES - 1]))

    def to_cookie(self) -> str:
        """Return the signed text that `read_browser` reads."""
        words = [self.name, *(f"{day}.{digest}" for day, digest in self.accounts)]
        return Signer(salt=SALT).sign("/".join(words))

    def _digest(self, day: int, address: str) -> str:
        text = f"{self.name}|{day}|{addresses.normalise(address)}"
        return salted_hmac(SALT, text, algorithm="sha256").hexdigest()[:32]


def read_browser(request: HttpRequest) -> FamiliarBrowser | None:
    """Return the browser that the request comes from; None if nobody signed in there.

    A cookie that we did not write counts as none.
    """
    try:
        text = Signer(salt=SALT).unsign(request.COOKIES[settings.FAMILIAR_COOKIE_NAME])
    except (KeyError, BadSignature):
        return None
    name, *words = text.split("/")
    pairs = (word.split(".") for word in words)
    return FamiliarBrowser(name, tuple((int(day), digest) for day, digest in pairs))


def knows_network(address: str, network_address: str | None) -> bool:
    """Whether the account of this address, if there is one, signed in from there.

    One query for every address.
    """
    network = budgets.network_of(network_address)
    rows = FamiliarNetwork.objects.filter(
        account__address=addresses.normalise(address), network=network
    )
    return rows.filter(last_at__gte=retention.FAMILIAR_NETWORKS.oldest).exists()


def remember(
    request: HttpRequest, response: HttpResponseBase, account: Account
) -> None:
    """Remember that the account signed in here, with every step that it asks for."""
    FamiliarNetwork.objects.update_or_create(
        account=account,
        network=budgets.network_of(client_address(request)),
        defaults={"last_at": timezone.now()},
    )
    browser = read_browser(request) or FamiliarBrowser(secrets.token_urlsafe(16))
    response.set_cookie(
        settings.FAMILIAR_COOKIE_NAME,
        browser.with_account(account.address).to_cookie(),
        max_age=FAMILIAR_FOR,
        secure=settings.HTTPS,
        httponly=True,
        samesite="Strict",
    )


def forget() -> int:
    """Delete networks that do not count any more; return how many."""
    oldest = retention.FAMILIAR_NETWORKS.oldest
    return FamiliarNetwork.objects.filter(last_at__lt=oldest).delete()[0]


def _count_days() -> int:
    return timezone.now().date().toordinal()
