from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import migrations, models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from phonenumber_field.modelfields import PhoneNumberField

from accounts import addresses, mobilenumbers
from accounts.models.account import get_languages, validate_time_zone
from accounts.models.event import get_event_kinds
from accounts.models.fields import AddressField, DomainField
from accounts.models.formeraddress import get_leaving_reasons
from accounts.models.heartbeat import get_workers
from accounts.models.networks import NetworksField, NetworksMark
from accounts.schema import RunScript, table

POLICY = table(
    "Policy",
    {"verbose_name": "policy", "verbose_name_plural": "policies", "ordering": ["name"]},
    models.CheckConstraint(
        condition=Q(max_client_passwords__range=(1, 50)),
        name="policy_limit_within_the_slots",
    ),
    models.CheckConstraint(
        condition=Q(client_password_days__lte=3650)
        & Q(suspend_unused_days__lte=3650)
        & Q(suspend_never_used_hours__lte=8760),
        name="policy_times_within_the_calendar",
    ),
    name=models.CharField("name", max_length=100, unique=True),
    third_party_logon=models.BooleanField(
        "third-party client logon",
        default=True,
        help_text="Off: no mail program connects, with any password.",
    ),
    imap=models.BooleanField("IMAP", default=True),
    pop3=models.BooleanField("POP3", default=True),
    smtp=models.BooleanField("SMTP", default=True),
    client_passwords_required=models.BooleanField(
        "security passwords required",
        default=False,
        help_text="Mail programs are refused with the web password. Owners cannot turn this off.",
    ),
    max_client_passwords=models.PositiveSmallIntegerField(
        "security passwords allowed for each account",
        default=10,
        validators=[MinValueValidator(1), MaxValueValidator(50)],
    ),
    owner_sets_phone=models.BooleanField(
        "owners enter their first phone number",
        default=False,
        db_default=False,
        help_text="Off: an administrator enters it. On: someone who knows the web password of a mailbox without a number can enter one and then create security passwords.",
    ),
    required_from=models.DateTimeField(
        "required from",
        null=True,
        blank=True,
        help_text="Until then nobody is refused. Owners are notified of the date. Empty: at once.",
    ),
    report_only=models.BooleanField(
        "report only",
        default=False,
        db_default=False,
        help_text="Nobody is refused and no owner is notified. The roll-out report shows who would be refused.",
    ),
    client_password_days=models.PositiveSmallIntegerField(
        "days until a security password expires",
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(3650)],
        help_text="From 1 to 3650, counted from its creation. Empty: never.",
    ),
    client_networks=NetworksField(
        "networks of mail programs",
        max_length=500,
        blank=True,
        default="",
        db_default="",
        help_text="For example 192.0.2.0/24, 2001:db8::/32. Mail programs in other networks are refused, with any password. Webmail is not affected. Empty: from anywhere.",
    ),
    code_to_switch_off=models.BooleanField(
        "code needed to turn security passwords off",
        default=True,
        db_default=True,
        help_text="Off: someone who knows only the web password can turn them off and open the mailbox to mail programs.",
    ),
    networks_mark=NetworksMark(
        of="client_networks",
        default=0,
        db_default=0,
        editable=False,
        help_text="Part of the names of mail sessions: other networks end them.",
    ),
    suspend_never_used_hours=models.PositiveSmallIntegerField(
        "suspend if not used within hours of creation",
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(8760)],
        help_text="From 1 to 8760. The same for a security password that was never used. Empty: never.",
    ),
    suspend_unused_days=models.PositiveSmallIntegerField(
        "suspend after days of inactivity",
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(3650)],
        help_text="From 1 to 3650. The owner is notified first and can reactivate a suspended password with a code. Empty: never.",
    ),
    uses_known_to=models.DateTimeField(
        null=True,
        editable=False,
        help_text="Who was to be suspended by then is; later uses may be unknown yet.",
    ),
)
DOMAIN = table(
    "Domain",
    {"verbose_name": "domain", "verbose_name_plural": "domains", "ordering": ["name"]},
    models.CheckConstraint(
        condition=Q(name=Lower("name")), name="domain_name_in_lower_case"
    ),
    name=DomainField(
        "name",
        max_length=253,
        unique=True,
        validators=[
            RegexValidator(
                "\\A[a-z0-9-]+(\\.[a-z0-9-]+)+\\Z",
                "Enter a domain name. Write international names in their “xn--” form.",
            )
        ],
    ),
    policy=models.ForeignKey(
        "accounts.policy", models.PROTECT, verbose_name="policy", related_name="domains"
    ),
)
DEPARTMENT = table(
    "Department",
    {
        "verbose_name": "department",
        "verbose_name_plural": "departments",
        "ordering": ["domain__name", "name"],
    },
    models.UniqueConstraint(
        fields=("domain", "name"), name="department_name_once_a_domain"
    ),
    name=models.CharField("name", max_length=100),
    domain=models.ForeignKey(
        "accounts.domain",
        models.CASCADE,
        verbose_name="domain",
        related_name="departments",
    ),
    policy=models.ForeignKey(
        "accounts.policy",
        models.PROTECT,
        verbose_name="policy",
        null=True,
        blank=True,
        related_name="departments",
        help_text="Empty: the policy of the domain applies.",
    ),
)
ACCOUNT = table(
    "Account",
    {
        "verbose_name": "mailbox",
        "verbose_name_plural": "mailboxes",
        "ordering": ["address"],
        "permissions": [
            ("administer_whole_host", "Can administer every domain of the host"),
            ("operate_site", "Can hand out rights, and administer the host itself"),
        ],
    },
    models.CheckConstraint(
        condition=Q(address=Lower("address")), name="account_address_in_lower_case"
    ),
    models.CheckConstraint(
        condition=~Q(address__contains="~"), name="account_address_without_tilde"
    ),
    password=models.CharField("password", max_length=128),
    last_login=models.DateTimeField("last login", null=True, blank=True),
    is_superuser=models.BooleanField(
        "superuser status",
        default=False,
        help_text="Designates that this user has all permissions without explicitly assigning them.",
    ),
    address=AddressField(
        "address", max_length=254, unique=True, validators=[addresses.validate]
    ),
    name=models.CharField("name", max_length=100, blank=True),
    language=models.CharField(
        "language",
        max_length=10,
        blank=True,
        choices=get_languages,
        help_text=(
            "Of the pages, mails and text messages. Empty: the language of the browser "
            "at the next sign-in."
        ),
    ),
    time_zone=models.CharField(
        max_length=64,
        blank=True,
        default="",
        db_default="",
        editable=False,
        validators=[validate_time_zone],
        help_text="Of the browser at the last sign-in; mails give their times in it.",
    ),
    client_passwords_on=models.BooleanField(
        "security passwords on",
        default=False,
        help_text="The owner's choice. A policy can require security passwords anyway.",
    ),
    is_active=models.BooleanField(
        "active",
        default=True,
        help_text="Off: neither the portal nor any mail program lets the owner in.",
    ),
    is_staff=models.BooleanField(
        "administrator",
        default=False,
        help_text="May sign in to the administration with a second factor.",
    ),
    created_at=models.DateTimeField("created", default=timezone.now),
    sessions_ended=models.PositiveIntegerField(
        default=0,
        editable=False,
        help_text="Raised by one, it ends all sessions of the portal.",
    ),
    groups=models.ManyToManyField(
        "auth.group",
        related_query_name="user",
        verbose_name="groups",
        blank=True,
        related_name="user_set",
        help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
    ),
    user_permissions=models.ManyToManyField(
        "auth.permission",
        related_query_name="user",
        verbose_name="user permissions",
        blank=True,
        related_name="user_set",
        help_text="Specific permissions for this user.",
    ),
    department=models.ForeignKey(
        "accounts.department",
        models.SET_NULL,
        verbose_name="department",
        null=True,
        blank=True,
        related_name="accounts",
    ),
    domain=models.ForeignKey(
        "accounts.domain",
        models.PROTECT,
        verbose_name="domain",
        related_name="accounts",
    ),
    policy=models.ForeignKey(
        "accounts.policy",
        models.PROTECT,
        verbose_name="exception: own policy",
        null=True,
        blank=True,
        related_name="accounts",
        help_text="Empty: the policy of the department or domain applies.",
    ),
    told_of_uses=models.BooleanField(
        "usage notifications",
        default=True,
        db_default=True,
        help_text="Mails about the first use of a security password and about uses from new networks.",
    ),
    policy_until=models.DateTimeField(
        "exception ends",
        null=True,
        blank=True,
        help_text="After that, the policy of the department or domain applies.",
    ),
    policy_reason=models.CharField(
        "reason for the exception", max_length=200, blank=True, db_default=""
    ),
    taken_over=models.CharField(
        max_length=64,
        blank=True,
        default="",
        db_default="",
        editable=False,
        help_text="A digest of the hash that was last taken over from elsewhere.",
    ),
    domains_administered=models.ManyToManyField(
        "accounts.domain",
        verbose_name="domains administered",
        blank=True,
        related_name="administrators",
        help_text="The domains whose mailboxes an administrator sees. Empty: none, unless a group or permission gives access to every domain of the host.",
    ),
)
# What django-otp gives its devices, and `BasePhone` the two below.
THROTTLING: dict[str, Any] = {
    "throttling_failure_timestamp": models.DateTimeField(
        null=True,
        blank=True,
        default=None,
        help_text="A timestamp of the last failed verification attempt. Null if last attempt succeeded.",
    ),
    "throttling_failure_count": models.PositiveIntegerField(
        default=0, help_text="Number of successive failed attempts."
    ),
}
TELEPHONE: dict[str, Any] = {
    "last_generated_timestamp": models.DateTimeField(
        null=True,
        blank=True,
        help_text="The last time a token was generated for this device.",
    ),
    **THROTTLING,
    "digest": models.CharField(max_length=64, blank=True, editable=False),
    "valid_until": models.DateTimeField(null=True, editable=False),
    "former_digest": models.CharField(max_length=64, blank=True, editable=False),
    "former_valid_until": models.DateTimeField(null=True, editable=False),
    "number": PhoneNumberField(
        "number",
        region=None,
        max_length=128,
        validators=[mobilenumbers.validate],
    ),
}
PHONE = table(
    "Phone",
    {"verbose_name": "phone", "verbose_name_plural": "phones"},
    **TELEPHONE,
    account=models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        verbose_name="mailbox",
        related_name="phone",
    ),
    held_until=models.DateTimeField(
        "gets codes from",
        null=True,
        blank=True,
        help_text="Set when the owner changes the number. Empty: at once.",
    ),
)
NEW_PHONE = table(
    "NewPhone",
    **TELEPHONE,
    replaces=PhoneNumberField(
        region=None,
        max_length=128,
        blank=True,
        help_text="The number on file when the change began.",
    ),
    session=models.CharField(max_length=64, help_text="A hash of its key."),
    proposed_at=models.DateTimeField(),
    is_approved=models.BooleanField(
        help_text="The owner has shown to have the number that is replaced."
    ),
    account=models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="new_phone"
    ),
)
RECOVERY_CODES = table(
    "RecoveryCodes",
    {
        "verbose_name": "set of recovery codes",
        "verbose_name_plural": "sets of recovery codes",
    },
    name=models.CharField(
        max_length=64, help_text="The human-readable name of this device."
    ),
    confirmed=models.BooleanField(
        default=True, help_text="Is this device ready for use?"
    ),
    **THROTTLING,
    hashes=models.JSONField("hashes", default=list, editable=False),
    made_at=models.DateTimeField("created", default=timezone.now, editable=False),
    user=models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        verbose_name="mailbox",
        related_name="recovery_codes",
    ),
)
FORMER_ADDRESS = table(
    "FormerAddress",
    {
        "verbose_name": "former address",
        "verbose_name_plural": "former addresses",
        "ordering": ["address"],
        "permissions": [("release_formeraddress", "Can release former addresses")],
        "default_permissions": ("view",),
    },
    models.Index(fields=["domain", "address"], name="former_address_of_domain"),
    address=AddressField("address", max_length=254, unique=True),
    domain=DomainField("domain", max_length=253),
    left_at=models.DateTimeField("left on", default=timezone.now),
    because=models.CharField(
        "left because", max_length=10, choices=get_leaving_reasons
    ),
    account=models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        verbose_name="previous mailbox",
        null=True,
        related_name="former_addresses",
        db_constraint=False,
    ),
)
SECURITY_EVENT = table(
    "SecurityEvent",
    {
        "verbose_name": "security event",
        "verbose_name_plural": "security events",
        "ordering": ["-at", "-pk"],
        "permissions": [("export_securityevent", "Can export security events")],
    },
    models.Index(fields=["kind", "-at"], name="event_newest_of_kind"),
    models.Index(fields=["domain", "-at"], name="event_newest_of_domain"),
    models.Index(fields=["network_address", "-at"], name="event_newest_from"),
    models.Index(
        fields=["address"], name="event_address", opclasses=["varchar_pattern_ops"]
    ),
    models.Index(
        fields=["actor"], name="event_actor", opclasses=["varchar_pattern_ops"]
    ),
    at=models.DateTimeField("time", db_index=True, default=timezone.now),
    kind=models.CharField("event", max_length=20, choices=get_event_kinds),
    address=models.CharField(
        "address", max_length=254, help_text="Kept after the mailbox is deleted."
    ),
    actor=models.CharField("who", max_length=254),
    network_address=models.GenericIPAddressField("from", null=True),
    detail=models.JSONField("detail", default=dict),
    account=models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        verbose_name="mailbox",
        null=True,
        related_name="security_events",
    ),
    domain=models.CharField(
        "domain", max_length=253, blank=True, default="", db_default=""
    ),
    reason=models.CharField(
        "reason", max_length=300, blank=True, default="", db_default=""
    ),
)
NOTIFICATION = table(
    "Notification",
    {},
    models.Index(
        condition=Q(due_at__isnull=False), fields=["due_at"], name="notification_due"
    ),
    models.CheckConstraint(
        condition=Q(due_at__isnull=False), name="notification_is_due_until_it_was_sent"
    ),
    due_at=models.DateTimeField("next try", null=True),
    failures=models.PositiveIntegerField("failed tries in a row", default=0),
    account=models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="notifications"
    ),
    event=models.ForeignKey(
        "accounts.securityevent", models.CASCADE, related_name="notifications"
    ),
    number=PhoneNumberField(
        region=None,
        max_length=128,
        blank=True,
        help_text="Told by text message to this number; empty: by mail.",
    ),
)
CUTOFF = table(
    "Cutoff",
    {
        "verbose_name": "cut-off",
        "verbose_name_plural": "cut-offs",
        "ordering": ["-created_at"],
    },
    models.Index(
        condition=Q(due_at__isnull=False), fields=["due_at"], name="cutoff_due"
    ),
    models.CheckConstraint(
        condition=Q(due_at__isnull=False) | Q(kicks__gt=0),
        name="cutoff_ends_only_when_carried_out",
    ),
    login_mask=models.CharField("logon name", max_length=300),
    is_review=models.BooleanField(
        "only sessions without a right",
        default=False,
        help_text="Sessions that are still allowed continue.",
    ),
    node=models.URLField("mail server", blank=True, help_text="Empty until it is due."),
    created_at=models.DateTimeField("requested", default=timezone.now),
    due_at=models.DateTimeField("next try", null=True),
    kicks=models.PositiveSmallIntegerField("times tried", default=0),
    failures=models.PositiveIntegerField("failed tries in a row", default=0),
    account=models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        verbose_name="mailbox",
        null=True,
        related_name="cutoffs",
    ),
)
BUDGET = table(
    "Budget",
    {},
    models.UniqueConstraint(
        fields=("key", "window"), name="budget_one_row_a_key_and_window"
    ),
    key=models.CharField(max_length=120),
    window=models.DateTimeField(help_text="When the window began."),
    used=models.PositiveIntegerField(default=0),
)
FAMILIAR_NETWORK = table(
    "FamiliarNetwork",
    {},
    models.UniqueConstraint(
        fields=("account", "network"), name="familiar_network_once_an_account"
    ),
    network=models.CharField(max_length=43, help_text="As budgets count networks."),
    last_at=models.DateTimeField(),
    account=models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="familiar_networks"
    ),
)
SENT_CODE = table(
    "SentCode",
    {},
    models.Index(fields=["account", "-sent_at"], name="sent_code_newest"),
    reference=models.UUIDField(
        primary_key=True, default=uuid4, editable=False, serialize=False
    ),
    digest=models.CharField(
        max_length=16, help_text="A digest of the act and the session it is for."
    ),
    sent_at=models.DateTimeField(default=timezone.now),
    outcome=models.CharField(
        max_length=20,
        blank=True,
        help_text="Empty until it is known, then `delivered` or why it was not.",
    ),
    account=models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="sent_codes"
    ),
)
MAIL_SETTING = table(
    "MailSetting",
    name=models.CharField(primary_key=True, serialize=False, max_length=80),
    value=models.TextField(blank=True),
)
HEARTBEAT = table(
    "Heartbeat",
    {
        "verbose_name": "service",
        "verbose_name_plural": "services",
        "ordering": ["worker", "node"],
    },
    models.UniqueConstraint(
        fields=("worker", "node"), name="heartbeat_once_a_worker_and_node"
    ),
    worker=models.CharField("service", max_length=40, choices=get_workers),
    node=models.CharField("host", max_length=100),
    seen_at=models.DateTimeField("last seen running"),
    failed_at=models.DateTimeField("last failure", null=True),
    failure=models.CharField("what failed", max_length=200, blank=True),
)
MAIL_LOGON = table(
    "MailLogon",
    {"db_table": "mail_logon", "managed": False},
    address=models.CharField(max_length=254),
    domain=models.CharField(max_length=253),
    protocol=models.CharField(max_length=16),
    selector=models.CharField(max_length=4),
    hash=models.CharField(max_length=200),
    credential=models.BigIntegerField(primary_key=True, serialize=False),
    login_name=models.CharField(max_length=300),
    networks=models.CharField(max_length=500),
    policy_networks=models.CharField(max_length=500),
    refusal=models.CharField(max_length=40, null=True),
)
MAIL_WEB_LOGON = table(
    "MailWebLogon",
    {"db_table": "mail_web_logon", "managed": False},
    address=models.CharField(primary_key=True, serialize=False, max_length=254),
    domain=models.CharField(max_length=253),
    protocol=models.CharField(max_length=16),
    hash=models.CharField(max_length=200, null=True),
    login_name=models.CharField(max_length=300),
    networks=models.TextField(),
    policy_networks=models.CharField(max_length=500),
    refusal=models.CharField(max_length=40, null=True),
)
MAIL_NOTICE = table(
    "MailNotice",
    {"db_table": "mail_notice", "managed": False},
    address=models.CharField(primary_key=True, serialize=False, max_length=254),
    reason=models.CharField(max_length=40),
    notice=models.TextField(),
)


class Migration(migrations.Migration):
    """Tables of people and policies, and what the database sees to by itself."""

    initial = True
    dependencies = [("auth", "0012_alter_user_first_name_max_length")]
    operations = [
        POLICY,
        DOMAIN,
        migrations.AddField(
            "policy",
            "domain",
            models.ForeignKey(
                "accounts.domain",
                models.SET_NULL,
                verbose_name="for the domain",
                null=True,
                blank=True,
                related_name="own_policies",
                help_text="Administrators of the domain can change it, and it applies only there. Empty: for every domain of the host.",
            ),
        ),
        DEPARTMENT,
        ACCOUNT,
        PHONE,
        NEW_PHONE,
        RECOVERY_CODES,
        FORMER_ADDRESS,
        SECURITY_EVENT,
        NOTIFICATION,
        CUTOFF,
        BUDGET,
        FAMILIAR_NETWORK,
        SENT_CODE,
        MAIL_SETTING,
        HEARTBEAT,
        MAIL_LOGON,
        MAIL_WEB_LOGON,
        MAIL_NOTICE,
        RunScript("accounts/sql/name_beginning"),
        RunScript("accounts/sql/append_only"),
        RunScript("accounts/sql/former_addresses"),
        RunScript("accounts/sql/disabled_ends_sessions"),
    ]
