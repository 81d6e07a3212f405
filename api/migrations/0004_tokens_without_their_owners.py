from django.apps.registry import Apps
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import Q


def remember(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Mark those that have an owner."""
    token = apps.get_model("api", "ApiToken")
    token.objects.filter(owner__isnull=False).update(is_owned=True)


class Migration(migrations.Migration):
    """A token that somebody owns opens nothing once its owner is gone."""

    dependencies = [("api", "0003_owners_of_tokens")]

    operations = [
        migrations.AlterField(
            model_name="apitoken",
            name="owner",
            field=models.ForeignKey(
                blank=True,
                help_text="The administrator whose own mail programs it must not shut out.",
                null=True,
                on_delete=models.SET_NULL,
                related_name="api_tokens",
                to=settings.AUTH_USER_MODEL,
                verbose_name="owner",
            ),
        ),
        migrations.AddField(
            model_name="apitoken",
            name="is_owned",
            field=models.BooleanField(
                default=False,
                help_text="It opens nothing without its `owner`, even once there is none.",
            ),
        ),
        migrations.RunPython(remember, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="apitoken",
            constraint=models.CheckConstraint(
                condition=Q(owner=None) | Q(is_owned=True),
                name="apitoken_with_an_owner_is_owned",
            ),
        ),
    ]
