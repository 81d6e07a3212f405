"""Every unit runs under a real systemd with its hardening, as the manual starts it."""

import smtplib
import time
from pathlib import Path

import pytest

from tests.install import manual
from tests.install.clients import Caller
from tests.install.installed import DOMAIN, SIGNED, WEBMAIL, Host, commit_project
from tests.install.units import (
    UNITS,
    assert_dovecot_has_no_complaint,
    assert_nothing_was_denied,
    assert_runs,
    shown,
    wait_until,
)

pytestmark = [pytest.mark.install, pytest.mark.timeout(3600)]

PORTAL = "mailportal.service"
WATCHED = [
    *(f"mailportal-{name}.service" for name in ("cutoffs", "jobs", "logons")),
    *(f"mailportal-{name}.service" for name in ("notifications", "relay")),
]
SETTLED = 10.0  # seconds
JAIL = "fail2ban-client status mailportal"
GUESSES = 40  # more than the jail's maxretry
LOGONS = 200
# In brackets, as the shell that asks would find itself.
WARM = "sleep 1; while pgrep --full dovecot/[w]arm-up; do sleep 0.1; done >/dev/null"
BURST = Path(__file__).with_name("burst.py").read_text()
ASKED = """
import socket
with socket.socket(socket.AF_UNIX) as line:
    line.settimeout(300)
    line.connect("/run/mailportal/portal.sock")
    line.sendall(b"GET /healthz HTTP/1.0\\r\\nHost: portal.mailhost.test\\r\\n\\r\\n")
    print(line.makefile("rb").read().decode())
"""


def test_the_settings_made_by_the_manual_are_fit_for_production(host: Host) -> None:
    (said,) = [said for block, said in host.said.items() if "check --deploy" in block]

    assert "System check identified no issues" in said


@pytest.mark.parametrize("unit", UNITS)
def test_systemd_has_nothing_to_say_against(unit: str, host: Host) -> None:
    assert (
        host.container.run(f"systemd-analyze verify /etc/systemd/system/{unit}") == ""
    )


@pytest.mark.parametrize("unit", UNITS)
def test_each_unit_runs_and_was_started_once(unit: str, host: Host) -> None:
    host.container.run(f"systemctl start {unit}")
    # One that is not let do its work is active until it tries.
    since = int(shown(host, unit)["ActiveEnterTimestampMonotonic"]) / 1e6
    time.sleep(max(0, SETTLED - (time.monotonic() - since)))

    assert_runs(host, unit)


@pytest.mark.parametrize("unit", UNITS)
def test_each_unit_starts_at_the_next_boot(unit: str, host: Host) -> None:
    enabled = host.container.run(f"systemctl is-enabled {unit}", checked=False).strip()

    # Static has no [Install], indirect only names another there: that one starts it.
    assert enabled in {"enabled", "static", "indirect"}


@pytest.mark.parametrize("unit", WATCHED)
def test_a_service_that_hangs_is_started_again(unit: str, host: Host) -> None:
    """Its time is made short here, and a process that is stopped says nothing."""
    folder = f"/run/systemd/system/{unit}.d"
    host.container.run(
        f"mkdir {folder}\nprintf '[Service]\\nWatchdogSec=3\\n' > {folder}/short.conf\n"
        f"systemctl daemon-reload\nsystemctl restart {unit}"
    )
    try:
        hanging = shown(host, unit)["MainPID"]
        host.container.run(f"kill -STOP {hanging}")

        wait_until(lambda: shown(host, unit)["NRestarts"] != "0")
        wait_until(lambda: shown(host, unit)["ActiveState"] == "active")
        assert shown(host, unit)["MainPID"] != hanging
    finally:
        host.container.run(
            f"rm -r {folder}\nsystemctl daemon-reload\nsystemctl stop {unit}\n"
            f"systemctl start {unit}"
        )


def test_every_service_shows_that_it_runs(host: Host) -> None:
    ask = "curl -sS --unix-socket /run/mailportal/portal.sock http://any/healthz?full"

    lines = host.container.run(ask).splitlines()[2:]

    assert {line.split()[0] for line in lines} == {"running"}
    assert len(lines) == 5


@pytest.mark.parametrize("act", ["restart", "reload"])
def test_dovecot_decides_a_burst_of_logons_soon_after(act: str, host: Host) -> None:
    """None is told to try again, once Dovecot has warmed itself up."""
    # From where nobody is counted as a guesser.
    burst = f"python3 - {LOGONS} nobody@{DOMAIN} {WEBMAIL} same"

    said = host.container.run(f"systemctl {act} dovecot; {WARM}; {burst}", typed=BURST)

    assert said == f"{LOGONS}\n"


def test_the_portal_answers_through_nginx(host: Host, stranger: Caller) -> None:
    assert stranger.get("/healthz") == (200, "ok\n")
    status, page = stranger.get("/login/")
    assert status == 200
    assert '<form method="post"' in page


def test_a_request_waits_while_the_portal_starts_again(host: Host) -> None:
    restart = "systemctl restart --no-block mailportal\n"
    until = "while [ $(systemctl is-active mailportal) = active ]; do :; done\n"
    ask = f"runuser -u www-data -- python3 -c '{ASKED}'"

    assert "200 OK" in host.container.run(restart + until + ask)


def test_the_portal_stays_down_when_its_socket_is_stopped_too(
    host: Host, stranger: Caller
) -> None:
    text = manual.section("Install")
    stop = "systemctl stop mailportal.socket mailportal"
    assert f"`{stop}`" in text

    host.container.run(stop)

    assert stranger.get("/healthz")[0] == 503
    status, page = stranger.get("/login/")
    assert status == 503
    assert "Das Portal antwortet nicht" in page
    assert shown(host, PORTAL)["ActiveState"] == "inactive"
    host.container.run("systemctl start mailportal")
    assert stranger.get("/healthz")[0] == 200


def test_the_user_of_nginx_cannot_read_the_secrets(host: Host) -> None:
    assert "mailportal" not in host.container.run("id -nG www-data").split()
    for name in ("environment", "secret-key", "doveadm-api-key", "twilio-auth-token"):
        path = f"/etc/mailportal/{name}"
        assert (
            host.container.run(f"stat -c '%a %U %G' {path}") == "640 root mailportal\n"
        )


@pytest.mark.parametrize("name", ["portal", "mx", "imap", "pop3", "smtp"])
def test_certbot_can_prove_each_name_beside_the_portal(name: str, host: Host) -> None:
    challenge = "/.well-known/acme-challenge/proof"
    host.container.write(f"/var/www/html{challenge}", "proved")

    with host.container.connect(80) as line:
        line.sendall(
            f"GET {challenge} HTTP/1.0\r\nHost: {name}.{DOMAIN}\r\n\r\n".encode()
        )
        answer = line.makefile("rb").read()

    assert answer.endswith(b"proved")


def test_a_renewed_certificate_is_shown_everywhere(
    host: Host, stranger: Caller
) -> None:
    doors = {"portal": 443, "imap": 993, "pop3": 995, "smtp": 465}

    def serials() -> set[object]:
        return {stranger.serial(f"{name}.{DOMAIN}", p) for name, p in doors.items()}

    (before,) = serials()

    host.container.run(
        f"{host.values}{SIGNED}run-parts --exit-on-error"
        " /etc/letsencrypt/renewal-hooks/deploy"
    )

    wait_until(lambda: len(serials() | {before}) == 2 and before not in serials())


def test_a_submission_server_that_is_shut_in_reaches_the_relay(
    host: Host, stranger: Caller
) -> None:
    """Debian's own master.cf, up to Debian 12, has Postfix in its queue's folder."""
    shut_in = "postconf -F submissions/inet/chroot=%s; systemctl reload postfix"
    host.container.run(shut_in % "y")

    with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
        stranger.submissions(f"nobody@{DOMAIN}", "wrong")

    host.container.run(shut_in % "n")
    # And not 454, by which it says that nobody answered.
    assert refused.value.smtp_code == 535


def test_the_log_of_dovecot_is_rotated(host: Host) -> None:
    said = host.container.run("logrotate --debug /etc/logrotate.d/dovecot 2>&1")

    assert "rotating pattern: /var/log/dovecot.log" in said
    assert "error" not in said


def test_fail2ban_keeps_out_whom_it_bans(
    host: Host, guesser: Caller, stranger: Caller
) -> None:
    text = manual.section("Guessing")
    assert "`apt-get install fail2ban`" in text
    host.follow("apt-get install fail2ban")
    (commands,) = manual.blocks(text)

    host.follow(commands)

    started = "timeout 30 sh -c 'until fail2ban-client ping; do sleep 0.2; done'"
    status = host.container.run(f"{started}; {JAIL}")
    assert "/var/log/dovecot.log" in status
    # Its address is one of the container's own, of which none is banned otherwise.
    host.container.run("fail2ban-client set mailportal ignoreself false")
    guesser.serial(f"imap.{DOMAIN}", 993)
    guess = f"python3 - {GUESSES} nobody@{DOMAIN} {guesser.address} different"
    assert host.container.run(guess, typed=BURST) == f"{GUESSES}\n"
    wait_until(lambda: guesser.address in host.container.run(JAIL))
    with pytest.raises(OSError, match=r"refused|timed out"):
        wait_until(lambda: not guesser.serial(f"imap.{DOMAIN}", 993))
    stranger.serial(f"imap.{DOMAIN}", 993)


def test_an_update_by_the_manual_leaves_everything_running(host: Host) -> None:
    host.container.write("/root/mailportal/NEWS", "The next release.\n")
    commit_project(host.container)
    (commands,) = manual.blocks(manual.section("Update"))

    host.follow(commands)

    assert host.container.run("cat /opt/mailportal/NEWS") == "The next release.\n"
    for unit in UNITS:
        assert_runs(host, unit)


def test_dovecot_has_no_complaint(host: Host) -> None:
    assert_dovecot_has_no_complaint(host)


def test_nothing_was_denied_and_nothing_crashed(host: Host) -> None:
    """Last, so that it speaks of everything before."""
    assert_nothing_was_denied(host)
