"""Profiles learn from what was shown and not clicked, from now on."""

import pgvector.django.halfvec
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("personalization", "0004_signals")]

    operations = [
        migrations.AddField(
            "profile",
            "shown_vector",
            pgvector.django.halfvec.HalfVectorField(
                blank=True, null=True, verbose_name="vector of what was shown and not clicked"
            ),
        ),
        migrations.AddField(
            "profile", "shown_length", models.FloatField(default=0.0, verbose_name="length of that vector's sum")
        ),
        migrations.AddField("profile", "shown", models.FloatField(default=0.0, verbose_name="shown and not clicked")),
        migrations.AddField(
            "profile",
            "last_impression",
            models.BigIntegerField(
                default=0,
                help_text="Impressions up to this event are in the profile.",
                verbose_name="last impression",
            ),
        ),
    ]
