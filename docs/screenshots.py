"""Make the pictures in docs/images/ from a running demo: `make demo` in one terminal, `make screenshots` in another."""

from __future__ import annotations

import argparse
import os
import shutil
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, sync_playwright

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
}
"""Pages of the admin below "Affinity", by the name of their picture."""
CHROMIUM = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    url = parser.parse_args().url.rstrip("/")
    if not (chromium := shutil.which("chromium")):
        raise SystemExit("chromium is not installed. Run: apt-get install chromium")
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM))
        reader_pages(browser.new_context(viewport=DESKTOP), url, "")
        reader_pages(browser.new_context(viewport=PHONE), url, "-phone")
        reader_pages(browser.new_context(viewport=DESKTOP, color_scheme="dark"), url, "-dark")
        personal_page(browser.new_context(viewport=DESKTOP), url)
        for suffix, scheme in (("", "light"), ("-dark", "dark")):
            editor_pages(browser.new_context(viewport=ADMIN, color_scheme=scheme), url, suffix)
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
    first_of(page, f"{url}/admin/affinity/segments/", f"segment-editor{suffix}")
    page.goto(page.url.replace("/edit/", "/inspect/"))
    shoot(page, f"segment-page{suffix}")


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


def shoot(page: Page, name: str) -> None:
    page.wait_for_load_state("networkidle")
    page.screenshot(path=IMAGES / f"{name}.png")
    print(f"docs/images/{name}.png")


if __name__ == "__main__":
    main()
