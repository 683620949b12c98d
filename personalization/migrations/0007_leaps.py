"""Which pages are read two and three views after a page; `rebuild_covisits` counts what was read before."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("personalization", "0006_page_factors")]

    operations = [
        migrations.AddField(
            "pagepair", "leaps", models.FloatField(default=0.0, verbose_name="read next but one")
        ),
        migrations.AddField(
            "pagepair", "far_leaps", models.FloatField(default=0.0, verbose_name="read two pages later")
        ),
    ]
