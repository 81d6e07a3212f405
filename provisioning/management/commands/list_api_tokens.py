from collections.abc import Iterator

from django.core.management.base import BaseCommand

from provisioning import token_access
from provisioning.models import ApiToken


class Command(BaseCommand):
    help = (
        "List the API tokens: scopes, domains, last use, and which scopes are not in "
        "effect now."
    )

    def handle(self, *args: object, **options: object) -> None:
        rows = ApiToken.objects.select_related("owner")
        for token in rows.prefetch_related("domains"):
            names = " ".join(sorted(domain.name for domain in token.domains.all()))
            used, ends = token.last_used_at, token.expires_at
            parts = [
                token.name,
                "in force" if token.is_live else "ended",
                " ".join(token.scopes),
                (names or "no domain") if token.is_limited else "all domains",
                f"expires {ends:%Y-%m-%d %H:%M}" if ends else "does not expire",
                f"used {used:%Y-%m-%d %H:%M}" if used else "never used",
            ]
            if token.owner is not None:
                parts.append(f"owned by {token.owner}")
            parts += _describe_limits(token)
            self.stdout.write(", ".join(parts))


def _describe_limits(token: ApiToken) -> Iterator[str]:
    """Yield the limits of a live token that come from its owner."""
    if not token.is_live:
        return
    access = token_access.evaluate(token)
    if access.grants_nothing:
        yield "opens nothing now"
    if access.withheld_scopes:
        scopes = " ".join(sorted(access.withheld_scopes))
        yield f"not allowed for its owner now: {scopes}"
    if access.is_limited_by_owner:
        yield "only in domains that its owner administers now"
