"""Where Django admin looks for our pages; each registers itself."""

from administration import clientpasswords, domains, mailboxes, policies, records

__all__ = ["clientpasswords", "domains", "mailboxes", "policies", "records"]
