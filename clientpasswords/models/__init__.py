"""The models, one module for each subject."""

from clientpasswords.models.history import (
    DailyLogons,
    FollowedLog,
    KnownNetwork,
    Logon,
    LogonDay,
    LogonsOfADay,
    Usage,
)
from clientpasswords.models.link import SetUpLink
from clientpasswords.models.password import ClientPassword, ClientPasswordQuerySet

__all__ = [
    "ClientPassword",
    "ClientPasswordQuerySet",
    "DailyLogons",
    "FollowedLog",
    "KnownNetwork",
    "Logon",
    "LogonDay",
    "LogonsOfADay",
    "SetUpLink",
    "Usage",
]
