from django.db import migrations, models

CHOICES = [
    ("direct", "Direct"),
    ("internal", "This site"),
    ("search", "Search engine"),
    ("social", "Social network"),
    ("mail", "Web mailbox"),
    ("other", "Another site"),
]


def came_from(**options):
    return models.CharField(blank=True, choices=CHOICES, max_length=8, verbose_name="came from", **options)


class Migration(migrations.Migration):
    dependencies = [("personalization", "0010_related_pages")]

    operations = [
        migrations.AlterField("event", "referrer", came_from(help_text="Views only: the kind of site.")),
        migrations.AlterField("eventcount", "referrer", came_from()),
        migrations.AlterField("classcounter", "referrer", came_from()),
    ]
