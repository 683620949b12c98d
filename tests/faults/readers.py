"""Makes pages and consenting visitors, and prints them as JSON: `python -m tests.faults.readers PAGES VISITORS`."""

from __future__ import annotations

import json
import sys

import django


def make(pages: int, visitors: int) -> dict[str, object]:
    from django.http import HttpRequest, HttpResponse

    from personalization.conf import settings
    from personalization.visitors import cookie, store
    from tests.factories import make_article, make_site

    site = make_site()
    made: dict[str, str] = {}
    for _ in range(visitors):
        visitor_id, response = store.create_visitor("desktop"), HttpResponse()
        cookie.write(HttpRequest(), response, visitor_id)
        made[str(visitor_id)] = f"{settings.COOKIE_NAME}={response.cookies[settings.COOKIE_NAME].value}"
    return {"pages": [make_article(site).pk for _ in range(pages)], "visitors": made}


if __name__ == "__main__":
    django.setup()
    print(json.dumps(make(*map(int, sys.argv[1:]))))
