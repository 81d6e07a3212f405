"""Texts of libraries, for our translation catalogues.

django-otp and two-factor have no Chinese catalogues, and some translations of Django
do not use our words. The texts listed here are translated like our own, and our
catalogues take precedence.
"""

from django.utils.translation import gettext_noop, ngettext_lazy

TEXTS = (
    gettext_noop("Invalid token. Please make sure you have entered it correctly."),
    gettext_noop("Entered token is not valid."),
    gettext_noop("Please enter your OTP token."),
    gettext_noop("Verification of the token is currently disabled"),
    gettext_noop("Token"),
    gettext_noop("Yes, I am sure"),
    ngettext_lazy(
        "Verification temporarily disabled because of %(failure_count)d failed"
        " attempt, please try again soon.",
        "Verification temporarily disabled because of %(failure_count)d failed"
        " attempts, please try again soon.",
        "failure_count",
    ),
    # Django's validators of passwords.
    gettext_noop("Your old password was entered incorrectly. Please enter it again."),
    ngettext_lazy(
        "Your password must contain at least %(min_length)d character.",
        "Your password must contain at least %(min_length)d characters.",
        "min_length",
    ),
    gettext_noop(
        "Your password can’t be too similar to your other personal information."  # noqa: RUF001
    ),
    gettext_noop("Your password can’t be a commonly used password."),  # noqa: RUF001
    gettext_noop("Your password can’t be entirely numeric."),  # noqa: RUF001
    # Django's administration.
    gettext_noop("Select %s to change"),
    gettext_noop("Add %s"),
    gettext_noop("History"),
    gettext_noop("Model name"),
    gettext_noop("Add link"),
    gettext_noop("Change or view list link"),
)
