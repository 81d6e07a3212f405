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
        "This password is too short. It must contain at least %d character.",
        "This password is too short. It must contain at least %d characters.",
        "min_length",
    ),
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
    gettext_noop("Change %s"),
    gettext_noop("View %s"),
    gettext_noop("Change selected %(model)s"),
    gettext_noop("Add another %(model)s"),
    gettext_noop("Delete selected %(model)s"),
    gettext_noop("View selected %(model)s"),
    gettext_noop("Cannot delete %(name)s"),
    gettext_noop(
        "Deleting the %(object_name)s '%(escaped_object)s' would result in deleting "
        "related objects, but your account doesn't have permission to delete the "
        "following types of objects:"
    ),
    gettext_noop(
        "Deleting the %(object_name)s '%(escaped_object)s' would require deleting the "
        "following protected related objects:"
    ),
    gettext_noop("History"),
    gettext_noop("Model name"),
    gettext_noop("Add link"),
    gettext_noop("Change or view list link"),
    gettext_noop("Reset password"),
    gettext_noop(
        "Raw passwords are not stored, so there is no way to see the user’s password."  # noqa: RUF001
    ),
    gettext_noop(
        "After you’ve created a user, you’ll be able to edit more user options."  # noqa: RUF001
    ),
)
# The widgets of Django's administration, which look for their texts in a catalogue of
# their own; it is older in some languages.
WIDGET_TEXTS = (
    gettext_noop(
        'Choose %s by selecting them and then select the "Choose" arrow button.'
    ),
    gettext_noop(
        'Remove %s by selecting them and then select the "Remove" arrow button.'
    ),
    gettext_noop("Choose all %s"),
    gettext_noop("Choose selected %s"),
    gettext_noop("Remove selected %s"),
    gettext_noop("Remove all %s"),
    gettext_noop("(click to clear)"),
)
