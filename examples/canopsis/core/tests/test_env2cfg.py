"""URLs become configuration files."""

import os
import stat

import support
from canopsis import config, env2cfg, stores
from canopsis.config import ConfigError


class Env2cfg(support.Case):
    """env2cfg, and what is read back afterwards."""

    def apply(self, **environ):
        """Run it on these variables."""
        env2cfg.apply(environ)

    def refuse(self, **environ):
        """The complaint about these variables."""
        with self.assertRaises(ConfigError) as caught:
            env2cfg.apply(environ)
        return str(caught.exception)

    def test_nothing_set_writes_nothing(self):
        self.apply()
        self.assertFalse(self.overlay.exists())

    def test_amqp_is_decoded_and_the_rest_comes_from_etc(self):
        self.apply(CPS_AMQP_URL="amqp://us%40er:p%25s%2F;#".replace("#", "%23") + "@rabbit/%2F")
        section = config.read("amqp.conf")["master"]
        self.assertEqual(section["userid"], "us@er")
        self.assertEqual(section["password"], "p%s/;#")
        self.assertEqual(section["port"], "5672")
        self.assertEqual(section["virtual_host"], "/")
        self.assertEqual(section["exchange_name"], "canopsis")

    def test_amqps_has_its_own_port(self):
        self.apply(CPS_AMQP_URL="amqps://rabbit")
        bus = stores.bus()
        self.assertEqual((bus.host, bus.port), ("rabbit", 5671))
        self.assertEqual(
            bus.options["ssl"],
            {"server_hostname": "rabbit", "context": {"check_hostname": True}},
        )

    def test_mongo_with_several_hosts(self):
        url = "mongodb://u:p%40w@h1:27017,h2:27018/db?replicaSet=x"
        self.apply(CPS_MONGO_URL=url)
        self.assertEqual(stores.mongo_uri(), url)
        for name in ("mongo/storage.conf", "common/mongo_store.conf"):
            self.assertEqual(config.read(name)["DATABASE"]["host"], "h1:27017,h2:27018")
        self.assertEqual(config.read("cstorage.conf")["master"]["userid"], "u")

    def test_mongo_addresses_of_all_kinds(self):
        for given, expected in {
            "mongodb://h": "mongodb://h:27017/canopsis",
            "mongodb://[::1]:27018/x": "mongodb://[::1]:27018/x",
            "mongodb://%2Ftmp%2Fm.sock/x": "mongodb://%2Ftmp%2Fm.sock/x",
        }.items():
            with self.subTest(given):
                self.apply(CPS_MONGO_URL=given)
                self.assertEqual(stores.mongo_uri(), expected)

    def test_redis_and_influx(self):
        self.apply(CPS_REDIS_URL="redis://:pw@r/3", CPS_INFLUX_URL="influx://i:j@inf/data")
        self.assertEqual(config.read("redis/storage.conf")["DATABASE"]["db"], "3")
        self.assertEqual(
            stores.influx(), stores.Influx("http://inf:8086/write", "data", ("i", "j"))
        )

    def test_other_keys_stay_and_old_values_go(self):
        self.apply(CPS_AMQP_URL="amqp://u:p@one:1/x")
        path = self.overlay / "amqp.conf"
        self.write(path, path.read_text() + "exchange_name = mine\n\n[other]\na = b\n")
        self.apply(CPS_AMQP_URL="amqp://two")
        parser = config.new_parser()
        parser.read(str(path))
        self.assertEqual(
            dict(parser["master"]),
            {"exchange_name": "mine", "host": "two", "port": "5672", "ssl": "false"},
        )
        self.assertEqual(parser["other"]["a"], "b")

    def test_modes(self):
        self.apply(CPS_AMQP_URL="amqp://h")
        path = self.overlay / "amqp.conf"
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o640)
        path.chmod(0o600)
        self.apply(CPS_AMQP_URL="amqp://h")
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        self.assertEqual(os.listdir(str(self.overlay)), ["amqp.conf"])

    def test_an_empty_variable_is_named(self):
        self.assertIn("CPS_REDIS_URL is empty", self.refuse(CPS_REDIS_URL=" "))

    def test_one_bad_variable_and_nothing_is_written(self):
        self.refuse(CPS_AMQP_URL="amqp://h", CPS_INFLUX_URL="ftp://h")
        self.assertFalse(self.overlay.exists())

    def test_require_all_goes_in_order(self):
        given = {}
        for name, url in (
            ("CPS_AMQP_URL", "amqp://h"),
            ("CPS_MONGO_URL", "mongodb://h"),
            ("CPS_REDIS_URL", "redis://h"),
            ("CPS_INFLUX_URL", "influx://h"),
        ):
            with self.assertRaisesRegex(ConfigError, "%s is not set" % name):
                env2cfg.apply(given, require_all=True)
            given[name] = url
        self.assertEqual(len(env2cfg.apply(given, require_all=True)), 6)

    def test_no_error_shows_a_password(self):
        for name, url in (
            ("CPS_AMQP_URL", "amqp://u:se/cret@h"),
            ("CPS_AMQP_URL", "amqp://u:se#cret@h"),
            ("CPS_AMQP_URL", "amqp://u:secret@h:port"),
            ("CPS_AMQP_URL", "amqp://u:secret%0A@h"),
            ("CPS_AMQP_URL", "http://u:secret@h"),
            ("CPS_MONGO_URL", "mongodb://u:se/cret@h"),
            ("CPS_MONGO_URL", "mongodb://u:se:cret@h"),
            ("CPS_MONGO_URL", "mongodb://u:secret@h:x"),
            ("CPS_MONGO_URL", "mongodb+srv://u:secret@h"),
        ):
            with self.subTest(url):
                message = self.refuse(**{name: url})
                self.assertIn(name, message)
                self.assertNotIn("cret", message)

    def test_a_broken_file_is_refused_without_its_content(self):
        self.write(self.overlay / "amqp.conf", "[master]\nsecret\n")
        message = self.refuse(CPS_AMQP_URL="amqp://h")
        self.assertIn("amqp.conf is not a valid INI file (line 2)", message)

    def test_exit_codes(self):
        self.assertEqual(support.run("-m", "canopsis.env2cfg").returncode, 0)
        result = support.run("-m", "canopsis.env2cfg", "--require-all")
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stderr, "env2cfg: CPS_AMQP_URL is not set\n")
