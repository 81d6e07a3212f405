"""Where Django admin looks for our pages; each registers itself."""

from administration import (
    clientpasswords,
    domains,
    jobpages,
    logs,
    mailboxes,
    others,
    policies,
    records,
)

__all__ = [
    "clientpasswords",
    "domains",
    "jobpages",
    "logs",
    "mailboxes",
    "others",
    "policies",
    "records",
]
