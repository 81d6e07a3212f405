"""The differences between mail hosts on releases of Debian.

debianhost.py replaces placeholders such as @FOLDER@ in the texts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Release:
    """A Debian whose Dovecot is configured by hand."""

    # Texts that occur once in a file of conf.d, at the start of a line, and what every
    # such host has there.
    edits: Mapping[str, Sequence[tuple[str, str]]]
    # For each kind of table, the file that 10-auth.conf includes for it, and the files
    # below /etc/dovecot that the administrator has written.
    tables: Mapping[str, tuple[str, Mapping[str, str]]]
    # Further files that the administrator has added to conf.d.
    site: str
    # Settings that a private instance needs and no test is about.
    private: str
    # The name of a user's quota in a table, and its value for @QUOTA@ KiB.
    quota_field: str
    quota: str
