"""Neighbours of pages by a factorisation of who read what."""

import django.contrib.postgres.fields
import django.db.models.deletion
import swapper
from django.db import migrations, models

PAGE = swapper.get_model_name("wagtailcore", "Page")


class Migration(migrations.Migration):
    dependencies = [("personalization", "0005_shown_and_not_clicked"), migrations.swappable_dependency(PAGE)]

    operations = [
        migrations.CreateModel(
            name="PageFactors",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "others",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), size=None, verbose_name="other pages"
                    ),
                ),
                (
                    "weights",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.FloatField(), size=None, verbose_name="weights"
                    ),
                ),
                (
                    "page",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=PAGE,
                        verbose_name="page",
                    ),
                ),
                (
                    "segment",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="personalization.segment",
                        verbose_name="segment",
                    ),
                ),
            ],
            options={
                "verbose_name": "neighbours of a page by factorisation",
                "verbose_name_plural": "neighbours of pages by factorisation",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("page", "segment"), name="personalization_factors_once", nulls_distinct=False
                    )
                ],
            },
        ),
    ]
