"""Error reports that hold neither local variables nor what a form sent."""

from collections.abc import ItemsView
from types import FrameType
from typing import Any

from django.http import HttpRequest
from django.views.debug import SafeExceptionReporterFilter


class NothingPrivateFilter(SafeExceptionReporterFilter):
    """Leave out every local variable and every form field, marked or not.

    A decorator on each function that ever holds a secret would be forgotten once.
    """

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any]:
        return {}

    def get_traceback_frame_variables(
        self, request: HttpRequest | None, tb_frame: FrameType
    ) -> ItemsView[str, Any]:
        return {}.items()

    def get_safe_cookies(self, request: HttpRequest) -> dict[str, Any]:
        return {}
