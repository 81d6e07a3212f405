from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("clientpasswords", "0008_steps_in_the_views"),
    ]

    operations = [
        migrations.AddField(
            model_name="followedlog",
            name="head",
            field=models.CharField(
                blank=True, help_text="SHA-256 of the file's first line.", max_length=64
            ),
        ),
    ]
