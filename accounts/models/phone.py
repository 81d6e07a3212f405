"""Phones that receive codes, and the one outstanding code of each."""

import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_lazy as _
from django_otp.models import CooldownMixin, ThrottlingMixin
from phonenumber_field.modelfields import PhoneNumberField

from accounts import mobilenumbers

FREE_FAILURES = 2


class Challenge(models.Model):
    """One outstanding code, stored as a keyed digest; a base for django-otp's mixins.

    The digest binds the code to the phone number and to its `scope`: the purpose, and
    the session that asked for it. The code is valid for nothing else.
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
    """A phone number that receives codes.

    It is not a django-otp `Device`, because two_factor deletes all devices when the
    owner turns two-step sign-in off.

    Change only rows that were fetched with `select_for_update()` inside `atomic()`.
    """

    number = PhoneNumberField(_("number"), validators=[mobilenumbers.validate])

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.masked

    @property
    def masked(self) -> str:
        """The number as pages may show it: country code and the last two digits."""
        number = self.number
        return f"+{number.country_code} ••• •••• ••{str(number.national_number)[-2:]}"

    def get_cooldown_duration(self) -> float:
        return settings.CODE_COOLDOWN.total_seconds()

    def get_throttle_factor(self) -> float:
        """Return 0 for the first two failures: typing errors cost no wait.

        From the third failure on it is 1, and waits double.
        """
        return 1 if self.throttling_failure_count > FREE_FAILURES else 0

    @property
    def throttling_enabled(self) -> bool:
        """Whether a wait applies now; django-otp's own property caches the answer."""
        return self.get_throttle_factor() > 0

    @property
    def locked(self) -> bool:
        """Whether codes are locked: an administrator has to unlock them.

        CODE_FAILURES_UNTIL_LOCKED failures in a row lock them.
        """
        return self.throttling_failure_count >= settings.CODE_FAILURES_UNTIL_LOCKED

    @property
    def tries_left(self) -> int:
        """How often the outstanding code may still be tried.

        A new code does not reset the count of failures, only a right code does.
        """
        return max(settings.CODE_TRIES - self.throttling_failure_count, 0)

    def get_send_wait(self) -> timedelta:
        """Return the time until another code may be sent; zero if one may be now."""
        return self._wait(self.generate_is_allowed()[1], "next_generation_at")

    def get_try_wait(self) -> timedelta:
        """Return the time until the code may be tried; zero if it may be now."""
        return self._wait(self.verify_is_allowed()[1], "locked_until")

    def has_code_for(self, scope: str) -> bool:
        """Return whether the outstanding code, expired or not, belongs to `scope`."""
        return self.digest.startswith(_digest_scope(scope))

    @property
    def code_has_expired(self) -> bool:
        """Whether the outstanding code has expired."""
        return self.valid_until is None or timezone.now() >= self.valid_until

    def set_code(self, scope: str) -> str:
        """Replace the outstanding code, and return the new one: six digits, in clear.

        The count of failures stays: NIST SP 800-63B-4 forbids a new code to reset it.
        """
        code = f"{secrets.randbelow(10**6):06}"
        self.digest = self._digest(code, scope)
        self.valid_until = timezone.now() + settings.CODE_LIFETIME
        self.cooldown_set(commit=False)
        self.save()
        return code

    def drop_code(self) -> None:
        """Delete the code and its cool-down, because it was never sent."""
        self.digest = ""
        self.cooldown_reset(commit=False)
        self.save()

    def try_code(self, code: str, scope: str) -> bool:
        """Return whether the code is right, and save the outcome.

        A right code is deleted and resets the count of failures. A wrong one is
        counted; after CODE_TRIES failures the outstanding code is deleted.
        """
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
        """Reset the count of failures, so that codes can be sent and tried again."""
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
        """Whether the number gets no codes yet, because it was changed recently."""
        return self.held_until is not None and timezone.now() < self.held_until


class NewPhone(BasePhone):
    """The number that an owner is about to put on file, in one browser session.

    Each account has at most one row. The next change reuses it, so that the count of
    failures stays.
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
    """Return the prefix of a digest that identifies its scope without the code."""
    mac = salted_hmac("accounts.phone.scope", scope, algorithm="sha256")
    return mac.hexdigest()[:16]
