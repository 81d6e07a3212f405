"""The models of accounts: one module for each subject."""

from accounts.models.account import Account, AccountManager, SessionOver
from accounts.models.budget import Budget
from accounts.models.cutoff import Cutoff
from accounts.models.domain import Department, Domain
from accounts.models.event import SecurityEvent
from accounts.models.familiarnetwork import FamiliarNetwork
from accounts.models.formeraddress import FormerAddress
from accounts.models.heartbeat import WORKERS, Heartbeat
from accounts.models.logon import MailLogon, MailNotice, MailWebLogon
from accounts.models.notification import Notification
from accounts.models.phone import BasePhone, NewPhone, Phone
from accounts.models.policy import MAX_CLIENT_PASSWORDS, POLICY_SETTINGS, Policy
from accounts.models.recovery import RecoveryCodes
from accounts.models.sentcode import SentCode
from accounts.models.setting import MailSetting

__all__ = [
    "MAX_CLIENT_PASSWORDS",
    "POLICY_SETTINGS",
    "WORKERS",
    "Account",
    "AccountManager",
    "BasePhone",
    "Budget",
    "Cutoff",
    "Department",
    "Domain",
    "FamiliarNetwork",
    "FormerAddress",
    "Heartbeat",
    "MailLogon",
    "MailNotice",
    "MailSetting",
    "MailWebLogon",
    "NewPhone",
    "Notification",
    "Phone",
    "Policy",
    "RecoveryCodes",
    "SecurityEvent",
    "SentCode",
    "SessionOver",
]
