"""Run the demonstration of `make run`: portal, workers and mail server on loopback.

All its files are below one folder, VAR; a second start uses them again. Nothing here is
for a real host: see docs/operations.md.

--develop, as in `make dev`, is for those who change the portal: it reads a changed file
at once, shows an error with its code, and prints mails.
"""

import os
import signal
import sys
from collections.abc import Mapping
from contextlib import ExitStack

from deploy.mailhost import MailHostError
from deploy.plan import (
    WEBMAIL,
    Plan,
    inherit_environment,
    make_plan,
    make_settings,
    write_settings,
)
from deploy.supervisor import (
    HOST,
    ROOT,
    StartError,
    require_free,
    start,
    wait_until_healthy,
    watch,
)
from deploy.waiting import NotReady, wait_until_ended

# Ends the server that reloads changed files together with its children.
WITH_CHILDREN = 'trap "trap - TERM; kill -TERM 0" TERM; "$@" & wait'
# Runs a command now and every day, as a timer does where there is systemd.
DAILY = (
    'trap "trap - TERM; kill -TERM 0" TERM; while :; do "$@"; sleep 86400 & wait; done'
)


def main() -> int:
    """Run until Ctrl-C or TERM; return the exit code."""
    # Set explicitly: the "&" of a script makes its children ignore Ctrl-C.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    os.umask(0o022)  # the mail server's users read what is made here
    try:
        with ExitStack() as started:
            try:
                plan = make_plan(os.environ, is_development="--develop" in sys.argv)
                demonstrate(plan, started)
            finally:
                # A second Ctrl-C must not leave some of the processes running.
                signal.signal(signal.SIGINT, signal.SIG_IGN)
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
    except KeyboardInterrupt:
        say("Stopped. The data is kept; the next start goes on with it.")
        return 0
    except StartError as reason:
        print(reason, file=sys.stderr)
    return 1


def demonstrate(plan: Plan, started: ExitStack) -> None:
    """Start everything, print where it runs, and watch it; `started` stops it.

    Raises:
        StartError: a process did not start, or ended by itself.
    """
    require_free(plan.ports)
    settings = make_settings(plan)
    environment = inherit_environment(os.environ) | settings
    prepare(environment, started)
    mail_error = start_mail(plan, started)
    if mail_error:
        settings["DOVEADM_URLS"] = environment["DOVEADM_URLS"] = ""
    write_settings(plan.folder / "environment", settings)
    processes = {"portal": start(portal_command(plan), environment, started)}
    if not mail_error:
        processes |= plan.mail.processes
    # The portal first: on a small machine other programs would slow down its start.
    wait_until_healthy(plan.port, processes)
    for name, command in workers(plan, mail_error).items():
        processes[name] = start(command, environment, started)
    say(make_welcome_text(plan, mail_error))
    watch(processes)


def start_mail(plan: Plan, started: ExitStack) -> str:
    """Start the mail server; return why there is none, or ""."""
    if plan.missing:
        return f"missing: sudo apt-get install {' '.join(plan.missing)}"
    try:
        started.enter_context(plan.mail)
    except MailHostError as error:
        return f"not running: {error}"
    return ""


# --- what it runs --------------------------------------------------------------------


def workers(plan: Plan, mail_error: str) -> dict[str, list[str]]:
    """Return the commands that run beside the portal, by name."""
    commands = {
        "worker": manage_command("deliver_cutoffs"),
        "mails": manage_command("send_notifications"),
        "jobs": manage_command("work_jobs"),
        "tidy": ["sh", "-c", DAILY, "tidy", *manage_command("tidy", "--verbosity=0")],
    }
    if not mail_error:
        follow = manage_command("follow_logons", str(plan.mail.dovecot_log))
        commands["follower"] = follow
    return commands


def manage_command(*arguments: str) -> list[str]:
    return [sys.executable, str(ROOT / "manage.py"), *arguments]


def prepare(environment: Mapping[str, str], started: ExitStack) -> None:
    """Create what does not exist yet: tables, mailboxes, files for browsers.

    Raises:
        StartError: the preparation failed.
    """
    say("Preparing the database and the files for browsers …")
    command = [sys.executable, "-m", "deploy.preparation"]
    # No mail server runs yet, so there are no sessions to end.
    alone = {**environment, "DOVEADM_URLS": ""}
    process = start(command, alone, started)
    try:
        code = wait_until_ended("the preparation", process)
    except NotReady as reason:
        raise StartError(f"{reason}.") from None
    if code:
        raise StartError("The preparation failed; its message is above.")


def portal_command(plan: Plan) -> list[str]:
    if plan.is_development:
        # runserver reloads changed files, which takes a second process.
        server = manage_command("runserver", f"{HOST}:{plan.port}")
        return ["sh", "-c", WITH_CHILDREN, "portal", *server]
    return [
        sys.executable,
        "-m",
        "gunicorn",
        "mailportal.wsgi:application",
        f"--bind={HOST}:{plan.port}",
        "--workers=2",
        "--worker-class=gthread",
        "--threads=8",
        "--graceful-timeout=5",
        "--log-level=warning",
        "--no-control-socket",
    ]


# --- what it says --------------------------------------------------------------------


def make_welcome_text(plan: Plan, mail_error: str) -> str:
    """Return what runs where, who can sign in, and what is missing."""
    portal = f"http://{HOST}:{plan.port}/"
    return f"""
  Portal       {portal}
{servers(plan, mail_error)}
  Data         {describe_data(plan)} (delete it to begin anew)

  Sign in with the web password  mailportal-demo  as

    alice@example.com      nothing is enforced
    bob@enforced.example   security passwords are required
    carol@closed.example   third-party logon is disabled
    dave@imaponly.example  POP3 and SMTP are off
    admin@example.com      administrator; the first visit of {portal}admin/
                           sets a second factor up. Without an authenticator app:
                           make demo-code KEY=…  with the key that the page shows

  The domain rollout.example, its mailboxes and its history of a year are invented
  for the plots of the administration's first page; nobody can sign in there.

  Codes by SMS appear here and in {plan.folder / "sms.jsonl"}.
  Mails to the owners {describe_mails(plan)}.
  The host's webmail is played by {WEBMAIL}: from there web passwords always work.
  Ctrl-C stops everything.
"""


def describe_mails(plan: Plan) -> str:
    if plan.is_development:
        return "appear here as well"
    return f"are written into {plan.folder / 'mails'}"


def describe_data(plan: Plan) -> str:
    if plan.shared == plan.folder:
        return str(plan.folder)
    return f"{plan.folder} and {plan.shared}"


def servers(plan: Plan, mail_error: str) -> str:
    """Return a line for each mail server, or for the reason why there is none."""
    if mail_error:
        return f"  Mail server  {mail_error}"
    ports = plan.mail.ports
    lines = [
        f"  IMAP         {HOST}:{ports.imap}  (no TLS: loopback only)",
        f"  POP3         {HOST}:{ports.pop3}",
        f"  Submission   {HOST}:{ports.submission}",
    ]
    if not plan.mail.has_postfix:
        lines[2] = "  Submission   missing: Postfix runs for root only (sudo make run)"
    return "\n".join(lines)


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
