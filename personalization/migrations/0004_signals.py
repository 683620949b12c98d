"""Counters by three half-lives and by class, pairs of pages, the sessions that they are made of, and their state.

What pages were read lately carries over as well as one half-life can stand for three; the next `keep_signals` counts
anew from the events.
"""

import django.db.models.deletion
import swapper
from django.db import migrations, models

PAGE = swapper.get_model_name("wagtailcore", "Page")

# The half-lives, in seconds, that are in force where none have been settled yet.
CARRIED_OVER = """
    UPDATE personalization_pagecounter SET
        fast = extract(epoch FROM as_of) / 388800 + ln(greatest(score, 1e-9)) / ln(2),
        medium = extract(epoch FROM as_of) / 1555200 + ln(greatest(score, 1e-9)) / ln(2),
        slow = extract(epoch FROM as_of) / 7776000 + ln(greatest(score, 1e-9)) / ln(2)
"""


def page_key(**options):
    return models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to=PAGE, **options)


def reads():
    return [
        ("fast", models.FloatField(verbose_name="short half-life")),
        ("medium", models.FloatField(verbose_name="middle half-life")),
        ("slow", models.FloatField(verbose_name="long half-life")),
        ("total", models.PositiveBigIntegerField(default=0, verbose_name="reads of all time")),
    ]


class Migration(migrations.Migration):
    dependencies = [("personalization", "0003_editors_rules"), migrations.swappable_dependency(PAGE)]

    operations = [
        migrations.CreateModel(
            name="SignalState",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("fast", models.FloatField(verbose_name="short half-life of reads")),
                ("medium", models.FloatField(verbose_name="middle half-life of reads")),
                ("slow", models.FloatField(verbose_name="long half-life of reads")),
                ("pairs", models.FloatField(verbose_name="half-life of pages read together")),
                ("sessions", models.FloatField(verbose_name="half-life of sessions")),
                (
                    "last_event",
                    models.BigIntegerField(
                        default=0,
                        help_text="All events up to this one were looked at for sessions.",
                        verbose_name="last event",
                    ),
                ),
                ("settled_at", models.DateTimeField(auto_now=True, verbose_name="settled at")),
            ],
            options={"verbose_name": "state of the signals", "verbose_name_plural": "states of the signals"},
        ),
        migrations.AddField("pagecounter", "fast", models.FloatField(null=True, verbose_name="short half-life")),
        migrations.AddField("pagecounter", "medium", models.FloatField(null=True, verbose_name="middle half-life")),
        migrations.AddField("pagecounter", "slow", models.FloatField(null=True, verbose_name="long half-life")),
        migrations.RunSQL(CARRIED_OVER, migrations.RunSQL.noop),
        migrations.RemoveField("pagecounter", "score"),
        migrations.RemoveField("pagecounter", "as_of"),
        migrations.AlterField("pagecounter", "fast", models.FloatField(verbose_name="short half-life")),
        migrations.AlterField("pagecounter", "medium", models.FloatField(verbose_name="middle half-life")),
        migrations.AlterField("pagecounter", "slow", models.FloatField(verbose_name="long half-life")),
        migrations.AlterField(
            "pagecounter", "total", models.PositiveBigIntegerField(default=0, verbose_name="reads of all time")
        ),
        migrations.AddIndex(
            "pagecounter", models.Index(models.F("medium").desc(), name="personalization_most_read")
        ),
        migrations.CreateModel(
            name="ClassCounter",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "page_id", "referrer", "device",
                        blank=True, editable=False, primary_key=True, serialize=False,
                    ),
                ),
                *reads(),
                ("page", page_key(related_name="personalization_class_counters", verbose_name="page")),
                (
                    "referrer",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("direct", "Direct"), ("internal", "This site"), ("search", "Search engine"),
                            ("social", "Social network"), ("other", "Another site"),
                        ],
                        max_length=8,
                        verbose_name="came from",
                    ),
                ),
                ("device", models.CharField(blank=True, max_length=8, verbose_name="device")),
            ],
            options={
                "verbose_name": "page counter of a class",
                "verbose_name_plural": "page counters of classes",
            },
        ),
        migrations.CreateModel(
            name="PagePair",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "source_id", "target_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("together", models.FloatField(default=0.0, verbose_name="read together")),
                ("together_total", models.FloatField(default=0.0, verbose_name="read together, of all time")),
                ("steps", models.FloatField(default=0.0, verbose_name="read next")),
                ("steps_total", models.FloatField(default=0.0, verbose_name="read next, of all time")),
                ("as_of", models.DateTimeField(verbose_name="as of")),
                ("source", page_key(related_name="+", verbose_name="page read first")),
                (
                    "target",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=PAGE,
                        verbose_name="page read after it",
                    ),
                ),
            ],
            options={"verbose_name": "pair of pages", "verbose_name_plural": "pairs of pages"},
        ),
        migrations.CreateModel(
            name="SessionRead",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "visitor_id", "at", "page_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="at")),
                ("session", models.DateTimeField(verbose_name="session")),
                ("is_first", models.BooleanField(verbose_name="first read in its session")),
                ("last_at", models.DateTimeField(verbose_name="last view of its session")),
                ("page", page_key(related_name="+", verbose_name="page")),
                (
                    "visitor",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="session_reads",
                        to="personalization.visitor",
                        verbose_name="visitor",
                    ),
                ),
            ],
            options={
                "verbose_name": "view in a session",
                "verbose_name_plural": "views in sessions",
                "indexes": [models.Index(fields=["page", "-at"], name="personalization_read_when")],
            },
        ),
        migrations.RemoveIndex("event", "personalization_views"),
        migrations.AddIndex(
            "event",
            models.Index(
                condition=models.Q(kind__in=["view", "impression"]),
                fields=["visitor", "kind", "at"],
                name="personalization_seen",
            ),
        ),
    ]
