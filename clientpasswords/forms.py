"""Is the input well formed?"""

import re
from uuid import UUID, uuid4

from django import forms
from django.utils.translation import gettext_lazy as _


class CodeForm(forms.Form):
    """The code of the text message; blanks and hyphens in it are forgiven."""

    code = forms.CharField(
        label=_("Dynamic Captcha"),
        max_length=20,
        error_messages={"required": _("Enter the code from the text message.")},
        widget=forms.TextInput(
            {
                "inputmode": "numeric",
                "autocomplete": "one-time-code",
                "maxlength": "8",
                "pattern": "[0-9 \\-]*",
            }
        ),
    )
    attempt = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)

    def forget_code(self) -> None:
        """Once it has been checked: show the errors without the code itself."""
        if self.is_bound:
            self.data = {"attempt": self.data.get("attempt", ""), "code": ""}

    def clean_code(self) -> str:
        code = re.sub(r"[\s\-]", "", self.cleaned_data["code"])
        if not re.fullmatch(r"[0-9]{6}", code):
            raise forms.ValidationError(_("The code has six digits."))
        return code


def attempt_in(data: dict[str, str]) -> UUID:
    """The attempt that a posted form belongs to, or a new one if it is missing."""
    try:
        return UUID(data.get("attempt", ""))
    except ValueError:
        return uuid4()


class LabelForm(forms.Form):
    """The device's name, which is never refused: it is normalised afterwards."""

    label = forms.CharField(
        label=_("Device"),
        required=False,
        widget=forms.TextInput({"autocomplete": "off", "maxlength": "64"}),
    )
