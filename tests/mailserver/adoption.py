"""Whom the steps of docs/adopt.md let in, and whom the page says they let in."""

from concurrent.futures import ThreadPoolExecutor

from bench.authsocket import Verdict
from tests.mailserver.clients import imap_session, log_on
from tests.mailserver.debianhost import (
    MASTER,
    MASTER_PASSWORD,
    OLD_PASSWORDS,
    QUOTA,
)
from tests.mailserver.existing import ExistingHost

ALICE, BOB, OTHER = OLD_PASSWORDS
READY, HOMES, BESIDE, ALONE, POSTFIX, ALL, NO_TABLE, PORTAL_ONLY = range(2, 10)


def ask_who_is_let_in(
    host: ExistingHost, web: dict[str, str], device: dict[str, str]
) -> dict[str, Verdict]:
    """Log on as mail programs do; return the verdict of each case.

    Each case uses another protocol at another step.
    """
    cases = {
        "old password": (ALICE, OLD_PASSWORDS[ALICE]),
        "web password": (BOB, web[BOB]),
        "device": (ALICE.title(), device[ALICE]),
        "old password of the others": (OTHER, OLD_PASSWORDS[OTHER]),
        "device of the others": (OTHER, device[OTHER]),
        "master": (f"{ALICE}*{MASTER}", MASTER_PASSWORD),
        "master of the others": (f"{OTHER}*{MASTER}", MASTER_PASSWORD),
        "nonsense": (ALICE, "nonsense"),
    }
    protocols = ("imap", "pop3", "smtp")
    with ThreadPoolExecutor(len(cases)) as calls:
        answers = {
            case: calls.submit(log_on, protocols[(host.step + i) % 3], host, *who)
            for i, (case, who) in enumerate(cases.items())
        }
    return {case: answer.result() for case, answer in answers.items()}


def read_promised_verdicts(step: int) -> dict[str, Verdict]:
    """Return whom, by the page, a host at this step lets in."""
    opens = {
        "old password": step < ALONE,
        "web password": step >= BESIDE,
        "device": step >= BESIDE,
        "old password of the others": step < ALL,
        "device of the others": step >= ALL,
        "master": True,
        "master of the others": True,
        "nonsense": False,
    }
    return {
        case: Verdict.OK if opened else Verdict.REFUSED
        for case, opened in opens.items()
    }


def mailbox(host: ExistingHost, name: str, password: str) -> tuple[bytes, bytes]:
    """Return the first message's subject and the quota, as a mail program sees them."""
    with imap_session(host, name, password) as session:
        session.select(readonly=True)
        _, data = session.fetch("1", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
        _, (_, [quota, *_]) = session.getquotaroot("INBOX")
    assert isinstance(data[0], tuple)
    return data[0][1].strip(), quota


def has_its_mail(host: ExistingHost, address: str, password: str) -> bool:
    subject, _ = mailbox(host, address, password)
    return subject == f"Subject: For {address}".encode()


def has_its_mail_and_quota(host: ExistingHost, address: str, password: str) -> bool:
    subject, quota = mailbox(host, address, password)
    is_its = subject == f"Subject: For {address}".encode()
    return is_its and quota.endswith(b" %d)" % QUOTA)
