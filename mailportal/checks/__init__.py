"""System checks of the settings, for rules that involve more than one value."""

from django.core.checks import register

from mailportal.checks import (
    dovecot,
    environment,
    hosts,
    mails,
    mailserver,
    secrets,
    sites,
    textmessages,
)

# `manage.py check --tag settings` runs only these checks.
TAG = "settings"

ALWAYS = (
    secrets.secrets_are_not_published,
    textmessages.gateway_is_complete,
    mailserver.doveadm_can_be_asked,
    mailserver.webmails_networks_are_networks,
    mailserver.homes_are_distinct,
    sites.sites_are_complete,
    sites.profiles_can_be_signed,
)
IN_PRODUCTION = (
    environment.names_are_known,
    environment.files_are_private,
    secrets.secrets_are_hard_to_guess,
    hosts.host_names_are_named,
    hosts.modes_are_for_owners,
    hosts.proxies_are_counted,
    hosts.database_is_for_many,
    hosts.own_files_can_be_written,
    textmessages.codes_are_sent,
    textmessages.callback_reaches_us,
    textmessages.identifiers_are_well_formed,
    mails.mails_are_sent,
    mails.mail_servers_password_is_safe,
    mails.ports_fit_their_security,
    mailserver.sessions_can_be_ended,
    mailserver.webmails_networks_are_its_own,
    dovecot.rendering_fits_the_mail_server,
    sites.sites_are_safe,
    sites.owners_are_informed,
)


def register_all() -> None:
    """Register the checks with Django.

    Django runs `ALWAYS` before each command, and `IN_PRODUCTION` by `check --deploy`.
    """
    for check in ALWAYS:
        register(check, TAG)
    for check in IN_PRODUCTION:
        register(check, TAG, deploy=True)
