"""Imports all pages for Django admin; each registers itself."""

from administration.bulk.page import JobAdmin
from administration.clientpasswords import ClientPasswordAdmin
from administration.domains import DepartmentAdmin, DomainAdmin
from administration.events.page import CutoffAdmin, LogonAdmin, SecurityEventAdmin
from administration.followed_logs import FollowedLogAdmin
from administration.former_addresses import FormerAddressAdmin
from administration.heartbeats import HeartbeatAdmin
from administration.library_records import (
    AuditedGroupAdmin,
    AuditedPasskeyAdmin,
    AuditedRecoveryCodesAdmin,
    AuditedTOTPDeviceAdmin,
)
from administration.mailboxes.page import AccountAdmin
from administration.policies.page import PolicyAdmin

__all__ = [
    "AccountAdmin",
    "AuditedGroupAdmin",
    "AuditedPasskeyAdmin",
    "AuditedRecoveryCodesAdmin",
    "AuditedTOTPDeviceAdmin",
    "ClientPasswordAdmin",
    "CutoffAdmin",
    "DepartmentAdmin",
    "DomainAdmin",
    "FollowedLogAdmin",
    "FormerAddressAdmin",
    "HeartbeatAdmin",
    "JobAdmin",
    "LogonAdmin",
    "PolicyAdmin",
    "SecurityEventAdmin",
]
