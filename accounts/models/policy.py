"""Policies: what the administrators of a mail host allow and require."""

from datetime import datetime
from typing import Self

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.networks import NetworksField, NetworksMark
from accounts.models.protocols import PROTOCOL_KEYS, ProtocolSwitches

# The upper bound of `max_client_passwords`: client passwords have so many slots.
MAX_CLIENT_PASSWORDS = 50
# The longest times that a policy can set: ten years, and one year. Without a bound, the
# computed times could exceed the range of dates.
MAX_DAYS = 3650
MAX_HOURS = 8760
# The settings of a policy, in the sections of its page. The API, the administration's
# pages, the effective policy, comparisons, copies and the audit log use only these.
PROTOCOL_SETTINGS = PROTOCOL_KEYS
MAIL_PROGRAM_SETTINGS = ("third_party_logon", *PROTOCOL_SETTINGS, "client_networks")
SECURITY_PASSWORD_SETTINGS = (
    "client_passwords_required",
    "required_from",
    "report_only",
    "max_client_passwords",
    "client_password_days",
    "suspend_unused_days",
    "suspend_never_used_hours",
)
CODE_SETTINGS = ("code_to_switch_off", "owner_sets_phone")
POLICY_SETTINGS = (*MAIL_PROGRAM_SETTINGS, *SECURITY_PASSWORD_SETTINGS, *CODE_SETTINGS)
# Columns that are no settings: identity, scope, and internal state.
OTHER_POLICY_FIELDS = ("id", "name", "domain", "networks_mark", "uses_known_to")


class PolicyQuerySet(models.QuerySet["Policy"]):
    def suspending(self) -> Self:
        """Return the policies that suspend unused security passwords."""
        return self.filter(
            Q(suspend_unused_days__isnull=False)
            | Q(suspend_never_used_hours__isnull=False)
        )


class Policy(ProtocolSwitches):
    """A set of settings that domains, departments and accounts refer to.

    An account's own policy takes precedence over its department's policy, and that
    over its domain's.
    """

    name = models.CharField(_("name"), max_length=100, unique=True)
    domain = models.ForeignKey(
        "accounts.Domain",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="own_policies",
        verbose_name=_("for the domain"),
        help_text=_(
            "Administrators of the domain can change it, and it applies only there. "
            "Empty: for every domain of the host."
        ),
    )
    third_party_logon = models.BooleanField(
        _("third-party client logon"),
        default=True,
        help_text=_("Off: no mail program connects, with any password."),
    )
    client_networks = NetworksField(
        _("networks of mail programs"),
        max_length=500,
        blank=True,
        default="",
        db_default="",
        help_text=_(
            "For example 192.0.2.0/24, 2001:db8::/32. Mail programs in other networks "
            "are refused, with any password. Webmail is not affected. Empty: from "
            "anywhere."
        ),
    )
    networks_mark = NetworksMark(
        of="client_networks",
        default=0,
        db_default=0,
        editable=False,
        help_text="Part of the names of mail sessions: other networks end them.",
    )
    client_passwords_required = models.BooleanField(
        _("security passwords required"),
        default=False,
        help_text=_(
            "Mail programs are refused with the web password. Owners cannot turn this "
            "off."
        ),
    )
    required_from = models.DateTimeField(
        _("required from"),
        null=True,
        blank=True,
        help_text=_(
            "Until then nobody is refused. Owners are notified of the date. Empty: at "
            "once."
        ),
    )
    report_only = models.BooleanField(
        _("report only"),
        default=False,
        db_default=False,
        help_text=_(
            "Nobody is refused and no owner is notified. The roll-out report shows who "
            "would be refused."
        ),
    )
    max_client_passwords = models.PositiveSmallIntegerField(
        _("security passwords allowed for each account"),
        default=10,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_CLIENT_PASSWORDS)],
    )
    client_password_days = models.PositiveSmallIntegerField(
        _("days until a security password expires"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_DAYS)],
        help_text=_("From 1 to 3650, counted from its creation. Empty: never."),
    )
    suspend_unused_days = models.PositiveSmallIntegerField(
        _("suspend after days of inactivity"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_DAYS)],
        help_text=_(
            "From 1 to 3650. The owner is notified first and can reactivate a "
            "suspended password with a code. Empty: never."
        ),
    )
    suspend_never_used_hours = models.PositiveSmallIntegerField(
        _("suspend if not used within hours of creation"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_HOURS)],
        help_text=_(
            "From 1 to 8760. The same for a security password that was never used. "
            "Empty: never."
        ),
    )
    uses_known_to = models.DateTimeField(
        null=True,
        editable=False,
        help_text="Who was to be suspended by then is; later uses may be unknown yet.",
    )
    code_to_switch_off = models.BooleanField(
        _("code needed to turn security passwords off"),
        default=True,
        db_default=True,
        help_text=_(
            "Off: someone who knows only the web password can turn them off and open "
            "the mailbox to mail programs."
        ),
    )
    owner_sets_phone = models.BooleanField(
        _("owners enter their first phone number"),
        default=False,
        db_default=False,
        help_text=_(
            "Off: an administrator enters it. On: someone who knows the web password "
            "of a mailbox without a number can enter one and then create security "
            "passwords."
        ),
    )

    objects = PolicyQuerySet.as_manager()

    class Meta:
        verbose_name = _("policy")
        verbose_name_plural = _("policies")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(max_client_passwords__range=(1, MAX_CLIENT_PASSWORDS)),
                name="policy_limit_within_the_slots",
            ),
            models.CheckConstraint(
                condition=Q(client_password_days__lte=MAX_DAYS)
                & Q(suspend_unused_days__lte=MAX_DAYS)
                & Q(suspend_never_used_hours__lte=MAX_HOURS),
                name="policy_times_within_the_calendar",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Check that a policy of a domain is not in use outside that domain.

        Raises:
            ValidationError: it is.
        """
        if not self.pk or self.domain_id is None:
            return
        if (
            self.domains.exclude(pk=self.domain_id).exists()
            or self.departments.exclude(domain=self.domain_id).exists()
            or self.accounts.exclude(domain=self.domain_id).exists()
        ):
            raise ValidationError({"domain": _("It also applies to other domains.")})

    @property
    def settings(self) -> dict[str, object]:
        """Return the value of each setting, by the names of `POLICY_SETTINGS`."""
        return {name: getattr(self, name) for name in POLICY_SETTINGS}

    @property
    def suspends(self) -> bool:
        """Whether unused security passwords are suspended after some time."""
        return bool(self.suspend_unused_days or self.suspend_never_used_hours)

    @property
    def requires_client_passwords(self) -> bool:
        """Whether this policy refuses the web password in mail programs now."""
        return self.will_require_at(timezone.now())

    def will_require_at(self, moment: datetime) -> bool:
        """Return whether this policy refuses the web password at that moment."""
        return (
            self.client_passwords_required
            and not self.report_only
            and (self.required_from is None or self.required_from <= moment)
        )

    @property
    def will_require_client_passwords(self) -> bool:
        """Whether security passwords will be required from a date in the future."""
        return (
            self.client_passwords_required
            and not self.report_only
            and not self.requires_client_passwords
        )
