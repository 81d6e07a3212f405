"""A filter that keeps local variables and form fields out of error reports."""

from collections.abc import ItemsView
from types import FrameType
from typing import Any

from django.http import HttpRequest
from django.views.debug import SafeExceptionReporterFilter


class NothingPrivateFilter(SafeExceptionReporterFilter):
    """Removes all local variables, form fields and cookies.

    Django's decorators mark single functions and fields; one forgotten decorator would
    leak a secret.
    """

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any]:
        return {}

    def get_traceback_frame_variables(
        self, request: HttpRequest | None, tb_frame: FrameType
    ) -> ItemsView[str, Any]:
        return {}.items()

    def get_safe_cookies(self, request: HttpRequest) -> dict[str, Any]:
        return {}
