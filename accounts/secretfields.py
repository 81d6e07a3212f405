"""The only list of columns that are secret or derived from a secret.

Their values appear on no page, in no filter, search, ordering or export, in no answer
of the API, and in no event. Tests check the administration and the API against this
list. They also fail for a column whose name sounds like a secret until it is listed
here.
"""

# By the labels of the models, including those of libraries.
SECRET_COLUMNS: dict[str, frozenset[str]] = {
    "accounts.Account": frozenset({"password", "taken_over"}),
    "accounts.MailLogon": frozenset({"hash", "selector"}),
    "accounts.MailWebLogon": frozenset({"hash"}),
    "accounts.NewPhone": frozenset({"digest", "former_digest", "session"}),
    "accounts.Phone": frozenset({"digest", "former_digest"}),
    "accounts.RecoveryCodes": frozenset({"hashes"}),
    "accounts.SentCode": frozenset({"digest"}),
    "provisioning.ApiToken": frozenset({"digest", "key"}),
    "clientpasswords.ClientPassword": frozenset({"attempt", "hash", "selector"}),
    "clientpasswords.SetUpLink": frozenset({"attempt", "digest", "sessions"}),
    "django_otp_webauthn.WebAuthnAttestation": frozenset({"client_data_json", "data"}),
    "django_otp_webauthn.WebAuthnCredential": frozenset(
        {"credential_id", "credential_id_sha256", "public_key"}
    ),
    "django_otp_webauthn.WebAuthnUserHandle": frozenset({"handle_hex"}),
    "otp_static.StaticToken": frozenset({"token"}),
    "otp_totp.TOTPDevice": frozenset({"key"}),
    "sessions.Session": frozenset({"session_data", "session_key"}),
}

# Columns whose names sound like a secret, and what they contain instead.
HARMLESS_COLUMNS: dict[str, str] = {
    "accounts.Account.client_passwords_on": "whether they are on",
    "accounts.Account.sessions_ended": "a count",
    "accounts.Budget.key": "names a limit, and whom or what network it is for",
    "accounts.MailLogon.credential": "the primary key of a security password",
    "accounts.Policy.client_password_days": "a rule",
    "accounts.Policy.client_passwords_required": "a rule",
    "accounts.Policy.code_to_switch_off": "a rule",
    "accounts.Policy.max_client_passwords": "a rule",
    "provisioning.DailyFigures.by_web_password": "a count",
    "provisioning.DailyFigures.off_the_web_password": "a count",
    "provisioning.HostFigures.by_web_password": "a count",
    "provisioning.HostFigures.off_the_web_password": "a count",
    "provisioning.DomainFigures.by_web_password": "a count",
    "provisioning.DomainFigures.off_the_web_password": "a count",
    "accounts.SentCode.reference": "nothing without the provider's signature",
    "auth.Permission.codename": "the name of a right",
    "clientpasswords.ClientPassword.session_names": "a count",
    "clientpasswords.FollowedLog.head": "tells whether a log is the same file",
    "clientpasswords.KnownNetwork.client_password": "which one it is about",
    "clientpasswords.Logon.by_web_password": "by which kind of password",
    "clientpasswords.Logon.client_password": "which one it is about",
    "clientpasswords.LogonDay.client_password": "which one it is about",
    "clientpasswords.SetUpLink.client_password": "which one it brought",
    "clientpasswords.Usage.client_password": "which one it is about",
    "django_otp_webauthn.WebAuthnAttestation.credential": "which one it is about",
    "django_otp_webauthn.WebAuthnCredential.credential_type": "a constant",
    "django_otp_webauthn.WebAuthnCredential.sign_count": "a count",
}

# Form fields with secrets, whose names could occur in details of events.
FORM_FIELDS = frozenset(
    {
        "code",
        "secret",
        "token",
        "password1",
        "password2",
        "old_password",
        "new_password1",
        "new_password2",
    }
)

SECRET_NAMES = frozenset().union(*SECRET_COLUMNS.values())
