"""The entrypoints of the images."""

import support
from canopsis import entrypoint


def run(*arguments, **environ):
    """Run it to its end (support.Result)."""
    return support.run("-m", "canopsis.entrypoint", *arguments, **environ)


class Role(support.Case):
    """What the environment asks for."""

    def test_the_web_server_needs_exactly_1(self):
        self.assertEqual(entrypoint.role({"CPS_WEBSERVER": "1"})[0], "webserver")
        for value in ("", "0", "true", " 1"):
            with self.assertRaises(entrypoint.Refused):
                entrypoint.role({"CPS_WEBSERVER": value})

    def test_an_engine(self):
        environ = {"ENGINE_MODULE": "canopsis.engines.cleaner", "ENGINE_NAME": "cleaner_events"}
        expected = "engine-launcher -e canopsis.engines.cleaner -n cleaner_events -w 1 -l info"
        self.assertEqual(entrypoint.role(environ), expected.split())


class Entrypoint(support.Case):
    """The whole program."""

    def test_missing_and_empty_variables_are_named_in_one_line(self):
        for environ, named in (
            ({}, ["ENGINE_MODULE is not set", "ENGINE_NAME is not set"]),
            ({"ENGINE_MODULE": "m"}, ["ENGINE_NAME is not set"]),
            ({"ENGINE_MODULE": "m", "ENGINE_NAME": ""}, ["ENGINE_NAME is empty"]),
            ({"ENGINE_MODULE": " ", "ENGINE_NAME": "n"}, ["ENGINE_MODULE is empty"]),
        ):
            with self.subTest(environ):
                result = run(**environ)
                self.assertEqual(result.returncode, 2)
                self.assertEqual(result.stderr.count("\n"), 1)
                for text in named:
                    self.assertIn(text, result.stderr)

    def test_an_empty_url_ends_it(self):
        result = run(CPS_AMQP_URL="", CPS_WEBSERVER="1")
        self.assertEqual((result.returncode, "CPS_AMQP_URL" in result.stderr), (1, True))

    def test_arguments_become_the_command_as_they_are(self):
        result = run("printf", "[%s]", "a  b", "$HOME", "*", "")
        self.assertEqual(result.stdout, "[a  b][$HOME][*][]")

    def test_shell(self):
        result = run("shell", "-c", 'echo "$1"; exit 7', "_", "x y")
        self.assertEqual((result.returncode, result.stdout), (7, "x y\n"))

    def test_commands_that_are_not(self):
        self.assertEqual(run("there-is-no-such").returncode, 127)
        self.assertEqual(run("/etc/passwd").returncode, 126)
        self.assertEqual(run("").returncode, 127)
