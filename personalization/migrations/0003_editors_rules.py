"""Editors' rules speak of topics and sections, too, for a time and in a language; placements say how lists are reranked.

Rules and placements that are there keep their meaning: "leave out pages already read" becomes one of three choices.
"""

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
import modelcluster.fields
import swapper
from django.db import migrations, models


def keep_choice(apps, schema_editor):
    apps.get_model("personalization", "Placement").objects.filter(exclude_read=False).update(when_read="keep")


def keep_choice_backwards(apps, schema_editor):
    placements = apps.get_model("personalization", "Placement").objects
    placements.exclude(when_read="out").update(exclude_read=False)


def drop_new_rules(apps, schema_editor):
    """Before going back: an older version knows only pages that are pinned and excluded in one placement."""
    rules = apps.get_model("personalization", "PlacementRule").objects
    rules.filter(models.Q(page=None) | models.Q(placement=None) | models.Q(action__in=["boost", "bury"])).delete()


class Migration(migrations.Migration):

    dependencies = [
        ('personalization', '0002_partition_events'),
        ('wagtailcore', '0096_referenceindex_referenceindex_source_object_and_more'),
        migrations.swappable_dependency(swapper.get_model_name('wagtailcore', 'Page')),
    ]

    operations = [
        migrations.RunPython(migrations.RunPython.noop, drop_new_rules),
        migrations.AlterModelOptions(
            name='placementrule',
            options={'ordering': ['sort_order', 'pk'], 'verbose_name': 'editors’ rule', 'verbose_name_plural': 'editors’ rules'},
        ),
        migrations.AddField(
            model_name='placement',
            name='exploration',
            field=models.FloatField(default=0.05, help_text='Share of lists, 0 to 0.5, in which a new page that was hardly seen takes one place, so that every new page gets its chance. 0.05 is one list in twenty.', validators=[django.core.validators.MinValueValidator(0.0), django.core.validators.MaxValueValidator(0.5)], verbose_name='lists with a new page'),
        ),
        migrations.AddField(
            model_name='placement',
            name='freshness_days',
            field=models.FloatField(blank=True, help_text='After so many days a page counts half as much, down to a sixteenth. Empty: age does not matter.', null=True, validators=[django.core.validators.MinValueValidator(0.1), django.core.validators.MaxValueValidator(3650.0)], verbose_name='days in which a page fades'),
        ),
        migrations.AddField(
            model_name='placement',
            name='max_per_author',
            field=models.PositiveSmallIntegerField(blank=True, help_text='Empty: no limit. Where pages run out, this limit gives way before the one on topics.', null=True, validators=[django.core.validators.MinValueValidator(1)], verbose_name='at most so many of one author'),
        ),
        migrations.AddField(
            model_name='placement',
            name='max_per_section',
            field=models.PositiveSmallIntegerField(blank=True, help_text='A section is a page right below the home page. Empty: no limit. This limit gives way first.', null=True, validators=[django.core.validators.MinValueValidator(1)], verbose_name='at most so many of one section'),
        ),
        migrations.AddField(
            model_name='placement',
            name='max_per_topic',
            field=models.PositiveSmallIntegerField(blank=True, help_text='Empty: no limit. Where pages run out, this limit gives way last.', null=True, validators=[django.core.validators.MinValueValidator(1)], verbose_name='at most so many of one topic'),
        ),
        migrations.AddField(
            model_name='placement',
            name='patience',
            field=models.PositiveSmallIntegerField(blank=True, default=5, help_text='What a reader saw so often and never clicked goes down. Empty: never.', null=True, validators=[django.core.validators.MinValueValidator(1)], verbose_name='times seen until a page counts half'),
        ),
        migrations.AddField(
            model_name='placement',
            name='popularity_debias',
            field=models.FloatField(default=0.0, help_text='0 leaves the order alone, 1 helps seldom read pages most.', validators=[django.core.validators.MinValueValidator(0.0), django.core.validators.MaxValueValidator(1.0)], verbose_name='less of what everybody reads'),
        ),
        migrations.AddField(
            model_name='placement',
            name='when_read',
            field=models.CharField(choices=[('out', 'Leave out'), ('down', 'Behind all others'), ('keep', 'Show like any other')], default='out', help_text='Known only of readers who consented.', max_length=4, verbose_name='pages already read'),
        ),
        migrations.RunPython(keep_choice, keep_choice_backwards),
        migrations.RemoveField(
            model_name='placement',
            name='exclude_read',
        ),
        migrations.AddField(
            model_name='placementrule',
            name='created_at',
            field=models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='made'),
        ),
        migrations.AddField(
            model_name='placementrule',
            name='ends_at',
            field=models.DateTimeField(blank=True, help_text='Empty: for good.', null=True, verbose_name='until'),
        ),
        migrations.AddField(
            model_name='placementrule',
            name='locale',
            field=models.ForeignKey(blank=True, help_text='Empty: in every language.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='wagtailcore.locale', verbose_name='language'),
        ),
        migrations.AddField(
            model_name='placementrule',
            name='section',
            field=models.ForeignKey(blank=True, help_text='A page with all pages below it.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=swapper.get_model_name('wagtailcore', 'Page'), verbose_name='or section'),
        ),
        migrations.AddField(
            model_name='placementrule',
            name='starts_at',
            field=models.DateTimeField(blank=True, help_text='Empty: at once.', null=True, verbose_name='from'),
        ),
        migrations.AddField(
            model_name='placementrule',
            name='strength',
            field=models.FloatField(default=3.0, help_text='Of boost and bury: how many times as likely, or unlikely, the page becomes.', validators=[django.core.validators.MinValueValidator(1.1), django.core.validators.MaxValueValidator(100.0)], verbose_name='strength'),
        ),
        migrations.AddField(
            model_name='placementrule',
            name='topic',
            field=models.PositiveBigIntegerField(blank=True, help_text='With all topics below it.', null=True, verbose_name='or topic'),
        ),
        migrations.AlterField(
            model_name='placementrule',
            name='action',
            field=models.CharField(choices=[('pin', 'Pin'), ('exclude', 'Exclude'), ('boost', 'Boost'), ('bury', 'Bury')], default='pin', help_text='A pin takes one place at the top: of a topic or section for the page that fits best. What is excluded never comes. Boost and bury move pages up or down.', max_length=7, verbose_name='action'),
        ),
        migrations.AlterField(
            model_name='placementrule',
            name='page',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='personalization_rules', to=swapper.get_model_name('wagtailcore', 'Page'), verbose_name='page'),
        ),
        migrations.AlterField(
            model_name='placementrule',
            name='placement',
            field=modelcluster.fields.ParentalKey(blank=True, help_text='Empty: in all placements.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='page_rules', to='personalization.placement', verbose_name='placement'),
        ),
        migrations.AddConstraint(
            model_name='placementrule',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('page__isnull', False), ('section__isnull', True), ('topic__isnull', True)), models.Q(('page__isnull', True), ('section__isnull', True), ('topic__isnull', False)), models.Q(('page__isnull', True), ('section__isnull', False), ('topic__isnull', True)), _connector='OR'), name='personalization_one_target'),
        ),
    ]
