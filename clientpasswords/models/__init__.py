"""The records, a module a subject."""

from clientpasswords.models.history import FollowedLog, Logon, Usage
from clientpasswords.models.password import ClientPassword, ClientPasswordQuerySet

__all__ = [
    "ClientPassword",
    "ClientPasswordQuerySet",
    "FollowedLog",
    "Logon",
    "Usage",
]
