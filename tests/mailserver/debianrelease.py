"""What a mail host on one release of Debian has otherwise than on another.

Words such as @FOLDER@ in the texts are filled in by debianhost.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Release:
    """A Debian whose Dovecot is configured by hand."""

    # What stands in a file of conf.d once at the start of a line, and what every such
    # host has there.
    edits: Mapping[str, Sequence[tuple[str, str]]]
    # For each kind of table, the file that 10-auth.conf includes for it, and the files
    # below /etc/dovecot that the administrator has written.
    tables: Mapping[str, tuple[str, Mapping[str, str]]]
    # What else the administrator has added to conf.d.
    site: str
    # What a private instance needs, and nothing that a test is about.
    private: str
    # Under which name a table has a user's quota, and what it says of @QUOTA@ KiB.
    quota_field: str
    quota: str
