"""Models for what was read from the mail servers' logs."""

from datetime import timedelta
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clientpasswords.models.password import ClientPassword
from clientpasswords.refusals import REFUSALS

# How far behind the reading of a log may be before uses count as unknown. The follower
# saves its progress once a minute, even if there was nothing to read.
SILENT_AFTER = timedelta(minutes=5)


class Usage(models.Model):
    """When a client password was first and last used.

    This is a table of its own because logons change it often, while the mail server
    reads the table of client passwords at each logon.
    """

    client_password = models.OneToOneField(
        ClientPassword, on_delete=models.CASCADE, related_name="usage"
    )
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    protocol = models.CharField(max_length=16)
    network_address = models.GenericIPAddressField(null=True)
    node = models.CharField(max_length=100)

    class Meta:
        indexes = [models.Index(fields=["last_at"], name="usage_longest_ago")]

    def __str__(self) -> str:
        return f"{self.protocol} {self.last_at}"


class KnownNetwork(models.Model):
    """A network that a client password was used from, to detect new ones."""

    client_password = models.ForeignKey(
        ClientPassword, on_delete=models.CASCADE, related_name="known_networks"
    )
    network = models.CharField(max_length=43)
    last_at = models.DateTimeField(help_text="To the day, so as not to write often.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["client_password", "network"],
                name="knownnetwork_once_a_password",
            ),
        ]

    def __str__(self) -> str:
        return self.network


def reasons_for_refusal() -> list[tuple[str, Any]]:
    """Return the choices of reasons; migrations call it, so new ones need none."""
    return [(each.key, each.label) for each in REFUSALS]


class Logon(models.Model):
    """Mail logons of one account that had all but their time in common.

    `reason` is empty if they were let in, otherwise the key of a `Refusal`. What was
    typed is never stored.
    """

    account = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="logons",
        verbose_name=_("mailbox"),
        db_index=False,  # two of the indexes below begin with it
    )
    client_password = models.ForeignKey(
        ClientPassword,
        on_delete=models.SET_NULL,
        null=True,
        related_name="logons",
        verbose_name=_("device"),
    )
    protocol = models.CharField(_("protocol"), max_length=16)
    reason = models.CharField(
        _("refused because"), max_length=40, blank=True, choices=reasons_for_refusal
    )
    by_web_password = models.BooleanField(
        default=False,
        help_text="Let in by the web password, and not through the webmail.",
    )
    network_address = models.GenericIPAddressField(_("from"), null=True)
    node = models.CharField(_("mail server"), max_length=100)
    first_at = models.DateTimeField(_("first"))
    last_at = models.DateTimeField(_("last"))
    count = models.PositiveIntegerField(_("times"))

    class Meta:
        verbose_name = _("mail logon")
        verbose_name_plural = _("mail logons")
        ordering = ["-last_at", "-pk"]
        indexes = [
            models.Index(
                fields=["account", "-last_at"], name="logon_newest_of_account"
            ),
            models.Index(fields=["last_at"], name="logon_oldest"),
            models.Index(fields=["reason", "-last_at"], name="logon_newest_of_reason"),
            models.Index(
                fields=["protocol", "-last_at"], name="logon_newest_of_protocol"
            ),
            models.Index(
                fields=["last_at", "account"],
                condition=models.Q(by_web_password=True),
                name="logon_by_web_password",
            ),
            models.Index(
                # With the protocol, the mailboxes that use one are found here alone.
                fields=["account", "last_at", "protocol"],
                condition=models.Q(by_web_password=True),
                name="logon_web_password_of_account",
            ),
        ]

    def __str__(self) -> str:
        result = self.get_reason_display() or gettext("let in")
        return f"{self.protocol.upper()}: {result}"


class LogonsOfADay(models.Model):
    """How many mail logons had this result on one day of the server's time zone."""

    class LetInBy(models.TextChoices):
        SECURITY_PASSWORD = "security-password"  # noqa: S105 - a kind
        WEB_PASSWORD = "web-password"  # noqa: S105 - a kind
        WEBMAIL = "webmail"

    day = models.DateField()
    protocol = models.CharField(max_length=16)
    reason = models.CharField(max_length=40, blank=True, choices=reasons_for_refusal)
    let_in_by = models.CharField(
        max_length=20, blank=True, help_text="One of `LetInBy`; empty if refused."
    )
    count = models.PositiveIntegerField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.day} {self.protocol} {self.reason or self.let_in_by}"


class DailyLogons(LogonsOfADay):
    """The mail logons of one domain by day, protocol and result.

    `follow_logons` adds whatever it reads, on the day of the line. A plot of many days
    thus needs a row for each day and domain, and not the whole history.
    """

    domain = models.ForeignKey(
        "accounts.Domain",
        on_delete=models.CASCADE,
        related_name="daily_logons",
        db_index=False,  # the constraint below begins with it
    )

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["day"], name="dailylogons_oldest")]
        constraints = [
            models.UniqueConstraint(
                fields=["domain", "day", "protocol", "reason", "let_in_by"],
                name="dailylogons_one_row_of_each",
            ),
        ]


class LogonDay(models.Model):
    """In which hours of a day (UTC) mail programs were let in, and refused.

    With one security password, or, where there is none, without any: by the web
    password, or by none. The webmail does not count. Each hour is the bit `1 << hour`.
    """

    account = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="logon_days",
        db_index=False,  # the index below begins with it
    )
    client_password = models.ForeignKey(
        ClientPassword,
        on_delete=models.CASCADE,
        null=True,
        related_name="logon_days",
        db_index=False,  # a constraint below begins with it
    )
    day = models.DateField()
    hours_let_in = models.PositiveIntegerField()
    hours_refused = models.PositiveIntegerField()

    class Meta:
        indexes = [
            models.Index(fields=["account", "day"], name="logonday_of_account"),
            models.Index(fields=["day"], name="logonday_oldest"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["client_password", "day"], name="logonday_once_a_password"
            ),
            models.UniqueConstraint(
                fields=["account", "day"],
                condition=models.Q(client_password=None),
                name="logonday_once_without_a_password",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.client_password_id or 'without'}"


class FollowedLogQuerySet(models.QuerySet["FollowedLog"]):
    def silent(self) -> Self:
        """Those that had logons once, but are no longer read or have no new lines."""
        latest = timezone.now() - SILENT_AFTER
        return self.filter(told_at__isnull=False, read_to__lt=latest)


class FollowedLog(models.Model):
    """How far a mail server's log was read; saved together with what was read.

    All decisions of the mail server from `began_at` to `read_to` are known.
    """

    node = models.CharField(_("mail server"), max_length=100)
    path = models.CharField(_("log"), max_length=400)
    inode = models.BigIntegerField(default=0)
    offset = models.BigIntegerField(default=0)
    head = models.CharField(
        max_length=64, blank=True, help_text="SHA-256 of the file's first line."
    )
    began_at = models.DateTimeField(_("followed since"), default=timezone.now)
    told_at = models.DateTimeField(_("last decision"), null=True)
    read_to = models.DateTimeField(_("read up to"), default=timezone.now)

    objects = FollowedLogQuerySet.as_manager()

    class Meta:
        verbose_name = _("followed log")
        verbose_name_plural = _("followed logs")
        ordering = ["node", "path"]
        constraints = [
            models.UniqueConstraint(
                fields=["node", "path"], name="followedlog_once_a_node_and_path"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.node}:{self.path}"
