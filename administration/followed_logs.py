"""The mail servers' logs that are followed, as administrators see them."""

from django.contrib import admin
from django.http import HttpRequest

from administration.library_records import OperatorsAdmin
from clientpasswords.models import FollowedLog


@admin.register(FollowedLog)
class FollowedLogAdmin(OperatorsAdmin[FollowedLog]):
    """To look up to when each was read, and to delete that of a mail server gone."""

    list_display = ["node", "path", "began_at", "told_at", "read_to"]
    fields = ["node", "path", "began_at", "told_at", "read_to"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False
