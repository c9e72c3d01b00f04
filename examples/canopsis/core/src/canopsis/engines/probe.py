"""probe: asks web pages whether they are well, and looks at what they say."""

from collections import namedtuple

import requests
from lxml import etree, html

from canopsis import config, engine
from canopsis.compat import text
from canopsis.config import ConfigError
from canopsis.version import __version__

LIMIT = 1 << 20
OK, CRITICAL = 0, 3


class Page(namedtuple("Page", "name url xpath expect")):
    """A section of probe.conf; `xpath` is an etree.XPath, or None."""

    __slots__ = ()


def load_pages():
    """The Pages (list) of probe.conf."""
    pages = []
    for name, section in config.read("probe.conf").items():
        if name == "DEFAULT":
            continue
        url = section.get("url", "")
        if not url.startswith(("http://", "https://")):
            raise ConfigError("probe.conf: [%s] needs url = http://... or https://..." % name)
        try:
            xpath = etree.XPath(section["xpath"]) if section.get("xpath") else None
        except etree.XPathSyntaxError as exc:
            raise ConfigError("probe.conf: [%s] xpath is not valid: %s" % (name, exc))
        pages.append(Page(name, url, xpath, section.get("expect", "")))
    return pages


def text_of(content, xpath):
    """The text (str) that an expression (etree.XPath) finds in an HTML page (bytes)."""
    if not content.strip():
        return ""
    found = xpath(html.document_fromstring(content))
    if isinstance(found, list):
        return " ".join(
            text(item.text_content() if isinstance(item, html.HtmlElement) else item).strip()
            for item in found
        )
    return text(found).strip()


class Engine(engine.Engine):
    """-> raw.check, one event per page"""

    interval = 15.0

    def __init__(self, name, outlet):
        """As any engine, with the pages of probe.conf."""
        super(Engine, self).__init__(name, outlet)
        self.pages = load_pages()
        self.session = requests.Session()
        self.session.headers["User-Agent"] = "canopsis-probe/%s" % __version__

    def beat(self):
        """Check every page."""
        for page in self.pages:
            self.outlet.publish("raw.check", self.check(page))

    def check(self, page):
        """Ask for one page and judge the answer: an event."""
        state, output = OK, ""
        try:
            with self.session.get(page.url, timeout=(2, 5), stream=True) as answer:
                output = "%d %s" % (answer.status_code, answer.reason)
                if not answer.ok:
                    state = CRITICAL
                elif page.xpath is not None:
                    output = text_of(_head(answer), page.xpath)
                    if page.expect not in output:
                        state = CRITICAL
                        output = "'%s' expected, not '%s'" % (page.expect, output)
        except (requests.RequestException, etree.LxmlError) as exc:
            state, output = CRITICAL, text(exc)
        self.log.debug("%s: state %d, %s", page.name, state, output)
        return {
            "connector": "probe",
            "component": "web",
            "resource": page.name,
            "state": state,
            "output": output,
        }


def _head(answer):
    """The first megabyte (bytes) of a page will do."""
    content = bytearray()
    for chunk in answer.iter_content(65536):
        content += chunk
        if len(content) >= LIMIT:
            break
    return bytes(content)
