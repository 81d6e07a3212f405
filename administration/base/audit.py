"""Record in the audit log what administrators change on the pages of Django admin."""

from collections.abc import Collection, Iterable, Mapping

from django.db.models import Model, QuerySet
from django.forms import ModelChoiceField, ModelForm
from django.http import HttpRequest
from django_otp.plugins.otp_totp.models import TOTPDevice
from django_otp_webauthn.models import WebAuthnCredential

from accounts import events
from accounts.events import Event, Kind
from accounts.http import actor
from accounts.models import Account, Department, Domain, Policy, RecoveryCodes
from provisioning import roles

CREATED, CHANGED, DELETED = range(3)
KINDS: dict[type[Model], tuple[Kind, Kind, Kind]] = {
    Account: (Kind.MAILBOX_CREATED, Kind.MAILBOX_CHANGED, Kind.MAILBOX_DELETED),
    Policy: (Kind.POLICY_CREATED, Kind.POLICY_CHANGED, Kind.POLICY_DELETED),
    Domain: (Kind.DOMAIN_CREATED, Kind.DOMAIN_CHANGED, Kind.DOMAIN_DELETED),
    Department: (
        Kind.DEPARTMENT_CREATED,
        Kind.DEPARTMENT_CHANGED,
        Kind.DEPARTMENT_DELETED,
    ),
    # The keys of an owner, who is notified of each act.
    TOTPDevice: (Kind.TWO_STEP_ON, Kind.TWO_STEP_CHANGED, Kind.TWO_STEP_OFF),
    WebAuthnCredential: (
        Kind.PASSKEY_ADDED,
        Kind.TWO_STEP_CHANGED,
        Kind.PASSKEY_REMOVED,
    ),
    RecoveryCodes: (
        Kind.RECOVERY_CODES_MADE,
        Kind.TWO_STEP_CHANGED,
        Kind.RECOVERY_CODES_REMOVED,
    ),
}
OTHER_KINDS = (Kind.RECORD_CREATED, Kind.RECORD_CHANGED, Kind.RECORD_DELETED)
RIGHTS = frozenset(
    {"is_staff", "is_superuser", "groups", "user_permissions", "domains_administered"}
)
# The fields that every form has besides those of its record.
REASON, VERSION = "audit_reason", "form_version"
OWN_FIELDS = frozenset({REASON, VERSION})


def record_saved_form(
    request: HttpRequest,
    form: ModelForm[Model],
    fields: Collection[str],
    *,
    is_new: bool,
) -> None:
    """Record what this valid form changed, and why.

    The event has the old and the new value of each of the `fields` of the record. Other
    fields of the form, such as a new web password, are in no event.
    """
    target = form.instance
    names = set(form.changed_data).intersection(fields)
    before, after = _values(form, names, is_new=is_new)
    parts = [names & RIGHTS, names - RIGHTS] if isinstance(target, Account) else [names]
    for part in parts:
        kind = _kind(target, CREATED if is_new else CHANGED)
        if not is_new and part & RIGHTS and isinstance(target, Account):
            kind = Kind.RIGHTS_CHANGED
        changes = events.describe_changes(
            {name: before.get(name) for name in part},
            {name: after.get(name) for name in part},
        )
        if changes:
            why = form.cleaned_data.get(REASON, "")
            _record_events(request, [(kind, target, changes)], why)


def record_password_change(request: HttpRequest, account: Account) -> None:
    """Record that somebody changed or removed a web password."""
    _record_events(request, [(Kind.PASSWORD_CHANGED, account, {})])


def record_deletion(request: HttpRequest, targets: Iterable[Model]) -> None:
    """Record the records that are about to be deleted."""
    _record_events(
        request, [(_kind(target, DELETED), target, {}) for target in targets]
    )


def identify_record(target: Model) -> dict[str, str]:
    """Return the detail that names a record; empty for a mailbox."""
    if isinstance(target, Account | RecoveryCodes):
        return {}
    if isinstance(target, WebAuthnCredential):
        return {"passkey": target.name}
    return {type(target).__name__.lower(): str(target)}


def domain_of(target: Model) -> str:
    """Return the domain whose administrators may see the event; empty: none."""
    if isinstance(target, Domain):
        return target.name
    if isinstance(target, Department | Policy) and target.domain:
        return target.domain.name
    return ""


def _record_events(
    request: HttpRequest,
    what: Iterable[tuple[Kind, Model, Mapping[str, events.Changed]]],
    why: str = "",
) -> None:
    by = actor(request)
    events.record_all(
        Event(
            kind,
            roles.owner_of(target),
            by,
            detail={**identify_record(target), **changes},
            why=why,
            domain=domain_of(target),
        )
        for kind, target, changes in what
    )


def _kind(target: Model, act: int) -> Kind:
    return KINDS.get(type(target), OTHER_KINDS)[act]


def _values(
    form: ModelForm[Model], names: Iterable[str], *, is_new: bool
) -> tuple[dict[str, object], dict[str, object]]:
    """Return the initial values of the fields, and the cleaned ones."""
    before: dict[str, object] = {}
    for name in names if not is_new else ():
        field, value = form.fields[name], form.initial.get(name)
        rows = field.queryset if isinstance(field, ModelChoiceField) else None
        if rows is not None and value is not None and not isinstance(value, list):
            value = QuerySet(rows.model).filter(pk=value).first()
        before[name] = value
    return before, {name: form.cleaned_data.get(name) for name in names}
