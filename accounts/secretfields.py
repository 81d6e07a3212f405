"""Which columns are secret, or are made from a secret: the only list of them.

Their values are on no page, in no list and its filters, search and order, in no export,
no answer of the API, and no event. Tests hold the administration and the API to it, and
fail for a new column whose name sounds like a secret until it stands here.
"""

# By the labels of the models, the libraries' too.
SECRET_COLUMNS: dict[str, frozenset[str]] = {
    "accounts.Account": frozenset({"password", "taken_over"}),
    "accounts.MailLogon": frozenset({"hash", "selector"}),
    "accounts.MailWebLogon": frozenset({"hash"}),
    "accounts.NewPhone": frozenset({"digest", "session"}),
    "accounts.Phone": frozenset({"digest"}),
    "accounts.RecoveryCodes": frozenset({"hashes"}),
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

# What sounds like a secret and is none, and why.
HARMLESS_COLUMNS: dict[str, str] = {
    "accounts.Account.client_passwords_on": "whether they are on",
    "accounts.Account.sessions_ended": "a count",
    "accounts.Budget.key": "names a limit, and whom or what network it is for",
    "accounts.MailLogon.credential": "the primary key of a security password",
    "accounts.Policy.client_password_days": "a rule",
    "accounts.Policy.client_passwords_required": "a rule",
    "accounts.Policy.code_to_switch_off": "a rule",
    "accounts.Policy.max_client_passwords": "a rule",
    "provisioning.DomainFigures.off_the_web_password": "a count",
    "auth.Permission.codename": "the name of a right",
    "clientpasswords.ClientPassword.session_names": "a count",
    "clientpasswords.FollowedLog.head": "tells whether a log is the same file",
    "clientpasswords.KnownNetwork.client_password": "which one it is about",
    "clientpasswords.Logon.by_web_password": "by which kind of password",
    "clientpasswords.Logon.client_password": "which one it is about",
    "clientpasswords.SetUpLink.client_password": "which one it brought",
    "clientpasswords.Usage.client_password": "which one it is about",
    "django_otp_webauthn.WebAuthnAttestation.credential": "which one it is about",
    "django_otp_webauthn.WebAuthnCredential.credential_type": "a constant",
    "django_otp_webauthn.WebAuthnCredential.sign_count": "a count",
}

# What forms ask for, and details of events might be called.
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
