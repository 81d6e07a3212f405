"""The audit log: security events for owners and administrators to read."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop


def get_event_kinds() -> list[tuple[str, Any]]:
    """Return the kinds of events as choices.

    The migration names this function, so that a new kind needs no migration.
    """
    return SecurityEvent.Kind.choices


class SecurityEvent(models.Model):
    """One entry of the audit log. It contains no secret.

    Database triggers refuse to change or delete an event. Only `account` may become
    NULL, when the mailbox is deleted.
    """

    class Kind(models.TextChoices):
        SIGNED_IN = "signed-in", _("signed in")
        SIGN_IN_FAILED = "sign-in-failed", _("sign-in failed")
        SIGNED_OUT = "signed-out", _("signed out by an administrator")
        SWITCHED_ON = "switched-on", _("security passwords turned on")
        SWITCHED_OFF = "switched-off", _("security passwords turned off")
        REQUIRED_SOON = "required-soon", _("security passwords announced as required")
        CODE_SENT = "code-sent", _("code sent")
        CODE_NOT_SENT = "code-not-sent", _("code not sent")
        CODE_UNDELIVERED = "code-undelivered", _("code not delivered")
        NOTICE_NOT_SENT = "notice-not-sent", _("notice by text message not sent")
        CODE_REFUSED = "code-refused", _("code refused")
        CODES_LOCKED = "codes-locked", _("codes locked")
        CODES_UNLOCKED = "codes-unlocked", _("codes unlocked")
        ISSUED = "issued", _("security password created")
        LIMITED = "limited", _("security password limited")
        REVOKED = "revoked", _("security password deleted")
        REPLACED = "replaced", _("security password replaced and deleted")
        KEPT_BOTH = "kept-both", _("replacement of a security password cancelled")
        SUSPENDS_SOON = (
            "suspends-soon",
            _("suspension of a security password announced"),
        )
        ENDS_SOON = "ends-soon", _("end of a security password announced")
        EXCEPTION_ENDS_SOON = "exception-ends", _("end of an exception announced")
        REACTIVATED = "revived", _("unused security password kept")
        PHONE_CHANGED = "phone-changed", _("phone number changed")
        TWO_STEP_ON = "two-step-on", _("two-step sign-in set up")
        TWO_STEP_OFF = "two-step-off", _("two-step sign-in turned off")
        TWO_STEP_CHANGED = "two-step-changed", _("two-step sign-in changed")
        PASSKEY_ADDED = "passkey-added", _("passkey added")
        PASSKEY_REMOVED = "passkey-removed", _("passkey removed")
        RECOVERY_CODES_MADE = "recovery-codes-made", _("recovery codes created")
        RECOVERY_CODES_REMOVED = "recovery-removed", _("recovery codes removed")
        RECOVERY_CODE_USED = "recovery-code-used", _("recovery code used")
        PASSWORD_CHANGED = "password-changed", _("web password changed")
        FIRST_USED = "first-used", _("security password first used")
        NEW_NETWORK = "new-network", _("security password used from a new network")
        REVOKED_TRIED = "revoked-tried", _("deleted security password tried")
        NOTICES_SILENCED = (
            "notices-silenced",
            _("mails about a deleted device turned off or on"),
        )
        GUESSED = "guessed", _("many wrong passwords tried in mail programs")
        # What administrators and commands do.
        MAILBOX_CREATED = "mailbox-created", _("mailbox created")
        MAILBOX_CHANGED = "mailbox-changed", _("mailbox changed")
        MAILBOX_DELETED = "mailbox-deleted", _("mailbox deleted")
        RIGHTS_CHANGED = "rights-changed", _("administrator's rights changed")
        OFFBOARDED = "off-boarded", _("mailbox offboarded")
        ADDRESS_RELEASED = "address-released", _("former address released")
        POLICY_CREATED = "policy-created", _("policy created")
        POLICY_CHANGED = "policy-changed", _("policy changed")
        POLICY_DELETED = "policy-deleted", _("policy deleted")
        DOMAIN_CREATED = "domain-created", _("domain created")
        DOMAIN_CHANGED = "domain-changed", _("domain changed")
        DOMAIN_DELETED = "domain-deleted", _("domain deleted")
        DEPARTMENT_CREATED = "department-created", _("department created")
        DEPARTMENT_CHANGED = "department-changed", _("department changed")
        DEPARTMENT_DELETED = "department-deleted", _("department deleted")
        RECORD_CREATED = "record-created", _("other record created")
        RECORD_CHANGED = "record-changed", _("other record changed")
        RECORD_DELETED = "record-deleted", _("other record deleted")
        ACTION_ORDERED = "action-ordered", _("bulk action started")
        ACTION_ENDED = "action-ended", _("bulk action ended")
        LOGON_TRIED = "logon-tried", _("logon tried by an administrator")
        EXPORTED = "exported", _("records exported")
        IMPORTED = "imported", _("mailboxes imported")
        SETTING_CHANGED = "setting-changed", _("host setting changed")
        TIDIED = "tidied", _("old records deleted")

    at = models.DateTimeField(_("time"), default=timezone.now, db_index=True)
    kind = models.CharField(_("event"), max_length=20, choices=get_event_kinds)
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="security_events",
        verbose_name=_("mailbox"),
    )
    address = models.CharField(
        _("address"), max_length=254, help_text=_("Kept after the mailbox is deleted.")
    )
    domain = models.CharField(
        _("domain"), max_length=253, blank=True, default="", db_default=""
    )
    actor = models.CharField(_("who"), max_length=254)
    network_address = models.GenericIPAddressField(_("from"), null=True)
    detail = models.JSONField(_("detail"), default=dict)
    reason = models.CharField(
        _("reason"), max_length=300, blank=True, default="", db_default=""
    )

    class Meta:
        verbose_name = _("security event")
        verbose_name_plural = _("security events")
        ordering = ["-at", "-pk"]
        permissions = [
            ("export_securityevent", gettext_noop("Can export security events"))
        ]
        indexes = [
            models.Index(fields=["kind", "-at"], name="event_newest_of_kind"),
            models.Index(fields=["domain", "-at"], name="event_newest_of_domain"),
            models.Index(fields=["network_address", "-at"], name="event_newest_from"),
            # These two serve searches by prefix (LIKE 'x%') as well.
            models.Index(
                fields=["address"],
                name="event_address",
                opclasses=["varchar_pattern_ops"],
            ),
            models.Index(
                fields=["actor"], name="event_actor", opclasses=["varchar_pattern_ops"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.address}"
