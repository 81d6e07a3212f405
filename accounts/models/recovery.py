"""Recovery codes, for owners who have lost their other second factors."""

from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables
from django_otp.models import Device, ThrottlingMixin


class RecoveryCodes(ThrottlingMixin, Device):
    """The recovery codes of one account. Each works once as the second factor.

    This is a django-otp device. It replaces otp_static, which stores codes in clear.
    Codes are tried on the locked row only: `django_otp.verify_token` locks it.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="recovery_codes",
        verbose_name=_("mailbox"),
    )
    hashes = models.JSONField(_("hashes"), default=list, editable=False)
    made_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("set of recovery codes")
        verbose_name_plural = _("sets of recovery codes")

    def __str__(self) -> str:
        return f"{self.user} ({self.left})"

    @property
    def left(self) -> int:
        """The number of codes that were not used yet."""
        return len(self.hashes)

    def get_throttle_factor(self) -> int:
        return 1

    @sensitive_variables("token")
    def verify_token(self, token: str) -> bool:
        """Return whether it is one of the codes, and delete that code.

        A wrong one counts as a failure; while django-otp throttles, none is checked.
        """
        is_allowed, _why = self.verify_is_allowed()
        if not is_allowed:
            return False
        used = next((each for each in self.hashes if check_password(token, each)), None)
        if used is None:
            self.throttle_increment()
            return False
        self.hashes.remove(used)
        self.throttle_reset(commit=False)
        self.save()
        return True
