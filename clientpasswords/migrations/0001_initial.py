import uuid

from django.conf import settings
from django.db import migrations, models
from django.db.models import Q
from django.utils import timezone

from accounts.schema import table
from clientpasswords.models.history import reasons_for_refusal

CLIENT_PASSWORD = table(
    "ClientPassword",
    {
        "verbose_name": "security password",
        "verbose_name_plural": "security passwords",
        "ordering": ["-created_at", "-pk"],
        "permissions": [("revoke_clientpassword", "Can delete security passwords")],
    },
    models.Index(
        condition=Q(suspends_at__isnull=False),
        fields=["suspends_at"],
        name="clientpassword_suspends",
    ),
    models.Index(
        condition=Q(expires_at__isnull=False),
        fields=["expires_at"],
        name="clientpassword_expires",
    ),
    models.Index(fields=["-created_at", "-id"], name="clientpassword_newest"),
    models.Index(
        condition=Q(revoked_at=None),
        fields=["-created_at", "-id"],
        name="clientpassword_newest_live",
    ),
    models.UniqueConstraint(
        condition=Q(revoked_at=None),
        fields=("account", "slot"),
        name="clientpassword_slot_once_until_revoked",
    ),
    models.CheckConstraint(
        condition=Q(slot__range=(1, 100)), name="clientpassword_slot_in_range"
    ),
    models.UniqueConstraint(
        fields=("account", "selector"), name="clientpassword_selector_once_an_account"
    ),
    models.UniqueConstraint(
        fields=("account", "attempt"), name="clientpassword_one_of_each_form"
    ),
    models.CheckConstraint(
        condition=Q(revoked_at=None) | Q(replaces=None),
        name="clientpassword_replaces_until_revoked",
    ),
    models.CheckConstraint(
        condition=Q(imap=True) | Q(pop3=True) | Q(smtp=True),
        name="clientpassword_good_for_something",
    ),
    models.CheckConstraint(
        condition=Q(hash__startswith="$argon2id$"),
        name="clientpassword_never_in_clear",
    ),
    slot=models.PositiveSmallIntegerField(editable=False),
    label=models.CharField("device", max_length=64),
    selector=models.CharField(max_length=4, editable=False),
    hash=models.CharField(max_length=200, editable=False),
    attempt=models.UUIDField(
        default=uuid.uuid4,
        editable=False,
        help_text="The form it was made by, so that a form sent twice makes one.",
    ),
    created_at=models.DateTimeField("created", default=timezone.now, editable=False),
    revoked_at=models.DateTimeField("deleted", null=True, editable=False),
    account=models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        verbose_name="mailbox",
        related_name="client_passwords",
    ),
    replaces=models.OneToOneField(
        "clientpasswords.clientpassword",
        models.SET_NULL,
        null=True,
        editable=False,
        related_name="replacement",
        help_text="That of the same device which is deleted when this one is used.",
    ),
    imap=models.BooleanField("IMAP", default=True),
    pop3=models.BooleanField("POP3", default=True),
    smtp=models.BooleanField("SMTP", default=True),
    networks=models.CharField(
        "only from networks",
        max_length=500,
        blank=True,
        help_text="For example 192.0.2.0/24, separated by commas; empty: any.",
    ),
    expires_at=models.DateTimeField("expires", null=True, blank=True),
    session_names=models.PositiveSmallIntegerField(
        default=0,
        editable=False,
        help_text="How many names its sessions had before this one, see `login_name`.",
    ),
    revived_at=models.DateTimeField(
        null=True, editable=False, help_text="When its owner last asked to keep it."
    ),
    suspends_at=models.DateTimeField(
        null=True,
        editable=False,
        help_text="When it is suspended, as its owner was told, unless it is used.",
    ),
    told_of_end=models.DateTimeField(
        null=True, editable=False, help_text="The end that its owner was told of."
    ),
    is_silenced=models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="Its owner is not notified where it is tried although it is deleted.",
    ),
)
USAGE = table(
    "Usage",
    {},
    models.Index(fields=["last_at"], name="usage_longest_ago"),
    first_at=models.DateTimeField(),
    last_at=models.DateTimeField(),
    protocol=models.CharField(max_length=16),
    network_address=models.GenericIPAddressField(null=True),
    node=models.CharField(max_length=100),
    client_password=models.OneToOneField(
        "clientpasswords.clientpassword", models.CASCADE, related_name="usage"
    ),
)
KNOWN_NETWORK = table(
    "KnownNetwork",
    {},
    models.UniqueConstraint(
        fields=("client_password", "network"), name="knownnetwork_once_a_password"
    ),
    network=models.CharField(max_length=43),
    last_at=models.DateTimeField(help_text="To the day, so as not to write often."),
    client_password=models.ForeignKey(
        "clientpasswords.clientpassword", models.CASCADE, related_name="known_networks"
    ),
)
LOGON = table(
    "Logon",
    {
        "verbose_name": "mail logon",
        "verbose_name_plural": "mail logons",
        "ordering": ["-last_at", "-pk"],
    },
    models.Index(fields=["account", "-last_at"], name="logon_newest_of_account"),
    models.Index(fields=["last_at"], name="logon_oldest"),
    models.Index(fields=["reason", "-last_at"], name="logon_newest_of_reason"),
    models.Index(fields=["protocol", "-last_at"], name="logon_newest_of_protocol"),
    models.Index(
        condition=Q(by_web_password=True),
        fields=["last_at", "account"],
        name="logon_by_web_password",
    ),
    models.Index(
        condition=Q(by_web_password=True),
        fields=["account", "last_at", "protocol"],
        name="logon_web_password_of_account",
    ),
    protocol=models.CharField("protocol", max_length=16),
    reason=models.CharField(
        "refused because", max_length=40, choices=reasons_for_refusal, blank=True
    ),
    network_address=models.GenericIPAddressField("from", null=True),
    node=models.CharField("mail server", max_length=100),
    first_at=models.DateTimeField("first"),
    last_at=models.DateTimeField("last"),
    count=models.PositiveIntegerField("times"),
    account=models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        verbose_name="mailbox",
        db_index=False,
        related_name="logons",
    ),
    client_password=models.ForeignKey(
        "clientpasswords.clientpassword",
        models.SET_NULL,
        verbose_name="device",
        null=True,
        related_name="logons",
    ),
    by_web_password=models.BooleanField(
        default=False,
        help_text="Let in by the web password, and not through the webmail.",
    ),
)
LOGON_DAY = table(
    "LogonDay",
    {},
    models.Index(fields=["account", "day"], name="logonday_of_account"),
    models.Index(fields=["day"], name="logonday_oldest"),
    models.UniqueConstraint(
        fields=("client_password", "day"), name="logonday_once_a_password"
    ),
    models.UniqueConstraint(
        condition=Q(client_password=None),
        fields=("account", "day"),
        name="logonday_once_without_a_password",
    ),
    day=models.DateField(),
    hours_let_in=models.PositiveIntegerField(),
    hours_refused=models.PositiveIntegerField(),
    account=models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        db_index=False,
        related_name="logon_days",
    ),
    client_password=models.ForeignKey(
        "clientpasswords.clientpassword",
        models.CASCADE,
        null=True,
        db_index=False,
        related_name="logon_days",
    ),
)
FOLLOWED_LOG = table(
    "FollowedLog",
    {
        "verbose_name": "followed log",
        "verbose_name_plural": "followed logs",
        "ordering": ["node", "path"],
    },
    models.UniqueConstraint(
        fields=("node", "path"), name="followedlog_once_a_node_and_path"
    ),
    node=models.CharField("mail server", max_length=100),
    path=models.CharField("log", max_length=400),
    inode=models.BigIntegerField(default=0),
    offset=models.BigIntegerField(default=0),
    head=models.CharField(
        max_length=64, blank=True, help_text="SHA-256 of the file's first line."
    ),
    began_at=models.DateTimeField("followed since", default=timezone.now),
    read_to=models.DateTimeField("read up to", default=timezone.now),
    told_at=models.DateTimeField("last decision", null=True),
)
DAILY_LOGONS = table(
    "DailyLogons",
    {"default_permissions": ()},
    models.Index(fields=["day"], name="dailylogons_oldest"),
    models.UniqueConstraint(
        fields=("domain", "day", "protocol", "reason", "let_in_by"),
        name="dailylogons_one_row_of_each",
    ),
    day=models.DateField(),
    protocol=models.CharField(max_length=16),
    reason=models.CharField(max_length=40, choices=reasons_for_refusal, blank=True),
    let_in_by=models.CharField(
        max_length=20, blank=True, help_text="One of `LetInBy`; empty if refused."
    ),
    count=models.PositiveIntegerField(),
    domain=models.ForeignKey(
        "accounts.domain", models.CASCADE, db_index=False, related_name="daily_logons"
    ),
)
SET_UP_LINK = table(
    "SetUpLink",
    {},
    models.UniqueConstraint(
        condition=Q(used_at=None),
        fields=("account",),
        name="setuplink_one_unused_an_account",
    ),
    models.UniqueConstraint(
        fields=("account", "attempt"), name="setuplink_one_of_each_form"
    ),
    digest=models.CharField(max_length=64, unique=True),
    attempt=models.UUIDField(
        help_text="The form it was made by, so that a form sent twice makes one."
    ),
    expires_at=models.DateTimeField(),
    used_at=models.DateTimeField(null=True),
    account=models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="set_up_links"
    ),
    client_password=models.OneToOneField(
        "clientpasswords.clientpassword",
        models.SET_NULL,
        null=True,
        related_name="set_up_link",
        help_text="What it brought when it was used.",
    ),
    device_of=models.ForeignKey(
        "clientpasswords.clientpassword",
        models.CASCADE,
        null=True,
        related_name="+",
        help_text="A password whose device it sets up anew; null for a further one.",
    ),
    sessions=models.CharField(
        max_length=64,
        default="",
        db_default="",
        editable=False,
        help_text="A digest of what the owner's sessions then began under.",
    ),
)


class Migration(migrations.Migration):
    """Tables of security passwords, and of what the mail servers' logs told."""

    initial = True
    dependencies = [("accounts", "0001_initial")]
    operations = [
        CLIENT_PASSWORD,
        USAGE,
        KNOWN_NETWORK,
        LOGON,
        LOGON_DAY,
        FOLLOWED_LOG,
        DAILY_LOGONS,
        SET_UP_LINK,
    ]
