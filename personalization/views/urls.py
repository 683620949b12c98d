"""URLs of the visitor's own page. Include them where the site's readers would look, such as `affinity/you/`."""

from django.urls import path

from . import answers, own

app_name = "personalization_you"
urlpatterns = [
    path("", own.show, name="page"),
    path("topics/<int:topic>/", own.change_topic, name="topic"),
    path("pages/<int:page>/", own.change_page, name="hide"),
    path("answers/", answers.take, name="answers"),
    path("start-again/", own.start_again, name="reset"),
    path("export/", own.download, name="export"),
    path("delete/", own.delete, name="delete"),
]
