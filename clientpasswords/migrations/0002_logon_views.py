from django.db import migrations

from accounts.schema import RunScript


class Migration(migrations.Migration):
    """The two views that decide who is let in, and the notices, from their files.

    PostgreSQL changes no column under a view, and SQLite makes no table anew. A migration
    that has to, or that brings another view, drops these first, runs these scripts in
    the end, and takes them out of here: the files say what is in force, for the migration
    that is the last to run them.
    """

    dependencies = [("clientpasswords", "0001_initial")]
    operations = [
        RunScript("clientpasswords/logon/mail_logon"),
        RunScript("clientpasswords/logon/mail_web_logon"),
        RunScript("clientpasswords/logon/mail_notice"),
        RunScript("clientpasswords/logon/grants"),
    ]
