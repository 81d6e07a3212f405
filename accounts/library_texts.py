"""What the second sign-in step's libraries say, for our translation catalogues.

django-otp and two-factor bring no Chinese ones. A text that is listed here is
translated like our own, and our catalogues win over theirs.
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
)
