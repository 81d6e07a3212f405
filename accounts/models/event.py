"""What happened, for owners and administrators to read later."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class SecurityEvent(models.Model):
    """One act that bears on security; written once, never changed, never a secret."""

    class Kind(models.TextChoices):
        SIGNED_IN = "signed-in", _("signed in")
        SIGN_IN_FAILED = "sign-in-failed", _("sign-in failed")
        SWITCHED_ON = "switched-on", _("security passwords turned on")
        SWITCHED_OFF = "switched-off", _("security passwords turned off")
        CODE_SENT = "code-sent", _("code sent")
        CODE_NOT_SENT = "code-not-sent", _("code not sent")
        CODE_REFUSED = "code-refused", _("code refused")
        CODES_LOCKED = "codes-locked", _("codes locked")
        ISSUED = "issued", _("security password made")
        LIMITED = "limited", _("security password limited")
        REVOKED = "revoked", _("security password deleted")
        PHONE_CHANGED = "phone-changed", _("phone number changed")
        TWO_STEP_ON = "two-step-on", _("two-step sign-in set up")
        TWO_STEP_OFF = "two-step-off", _("two-step sign-in turned off")
        FIRST_USED = "first-used", _("security password first used")
        NEW_NETWORK = "new-network", _("security password used from a new network")
        REVOKED_TRIED = "revoked-tried", _("deleted security password tried")
        GUESSED = "guessed", _("many wrong passwords tried in mail programs")

    at = models.DateTimeField(_("time"), default=timezone.now, db_index=True)
    kind = models.CharField(_("event"), max_length=20, choices=Kind.choices)
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="security_events",
        verbose_name=_("mailbox"),
    )
    address = models.CharField(
        _("address"), max_length=254, help_text=_("Kept when the mailbox is gone.")
    )
    actor = models.CharField(_("who"), max_length=254)
    network_address = models.GenericIPAddressField(_("from"), null=True)
    detail = models.JSONField(_("detail"), default=dict)

    class Meta:
        verbose_name = _("security event")
        verbose_name_plural = _("security events")
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.address}"
