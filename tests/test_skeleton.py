import pytest
from django.db import connection


@pytest.mark.django_db
def test_pgvector_is_there():
    with connection.cursor() as cursor:
        cursor.execute("SELECT '[1,2]'::halfvec(2) <=> '[1,2]'::halfvec(2)")
        assert cursor.fetchone() == (0.0,)
