"""Django admin's own widgets, where they lack a name for those who do not see them."""

from typing import Any

from django.contrib.admin.widgets import AdminSplitDateTime
from django.utils.translation import gettext_lazy as _


class DateAndTime(AdminSplitDateTime):
    """Two fields under one label; each says which of both it is."""

    def __init__(self, attrs: Any = None) -> None:
        super().__init__(attrs)
        for widget, name in zip(self.widgets, (_("Date"), _("Time")), strict=True):
            widget.attrs["aria-label"] = name
