"""The web server."""

import json
import re
import socket
from contextlib import closing
from wsgiref.util import setup_testing_defaults

import support
from canopsis.compat import text
from canopsis.webcore import application, server


class Application(support.Case):
    """The application, called directly."""

    def get(self, path):
        """The status and the body at a path."""
        environ = {}
        setup_testing_defaults(environ)
        environ["PATH_INFO"] = path
        status = []
        body = application.create()(environ, lambda line, *_: status.append(line))
        return status[0], b"".join(body)

    def test_pages(self):
        status, body = self.get("/")
        self.assertEqual(status, "200 OK")
        self.assertIn("Canopsis %s" % application.__version__, text(body))
        status, body = self.get("/healthz")
        self.assertEqual(status, "200 OK")
        self.assertEqual(json.loads(body), {"status": "ok", "version": application.__version__})
        _, body = self.get("/api/engines")
        self.assertIn("canopsis.engines.cleaner", json.loads(body)["engines"])
        self.assertEqual(self.get("/nope")[0], "404 Not Found")

    def test_markup_in_the_title_is_escaped(self):
        self.assertIn("&lt;b&gt;", application.page("<b>"))

    def test_the_configuration_is_shown_without_its_values(self):
        self.write(self.overlay / "amqp.conf", "[master]\npassword = secret\n[more]\n")
        status, body = self.get("/api/config")
        self.assertEqual(status, "200 OK")
        self.assertEqual(json.loads(body)["sections"]["amqp.conf"], ["master", "more"])
        self.assertNotIn(b"secret", body)
        self.write(self.overlay / "amqp.conf", "secret\n")
        status, body = self.get("/api/config")
        self.assertTrue(status.startswith("500 "))
        self.assertNotIn(b"secret", body)

    def test_heartbeats_without_redis(self):
        self.assertTrue(self.get("/api/engines/alive")[0].startswith("503 "))


class Server(support.Case):
    """gunicorn around it."""

    def test_defaults(self):
        settings = server.defaults()
        self.assertEqual(settings["bind"], "0.0.0.0:8082")
        self.assertEqual(settings["worker_class"], "gevent")

    def test_it_stops_promptly_with_connections_that_are_kept_alive(self):
        program = self.program("-m", "canopsis.webcore.server", "-b", "127.0.0.1:0")
        line = program.wait_for("Listening at: ")
        found = re.search(r":(\d+) \(", line)
        connection = socket.create_connection(("127.0.0.1", int(found.group(1))), timeout=30)
        with closing(connection):
            for _ in range(2):
                connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                answer = connection.recv(65536)
                while b"}" not in answer:
                    answer += connection.recv(65536)
                self.assertIn(b"\"status\": \"ok\"", answer)
            code, seconds = program.terminate()
        self.assertEqual(code, 0)
        self.assertLess(seconds, 1)

    def test_arguments_it_does_not_take(self):
        for arguments, environ in ((["x:y"], {}), ([], {"CPS_LOGGING_LEVEL": "loud"})):
            result = support.run("-m", "canopsis.webcore.server", *arguments, **environ)
            self.assertEqual(result.returncode, 2)
            self.assertIn("webserver: ", result.stderr)
