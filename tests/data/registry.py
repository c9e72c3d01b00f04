"""A registry for tests: keeps what is pushed in a folder or passes it on to a real one, and answers from a script before that.

    registry.py STATE

Prints its port and serves until it is killed. STATE is a JSON file that is read before each request: `store`, a folder with
`manifests/<repository>/<tag>` and `blobs/<hex>`, or `upstream`, host and port of a registry without TLS; `tls`, a certificate and its
key; `users`, name: password; `identity`, an identity token; `scheme`, `basic` or `bearer`; `rules`, each with `method`, `path` (a
part of it) and `answers`, used up one by one: `status`, `headers`, `body`, `wait` in seconds, `cut` (the connection is closed after so
many bytes of the request's body), `after` (the request is obeyed, and then the connection is closed), `short` (so many bytes of the
answer's body, of a request that is passed on; `wait` comes after them). One line for each request goes
to STATE.log.
"""

import base64
import hashlib
import http.client
import json
import os
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

place = sys.argv[1]
lock = threading.Lock()
used = {}
uploads = {}


def state():
    with open(place, encoding="utf-8") as file:
        return json.load(file)


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Cut(Exception):
    pass


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    silent = False
    short = None
    pause = 0

    def log_message(self, *words):
        pass

    def note(self, words):
        with lock, open(place + ".log", "a", encoding="utf-8") as file:
            file.write(words + "\n")

    def rule(self, known):
        for index, rule in enumerate(known.get("rules", [])):
            if rule.get("method", self.command) == self.command and rule.get("path", "") in self.path:
                with lock:
                    count = used.get(index, 0)
                    if count < len(rule["answers"]):
                        used[index] = count + 1
                        return rule["answers"][count]
        return None

    def pieces(self):
        """The request's body as it comes."""
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            while size := int(self.rfile.readline().split(b";")[0], 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return
        left = int(self.headers.get("Content-Length") or 0)
        while left > 0:
            piece = self.rfile.read(min(left, 65536))
            if not piece:
                raise Cut
            left -= len(piece)
            yield piece

    def answer(self, status, headers=(), body=b""):
        if self.silent:
            raise Cut
        self.send_response(status)
        for name, value in dict(headers).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def refuse(self, status, code, headers=()):
        body = json.dumps({"errors": [{"code": code, "message": code.lower().replace("_", " ")}]}).encode()
        self.answer(status, {"Content-Type": "application/json", **dict(headers)}, body)

    def user(self, known):
        kind, _, value = self.headers.get("Authorization", "").partition(" ")
        if kind != "Basic":
            return None
        name, _, password = base64.b64decode(value).decode().partition(":")
        return name if known["users"].get(name) == password else False

    def token(self, known):
        """The address that gives tokens."""
        form = parse_qs(b"".join(self.pieces()).decode())
        asked = form if self.command == "POST" else parse_qs(urlsplit(self.path).query)
        if self.command == "POST":
            let_in = known.get("identity") and form.get("refresh_token") == [known["identity"]]
        else:
            let_in = self.user(known)
        if not let_in:
            return self.refuse(401, "UNAUTHORIZED")
        body = json.dumps({"token": "granted-" + "".join(asked.get("scope", []))}).encode()
        self.answer(200, {"Content-Type": "application/json"}, body)

    def let_in(self, known):
        if not known.get("users") and not known.get("identity"):
            return True
        if known.get("scheme") == "bearer":
            _, _, token = self.headers.get("Authorization", "").partition(" ")
            name = self.path.split("/v2/")[1].split("?")[0]
            name = name.split("/blobs/")[0].split("/manifests/")[0]
            if token.startswith("granted-") and (not name or f":{name}:" in token):
                return True
            scheme = "https" if known.get("tls") else "http"
            realm = f'Bearer realm="{scheme}://{self.headers["Host"]}/token",service="tests"'
            self.refuse(401, "UNAUTHORIZED", {"WWW-Authenticate": realm})
            return False
        if self.user(known):
            return True
        self.refuse(401, "UNAUTHORIZED", {"WWW-Authenticate": 'Basic realm="tests"'})
        return False

    def serve(self):
        known = state()
        login = self.headers.get("Authorization", "").split(" ")[0] or "-"
        rule = self.rule(known)
        self.silent = bool(rule and rule.get("after"))
        self.short = rule.get("short") if rule else None
        self.pause = rule.get("wait", 0) if rule else 0
        self.note(f"{self.command} {self.path} {login}" + (f" {json.dumps(rule, sort_keys=True)}" if rule else ""))
        try:
            if rule and not rule.get("after"):
                if "short" not in rule:
                    time.sleep(rule.get("wait", 0))
                if "cut" in rule:
                    got = 0
                    for piece in self.pieces():
                        got += len(piece)
                        if got >= rule["cut"]:
                            break
                    raise Cut
                if "status" in rule:
                    for _ in self.pieces():
                        pass
                    return self.answer(rule["status"], rule.get("headers", {}), rule.get("body", "").encode())
            if self.path.startswith("/token"):
                return self.token(known)
            if not self.let_in(known):
                for _ in self.pieces():
                    pass
                return None
            if known.get("upstream"):
                self.pass_on(known["upstream"])
            else:
                self.keep(known["store"])
        except (Cut, ConnectionError):
            self.close_connection = True
            self.connection.close()
        return None

    def pass_on(self, upstream):
        way = http.client.HTTPConnection(upstream)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("transfer-encoding", "content-length")}
        length = self.headers.get("Content-Length")
        chunked = self.headers.get("Transfer-Encoding", "").lower() == "chunked"
        if length is not None:
            headers["Content-Length"] = length
        body = self.pieces() if chunked or length not in (None, "0") else None
        way.request(self.command, self.path, body=body, headers=headers, encode_chunked=chunked)
        answer = way.getresponse()
        data = answer.read()
        if self.silent:
            raise Cut
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("transfer-encoding", "connection", "content-length"):
                self.send_header(name, value)
        self.send_header("Content-Length", answer.getheader("Content-Length") or str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data[: self.short])
        if self.short is not None:
            self.wfile.flush()
            time.sleep(self.pause)
            raise Cut

    def keep(self, store):
        body = b"".join(self.pieces())
        path, _, query = self.path.partition("?")
        if path == "/v2/":
            return self.answer(200)
        if "/manifests/" in path:
            return self.manifest(store, *path.removeprefix("/v2/").split("/manifests/"), body)
        repository, name = path.removeprefix("/v2/").split("/blobs/")
        if self.command == "POST":
            session = f"s{time.monotonic_ns()}"
            uploads[session] = b""
            return self.answer(202, {"Location": f"/v2/{repository}/blobs/uploads/{session}"})
        if self.command == "PUT":
            session, wanted = name.removeprefix("uploads/"), parse_qs(query)["digest"][0]
            if session not in uploads:
                return self.refuse(404, "BLOB_UPLOAD_UNKNOWN")
            uploads[session] += body
            if digest_of(uploads[session]) != wanted:
                return self.refuse(400, "DIGEST_INVALID")
            os.makedirs(f"{store}/blobs", exist_ok=True)
            with open(f"{store}/blobs/{wanted.split(':')[1]}", "wb") as file:
                file.write(uploads.pop(session))
            return self.answer(201, {"Docker-Content-Digest": wanted})
        try:
            with open(f"{store}/blobs/{name.split(':')[1]}", "rb") as file:
                return self.answer(200, {"Content-Type": "application/octet-stream"}, file.read())
        except OSError:
            return self.refuse(404, "BLOB_UNKNOWN")

    def manifest(self, store, repository, reference, body):
        file = f"{store}/manifests/{repository}/{reference}"
        if self.command == "PUT":
            os.makedirs(os.path.dirname(file), exist_ok=True)
            for name in (file, f"{store}/manifests/{repository}/{digest_of(body)}"):
                with open(name, "wb") as kept:
                    kept.write(body)
            return self.answer(201, {"Docker-Content-Digest": digest_of(body)})
        try:
            with open(file, "rb") as kept:
                data = kept.read()
        except OSError:
            return self.refuse(404, "MANIFEST_UNKNOWN")
        return self.answer(200, {"Content-Type": json.loads(data).get("mediaType", "application/json")}, data)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = serve


server = ThreadingHTTPServer(("0.0.0.0" if state().get("everywhere") else "127.0.0.1", 0), Handler)
server.daemon_threads = True
if state().get("tls"):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*state()["tls"])
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
print(server.server_address[1], flush=True)
server.serve_forever()
