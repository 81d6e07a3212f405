from django.db import migrations, models


class Migration(migrations.Migration):
    """What can be said of a logon that Dovecot 2.4 refused."""

    dependencies = [
        ("clientpasswords", "0011_taken_over_hashes"),
    ]

    operations = [
        migrations.AlterField(
            model_name="logon",
            name="reason",
            field=models.CharField(
                blank=True,
                choices=[
                    ("wrong-password", "wrong password"),
                    ("too-many-guesses", "too many wrong passwords from there"),
                    ("security-password-required", "needs a security password"),
                    ("revoked", "deleted security password"),
                    ("expired", "expired"),
                    ("out-of-scope", "outside what the password is for"),
                    ("suspended", "security passwords are turned off"),
                    ("suspended-unused", "suspended, as it was not used"),
                    ("protocol-off", "protocol switched off"),
                    ("network-not-allowed", "network not allowed"),
                    ("third-party-logon-off", "third-party client logon is off"),
                    ("account-disabled", "mailbox disabled"),
                    ("refused", "the mail server does not say why"),
                ],
                max_length=40,
                verbose_name="refused because",
            ),
        ),
    ]
