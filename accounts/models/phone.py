"""Phones that receive codes, and the one outstanding code of each."""

import secrets
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_lazy as _
from django_otp.models import CooldownMixin, ThrottlingMixin
from phonenumber_field.modelfields import PhoneNumberField

from accounts import mobilenumbers

FREE_FAILURES = 2
CODE_COLUMNS = ("digest", "valid_until", "former_digest", "former_valid_until")


class Challenge(models.Model):
    """An outstanding code, stored as a keyed digest; a base for django-otp's mixins.

    The former code is kept beside it, and good as long as nobody can say whether the
    message with the new one has left.

    The digest binds the code to the phone number and to its `scope`: the purpose, and
    the session that asked for it. The code is valid for nothing else.
    """

    digest = models.CharField(max_length=64, blank=True, editable=False)
    valid_until = models.DateTimeField(null=True, editable=False)
    former_digest = models.CharField(max_length=64, blank=True, editable=False)
    former_valid_until = models.DateTimeField(null=True, editable=False)

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
        """Return whether an outstanding code, expired or not, belongs to `scope`."""
        return bool(self._get_codes(scope))

    def has_live_code_for(self, scope: str) -> bool:
        """Whether an outstanding code that was asked for in `scope` has not run out."""
        return bool(self._get_live_digests(scope))

    @property
    def codes(self) -> dict[str, Any]:
        """The outstanding codes, as `withdraw_code` takes them."""
        return {name: getattr(self, name) for name in CODE_COLUMNS}

    def set_code(self, scope: str) -> str:
        """Add a new code of six digits beside the newest, and return it in clear.

        The count of failures stays: NIST SP 800-63B-4 forbids a new code to reset it.
        """
        code = f"{secrets.randbelow(10**6):06}"
        self.former_digest, self.former_valid_until = self.digest, self.valid_until
        self.digest = self._digest(code, scope)
        self.valid_until = timezone.now() + settings.CODE_LIFETIME
        self.cooldown_set(commit=False)
        self.save()
        return code

    def drop_former_code(self) -> None:
        """Let the code that was set last be the only one: it has surely left."""
        ours = self._get_row().filter(digest=self.digest)
        ours.update(former_digest="", former_valid_until=None)

    def withdraw_code(self, before: dict[str, Any]) -> None:
        """Undo `set_code`, before which the codes were these: it surely never left.

        What was spent, died or was replaced meanwhile stays as it is. There is no wait
        for the next code.
        """
        row = self._get_row()
        undone = {**before, "last_generated_timestamp": None}
        if not row.filter(digest=self.digest).update(**undone):
            row.filter(former_digest=self.digest).update(
                former_digest=before["digest"], former_valid_until=before["valid_until"]
            )

    def try_code(self, code: str, scope: str) -> bool:
        """Return whether the code is right, and save the outcome.

        A right code is deleted and resets the count of failures. A wrong one is
        counted; after CODE_TRIES failures the outstanding code is deleted.
        """
        typed = self._digest(code, scope)
        same = [constant_time_compare(d, typed) for d in self._get_live_digests(scope)]
        if any(same):
            self._forget_codes()
            self.throttle_reset(commit=False)
            self.cooldown_reset(commit=False)
            self.save()
            return True
        self.throttle_increment(commit=False)
        if not self.tries_left:
            self._forget_codes()
        self.save()
        return False

    def unlock(self) -> None:
        """Reset the count of failures, so that codes can be sent and tried again."""
        self.throttle_reset()

    def _get_row(self) -> models.QuerySet[Any]:
        return models.QuerySet(type(self)).filter(pk=self.pk)

    def _get_codes(self, scope: str) -> list[tuple[str, datetime | None]]:
        both = [
            (self.digest, self.valid_until),
            (self.former_digest, self.former_valid_until),
        ]
        return [row for row in both if row[0].startswith(digest_scope(scope))]

    def _get_live_digests(self, scope: str) -> list[str]:
        now = timezone.now()
        return [
            digest for digest, until in self._get_codes(scope) if until and now < until
        ]

    def _forget_codes(self) -> None:
        self.digest = self.former_digest = ""

    def _digest(self, code: str, scope: str) -> str:
        text = f"{self.pk}|{self.number}|{scope}|{code}"
        mac = salted_hmac("accounts.phone.code", text, algorithm="sha256")
        return digest_scope(scope) + mac.hexdigest()[:32]

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


def digest_scope(scope: str) -> str:
    """Return the prefix of a digest that identifies its scope without the code."""
    mac = salted_hmac("accounts.phone.scope", scope, algorithm="sha256")
    return mac.hexdigest()[:16]
