"""probe: asks web pages whether they are well, and looks at what they say."""

from __future__ import annotations

from dataclasses import dataclass

import requests
from lxml import etree, html

from canopsis import config, engine
from canopsis.config import ConfigError
from canopsis.engine import Event, Outlet
from canopsis.version import __version__

LIMIT = 1 << 20
OK, CRITICAL = 0, 3


@dataclass(frozen=True)
class Page:
    """A section of probe.conf."""

    name: str
    url: str
    xpath: etree.XPath | None
    expect: str


def load_pages() -> list[Page]:
    """The pages of probe.conf."""
    pages = []
    for name, section in config.read("probe.conf").items():
        if name == "DEFAULT":
            continue
        url = section.get("url", "")
        if not url.startswith(("http://", "https://")):
            raise ConfigError(f"probe.conf: [{name}] needs url = http://... or https://...")
        try:
            xpath = etree.XPath(section["xpath"]) if section.get("xpath") else None
        except etree.XPathSyntaxError as exc:
            raise ConfigError(f"probe.conf: [{name}] xpath is not valid: {exc}") from None
        pages.append(Page(name, url, xpath, section.get("expect", "")))
    return pages


def text_of(content: bytes, xpath: etree.XPath) -> str:
    """The text the expression finds in an HTML page."""
    if not content.strip():
        return ""
    found = xpath(html.document_fromstring(content))
    if isinstance(found, list):
        return " ".join(
            (item.text_content() if isinstance(item, html.HtmlElement) else str(item)).strip()
            for item in found
        )
    return str(found).strip()


class Engine(engine.Engine):
    """-> raw.check, one event per page"""

    interval = 15.0

    def __init__(self, name: str, outlet: Outlet) -> None:
        super().__init__(name, outlet)
        self.pages = load_pages()
        self.session = requests.Session()
        self.session.headers["User-Agent"] = f"canopsis-probe/{__version__}"

    def beat(self) -> None:
        """Check every page."""
        for page in self.pages:
            self.outlet.publish("raw.check", self.check(page))

    def check(self, page: Page) -> Event:
        """Ask for one page and judge the answer."""
        state, output = OK, ""
        try:
            with self.session.get(page.url, timeout=(2, 5), stream=True) as answer:
                output = f"{answer.status_code} {answer.reason}"
                if not answer.ok:
                    state = CRITICAL
                elif page.xpath is not None:
                    output = text_of(_head(answer), page.xpath)
                    if page.expect not in output:
                        state, output = CRITICAL, f"{page.expect!r} expected, not {output!r}"
        except (requests.RequestException, etree.LxmlError) as exc:
            state, output = CRITICAL, str(exc)
        self.log.debug("%s: state %d, %s", page.name, state, output)
        return {
            "connector": "probe",
            "component": "web",
            "resource": page.name,
            "state": state,
            "output": output,
        }


def _head(answer: requests.Response) -> bytes:
    """The first megabyte of a page will do."""
    content = bytearray()
    for chunk in answer.iter_content(65536):
        content += chunk
        if len(content) >= LIMIT:
            break
    return bytes(content)
