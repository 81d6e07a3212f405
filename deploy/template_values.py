"""Compute the text for each @NAME@ of the configuration templates."""

import ipaddress
import re
from urllib.parse import quote

from deploy.databases import database_name, limit_connect_time, sqlite_file
from deploy.homes import find_mistake
from deploy.values import MailHostValues

# In Postfix's queue, so that an smtpd in a chroot reaches it too. It is the socket of
# deploy/systemd/mailportal-relay.socket.
RELAY = "private/mailportal-relay"


def make_template_values(values: MailHostValues) -> dict[str, str]:
    """Return the text for each name between two @ in a template.

    Raises:
        ValueError: a value cannot be written into a configuration file.
    """
    texts = _make_host_values(values)
    if values.certificate:
        texts["CERTIFICATE"] = values.certificate.chain
        texts["CERTIFICATE_KEY"] = values.certificate.key
    if values.private:
        texts["INSTANCE"] = values.private.name
    checked = {name: _check_value(name, str(value)) for name, value in texts.items()}
    networks = [ipaddress.ip_network(each) for each in values.webmail_networks]
    cidr = "\n".join(f"{network} DUNNO" for network in networks)
    # The prefix by which a value refers to another setting.
    reference = "$" if values.dovecot == "2.3" else "$SET:"
    ours = {"WEBMAIL_CIDR": cidr, "VALUE_OF": reference}
    return checked | _make_database_values(values.database_url) | ours


def _make_home_rule(values: MailHostValues) -> str:
    """Return the rule for homes.

    Raises:
        ValueError: the rule is not valid.
    """
    home = values.home or f"{values.mail}/%u"
    if fault := find_mistake(home):
        raise ValueError(f"home={home} {fault}")
    return home


def _make_host_values(values: MailHostValues) -> dict[str, object]:
    loopback = ipaddress.ip_address(values.doveadm_address).is_loopback
    return {
        "FOLDER": values.folder,
        "HOST_NAME": values.host_name,
        "MAIL": values.mail,
        "HOME": _make_home_rule(values),
        "MAIL_USER": values.mail_user,
        "MAIL_GROUP": values.mail_group,
        "BASE": values.private.base if values.private else "/run/dovecot",
        "RELAY": values.private.relay if values.private else RELAY,
        "WORKERS": values.workers,
        "FAILURE_DELAY": values.failure_delay,
        "TOLD_A_SECOND": values.told_a_second,
        "GUESSES_AN_ACCOUNT": values.guesses_an_account,
        "GUESSES_A_NETWORK": values.guesses_a_network,
        "DATABASE_GROUP": values.database_group,
        "WEBMAIL_NETWORKS": " ".join(values.webmail_networks),
        "DOVEADM_API_KEY": values.doveadm_api_key,
        "DOVEADM_ADDRESS": values.doveadm_address,
        "DOVEADM_SSL": "no" if loopback else "yes",
        "IMAP_PORT": values.ports.imap,
        "POP3_PORT": values.ports.pop3,
        "SUBMISSION_PORT": values.ports.submission,
        "SUBMISSIONS_PORT": values.ports.submissions,
        "DOVEADM_PORT": values.ports.doveadm,
    }


def _make_database_values(database_url: str) -> dict[str, str]:
    file = sqlite_file(database_url)
    url = limit_connect_time(database_url)
    texts = {
        "POSTFIX_DRIVER": "sqlite" if file else "pgsql",
        "DATABASE": file or url,
        "LUA_DATABASE": quote(str(file)) if file else url,
    }
    checked = {name: _check_value(name, str(value)) for name, value in texts.items()}
    # After a broken connection, Postfix avoids that host for a minute and takes the
    # next. Named three times, a restarted database is asked again at once.
    name = _check_value("database_name", database_name(url))
    postgres = f"hosts = {url} {url} {url}\ndbname = {name}"
    database = f"dbpath = {file}" if file else postgres
    # The mailboxes of a list with commas, which Postfix has put in place of %s.
    listed = (
        """SELECT value FROM json_each('["' || replace('%s', ',', '","') || '"]')"""
        if file
        else "SELECT unnest(string_to_array('%s', ','))"
    )
    return checked | {"POSTFIX_DATABASE": database, "LISTED": listed}


def _check_value(name: str, value: str) -> str:
    """Return the value if it is literal text in every file format used here.

    Raises:
        ValueError: it contains a character that some format would interpret.
    """
    blank = "" if name == "WEBMAIL_NETWORKS" else " "
    if re.search(rf"[\x00-\x1f\x7f\"\\$#{{}}{blank}]", value):
        message = f"{name.lower()} holds a character that cannot be written: {value!r}"
        raise ValueError(message)
    return value
