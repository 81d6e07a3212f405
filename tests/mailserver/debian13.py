"""Debian 13: Dovecot 2.4."""

from tests.mailserver.debian12 import SOCKET
from tests.mailserver.debianrelease import Release

HOME = "@MAIL@/%{user | domain}/%{user | username}"

EDITS = {
    "10-auth.conf": (
        ("!include auth-system", "#!include auth-system"),
        ("#!include @TABLE@", "!include @TABLE@"),
        ("#!include auth-master", "!include auth-master"),
        ("#auth_master_user_separator =", "auth_master_user_separator = *"),
        ("#auth_mechanisms = plain login", "auth_mechanisms = plain login"),
        ("#auth_cache_size = 0", "auth_cache_size = 10 M"),
    ),
    "10-mail.conf": (
        ("mail_driver = mbox", "mail_driver = maildir"),
        ("mail_home = ", f"mail_home = {HOME}\n# "),
        ("mail_path = ", f"mail_path = {HOME}/Maildir\n# "),
        ("mail_inbox_path = ", "#mail_inbox_path = "),
    ),
    "10-master.conf": (
        (
            SOCKET.replace("  ", "  #", 1).replace("\n  ", "\n  #"),
            SOCKET.replace("/var/spool/postfix", "@FOLDER@/queue"),
        ),
        (
            "  unix_listener lmtp {",
            "  unix_listener @FOLDER@/queue/private/dovecot-lmtp {\n    user = postfix",
        ),
    ),
    "10-ssl.conf": (
        ("ssl = yes", "ssl = no"),
        ("ssl_server_cert_file = ", "#ssl_server_cert_file = "),
        ("ssl_server_key_file = ", "#ssl_server_key_file = "),
    ),
    # The package brings it for users who have no domain.
    "20-lmtp.conf": (("  auth_username_format = ", "  #auth_username_format = "),),
}

MASTER_USERS = """
passdb master-passwd-file {
  driver = passwd-file
  master = yes
  passwd_file_path = @DOVECOT@/master-users
  result_success = continue
}
"""

PASSWD_FILE_PASSDB = """
passdb passwd-file {
  default_password_scheme = crypt
  auth_username_format = %{user}
  passwd_file_path = @DOVECOT@/users
}
"""

PASSWD_FILE = f"""{PASSWD_FILE_PASSDB}
userdb passwd-file {{
  auth_username_format = %{{user}}
  passwd_file_path = @DOVECOT@/users
}}
"""

RULES = f"""{PASSWD_FILE_PASSDB}
userdb static {{
  fields {{
    uid = mail
    gid = mail
    home = {HOME}
  }}
}}
"""

SQL = """
sql_driver = sqlite
sqlite_path = @DOVECOT@/users.sqlite3
passdb sql {
  query = SELECT userid AS user, password FROM users WHERE userid = '%{user}'
}
userdb sql {
  query = \\
    SELECT home, uid, gid, quota_storage_size \\
    FROM users WHERE userid = '%{user}'
}
"""

SITE = """
mail_plugins {
  quota = yes
  acl = yes
}
protocol imap {
  mail_plugins {
    imap_quota = yes
    imap_acl = yes
  }
}
quota "User quota" {
  driver = count
}
acl_driver = vfile
namespace inbox {
  separator = /
}
namespace shared {
  type = shared
  separator = /
  prefix = shared/$user/
  mail_path = %{owner_home}/Maildir
  mail_index_private_path = ~/shared/%{owner_user}
  subscriptions = no
  list = children
}
"""

PRIVATE = """
base_dir = @BASE@
state_dir = @FOLDER@/state
instance_name = @NAME@
log_path = @FOLDER@/dovecot.log
listen = 127.0.0.1
protocols = imap pop3 lmtp
auth_allow_cleartext = yes
auth_failure_delay = 0 secs
first_valid_uid = 1
service imap-login {
  inet_listener imap {
    port = @IMAP@
  }
  inet_listener imaps {
    port = 0
  }
}
service pop3-login {
  inet_listener pop3 {
    port = @POP3@
  }
  inet_listener pop3s {
    port = 0
  }
}
"""

MASTER = {"conf.d/auth-master.conf.ext": MASTER_USERS}
FILE = "conf.d/auth-passwdfile.conf.ext"

DEBIAN_13 = Release(
    edits=EDITS,
    tables={
        "passwd-file": ("auth-passwdfile", {FILE: PASSWD_FILE, **MASTER}),
        "SQL": ("auth-sql", {"conf.d/auth-sql.conf.ext": SQL, **MASTER}),
        "rules": ("auth-passwdfile", {FILE: RULES, **MASTER}),
    },
    site=SITE,
    private=PRIVATE,
    quota_field="quota_storage_size",
    quota="@QUOTA@K",
)
