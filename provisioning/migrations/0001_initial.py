from django.conf import settings
from django.db import migrations, models
from django.db.models import Q
from django.utils import timezone

from accounts.schema import table

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
    created_at=models.DateTimeField("made", default=timezone.now),
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
    domain=models.OneToOneField(
        "accounts.domain", models.CASCADE, related_name="figures"
    ),
)


class Migration(migrations.Migration):
    """Tables of tokens, and of the figures of each domain."""

    initial = True
    dependencies = [("accounts", "0001_initial")]
    operations = [API_TOKEN, DOMAIN_FIGURES]
