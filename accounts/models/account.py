"""Mailboxes."""

from collections.abc import Callable
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from accounts import addresses
from accounts.models.domain import Department, Domain, require_own_policy
from accounts.models.fields import AddressField
from accounts.models.formeraddress import FormerAddress
from accounts.models.policy import Policy


def get_languages() -> list[tuple[str, str]]:
    """Return the portal's languages, for the migration to call by name."""
    return [(code, str(name)) for code, name in settings.LANGUAGES]


@cache
def get_time_zones() -> frozenset[str]:
    """Return the names of the time zones that this host knows."""
    return frozenset(available_timezones())


def validate_time_zone(name: str) -> None:
    """Refuse what is not the name of a time zone.

    Raises:
        ValidationError: this host does not know the zone.
    """
    if name not in get_time_zones():
        raise ValidationError(_("Unknown time zone."))


class SessionOver(Exception):
    """The session of who asks was ended while this waited for the mailbox."""


class AccountManager(BaseUserManager["Account"]):
    """Addresses are stored and looked up as `addresses.normalise` returns them."""

    def get_by_natural_key(self, username: str | None) -> "Account":
        return super().get_by_natural_key(username or "")

    def create_user(
        self, address: str, password: str | None = None, **fields: Any
    ) -> "Account":
        """Create an account in the domain of its address, which must exist.

        Raises:
            ValidationError: no mailbox can have the address, or it is a former
                address of another mailbox.
        """
        address = addresses.normalise(address)
        if "domain" not in fields:
            fields["domain"] = Domain.objects.get(name=address.rpartition("@")[2])
        account = self.model(address=address, **fields)
        account.set_password(password)
        account.clean_fields(exclude={"domain", "department", "policy"})
        account.clean()
        account.save(using=self._db)
        return account

    def lock(self, pk: int) -> "Account":
        """Read the account from the database and lock it until the transaction ends.

        Writers lock it before any other row that belongs to it.
        """
        return self.select_for_update().get(pk=pk)

    def lock_own(self, account: "Account") -> "Account":
        """As `lock`, for what only the owner does, who is signed in as `account`.

        Raises:
            SessionOver: since `account` was read the mailbox was disabled or deleted,
                its web password changed, or its sessions ended.
        """
        owner = self.select_for_update().filter(pk=account.pk, is_active=True).first()
        if owner is None or not constant_time_compare(
            owner.get_session_auth_hash(), account.get_session_auth_hash()
        ):
            raise SessionOver
        return owner

    @transaction.atomic
    def create_superuser(
        self, address: str, password: str | None = None, **fields: Any
    ) -> "Account":
        """Create an administrator of the whole host, and their domain if it is missing.

        Raises:
            ValidationError: as in `create_user`; the domain is not created either.
        """
        name = addresses.normalise(address).rpartition("@")[2]
        if not Domain.objects.filter(name=name).exists():
            policy, _created = Policy.objects.get_or_create(name="Standard")
            Domain.objects.create(name=name, policy=policy)
        return self.create_user(
            address, password, is_staff=True, is_superuser=True, **fields
        )


class Account(AbstractBaseUser, PermissionsMixin):
    """A mailbox, and the user who signs in with its address and web password."""

    address = AddressField(
        _("address"), max_length=254, unique=True, validators=[addresses.validate]
    )
    name = models.CharField(_("name"), max_length=100, blank=True)
    domain = models.ForeignKey(
        Domain,
        on_delete=models.PROTECT,
        related_name="accounts",
        verbose_name=_("domain"),
    )
    department = models.ForeignKey(
        Department,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="accounts",
        verbose_name=_("department"),
    )
    policy = models.ForeignKey(
        Policy,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="accounts",
        verbose_name=_("exception: own policy"),
        help_text=_("Empty: the policy of the department or domain applies."),
    )
    policy_until = models.DateTimeField(
        _("exception ends"),
        null=True,
        blank=True,
        help_text=_("After that, the policy of the department or domain applies."),
    )
    policy_reason = models.CharField(
        _("reason for the exception"),
        max_length=200,
        blank=True,
        db_default="",
    )
    language = models.CharField(
        _("language"),
        max_length=10,
        blank=True,
        choices=get_languages,
        help_text=_(
            "Of the pages, mails and text messages. Empty: the language of the browser "
            "at the next sign-in."
        ),
    )
    time_zone = models.CharField(
        max_length=64,
        blank=True,
        default="",
        db_default="",
        editable=False,
        validators=[validate_time_zone],
        help_text="Of the browser at the last sign-in; mails give their times in it.",
    )
    client_passwords_on = models.BooleanField(
        _("security passwords on"),
        default=False,
        help_text=_(
            "The owner's choice. A policy can require security passwords anyway."
        ),
    )
    told_of_uses = models.BooleanField(
        _("usage notifications"),
        default=True,
        db_default=True,
        help_text=_(
            "Mails about the first use of a security password and about uses from new "
            "networks."
        ),
    )
    is_active = models.BooleanField(
        _("active"),
        default=True,
        help_text=_("Off: neither the portal nor any mail program lets the owner in."),
    )
    is_staff = models.BooleanField(
        _("administrator"),
        default=False,
        help_text=_("May sign in to the administration with a second factor."),
    )
    domains_administered = models.ManyToManyField(
        Domain,
        blank=True,
        related_name="administrators",
        verbose_name=_("domains administered"),
        help_text=_(
            "The domains whose mailboxes an administrator sees. Empty: none, unless a "
            "group or permission gives access to every domain of the host."
        ),
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    taken_over = models.CharField(
        max_length=64,
        blank=True,
        default="",
        db_default="",
        editable=False,
        help_text="A digest of the hash that was last taken over from elsewhere.",
    )
    sessions_ended = models.PositiveIntegerField(
        default=0,
        editable=False,
        help_text="Raised by one, it ends all sessions of the portal.",
    )

    objects = AccountManager()

    # django-otp's middleware sets it on `request.user`.
    is_verified: Callable[[], bool]

    USERNAME_FIELD = "address"

    class Meta:
        verbose_name = _("mailbox")
        verbose_name_plural = _("mailboxes")
        ordering = ["address"]
        permissions = [
            (
                "administer_whole_host",
                gettext_noop("Can administer every domain of the host"),
            ),
            (
                "operate_site",
                gettext_noop("Can hand out rights, and administer the host itself"),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(address=Lower("address")),
                name="account_address_in_lower_case",
            ),
            models.CheckConstraint(
                condition=~Q(address__contains="~"),
                name="account_address_without_tilde",
            ),
        ]

    def __str__(self) -> str:
        return self.address

    def get_session_auth_hash(self) -> str:
        """Return the hash that a portal session stores; sessions with another end.

        A new web password changes it, and so does raising `sessions_ended`.
        """
        text = f"{super().get_session_auth_hash()}{self.sessions_ended}"
        key_salt = "accounts.models.account.session"
        return salted_hmac(key_salt, text, algorithm="sha256").hexdigest()

    @property
    def exception(self) -> Policy | None:
        """Its own policy, or None if it has none or the exception has ended."""
        if self.policy_until is not None and self.policy_until <= timezone.now():
            return None
        return self.policy

    def clean(self) -> None:
        """Normalise the address, and check it, the department and the exception.

        The address and the department must belong to the domain. The address must not
        be a former address of another mailbox. Without a domain (none was chosen, or
        the chosen one is not allowed), the address is not checked: the answer could
        reveal a former address to someone who does not administer its domain.

        Raises:
            ValidationError: with the field that is wrong.
        """
        self.address = addresses.normalise(self.address)
        if self.domain_id and not self.address.endswith(f"@{self.domain.name}"):
            raise ValidationError(
                {"address": _("The address is not in the chosen domain.")}
            )
        self._require_unused_address()
        if self.department and self.department.domain_id != self.domain_id:
            raise ValidationError(
                {"department": _("This department belongs to another domain.")}
            )
        require_own_policy(self.policy, self.domain_id)
        if self.policy_until and not self.policy:
            raise ValidationError(
                {"policy_until": _("Only an exception can end. Choose a policy.")}
            )

    def _require_unused_address(self) -> None:
        """Refuse a former address of another mailbox.

        A database trigger refuses it as well, for writers that skip validation.
        """
        if not self.domain_id:
            return
        of_others = FormerAddress.objects.of_others(self.pk)
        former = of_others.filter(address=self.address).first()
        if former is not None:
            raise ValidationError({"address": former.refusal})
