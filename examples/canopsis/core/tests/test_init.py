"""canopsisinit, as far as it goes without a database."""

import socket

import support
from canopsis import init, paths
from canopsis.config import ConfigError

INIT = ("-m", "canopsis.init")


class Documents(support.Case):
    """db/load.d"""

    def test_the_documents_of_this_tree(self):
        batches = init.read_batches(paths.load_dir())
        self.assertEqual([batch.file for batch in batches], sorted(b.file for b in batches))
        keys = [(b.collection, d["_id"]) for b in batches for d in b.documents]
        self.assertEqual(len(keys), len(set(keys)))

    def test_bad_documents(self):
        folder = self.prefix / "load"
        folder.mkdir()
        for text in (
            "{",
            "[]",
            '{"collection": "a"}',
            '{"collection": "$x", "documents": []}',
            '{"collection": "a", "documents": [{}]}',
            '{"collection": "a", "documents": [{"_id": {"$date": "x"}}]}',
        ):
            self.write(folder / "a.json", text)
            with self.subTest(text), self.assertRaises(ConfigError):
                init.read_batches(folder)


class Waiting(support.Case):
    """Patience with a database that is not there."""

    def setUp(self):
        """Point it to a port nobody listens at."""
        super(Waiting, self).setUp()
        self.unused = socket.socket()
        self.addCleanup(self.unused.close)
        self.unused.bind(("127.0.0.1", 0))
        port = self.unused.getsockname()[1]
        self.write(
            self.overlay / "common/mongo_store.conf",
            "[DATABASE]\nhost = 127.0.0.1\nport = %d\n" % port,
        )

    def test_defaults(self):
        self.assertEqual(init.read_patience({}), init.Patience(first=0, delay=30, retries=10))

    def test_never_reachable(self):
        result = support.run(*INIT, CPS_INIT_MAX_RETRY="0")
        self.assertEqual(result.returncode, 1)
        self.assertIn("never reachable", result.stdout)

    def test_bad_numbers(self):
        result = support.run(*INIT, CPS_INIT_RETRY_DELAY="soon")
        self.assertEqual(result.returncode, 2)
        self.assertIn("CPS_INIT_RETRY_DELAY", result.stderr)

    def test_it_stops_promptly(self):
        program = self.program(*INIT)
        program.wait_for("waiting for the database")
        code, seconds = program.terminate()
        self.assertEqual(code, 143)
        self.assertLess(seconds, 1)
