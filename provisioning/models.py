"""API tokens, and the figures of each domain, now and by day."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from accounts.models import Domain
from clientpasswords.models import LogonsOfADay


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def unended(self) -> Self:
        """Return tokens that are neither revoked nor expired."""
        has_not_expired = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
        return self.filter(has_not_expired, revoked_at=None)

    def live(self) -> Self:
        """Return tokens that are valid and whose owner, if any, is an administrator."""
        owner_stands = Q(owner__is_active=True, owner__is_staff=True)
        return self.unended().filter(Q(is_owned=False) | owner_stands)

    def ended(self) -> Self:
        """Return tokens that can no longer be used."""
        return self.exclude(pk__in=self.model.objects.live().order_by().values("pk"))


class ApiToken(models.Model):
    """A bearer token of a program; only its digest is stored."""

    class Scope(models.TextChoices):
        ACCOUNTS_READ = "accounts:read", _("view mailboxes")
        ACCOUNTS_WRITE = "accounts:write", _("create, change and offboard mailboxes")
        ACCOUNTS_DELETE = "accounts:delete", _("delete mailboxes")
        DOMAINS_READ = "domains:read", _("view domains")
        DOMAINS_WRITE = "domains:write", _("create domains and set their policies")
        POLICIES_READ = "policies:read", _("view policies")
        POLICIES_WRITE = "policies:write", _("create and change policies")
        PASSWORDS_READ = "passwords:read", _("view security passwords")
        PASSWORDS_REVOKE = "passwords:revoke", _("delete security passwords")

    name = models.CharField(_("name"), max_length=60, unique=True)
    key = models.CharField(max_length=12, unique=True, editable=False)
    digest = models.CharField(max_length=64, editable=False)
    scopes = models.JSONField(_("scopes"))
    is_limited = models.BooleanField(
        help_text="Only for `domains`, and for none once these are deleted."
    )
    domains = models.ManyToManyField(Domain, blank=True, verbose_name=_("domains"))
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    created_by = models.CharField(_("created by"), max_length=254)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="api_tokens",
        verbose_name=_("owner"),
        help_text="The administrator whose own mail programs it must not shut out.",
    )
    is_owned = models.BooleanField(
        default=False,
        help_text="It opens nothing without its `owner`, even once there is none.",
    )
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        # Nobody changes or deletes a token: the audit log names it.
        default_permissions = ("add", "view")
        permissions = [("revoke_apitoken", gettext_noop("Can revoke API tokens"))]
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(digest__regex=r"^[0-9a-f]{64}$"),
                name="apitoken_never_in_clear",
            ),
            models.CheckConstraint(
                condition=Q(owner=None) | Q(is_owned=True),
                name="apitoken_with_an_owner_is_owned",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_live(self) -> bool:
        """Whether the token can be used now."""
        now = timezone.now()
        expired = self.expires_at is not None and self.expires_at <= now
        return self.revoked_at is None and not (expired or self.is_left)

    @property
    def is_left(self) -> bool:
        """Whether its owner was deleted, or is no longer an administrator."""
        owner = self.owner
        return self.is_owned and not (owner and owner.is_active and owner.is_staff)


class DomainFigures(models.Model):
    """The figures of one domain when its mailboxes were last counted.

    They are stored because counting 100,000 mailboxes for every page view would take
    too long, and stored by domain so that each administrator gets the sum of the
    domains they see.
    """

    domain = models.OneToOneField(
        Domain, on_delete=models.CASCADE, related_name="figures"
    )
    counted_at = models.DateTimeField()
    active = models.PositiveIntegerField(default=0)
    off_the_web_password = models.PositiveIntegerField(default=0)
    full = models.PositiveIntegerField(default=0)
    idle = models.PositiveIntegerField(default=0)
    never_used = models.PositiveIntegerField(default=0)
    by_web_password = models.PositiveIntegerField(default=0)
    locked = models.PositiveIntegerField(
        default=0, help_text="Mailboxes whose codes are locked."
    )

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.domain_id} {self.counted_at}"


class FiguresOfADay(models.Model):
    """Figures at the last count of one day of the server's time zone, for plots."""

    day = models.DateField()
    active = models.PositiveIntegerField()
    off_the_web_password = models.PositiveIntegerField()
    by_web_password = models.PositiveIntegerField(
        help_text="Of those that may use it, the mailboxes that did so lately."
    )
    required_soon = models.PositiveIntegerField(
        help_text="Mailboxes that will need security passwords from a set date on."
    )

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return str(self.day)


class DailyFigures(FiguresOfADay):
    """The figures of one domain by day."""

    domain = models.ForeignKey(
        Domain,
        on_delete=models.CASCADE,
        related_name="daily_figures",
        db_index=False,  # the constraint below begins with it
    )

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["day"], name="dailyfigures_oldest")]
        constraints = [
            models.UniqueConstraint(
                fields=["domain", "day"], name="dailyfigures_once_a_domain_and_day"
            ),
        ]


class CodesOfADay(models.Model):
    """How many codes were sent on one day of UTC, by which they are limited."""

    day = models.DateField()
    count = models.PositiveIntegerField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return str(self.day)


class DailyCodes(CodesOfADay):
    """The codes of one domain by day."""

    domain = models.ForeignKey(
        Domain,
        on_delete=models.CASCADE,
        related_name="daily_codes",
        db_index=False,  # the constraint below begins with it
    )

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["day"], name="dailycodes_oldest")]
        constraints = [
            models.UniqueConstraint(
                fields=["domain", "day"], name="dailycodes_once_a_domain_and_day"
            ),
        ]


# The sums of the whole host, for those who see all of it. With thousands of domains,
# adding them up would take a page longer than it may.


class HostFigures(FiguresOfADay):
    """The figures of the whole host by day."""

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["day"], name="hostfigures_once_a_day"),
        ]


class HostCodes(CodesOfADay):
    """The codes of the whole host by day, also of domains that are gone."""

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["day"], name="hostcodes_once_a_day"),
        ]


class HostLogons(LogonsOfADay):
    """The mail logons of the whole host by day, protocol and result."""

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["day", "protocol", "reason", "let_in_by"],
                name="hostlogons_one_row_of_each",
            ),
        ]
