"""The network of what is read next, as a worker fitted it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("personalization", "0011_web_mailboxes")]

    operations = [
        migrations.CreateModel(
            name="SequenceVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("fitted_at", models.DateTimeField(auto_now_add=True, verbose_name="fitted at")),
                ("arrays", models.BinaryField(default=bytes, verbose_name="arrays")),
                ("learned_from", models.JSONField(default=dict, verbose_name="learned from")),
                ("evaluation", models.JSONField(default=dict, verbose_name="evaluation")),
                (
                    "refusal",
                    models.JSONField(
                        default=dict, help_text="message and params, or empty.", verbose_name="why it is not live"
                    ),
                ),
            ],
            options={
                "verbose_name": "network of what is read next",
                "verbose_name_plural": "networks of what is read next",
                "ordering": ["-pk"],
            },
        ),
    ]
