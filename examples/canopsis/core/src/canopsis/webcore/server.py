"""webserver: gunicorn, with the defaults of canopsis and a prompt end.

Gunicorn's gevent worker looks for a stop request once a second, and waits for idle
connections that are kept alive. Here the worker ends as soon as no request is running.
"""

import logging
import os
import signal
import sys
import tempfile

from gunicorn.app.base import Application
from gunicorn.glogging import Logger as GunicornLogger

from canopsis import config, log, paths, process
from canopsis.compat import monotonic, print_line, text
from canopsis.config import ConfigError

GRACEFUL_TIMEOUT = 1
HARDLY_MORE = 0.3
"""What the worker keeps back of the graceful timeout, so that it ends before it is killed."""


class Logger(GunicornLogger):
    """Gunicorn's logger, with its messages on stdout too, and each on one line."""

    def setup(self, cfg):
        """Let gunicorn set its handlers up, then change where "-" goes."""
        super(Logger, self).setup(cfg)
        for handler in self.error_log.handlers:
            if type(handler) is logging.StreamHandler:
                handler.stream = sys.stdout
                handler.setFormatter(log.OneLine(log.FORMAT))


class Running(object):
    """The requests that are running in this worker."""

    count = 0


# The hooks are plain functions: gunicorn counts their arguments, and on Python 2.7 counts self.


def post_fork(_server, _worker):
    """Gunicorn hook: a worker that is still starting has nothing to finish."""
    signal.signal(signal.SIGTERM, lambda _signum, _frame: os._exit(0))


def post_worker_init(worker):
    """Gunicorn hook: take SIGTERM over, in gevent's worker only."""
    from gunicorn.workers.ggevent import GeventWorker

    if isinstance(worker, GeventWorker):
        import gevent

        on_signal = getattr(gevent, "signal_handler", None) or gevent.signal  # before 1.3
        on_signal(signal.SIGTERM, end, worker)


def pre_request(_worker, _request):
    """Gunicorn hook: a request begins."""
    Running.count += 1


def post_request(_worker, _request, _environ, _response):
    """Gunicorn hook: a request is answered."""
    Running.count -= 1


def end(worker):
    """End a worker as soon as no request is running."""
    import gevent

    worker.alive = False  # answers from now on close their connection
    limit = monotonic() + worker.cfg.graceful_timeout - HARDLY_MORE
    while Running.count > 0 and monotonic() < limit:
        gevent.sleep(0.02)
    sys.exit(0)


class WebServer(Application):
    """Gunicorn as `webserver`: takes all its options, but no application."""

    def __init__(self, defaults):
        """`defaults` (dict) are settings of gunicorn."""
        self._defaults = defaults
        super(WebServer, self).__init__("%(prog)s [OPTIONS]", prog="webserver")

    def init(self, parser, _options, args):
        """The settings that $GUNICORN_CMD_ARGS and the command line may change."""
        if args:
            parser.error("unexpected argument %s: the application is not a choice" % args[0])
        return self._defaults

    def load(self):
        """The application; imported in the worker, after gevent has patched the sockets."""
        from canopsis.webcore.application import application

        return application


def defaults():
    """The settings of canopsis (dict), changed by the section [gunicorn] of webserver.conf."""
    settings = {
        "worker_class": "gevent",
        "workers": 1,
        "bind": "0.0.0.0:8082",
        "proc_name": "canopsis-webserver",
        "loglevel": log.default_level(),
        "logger_class": Logger,
        "accesslog": "-",
        "errorlog": "-",
        "graceful_timeout": GRACEFUL_TIMEOUT,
        "worker_tmp_dir": worker_tmp_dir(),
        "post_fork": post_fork,
        "post_worker_init": post_worker_init,
        "pre_request": pre_request,
        "post_request": post_request,
    }
    parser = config.read("webserver.conf")
    if parser.has_section("gunicorn"):
        settings.update(parser["gunicorn"])
    return settings


def worker_tmp_dir():
    """A folder (str, or None) for the file a worker proves its life with: in memory, if possible.

    On a disk a busy file system could hold the worker up.
    """
    for folder in ("/dev/shm", str(paths.cache_dir()), tempfile.gettempdir()):
        if os.path.isdir(folder) and os.access(folder, os.W_OK | os.X_OK):
            return folder
    return None


def main():
    """The webserver command."""
    # Replaced by gunicorn's own handlers once it starts.
    process.Stopper().install()
    try:
        server = WebServer(defaults())
    except (ConfigError, ValueError) as exc:
        print_line("webserver: %s" % text(exc), sys.stderr)
        sys.exit(2)
    server.run()


if __name__ == "__main__":
    main()
