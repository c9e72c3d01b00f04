"""The WSGI application."""

import json

from bottle import Bottle, HTTPResponse
from lxml import html
from lxml.html import builder as tag

from canopsis import config, heartbeat, launcher, stores
from canopsis.compat import text
from canopsis.config import ConfigError
from canopsis.version import __version__


def page(title):
    """The page at / (str), built as a tree: nothing to escape by hand."""
    heading = "%s %s" % (title, __version__)
    tree = tag.HTML(
        tag.HEAD(tag.META(charset="utf-8"), tag.TITLE(heading)),
        tag.BODY(
            tag.H1(heading),
            tag.P("The hypervisor is up. It has ", tag.A("engines", href="/api/engines"), "."),
        ),
    )
    return html.tostring(tree, encoding="unicode", doctype="<!DOCTYPE html>")


def answer(content, status=200):
    """A JSON answer (HTTPResponse) that no proxy keeps."""
    return HTTPResponse(
        json.dumps(content) + "\n",
        status,
        {"Content-Type": "application/json", "Cache-Control": "no-store"},
    )


def create():
    """The application (Bottle), with the title of webserver.conf."""
    title = config.read("webserver.conf").get("webserver", "title", fallback="") or "Canopsis"
    application = Bottle()

    @application.get("/")
    def root():
        return HTTPResponse(page(title), 200, {"Content-Type": "text/html; charset=utf-8"})

    @application.get("/healthz")
    def healthz():
        return answer({"status": "ok", "version": __version__})

    @application.get("/api/engines")
    def engines():
        return answer({"engines": launcher.available()})

    @application.get("/api/engines/alive")
    def alive():
        from redis import RedisError

        try:
            client = stores.redis_client()
            if client is None:
                return answer({"error": "no Redis is configured"}, 503)
            with client:
                return answer({"alive": heartbeat.alive(client)})
        except (RedisError, EnvironmentError, ConfigError) as exc:
            return answer({"error": "Redis: %s" % type(exc).__name__}, 503)

    @application.get("/api/config")
    def sections():
        try:
            return answer({"sections": config.sections()})
        except ConfigError as exc:
            return answer({"error": text(exc)}, 500)

    return application


application = create()
