"""Debian 12: Dovecot 2.3."""

from tests.mailserver.debianrelease import Release

# The lines to uncomment in 10-master.conf: the socket for Postfix.
SOCKET = """  unix_listener /var/spool/postfix/private/auth {
    mode = 0666
  }"""

EDITS = {
    "10-auth.conf": (
        ("!include auth-system", "#!include auth-system"),
        ("#!include @TABLE@", "!include @TABLE@"),
        ("#!include auth-master", "!include auth-master"),
        ("#auth_master_user_separator =", "auth_master_user_separator = *"),
        ("auth_mechanisms = plain", "auth_mechanisms = plain login"),
        ("#auth_cache_size = 0", "auth_cache_size = 10 M"),
    ),
    "10-mail.conf": (
        ("mail_location = ", "mail_location = maildir:@MAIL@/%d/%n/Maildir\n# "),
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
        ("ssl_cert = ", "#ssl_cert = "),
        ("ssl_key = ", "#ssl_key = "),
    ),
}

SQL = """
driver = sqlite
connect = @DOVECOT@/users.sqlite3
password_query = SELECT userid AS user, password FROM users WHERE userid = '%u'
user_query = \\
  SELECT home, uid, gid, quota_rule \\
  FROM users WHERE userid = '%u'
"""

RULES = """
passdb {
  driver = passwd-file
  args = scheme=CRYPT username_format=%u @DOVECOT@/users
}
userdb {
  driver = static
  args = uid=mail gid=mail home=@MAIL@/%d/%n
}
"""

SITE = """
mail_plugins = quota acl
protocol imap {
  mail_plugins = $mail_plugins imap_quota imap_acl
}
plugin {
  quota = count:User quota
  quota_vsizes = yes
  acl = vfile
}
namespace inbox {
  separator = /
}
namespace {
  type = shared
  separator = /
  prefix = shared/%%u/
  location = maildir:%%h/Maildir:INDEXPVT=~/shared/%%u
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
disable_plaintext_auth = no
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

DEBIAN_12 = Release(
    edits=EDITS,
    tables={
        "passwd-file": ("auth-passwdfile", {}),
        "SQL": ("auth-sql", {"dovecot-sql.conf.ext": SQL}),
        "rules": ("auth-passwdfile", {"conf.d/auth-passwdfile.conf.ext": RULES}),
    },
    site=SITE,
    private=PRIVATE,
    quota_field="quota_rule",
    quota="*:storage=@QUOTA@",
)
