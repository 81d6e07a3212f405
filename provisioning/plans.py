"""Plan what changes when another system says how mailboxes should be.

Planning writes nothing; `provisioning.apply` carries the plans out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import translation

from accounts import addresses
from accounts.hashing import schemes
from accounts.models import (
    Account,
    Department,
    Domain,
    FormerAddress,
    Phone,
    Policy,
)
from provisioning import cells, columns
from provisioning.columns import COLUMNS, RELATED_FIELDS

OUTCOMES = CREATED, CHANGED, UNCHANGED, REFUSED = (
    "created",
    "changed",
    "unchanged",
    "refused",
)
# Written along with a column; the audit log has another event for these, or none.
UNRECORDED_FIELDS = ("taken_over", "policy_reason")
# The fields that may change in the row of a mailbox.
ROW_FIELDS = [
    *(column.field for column in COLUMNS if column.in_row),
    *UNRECORDED_FIELDS,
]
MAX_ADDRESS_LENGTH = 254  # symbols, as the column of the database has it


@dataclass(frozen=True)
class WantedMailbox:
    """How a mailbox should be. What `fields` does not contain stays as it is.

    `fields` maps the `field` of a column to a value that its `parse` returns, or to its
    `empty`. False does not change `client_passwords_on`: only the owner or an
    administrator turns security passwords off.
    """

    address: str
    fields: Mapping[str, object] = field(repr=False)


@dataclass(frozen=True)
class Rules:
    """What may be created besides mailboxes, and which mailboxes may be changed."""

    new_domains: Policy | None = None  # the policy of domains that are created
    new_departments: bool = False
    administrators: bool = True
    # The policies that may be named; None: all. Others seem not to exist.
    policies: QuerySet[Policy] | None = None


@dataclass
class PlannedMailbox:
    """What changes for one mailbox: see `outcome`. `errors` say why it is refused."""

    address: str
    errors: dict[str, str] = field(default_factory=dict)
    account: Account | None = None
    before: dict[str, object] = field(default_factory=dict, repr=False)
    after: dict[str, object] = field(default_factory=dict, repr=False)
    old_phone: Phone | None = field(default=None, repr=False)
    new_phone: Phone | None = field(default=None, repr=False)
    is_new: bool = False

    @property
    def outcome(self) -> str:
        if self.errors:
            return REFUSED
        if self.is_new:
            return CREATED
        return CHANGED if self.changed else UNCHANGED

    @property
    def mailbox(self) -> Account:
        """The mailbox as it should be; raises ValueError if it is refused."""
        if self.account is None:
            raise ValueError(self.errors)
        return self.account

    @property
    def changed(self) -> set[str]:
        """The names of the fields that change."""
        return {name for name in self.after if self.before[name] != self.after[name]}


def plan(
    wanted: Sequence[WantedMailbox], rules: Rules, *, lock: bool
) -> list[PlannedMailbox]:
    """Return the plan of each mailbox, in their order; nothing is written.

    With `lock`, inside `atomic()`, the existing mailboxes are locked. The number of
    queries does not grow with the number of mailboxes.
    """
    existing = _ExistingRecords(wanted, rules, lock=lock)
    return [_plan_one(each, existing, rules) for each in wanted]


class _ExistingRecords:
    """The existing records that the wanted mailboxes refer to."""

    def __init__(
        self, wanted: Sequence[WantedMailbox], rules: Rules, *, lock: bool
    ) -> None:
        named = [each.address for each in wanted]
        rows = Account.objects.filter(address__in=named).order_by("pk")
        if lock:
            list(rows.select_for_update().values_list("pk"))
        rows = rows.select_related(*RELATED_FIELDS)
        self.accounts = {row.address: row for row in rows}
        # New mailboxes must not get these addresses.
        former = FormerAddress.objects.filter(address__in=named)
        self.former = {row.address: row for row in former}
        domains = {each.address.rpartition("@")[2] for each in wanted}
        self.domains = {
            row.name: row for row in Domain.objects.filter(name__in=domains)
        }
        self.departments = {
            (row.domain.name, row.name): row
            for row in Department.objects.filter(
                domain__name__in=domains,
                name__in={str(each.fields.get("department")) for each in wanted},
            ).select_related("domain")
        }
        names = {str(each.fields.get("policy")) for each in wanted}
        seen = Policy.objects.all() if rules.policies is None else rules.policies
        self.policies = {row.name: row for row in seen.filter(name__in=names)}


def _plan_one(
    wanted: WantedMailbox, existing: _ExistingRecords, rules: Rules
) -> PlannedMailbox:
    result = PlannedMailbox(
        wanted.address, account=existing.accounts.get(wanted.address)
    )
    if result.account is None:
        result.is_new = True
        domain = _plan_domain(wanted.address, existing, rules, result.errors)
        if domain is not None and wanted.address in existing.former:
            with translation.override("en"):
                result.errors["address"] = existing.former[wanted.address].refusal
        if domain is None or result.errors:
            return result
        result.account = Account(address=wanted.address, domain=domain)
    account = result.account
    if account.is_staff and not rules.administrators:
        result.errors["address"] = "An administrator's mailbox is not changed this way."
        return result
    fresh = result.is_new
    result.before = {name: getattr(account, name) for name in ROW_FIELDS}
    result.after = _plan_fields(wanted.fields, account, existing, rules, result.errors)
    result.old_phone = None if fresh else getattr(account, "phone", None)
    _plan_phone(wanted.fields, result)
    for name, value in result.after.items():
        if name != "phone":
            setattr(account, name, value)
    _find_errors(account, result)
    return result


def _plan_domain(
    address: str, existing: _ExistingRecords, rules: Rules, errors: dict[str, str]
) -> Domain | None:
    """Return the domain of the address, perhaps one that is not saved yet."""
    name = address.rpartition("@")[2]
    if name not in existing.domains and rules.new_domains is not None:
        existing.domains[name] = Domain(name=name, policy=rules.new_domains)
    if name not in existing.domains:
        errors["address"] = "The domain of the address is none of this host."
        return None
    return existing.domains[name]


def _plan_fields(
    fields: Mapping[str, object],
    account: Account,
    existing: _ExistingRecords,
    rules: Rules,
    errors: dict[str, str],
) -> dict[str, object]:
    after = {
        column.field: fields[column.field]
        for column in COLUMNS
        if column.is_plain and column.field in fields
    }
    if fields.get("client_passwords_on"):
        after["client_passwords_on"] = True
    if "department" in fields:
        name = str(fields["department"])
        after["department"] = _plan_department(
            name, account.domain, existing, rules, errors
        )
    after |= _plan_policy(fields, account, existing, errors)
    password = fields.get("password")
    if isinstance(password, str) and password:
        digest = schemes.digest_hash(password)
        # After the import the password may have been rehashed, or changed here.
        if digest != account.taken_over and password != account.password:
            after |= {"password": password, "taken_over": digest}
    return after


def _plan_department(
    name: str,
    domain: Domain,
    existing: _ExistingRecords,
    rules: Rules,
    errors: dict[str, str],
) -> Department | None:
    if not name:
        return None
    key = domain.name, name
    if key not in existing.departments and rules.new_departments:
        existing.departments[key] = Department(domain=domain, name=name)
        fault = columns.find_name_error(name)
        if fault:
            errors["department"] = fault
    if key not in existing.departments:
        errors["department"] = "The domain has no department of this name."
    return existing.departments.get(key)


def _plan_policy(
    fields: Mapping[str, object],
    account: Account,
    existing: _ExistingRecords,
    errors: dict[str, str],
) -> dict[str, object]:
    if "policy" not in fields and "policy_until" not in fields:
        return {}
    policy = account.policy
    if "policy" in fields:
        name = str(fields["policy"] or "")
        policy = existing.policies.get(name)
        if name and policy is None:
            errors["policy"] = "There is no policy of this name."
        elif policy and policy.domain_id not in {None, account.domain_id}:
            errors["policy"] = "This policy belongs to another domain."
    is_same = policy == account.policy
    until = fields.get("policy_until", account.policy_until if is_same else None)
    if until and policy is None and "policy_until" in fields:
        errors["policy_until"] = "Only an exception can end: name its policy as well."
    after = {"policy": policy, "policy_until": until if policy else None}
    return after if is_same else {**after, "policy_reason": ""}


def _plan_phone(fields: Mapping[str, object], result: PlannedMailbox) -> None:
    result.new_phone = result.old_phone
    if "phone" not in fields:
        return
    text = str(fields["phone"] or "")
    old = str(result.old_phone.number) if result.old_phone else ""
    number = text
    # The stored number may have been entered by an administrator.
    if text not in {"", old}:
        try:
            number = str(cells.parse_phone_number(text).as_e164)
        except ValueError as error:
            result.errors["phone"] = f"This cannot be the phone for codes. {error}"
            return
    result.before["phone"], result.after["phone"] = old, number
    if number != old:
        result.new_phone = Phone(number=number) if number else None


def _find_errors(account: Account, result: PlannedMailbox) -> None:
    """Add the errors of values that are well-formed, but not possible here."""
    # Not by `clean_fields`, which would query each relation.
    for column in COLUMNS:
        fault = (
            column.find_error(getattr(account, column.field))
            if column.find_error
            else ""
        )
        if fault:
            result.errors[column.field] = fault
    try:
        addresses.validate(account.address)
    except ValidationError as error:
        result.errors.setdefault("address", " ".join(error.messages))
    if len(account.address) > MAX_ADDRESS_LENGTH:
        result.errors.setdefault("address", "The address is too long.")
