from django.conf import settings
from django.db import migrations, models
from django.db.models import Q
from django.utils import timezone

from accounts.schema import table
from clientpasswords.models.history import reasons_for_refusal

API_TOKEN = table(
    "ApiToken",
    {
        "verbose_name": "API token",
        "verbose_name_plural": "API tokens",
        "ordering": ["name"],
        "permissions": [("revoke_apitoken", "Can revoke API tokens")],
        "default_permissions": ("add", "view"),
    },
    models.CheckConstraint(
        condition=Q(digest__regex="^[0-9a-f]{64}$"), name="apitoken_never_in_clear"
    ),
    models.CheckConstraint(
        condition=Q(owner=None) | Q(is_owned=True),
        name="apitoken_with_an_owner_is_owned",
    ),
    name=models.CharField("name", max_length=60, unique=True),
    key=models.CharField(max_length=12, unique=True, editable=False),
    digest=models.CharField(max_length=64, editable=False),
    scopes=models.JSONField("scopes"),
    is_limited=models.BooleanField(
        help_text="Only for `domains`, and for none once these are deleted."
    ),
    created_at=models.DateTimeField("created", default=timezone.now),
    created_by=models.CharField("created by", max_length=254),
    expires_at=models.DateTimeField("expires", null=True, blank=True),
    revoked_at=models.DateTimeField("revoked", null=True, blank=True),
    last_used_at=models.DateTimeField("last used", null=True, blank=True),
    domains=models.ManyToManyField(
        "accounts.domain", verbose_name="domains", blank=True
    ),
    owner=models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        verbose_name="owner",
        null=True,
        blank=True,
        related_name="api_tokens",
        help_text="The administrator whose own mail programs it must not shut out.",
    ),
    is_owned=models.BooleanField(
        default=False,
        help_text="It opens nothing without its `owner`, even once there is none.",
    ),
)
DOMAIN_FIGURES = table(
    "DomainFigures",
    {"default_permissions": ()},
    counted_at=models.DateTimeField(),
    active=models.PositiveIntegerField(default=0),
    off_the_web_password=models.PositiveIntegerField(default=0),
    full=models.PositiveIntegerField(default=0),
    idle=models.PositiveIntegerField(default=0),
    never_used=models.PositiveIntegerField(default=0),
    by_web_password=models.PositiveIntegerField(default=0),
    locked=models.PositiveIntegerField(
        default=0, help_text="Mailboxes whose codes are locked."
    ),
    domain=models.OneToOneField(
        "accounts.domain", models.CASCADE, related_name="figures"
    ),
)
DAILY_FIGURES = table(
    "DailyFigures",
    {"default_permissions": ()},
    models.Index(fields=["day"], name="dailyfigures_oldest"),
    models.UniqueConstraint(
        fields=("domain", "day"), name="dailyfigures_once_a_domain_and_day"
    ),
    day=models.DateField(),
    active=models.PositiveIntegerField(),
    off_the_web_password=models.PositiveIntegerField(),
    by_web_password=models.PositiveIntegerField(
        help_text="Of those that may use it, the mailboxes that did so lately."
    ),
    required_soon=models.PositiveIntegerField(
        help_text="Mailboxes that will need security passwords from a set date on."
    ),
    domain=models.ForeignKey(
        "accounts.domain", models.CASCADE, db_index=False, related_name="daily_figures"
    ),
)
DAILY_CODES = table(
    "DailyCodes",
    {"default_permissions": ()},
    models.Index(fields=["day"], name="dailycodes_oldest"),
    models.UniqueConstraint(
        fields=("domain", "day"), name="dailycodes_once_a_domain_and_day"
    ),
    day=models.DateField(),
    count=models.PositiveIntegerField(),
    domain=models.ForeignKey(
        "accounts.domain", models.CASCADE, db_index=False, related_name="daily_codes"
    ),
)
HOST_FIGURES = table(
    "HostFigures",
    {"default_permissions": ()},
    models.UniqueConstraint(fields=("day",), name="hostfigures_once_a_day"),
    day=models.DateField(),
    active=models.PositiveIntegerField(),
    off_the_web_password=models.PositiveIntegerField(),
    by_web_password=models.PositiveIntegerField(
        help_text="Of those that may use it, the mailboxes that did so lately."
    ),
    required_soon=models.PositiveIntegerField(
        help_text="Mailboxes that will need security passwords from a set date on."
    ),
)
HOST_CODES = table(
    "HostCodes",
    {"default_permissions": ()},
    models.UniqueConstraint(fields=("day",), name="hostcodes_once_a_day"),
    day=models.DateField(),
    count=models.PositiveIntegerField(),
)
HOST_LOGONS = table(
    "HostLogons",
    {"default_permissions": ()},
    models.UniqueConstraint(
        fields=("day", "protocol", "reason", "let_in_by"),
        name="hostlogons_one_row_of_each",
    ),
    day=models.DateField(),
    protocol=models.CharField(max_length=16),
    reason=models.CharField(max_length=40, choices=reasons_for_refusal, blank=True),
    let_in_by=models.CharField(
        max_length=20, blank=True, help_text="One of `LetInBy`; empty if refused."
    ),
    count=models.PositiveIntegerField(),
)


class Migration(migrations.Migration):
    """Tables of tokens, and of the figures of each domain, now and by day."""

    initial = True
    dependencies = [("accounts", "0001_initial")]
    operations = [
        API_TOKEN,
        DOMAIN_FIGURES,
        DAILY_FIGURES,
        DAILY_CODES,
        HOST_FIGURES,
        HOST_CODES,
        HOST_LOGONS,
    ]
