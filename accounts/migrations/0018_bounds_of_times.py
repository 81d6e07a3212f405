from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import django.core.validators
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

MOST = {
    "client_password_days": 3650,
    "suspend_unused_days": 3650,
    "suspend_never_used_hours": 8760,
}
INDEX = "CREATE INDEX accounts_policy_domain_id ON accounts_policy (domain_id)"


def clamp(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Bring longer times to the longest that there can be: they never ended anything."""
    policies = apps.get_model("accounts", "Policy").objects.all()
    for name, most in MOST.items():
        policies.filter(**{f"{name}__gt": most}).update(**{name: most})


def keep_name_of_index(schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Give the index that 0012 made by hand its name again, by which that drops it."""
    if schema_editor.connection.vendor != "sqlite":
        return
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(
            "SELECT name FROM sqlite_master WHERE type = 'index' "
            "AND tbl_name = 'accounts_policy' AND sql LIKE '%(\"domain_id\")'"
        )
        names = [name for (name,) in cursor.fetchall()]
    for name in names:
        schema_editor.execute(f'DROP INDEX "{name}"', params=None)
        schema_editor.execute(INDEX, params=None)


@contextmanager
def views_aside(schema_editor: BaseDatabaseSchemaEditor) -> Iterator[None]:
    """Take the views away meanwhile: SQLite renames no table that one of them reads."""
    views = []
    if schema_editor.connection.vendor == "sqlite":
        with schema_editor.connection.cursor() as cursor:
            cursor.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'view' ORDER BY rowid"
            )
            views = cursor.fetchall()
    for name, _sql in reversed(views):
        schema_editor.execute(f'DROP VIEW "{name}"', params=None)
    yield
    keep_name_of_index(schema_editor)
    for _name, sql in views:
        schema_editor.execute(sql, params=None)


class AddConstraintBelowViews(migrations.AddConstraint):
    """Adds a constraint to a table from which the logon views read."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, *states: Any
    ) -> None:
        with views_aside(schema_editor):
            super().database_forwards(app_label, schema_editor, *states)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, *states: Any
    ) -> None:
        with views_aside(schema_editor):
            super().database_backwards(app_label, schema_editor, *states)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0017_former_addresses"),
    ]

    operations = [
        migrations.RunPython(clamp, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="policy",
            name="client_password_days",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="From 1 to 3650, counted from when it was made. Empty: for ever.",
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(3650),
                ],
                verbose_name="days a security password lives",
            ),
        ),
        migrations.AlterField(
            model_name="policy",
            name="suspend_never_used_hours",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="From 1 to 8760. The same, for one that was made and never used. Empty: never.",
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(8760),
                ],
                verbose_name="suspend when not used within hours of being made",
            ),
        ),
        migrations.AlterField(
            model_name="policy",
            name="suspend_unused_days",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="From 1 to 3650. The owner is told before, and can use a suspended one again after typing a code. Empty: never.",
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(3650),
                ],
                verbose_name="suspend when unused for days",
            ),
        ),
        AddConstraintBelowViews(
            model_name="policy",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("client_password_days__lte", 3650),
                    ("suspend_unused_days__lte", 3650),
                    ("suspend_never_used_hours__lte", 8760),
                ),
                name="policy_times_within_the_calendar",
            ),
        ),
    ]
