"""The site in headless Chromium: accessible in light and dark, nothing blocked by the policy, fits a phone."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from personalization.models import Placement

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
    pytest.mark.filterwarnings("ignore:Unclosed file:ResourceWarning"),
]

SERIOUS = ("serious", "critical")


@pytest.fixture
def urls(live_server, french, picture):
    """Addresses of one page of every kind, with all that the kinds can show."""
    for name in ("home", "sidebar", "read-next"):
        Placement.objects.create(name=name, title=name.capitalize())
    body = [
        ("paragraph", '<p>The river rose <b>overnight</b>, says <a href="https://example.org/">a report</a>.</p>'),
        ("heading", "The morning after"),
        ("quote", {"text": "It was loud.", "attribution": "A neighbour"}),
        ("paragraph", "<ul><li>One</li><li>Two</li></ul>"),
        ("recommended", {"heading": "Meanwhile", "placement": "sidebar", "n": 2}),
    ]
    for number in range(14):
        french.article(f"Mirror number {number}", lead_image=picture, intro="What it sees.", author="Ada")
    page = french.article("The great mirror", lead_image=picture, intro="What it sees.", author="Ada")
    page.body = body
    page.tags.add("Astronomy")
    page.save_revision().publish()
    paths = {
        "home": "/",
        "index": "/articles/?topic=telescopes",
        "empty": "/articles/?topic=baking",
        "article": page.url,
        "topic": french.topic_page("space").url,
        "french": "/fr/articles/",
        "404": "/nowhere/",
    }
    return {name: live_server.url + path for name, path in paths.items()}


@pytest.fixture(params=["light", "dark"])
def page(request: pytest.FixtureRequest, chromium) -> Iterator[Page]:
    context = chromium.new_context(color_scheme=request.param, viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()


def test_axe_finds_nothing_serious(urls, page):
    for name, url in urls.items():
        page.goto(url)
        expect(page.locator("[data-affinity-consent]")).to_be_visible()
        violations = Axe().run(page).response["violations"]
        found = [
            (violation["id"], violation["nodes"][0]["html"], violation["nodes"][0]["failureSummary"])
            for violation in violations
            if violation["impact"] in SERIOUS
        ]
        assert found == [], name


@pytest.fixture
def phone(chromium) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 390, "height": 844}, device_scale_factor=2)
    yield context.new_page()
    context.close()


def test_no_page_is_wider_than_the_screen(urls, phone):
    for width in (390, 700, 1000, 1440):
        phone.set_viewport_size({"width": width, "height": 844})
        for name, url in urls.items():
            phone.goto(url)
            surplus = phone.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert surplus <= 0, (name, width)


def test_the_policy_blocks_nothing_that_the_pages_use(urls, phone):
    complaints: list[str] = []
    phone.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    phone.on("pageerror", lambda error: complaints.append(str(error)))
    phone.on("requestfailed", lambda request: complaints.append(f"{request.url}: {request.failure}"))
    for name, url in urls.items():
        if name != "404":
            phone.goto(url, wait_until="networkidle")
            assert complaints == [], name
            assert phone.evaluate("[...document.styleSheets].length") >= 5
            assert phone.evaluate("document.fonts.check('16px Newsreader')")


def test_an_inline_script_that_got_in_would_not_run(urls, phone):
    phone.goto(urls["home"])
    phone.evaluate(
        "() => { const script = document.createElement('script'); script.textContent = 'window.ran = 1';"
        " document.body.append(script); }"
    )
    assert phone.evaluate("window.ran") is None


def test_the_keyboard_reaches_the_content_first(urls, phone):
    phone.goto(urls["article"])
    phone.keyboard.press("Tab")
    expect(phone.get_by_role("link", name="Skip to the content")).to_be_focused()
    phone.keyboard.press("Enter")
    expect(phone.locator("main")).to_be_focused()


def test_privacy_choices_can_be_opened_again(urls, phone):
    phone.goto(urls["home"])
    banner = phone.locator("[data-affinity-consent]")
    banner.get_by_role("button", name="Only necessary").click()
    expect(banner).to_be_hidden()
    phone.get_by_role("button", name="Privacy settings").click()
    expect(banner).to_be_visible()


def test_the_site_works_without_scripts(urls, chromium):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(urls["home"])
    page.get_by_role("link", name="All articles").first.click()
    page.get_by_role("link", name="Telescopes").or_(page.get_by_role("link", name="Space", exact=True)).first.click()
    page.get_by_role("link", name="Older").click()
    expect(page.get_by_role("heading", level=2)).to_have_count(3)
    context.close()
