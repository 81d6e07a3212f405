"""Two domains that have everything, and administrators of every kind."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from django.contrib.auth.models import Group
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice
from django_otp_webauthn.models import WebAuthnCredential

from accounts import events
from accounts.events import Actor, Kind
from accounts.models import (
    Account,
    Cutoff,
    Department,
    Domain,
    FormerAddress,
    Heartbeat,
    Policy,
    RecoveryCodes,
)
from administration.bulk import jobs
from administration.bulk.actions import BY_NAME
from administration.models import Job
from clientpasswords.models import FollowedLog
from provisioning.models import ApiToken
from tests.factories import (
    PASSWORD,
    make_account,
    make_client_password,
    make_logon,
    make_policy,
)

OPERATORS, DOMAINS, HELP, AUDIT = (
    "Site operators",
    "Domain administrators",
    "Help desk",
    "Auditors",
)
EVERY = "Every domain of the host"
# Each kind of administrator: their groups, and whether they were given a domain.
ROLES: dict[str, tuple[list[str], bool]] = {
    "superuser": ([], False),
    "operator": ([OPERATORS], False),
    "domain": ([DOMAINS], True),
    "help": ([HELP], True),
    "auditor": ([AUDIT], True),
    "help everywhere": ([HELP, EVERY], False),
    "auditor everywhere": ([AUDIT, EVERY], False),
    "domain without one": ([DOMAINS], False),
    "no group": ([], True),
}


@dataclass(frozen=True)
class World:
    """A domain; each of its records is named after it, so that a leak is seen."""

    domain: Domain
    policy: Policy
    department: Department
    owner: Account
    # By the names that the addresses of the administration begin with.
    rows: dict[str, Any]


def make_world(name: str) -> World:
    policy = make_policy(f"Policy of {name}")
    domain = Domain.objects.create(name=f"{name}.example", policy=policy)
    Policy.objects.filter(pk=policy.pk).update(domain=domain)
    policy.refresh_from_db()
    department = Department.objects.create(domain=domain, name=f"Sales of {name}")
    owner = make_account(f"owner@{name}.example", phone="+12025550123")
    password, _secret = make_client_password(owner, f"Phone of {name}")
    events.record(Kind.ISSUED, owner, by=Actor(owner.address), device=password.label)
    logon = make_logon(owner, node=domain.name, client_password=password)
    # As those are who let the web password in: the roll-out report lists them.
    make_logon(owner, "pop3", node=domain.name)
    mask = f"{owner.address}*"
    cutoff = Cutoff.objects.create(account=owner, login_mask=mask, node="n", kicks=1)
    rows = {
        "accounts_account": owner,
        "accounts_cutoff": cutoff,
        "accounts_department": department,
        "accounts_domain": domain,
        "accounts_heartbeat": make_heartbeat(name),
        "accounts_formeraddress": make_former_address(domain),
        "accounts_policy": policy,
        "accounts_securityevent": owner.security_events.get(kind="issued"),
        "administration_job": job_of(owner, owner),
        "provisioning_apitoken": make_token_row(owner, name),
        "auth_group": Group.objects.create(name=f"Friends of {name}"),
        "auth_user": owner,
        "clientpasswords_clientpassword": password,
        "clientpasswords_followedlog": FollowedLog.objects.create(node=name),
        "clientpasswords_logon": logon,
        **make_second_factors(owner, name),
    }
    return World(domain, policy, department, owner, rows)


def make_heartbeat(node: str) -> Heartbeat:
    row = {"worker": "follow_logons", "node": node, "seen_at": timezone.now()}
    return Heartbeat.objects.create(**row)


def make_former_address(domain: Domain) -> FormerAddress:
    make_account(f"former@{domain.name}").delete()
    return FormerAddress.objects.get(domain=domain.name)


def make_token_row(owner: Account, name: str) -> ApiToken:
    return ApiToken.objects.create(
        name=f"Sync of {name}",
        key=sha256(name.encode()).hexdigest()[:12],
        digest="0" * 64,
        scopes=["accounts:read"],
        is_limited=False,
        created_by=owner.address,
    )


def make_second_factors(owner: Account, name: str) -> dict[str, Any]:
    """One of each kind, by the names that the administration's addresses begin with."""
    passkey = WebAuthnCredential.objects.create(
        user=owner,
        name=name,
        credential_id=name.encode(),
        public_key=b"",
        aaguid="00000000-0000-0000-0000-000000000000",
    )
    return {
        "accounts_recoverycodes": RecoveryCodes.objects.create(user=owner, name=name),
        "django_otp_webauthn_webauthncredential": passkey,
        "otp_totp_totpdevice": TOTPDevice.objects.create(user=owner, name=name),
    }


def job_of(administrator: Account, owner: Account) -> Job:
    """An action that was chosen, and not confirmed."""
    return jobs.create_job(BY_NAME["unlock_codes"], [owner.pk], administrator, None)


def make_administrator(role: str, of: Domain) -> Account:
    """An administrator of this kind, whose own mailbox is in that domain."""
    names, has_domain = ROLES[role]
    account = Account.objects.create_user(
        f"{role.replace(' ', '-')}@{of.name}",
        PASSWORD,
        is_staff=True,
        is_superuser=role == "superuser",
    )
    account.groups.set(Group.objects.filter(name__in=names))
    assert account.groups.count() == len(names)
    if has_domain:
        account.domains_administered.add(of)
    return account
