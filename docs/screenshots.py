"""Make the pictures in docs/images/ from a running demo: `make demo` in one terminal, `make screenshots` in another.

Pictures of learned segments need the readers that come after the demo is ready: wait until it says what was learned.
Else those pictures stay as they are.
`--only you segments` takes the pictures of some parts alone.
"""

from __future__ import annotations

import argparse
import os
import shutil
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

IMAGES = Path(__file__).resolve().parent / "images"
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
ADMIN = {"width": 1440, "height": 1000}

ADMIN_PAGES = {
    "review-queue": "review/",
    "tag-report": "tags/",
    "missing-topics": "missing-topics/",
    "topic-accuracy": "accuracy/",
    "entities": "entities/",
    "known-names": "known-names/",
    "recommendations-report": "recommendations/",
    "editors-rules": "rules/",
    "why-this": "why-this/",
}
"""Pages of the admin below "Affinity", by the name of their picture. A demo proposes no setting: tuning.png is what
`tests/personalization/test_tuning_admin.py` leaves in its temporary folder."""
PARTS = ("reader", "you", "editor", "segments")
CHROMIUM = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="parts to take pictures of")
    options = parser.parse_args()
    url, parts = options.url.rstrip("/"), options.only
    if not (chromium := shutil.which("chromium")):
        raise SystemExit("chromium is not installed. Run: apt-get install chromium")
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM))
        if "reader" in parts:
            reader_pages(browser.new_context(viewport=DESKTOP), url, "")
            reader_pages(browser.new_context(viewport=PHONE), url, "-phone")
            reader_pages(browser.new_context(viewport=DESKTOP, color_scheme="dark"), url, "-dark")
            personal_page(browser.new_context(viewport=DESKTOP), url)
        if "you" in parts:
            own_page(browser, url)
        for suffix, scheme in (("", "light"), ("-dark", "dark")):
            if "editor" in parts:
                editor_pages(browser.new_context(viewport=ADMIN, color_scheme=scheme), url, suffix)
            if "segments" in parts:
                segment_pages(browser.new_context(viewport=ADMIN, color_scheme=scheme), url, suffix)
        browser.close()


def reader_pages(context: BrowserContext, url: str, suffix: str) -> None:
    page = context.new_page()
    page.goto(url)
    decline(page)
    shoot(page, f"home{suffix}")
    page.goto(f"{url}/articles/")
    page.locator(".card__title a").first.click()
    page.wait_for_load_state("networkidle")
    shoot(page, f"article{suffix}")


def personal_page(context: BrowserContext, url: str) -> None:
    """An article as somebody sees it who has read about mobility, at its recommendations."""
    page = context.new_page()
    page.goto(url)
    page.get_by_role("button", name="Accept all").click()
    page.get_by_role("link", name="Mobility").first.click()
    for path in [link.get_attribute("href") for link in page.locator(".card__title a").all()[:3]]:
        page.goto(f"{url}{path}")
        page.wait_for_timeout(2000)
    page.wait_for_timeout(5000)
    page.goto(f"{url}/articles/shackleton-endurance-found/")
    page.locator("[data-affinity-placement=sidebar]").scroll_into_view_if_needed()
    shoot(page, "recommended")


def own_page(browser: Browser, url: str) -> None:
    """What the site knows about somebody who has read some articles, and what they can change."""
    context = browser.new_context(viewport=DESKTOP)
    page = context.new_page()
    page.goto(url)
    page.get_by_role("button", name="Accept all").click()
    for section in ("Mobility", "Space"):
        page.goto(url)
        page.get_by_role("link", name=section).first.click()
        for path in [link.get_attribute("href") for link in page.locator(".card__title a").all()[:3]]:
            page.goto(f"{url}{path}")
            page.wait_for_timeout(2000)
    page.wait_for_timeout(8000)
    known = context.storage_state()
    for suffix, options in (("", {}), ("-dark", {"color_scheme": "dark"}), ("-phone", {"viewport": PHONE})):
        page = browser.new_context(**{"viewport": DESKTOP, "storage_state": known, **options}).new_page()
        page.goto(f"{url}/affinity/you/")
        shoot(page, f"own-page{suffix}", full_page=True)


def decline(page: Page) -> None:
    """Put the consent banner away; a picture of each page without it."""
    page.get_by_role("button", name="Only necessary").click()


def editor_pages(context: BrowserContext, url: str, suffix: str) -> None:
    page = context.new_page()
    sign_in(page, url)
    page.goto(f"{url}/articles/")
    page.goto(url + (page.locator(".card__title a").first.get_attribute("href") or "/"))
    page_id = page.locator("script[data-page]").get_attribute("data-page")
    page.goto(f"{url}/admin/pages/{page_id}/edit/")
    page.get_by_role("button", name="Toggle content analysis").click()
    page.wait_for_timeout(800)
    shoot(page, f"editor-panel{suffix}")
    page.get_by_role("button", name="Suggest for this draft").click()
    page.get_by_role("heading", name="Suggestions for the draft as it stands").wait_for(timeout=60_000)
    shoot(page, f"draft-suggestions{suffix}")
    for name, path in ADMIN_PAGES.items():
        page.goto(f"{url}/admin/affinity/{path}")
        shoot(page, f"{name}{suffix}")
    first_of(page, f"{url}/admin/affinity/topics/", f"topic-editor{suffix}")
    page.goto(page.url.replace("/edit/", "/inspect/"))
    shoot(page, f"topic-overview{suffix}")
    first_of(page, f"{url}/admin/affinity/placements/", f"placement-editor{suffix}")
    page.locator(".affinity-preview__list").wait_for()
    page.get_by_label("diversity").scroll_into_view_if_needed()
    shoot(page, f"placement-preview{suffix}")


def segment_pages(context: BrowserContext, url: str, suffix: str) -> None:
    page = context.new_page()
    sign_in(page, url)
    page.goto(f"{url}/admin/affinity/segments/")
    page.get_by_role("link", name="Commuters").first.click()
    shoot(page, f"segment-editor{suffix}")
    editor = page.url
    page.goto(editor.replace("/edit/", "/inspect/"))
    shoot(page, f"segment-page{suffix}")
    for width, size in (("", {"width": 1440, "height": 1300}), ("-phone", PHONE)):
        page.set_viewport_size(size)
        page.goto(editor)
        page.locator(".affinity-estimate__count").wait_for()
        page.locator(".affinity-estimate").evaluate("panel => panel.scrollIntoView()")
        shoot(page, f"segment-builder{width}{suffix}")
    page.set_viewport_size(ADMIN)
    page.goto(f"{url}/admin/affinity/learned-segments/")
    if page.locator("table.listing tbody a").count():
        page.locator("table.listing tbody a").first.click()
        shoot(page, f"learned-segments{suffix}", full_page=True)


def first_of(page: Page, listing: str, name: str) -> None:
    page.goto(listing)
    page.locator("table.listing tbody a").first.click()
    page.wait_for_load_state("networkidle")
    shoot(page, name)


def sign_in(page: Page, url: str) -> None:
    page.goto(f"{url}/admin/login/")
    page.get_by_label("Username").fill("admin")
    page.get_by_label("Password").fill(os.environ.get("AFFINITY_ADMIN_PASSWORD", "affinity-demo"))
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_load_state("networkidle")


def shoot(page: Page, name: str, full_page: bool = False) -> None:
    page.wait_for_load_state("networkidle")
    page.screenshot(path=IMAGES / f"{name}.png", full_page=full_page)
    print(f"docs/images/{name}.png")


if __name__ == "__main__":
    main()
