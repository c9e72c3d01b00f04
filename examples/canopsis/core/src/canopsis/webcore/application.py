"""The WSGI application."""

from __future__ import annotations

import json
from typing import Any

from bottle import Bottle, HTTPResponse
from lxml import html
from lxml.html import builder as tag

from canopsis import config, heartbeat, launcher, stores
from canopsis.config import ConfigError
from canopsis.version import __version__


def page(title: str) -> str:
    """The page at /, built as a tree: nothing to escape by hand."""
    heading = f"{title} {__version__}"
    tree = tag.HTML(
        tag.HEAD(tag.META(charset="utf-8"), tag.TITLE(heading)),
        tag.BODY(
            tag.H1(heading),
            tag.P("The hypervisor is up. It has ", tag.A("engines", href="/api/engines"), "."),
        ),
    )
    return str(html.tostring(tree, encoding="unicode", doctype="<!DOCTYPE html>"))


def answer(content: Any, status: int = 200) -> HTTPResponse:
    """A JSON answer that no proxy keeps."""
    return HTTPResponse(
        json.dumps(content) + "\n",
        status,
        {"Content-Type": "application/json", "Cache-Control": "no-store"},
    )


def create() -> Bottle:
    """The application, with the title of webserver.conf."""
    title = config.read("webserver.conf").get("webserver", "title", fallback="") or "Canopsis"
    application = Bottle()

    @application.get("/")
    def root() -> HTTPResponse:
        return HTTPResponse(page(title), 200, {"Content-Type": "text/html; charset=utf-8"})

    @application.get("/healthz")
    def healthz() -> HTTPResponse:
        return answer({"status": "ok", "version": __version__})

    @application.get("/api/engines")
    def engines() -> HTTPResponse:
        return answer({"engines": launcher.available()})

    @application.get("/api/engines/alive")
    def alive() -> HTTPResponse:
        from redis import RedisError

        try:
            if (client := stores.redis_client()) is None:
                return answer({"error": "no Redis is configured"}, 503)
            with client:
                return answer({"alive": heartbeat.alive(client)})
        except (RedisError, OSError, ConfigError) as exc:
            return answer({"error": f"Redis: {type(exc).__name__}"}, 503)

    @application.get("/api/config")
    def sections() -> HTTPResponse:
        try:
            return answer({"sections": config.sections()})
        except ConfigError as exc:
            return answer({"error": str(exc)}, 500)

    return application


application = create()
