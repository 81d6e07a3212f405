"""The page of the logs of mail servers that `follow_logons` reads."""

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from administration.base.filters import ChoiceFilter
from administration.library_records import OperatorsAdmin
from clientpasswords.models import FollowedLog


class SilentFilter(ChoiceFilter):
    title = _("state")
    parameter_name = "silent"
    options = [("yes", _("Not read"), lambda rows: rows & FollowedLog.objects.silent())]


@admin.register(FollowedLog)
class FollowedLogAdmin(OperatorsAdmin[FollowedLog]):
    """Shows up to when each log was read, and deletes logs of former mail servers."""

    list_display = ["node", "path", "began_at", "told_at", "read_to"]
    fields = ["node", "path", "began_at", "told_at", "read_to"]
    list_filter = [SilentFilter]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False
