"""Where Django admin looks for our pages; each registers itself."""

from administration import (
    clientpasswords,
    domains,
    formeraddresspages,
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
    "formeraddresspages",
    "jobpages",
    "logs",
    "mailboxes",
    "others",
    "policies",
    "records",
]
