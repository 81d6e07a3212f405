from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_phone_changes"),
    ]

    operations = [
        migrations.AlterField(
            model_name="securityevent",
            name="kind",
            field=models.CharField(
                choices=[
                    ("signed-in", "signed in"),
                    ("sign-in-failed", "sign-in failed"),
                    ("switched-on", "security passwords turned on"),
                    ("switched-off", "security passwords turned off"),
                    ("code-sent", "code sent"),
                    ("code-not-sent", "code not sent"),
                    ("code-refused", "code refused"),
                    ("codes-locked", "codes locked"),
                    ("issued", "security password made"),
                    ("limited", "security password limited"),
                    ("revoked", "security password deleted"),
                    ("phone-changed", "phone number changed"),
                    ("two-step-on", "two-step sign-in set up"),
                    ("two-step-off", "two-step sign-in turned off"),
                    ("first-used", "security password first used"),
                    ("new-network", "security password used from a new network"),
                    ("revoked-tried", "deleted security password tried"),
                    ("guessed", "many wrong passwords tried in mail programs"),
                ],
                max_length=20,
                verbose_name="event",
            ),
        ),
    ]
