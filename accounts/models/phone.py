"""The telephone that proves it is the owner, and the one code it may hold."""

import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_lazy as _
from django_otp.models import CooldownMixin, ThrottlingMixin
from phonenumber_field.modelfields import PhoneNumberField

FREE_FAILURES = 2


class Challenge(models.Model):
    """One outstanding code, kept as a keyed digest; the base under django-otp's mixins.

    The digest binds the code to the telephone number, to what it was asked for, and to
    the session that asked (`scope`), so that it is good for nothing else.
    """

    digest = models.CharField(max_length=64, blank=True, editable=False)
    valid_until = models.DateTimeField(null=True, editable=False)

    class Meta:
        abstract = True

    def generate_is_allowed(self) -> tuple[bool, dict[str, datetime] | None]:
        return True, None

    def verify_is_allowed(self) -> tuple[bool, dict[str, datetime] | None]:
        return True, None


class BasePhone(CooldownMixin, ThrottlingMixin, Challenge):
    """A number that codes are sent to.

    Not a django-otp `Device`: those are all deleted by two_factor's page that turns
    two-step sign-in off.

    Work on a row fetched with `select_for_update()` and inside `atomic()`.
    """

    number = PhoneNumberField(_("number"))

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.masked

    @property
    def masked(self) -> str:
        """The number as it may be shown: country code and the last two digits."""
        number = self.number
        return f"+{number.country_code} ••• •••• ••{str(number.national_number)[-2:]}"

    def get_cooldown_duration(self) -> float:
        return settings.CODE_COOLDOWN.total_seconds()

    def get_throttle_factor(self) -> float:
        """Slips of the finger cost nothing; from the third failure on waits double."""
        return 1 if self.throttling_failure_count > FREE_FAILURES else 0

    @property
    def throttling_enabled(self) -> bool:
        """Asked anew each time, as the factor changes with the count of failures."""
        return self.get_throttle_factor() > 0

    @property
    def locked(self) -> bool:
        """So many failures in a row that only an administrator can unlock codes."""
        return self.throttling_failure_count >= settings.CODE_FAILURES_UNTIL_LOCKED

    @property
    def tries_left(self) -> int:
        """How often the outstanding code may still be tried; a new code resets none."""
        return max(settings.CODE_TRIES - self.throttling_failure_count, 0)

    def get_send_wait(self) -> timedelta:
        """How long until another code may be sent; zero when at once."""
        return self._wait(self.generate_is_allowed()[1], "next_generation_at")

    def get_try_wait(self) -> timedelta:
        """How long until the code may be tried again; zero when at once."""
        return self._wait(self.verify_is_allowed()[1], "locked_until")

    def has_code_for(self, scope: str) -> bool:
        """Whether the outstanding code, run out or not, was asked for in `scope`."""
        return self.digest.startswith(_digest_scope(scope))

    @property
    def code_has_expired(self) -> bool:
        """Whether the outstanding code has run out."""
        return self.valid_until is None or timezone.now() >= self.valid_until

    def set_code(self, scope: str) -> str:
        """Replace the code by a new one of six digits, and return it in clear.

        The count of failures stays: NIST SP 800-63B-4 wants a new code not to reset it.
        """
        code = f"{secrets.randbelow(10**6):06}"
        self.digest = self._digest(code, scope)
        self.valid_until = timezone.now() + settings.CODE_LIFETIME
        self.cooldown_set(commit=False)
        self.save()
        return code

    def drop_code(self) -> None:
        """Forget the code and its cool-down: it never left."""
        self.digest = ""
        self.cooldown_reset(commit=False)
        self.save()

    def try_code(self, code: str, scope: str) -> bool:
        """Spend the code if it is right; count the failure if not, up to its death."""
        if constant_time_compare(self.digest, self._digest(code, scope)):
            self.digest = ""
            self.throttle_reset(commit=False)
            self.cooldown_reset(commit=False)
            self.save()
            return True
        self.throttle_increment(commit=False)
        if not self.tries_left:
            self.digest = ""
        self.save()
        return False

    def unlock(self) -> None:
        """Let codes be sent and tried again."""
        self.throttle_reset()

    def _digest(self, code: str, scope: str) -> str:
        text = f"{self.pk}|{self.number}|{scope}|{code}"
        mac = salted_hmac("accounts.phone.code", text, algorithm="sha256")
        return _digest_scope(scope) + mac.hexdigest()[:32]

    @staticmethod
    def _wait(reason: dict[str, datetime] | None, key: str) -> timedelta:
        if not reason:
            return timedelta()
        return max(reason[key] - timezone.now(), timedelta())


class Phone(BasePhone):
    """The phone on file of an account."""

    account = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="phone",
        verbose_name=_("mailbox"),
    )
    held_until = models.DateTimeField(
        _("gets codes from"),
        null=True,
        blank=True,
        help_text=_("Set when the owner changes the number. Empty: at once."),
    )

    class Meta:
        verbose_name = _("phone")
        verbose_name_plural = _("phones")

    @property
    def is_held(self) -> bool:
        """Whether the number was changed so lately that it gets no codes yet."""
        return self.held_until is not None and timezone.now() < self.held_until


class NewPhone(BasePhone):
    """The number that an owner is about to put on file, in one browser session.

    One row an account, used again, so that its count of failures stays.
    """

    account = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="new_phone"
    )
    replaces = PhoneNumberField(
        blank=True, help_text="The number on file when the change began."
    )
    session = models.CharField(max_length=64, help_text="A hash of its key.")
    proposed_at = models.DateTimeField()
    is_approved = models.BooleanField(
        help_text="The owner has shown to have the number that is replaced."
    )


def _digest_scope(scope: str) -> str:
    """What tells, without the code, that the digest belongs to `scope`."""
    mac = salted_hmac("accounts.phone.scope", scope, algorithm="sha256")
    return mac.hexdigest()[:16]
