"""The models, one module for each subject."""

from clientpasswords.models.history import FollowedLog, KnownNetwork, Logon, Usage
from clientpasswords.models.link import SetUpLink
from clientpasswords.models.password import ClientPassword, ClientPasswordQuerySet

__all__ = [
    "ClientPassword",
    "ClientPasswordQuerySet",
    "FollowedLog",
    "KnownNetwork",
    "Logon",
    "SetUpLink",
    "Usage",
]
