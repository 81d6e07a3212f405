"""The schemas of requests and responses. None contains a secret."""

from datetime import datetime
from typing import Annotated

from django.conf import settings
from ninja import ModelSchema, Schema
from pydantic import AwareDatetime, BeforeValidator, ConfigDict, Field

from accounts.events import MAX_REASON_LENGTH
from accounts.models import POLICY_SETTINGS, Account, Domain, Policy
from clientpasswords.models import ClientPassword
from provisioning import cells, columns

Text = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=254)]
Reason = Annotated[
    Text, Field(max_length=MAX_REASON_LENGTH, description="Recorded in the audit log.")
]
Moment = Annotated[
    AwareDatetime,
    BeforeValidator(cells.parse_moment),
    Field(description="RFC 3339: date, time and zone."),
]
MOST_ROWS = 200
Limit = Annotated[int, Field(ge=1, le=MOST_ROWS)]


class Sent(Schema):
    """The base of requests: unknown fields are errors."""

    model_config = ConfigDict(extra="forbid")


class AccountSent(Sent):
    name: Text = ""
    department: Text | None = None
    language: Text = Field(
        "", description=f"{', '.join(dict(settings.LANGUAGES))}, or empty."
    )
    phone: Text | None = Field(None, description="The mobile number for codes, E.164.")
    # No default in the schema of the API: it depends on the mailbox.
    active: bool = Field(
        default_factory=lambda: True,
        description="Whether its owner is let in. Left out, by PUT as well, it stays "
        "as it is; a new mailbox is active.",
    )
    policy: Text | None = Field(
        None,
        description="The mailbox's own, by name. Left out of a PUT, or null, there is "
        "none any more: its department's or domain's holds, which may open what this "
        "one had closed.",
    )
    policy_until: Moment | None = Field(
        None,
        description="When its own policy ends. Left out of a PUT, or null: never.",
    )
    reason: Reason = ""


class AccountOut(Schema):
    address: str
    name: str
    domain: str
    department: str | None
    language: str
    phone: str | None
    active: bool
    policy: str | None
    policy_until: datetime | None
    administrator: bool

    @classmethod
    def of(cls, account: Account) -> "AccountOut":
        """Return the schema of a mailbox whose relations are loaded."""
        values = {
            column.name: column.value(account)
            for column in columns.COLUMNS
            if column.in_api
        }
        values |= {"domain": account.domain.name, "administrator": account.is_staff}
        return cls.model_validate(values)


class AccountPage(Schema):
    items: list[AccountOut]
    next: str | None = Field(description="Send it as `after` for what follows.")


class Why(Sent):
    reason: Reason = ""


class DomainSent(Sent):
    policy: Text
    reason: Reason = ""


class DomainOut(Schema):
    name: str
    policy: str

    @classmethod
    def of(cls, domain: Domain) -> "DomainOut":
        return cls(name=domain.name, policy=domain.policy.name)


class DomainPage(Schema):
    items: list[DomainOut]
    next: str | None


class PolicySent(ModelSchema):
    model_config = ConfigDict(extra="forbid")
    required_from: Moment | None = Field(
        None, description="Until then nobody is refused. Empty: at once."
    )
    # The column is never null, but the library derives null from `blank`.
    client_networks: str = Field(
        "", max_length=500, description="Separated by commas. Empty: from anywhere."
    )
    reason: Reason = ""

    class Meta:
        model = Policy
        # Each has a default, so that none is required. Only empty ones can be null.
        fields = list(POLICY_SETTINGS)


class PolicyOut(ModelSchema):
    name: str
    domain: str | None = Field(description="The only domain that it may bind, if any.")

    class Meta:
        model = Policy
        fields = list(POLICY_SETTINGS)

    @classmethod
    def of(cls, policy: Policy) -> "PolicyOut":
        """Return the schema of a policy whose domain is loaded."""
        domain = policy.domain.name if policy.domain else None
        values = {"name": policy.name, "domain": domain, **policy.settings}
        return cls.model_validate(values)


class PolicyPage(Schema):
    items: list[PolicyOut]
    next: str | None


class ClientPasswordOut(Schema):
    id: int
    label: str
    protocols: list[str]
    networks: list[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None

    @classmethod
    def of(cls, row: ClientPassword) -> "ClientPasswordOut":
        used = row.used
        return cls(
            id=row.pk,
            label=row.label,
            protocols=[name for name, yes in row.protocols.items() if yes],
            networks=[each for each in row.networks.split(",") if each],
            created_at=row.created_at,
            expires_at=row.expires_at,
            last_used_at=used.last_at if used else None,
        )


class Deleted(Schema):
    deleted: int


class Revoked(Schema):
    revoked: int
