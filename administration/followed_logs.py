"""The page of the logs of mail servers that `follow_logons` reads."""

from django.contrib import admin
from django.http import HttpRequest

from administration.library_records import OperatorsAdmin
from clientpasswords.models import FollowedLog


@admin.register(FollowedLog)
class FollowedLogAdmin(OperatorsAdmin[FollowedLog]):
    """Shows up to when each log was read, and deletes logs of former mail servers."""

    list_display = ["node", "path", "began_at", "told_at", "read_to"]
    fields = ["node", "path", "began_at", "told_at", "read_to"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False
