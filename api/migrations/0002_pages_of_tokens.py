import django.utils.timezone
from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

GROUP = "Site operators"
RIGHTS = ["add_apitoken", "revoke_apitoken", "view_apitoken"]


def give(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Let site operators see, make and revoke tokens, if there is their group."""
    # Django makes permissions after all migrations; here they are needed before.
    app = apps.get_app_config("api")
    app.models_module = models
    create_permissions(app, apps=apps, verbosity=0)
    app.models_module = None
    group, permission = (
        apps.get_model("auth", "Group"),
        apps.get_model("auth", "Permission"),
    )
    rights = permission.objects.filter(
        content_type__app_label="api", codename__in=RIGHTS
    )
    for found in group.objects.filter(name=GROUP):
        found.permissions.add(*rights)


def take(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Take the rights from whoever has them: there are no such pages any more."""
    permission = apps.get_model("auth", "Permission")
    permission.objects.filter(
        content_type__app_label="api", codename__in=RIGHTS
    ).delete()


class Migration(migrations.Migration):
    """Names and rights for the pages on which site operators make tokens."""

    dependencies = [
        ("accounts", "0013_passkeys_and_recovery_codes"),
        ("administration", "0002_groups"),
        ("api", "0001_api_tokens"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="apitoken",
            options={
                "default_permissions": ("add", "view"),
                "ordering": ["name"],
                "permissions": [("revoke_apitoken", "Can revoke API tokens")],
                "verbose_name": "API token",
                "verbose_name_plural": "API tokens",
            },
        ),
        migrations.AlterField(
            model_name="apitoken",
            name="created_at",
            field=models.DateTimeField(
                default=django.utils.timezone.now, verbose_name="made"
            ),
        ),
        migrations.AlterField(
            model_name="apitoken",
            name="created_by",
            field=models.CharField(max_length=254, verbose_name="made by"),
        ),
        migrations.AlterField(
            model_name="apitoken",
            name="domains",
            field=models.ManyToManyField(
                blank=True, to="accounts.domain", verbose_name="domains"
            ),
        ),
        migrations.AlterField(
            model_name="apitoken",
            name="expires_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="expires"),
        ),
        migrations.AlterField(
            model_name="apitoken",
            name="last_used_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="last used"),
        ),
        migrations.AlterField(
            model_name="apitoken",
            name="name",
            field=models.CharField(max_length=60, unique=True, verbose_name="name"),
        ),
        migrations.AlterField(
            model_name="apitoken",
            name="revoked_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="revoked"),
        ),
        migrations.AlterField(
            model_name="apitoken",
            name="scopes",
            field=models.JSONField(verbose_name="scopes"),
        ),
        migrations.RunPython(give, take),
    ]
