from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("clientpasswords", "0014_told_of_ends"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="logon",
            name="logon_by_web_password",
        ),
        migrations.AddIndex(
            model_name="logon",
            index=models.Index(
                condition=models.Q(("by_web_password", True)),
                fields=["last_at", "account"],
                name="logon_by_web_password",
            ),
        ),
    ]
