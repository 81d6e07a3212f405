"""The model of client passwords."""

import uuid
from datetime import date, datetime, time, timedelta
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.lookups import IsNull
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from accounts import retention
from accounts.models import MAX_CLIENT_PASSWORDS, MailLogon
from accounts.models.protocols import PROTOCOL_KEYS, ProtocolSwitches

if TYPE_CHECKING:
    from clientpasswords.models.history import Usage


IDLE_AFTER = timedelta(days=90)
# One for each that counts against the limit, and one for what replaces it.
SLOTS = 2 * MAX_CLIENT_PASSWORDS


class ClientPasswordQuerySet(models.QuerySet["ClientPassword"]):
    def live(self) -> Self:
        """Those not revoked. Whether one is let in, the logon views decide."""
        return self.filter(revoked_at=None)

    def counted(self) -> Self:
        """Those that count against the limit: of two for one device, one does."""
        return self.live().filter(replaces=None)

    def replaced(self) -> Self:
        """Those that are to be deleted, as what replaces them has been used."""
        used = self.model.objects.filter(replaces__isnull=False, usage__isnull=False)
        return self.live().filter(pk__in=used.values("replaces"))

    def last_used_first(self) -> Self:
        """Order by last use, newest first, with those never used at the end."""
        last_use = F("usage__last_at").desc(nulls_last=True)
        return self.order_by(last_use, "-created_at", "-pk")

    def with_refusal(self) -> Self:
        """Annotate `refusal`: why each is refused; None if a protocol lets it in.

        Networks are not checked.
        """
        asked = MailLogon.objects.filter(credential=OuterRef("pk"))
        first = asked.order_by(IsNull(F("refusal"), False), "protocol")  # noqa: FBT003
        return self.annotate(refusal=Subquery(first.values("refusal")[:1]))

    def login_names(self) -> dict[int, str]:
        """Return the `login_name` of each by key. One query."""
        rows = MailLogon.objects.filter(credential__in=self.values("pk"))
        return dict(rows.values_list("credential", "login_name"))

    def long_revoked(self) -> Self:
        """Those revoked before the retention time: no device should still try them."""
        return self.filter(revoked_at__lt=retention.REVOKED_PASSWORDS.oldest)


class ClientPassword(ProtocolSwitches):
    """The password of one mail program or device; only its hash is stored."""

    account = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="client_passwords",
        verbose_name=_("mailbox"),
    )
    slot = models.PositiveSmallIntegerField(editable=False)
    label = models.CharField(_("device"), max_length=64)
    selector = models.CharField(max_length=4, editable=False)
    hash = models.CharField(max_length=200, editable=False)
    attempt = models.UUIDField(
        default=uuid.uuid4,
        editable=False,
        help_text="The form it was made by, so that a form sent twice makes one.",
    )
    created_at = models.DateTimeField(
        _("created"), default=timezone.now, editable=False
    )
    revoked_at = models.DateTimeField(_("deleted"), null=True, editable=False)
    replaces = models.OneToOneField(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="replacement",
        help_text="That of the same device which is deleted when this one is used.",
    )
    # Its scope, with the protocols. A new password has no limits.
    networks = models.CharField(
        _("only from networks"),
        max_length=500,
        blank=True,
        help_text=_("For example 192.0.2.0/24, separated by commas; empty: any."),
    )
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    suspends_at = models.DateTimeField(
        null=True,
        editable=False,
        help_text="When it is suspended, as its owner was told, unless it is used.",
    )
    revived_at = models.DateTimeField(
        null=True, editable=False, help_text="When its owner last asked to keep it."
    )
    told_of_end = models.DateTimeField(
        null=True, editable=False, help_text="The end that its owner was told of."
    )
    is_silenced = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="Its owner is not notified where it is tried although it is deleted.",
    )
    session_names = models.PositiveSmallIntegerField(
        default=0,
        editable=False,
        help_text="How many names its sessions had before this one, see `login_name`.",
    )

    objects = ClientPasswordQuerySet.as_manager()

    # Why mail servers refuse it. `ClientPasswordQuerySet.with_refusal` reads it.
    refusal: str | None
    # Its lifetime by the policy in days, whether it is suspended for inactivity, and
    # whether it will be. `SecurityPasswordPage.with_lifetime` sets them.
    days_of_life: int | None = None
    is_suspended = False
    will_be_suspended = False

    class Meta:
        verbose_name = _("security password")
        verbose_name_plural = _("security passwords")
        ordering = ["-created_at", "-pk"]
        permissions = [
            ("revoke_clientpassword", gettext_noop("Can delete security passwords"))
        ]
        indexes = [
            models.Index(
                fields=["suspends_at"],
                condition=Q(suspends_at__isnull=False),
                name="clientpassword_suspends",
            ),
            models.Index(
                fields=["expires_at"],
                condition=Q(expires_at__isnull=False),
                name="clientpassword_expires",
            ),
            models.Index(fields=["-created_at", "-id"], name="clientpassword_newest"),
            models.Index(
                fields=["-created_at", "-id"],
                condition=Q(revoked_at=None),
                name="clientpassword_newest_live",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "slot"],
                condition=Q(revoked_at=None),
                name="clientpassword_slot_once_until_revoked",
            ),
            models.CheckConstraint(
                condition=Q(slot__range=(1, SLOTS)),
                name="clientpassword_slot_in_range",
            ),
            # Also the index of the look-up at each logon, which finds at most one row.
            models.UniqueConstraint(
                fields=["account", "selector"],
                name="clientpassword_selector_once_an_account",
            ),
            models.UniqueConstraint(
                fields=["account", "attempt"],
                name="clientpassword_one_of_each_form",
            ),
            models.CheckConstraint(
                condition=Q(revoked_at=None) | Q(replaces=None),
                name="clientpassword_replaces_until_revoked",
            ),
            models.CheckConstraint(
                condition=reduce(or_, (Q((key, True)) for key in PROTOCOL_KEYS)),
                name="clientpassword_good_for_something",
            ),
            models.CheckConstraint(
                condition=Q(hash__startswith="$argon2id$"),
                name="clientpassword_never_in_clear",
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def used(self) -> "Usage | None":
        """When and how it was used, as far as the logs were read; None if never."""
        return getattr(self, "usage", None)

    @property
    def is_being_replaced(self) -> bool:
        """Whether another waits for its first use, and then takes its place."""
        return hasattr(self, "replacement")

    @property
    def is_in_a_pair(self) -> bool:
        """Whether it replaces another, or another is to replace it."""
        return self.replaces_id is not None or self.is_being_replaced

    @property
    def place_in_pair(self) -> str:
        """What tells it from the other password of its device; "" if it has none."""
        if self.replaces_id is not None:
            return gettext("new password")
        return gettext("old password") if self.is_being_replaced else ""

    @property
    def full_label(self) -> str:
        """Its label, and which it is of two passwords for one device."""
        place = self.place_in_pair
        return f"{self.label} ({place})" if place else self.label

    @property
    def is_idle(self) -> bool:
        """Whether it was used, but not within `IDLE_AFTER`."""
        return self.used is not None and timezone.now() - self.used.last_at > IDLE_AFTER

    @property
    def event_detail(self) -> dict[str, str | int]:
        """What the audit log keeps of it; a notice reads the present name."""
        return {"device": self.label, "credential": self.pk}

    @property
    def login_name(self) -> str:
        """The name of its sessions on the mail servers, by which they are ended.

        `gateways.loginnames` documents its forms. Postfix knows a session only by its
        name. To end those from networks that are no longer allowed, new sessions get
        another name. One query.
        """
        row = MailLogon.objects.filter(credential=self.pk).only("login_name")[:1].get()
        return row.login_name

    @property
    def protocols_allowed(self) -> list[str]:
        """The labels of the protocols in its scope, whatever the policy allows."""
        return self.labels_of_protocols(on=True)

    @property
    def protocols_missing(self) -> bool:
        return not all(self.protocols.values())

    @property
    def is_limited(self) -> bool:
        """Whether it has a scope of its own."""
        return bool(self.protocols_missing or self.networks or self.expires_at)

    @property
    def ends_at(self) -> datetime | None:
        """When it expires: by its own date or by the policy, the earlier; or None."""
        ends = [self.expires_at] if self.expires_at else []
        if self.days_of_life is not None:
            ends.append(self.created_at + timedelta(days=self.days_of_life))
        return min(ends, default=None)

    @property
    def ends_by_date(self) -> bool:
        """Whether it expires by its own date, and not earlier by the policy."""
        return self.expires_at is not None and self.expires_at == self.ends_at

    @property
    def ends_soon(self) -> bool:
        """Whether it has not expired, but its owner has to be notified that it will.

        The notice is sent `TOLD_BEFORE` the end; if it expires by the policy, not
        before half of its lifetime is over.
        """
        if self.ends_at is None or self.has_expired:
            return False
        notice = settings.TOLD_BEFORE
        if not self.ends_by_date:
            notice = min(notice, (self.ends_at - self.created_at) / 2)
        return self.ends_at - timezone.now() <= notice

    @property
    def last_day(self) -> date | None:
        """The last day by its own date, whatever the policy says."""
        if self.expires_at is None:
            return None
        return timezone.localtime(self.expires_at - timedelta(seconds=1)).date()

    @property
    def ends_with_day(self) -> bool:
        """Whether its own date is the end of a day where the reader is."""
        return self.expires_at is not None and (
            timezone.localtime(self.expires_at).time() == time.min
        )

    @property
    def has_expired(self) -> bool:
        return self.ends_at is not None and self.ends_at <= timezone.now()
