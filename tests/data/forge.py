"""A GitLab and a GitHub over TLS for tests: as much of their interfaces as tags need, and answers from a script before that.

    forge.py CERTIFICATE KEY STATE

Prints its port and serves until it is killed. STATE is a JSON file that is read before each request and written after it:
`token`; `projects`, each with `branches` (name: commit), `commits` and `tags` (name: commit, object, message); `rules`, each with
`method`, `path` (a part of it) and `answers`, used up one by one: `status`, `headers`, `body`, `wait` in seconds, `cut` (no answer
at all), `apply` (the request is obeyed, and then answered so). One line for each request goes to STATE.log.
"""

import hashlib
import json
import os
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

certificate, key, place = sys.argv[1:4]
lock = threading.Lock()


def found(value, make=lambda value: value):
    return (404, {"message": "404 Not Found"}) if value is None else (200, make(value))


def gitlab_tag(name, tag):
    return {"name": name, "message": tag["message"], "target": tag["object"], "commit": {"id": tag["commit"]}}


def made(name, commit, message):
    annotated = hashlib.sha1(f"{name}{commit}{message}".encode()).hexdigest()
    return {"commit": commit, "object": annotated if message else commit, "message": message or ""}


def commit_of(project, text):
    known = [*project.get("commits", []), *project["branches"].values()]
    named = project["branches"].get(text) or (project["tags"].get(text) or {}).get("commit")
    return named or next((commit for commit in known if commit.startswith(text)), None)


def gitlab(state, method, parts, body):
    project = state["projects"].get(unquote(parts[0]))
    if project is None:
        return 404, {"message": "404 Project Not Found"}
    if len(parts) == 1:
        return 200, {"id": 1}
    kind, name = parts[2], unquote(parts[3]) if len(parts) > 3 else None
    if kind == "branches" and name is None:
        return 200, [{"name": name} for name in project["branches"]]
    if kind == "branches":
        return found(project["branches"].get(name), lambda commit: {"name": name, "commit": {"id": commit}})
    if kind == "commits":
        return found(commit_of(project, name), lambda commit: {"id": commit})
    if method == "POST":
        name, commit = body["tag_name"], commit_of(project, body["ref"])
        if name in project["tags"]:
            return 400, {"message": f"Tag {name} already exists"}
        if commit is None:
            return 400, {"message": f"Target {body['ref']} is invalid"}
        project["tags"][name] = made(name, commit, body.get("message"))
        return 201, gitlab_tag(name, project["tags"][name])
    if method == "DELETE":
        return (204, None) if project["tags"].pop(name, None) else (404, {"message": "404 Tag Not Found"})
    return found(project["tags"].get(name), lambda tag: gitlab_tag(name, tag))


def github(state, method, parts, body):
    project = state["projects"].get("/".join(parts[:2]))
    if project is None:
        return 404, {"message": "Not Found"}
    rest = [unquote(part) for part in parts[2:]]
    if not rest:
        return 200, {"id": 1}
    tags, objects = project["tags"], project.setdefault("objects", {})
    if rest == ["branches"]:
        return 200, [{"name": name} for name in project["branches"]]
    if rest[0] == "commits":
        commit = commit_of(project, "/".join(rest[1:]))
        return (422, {"message": "No commit found for SHA"}) if commit is None else (200, {"sha": commit})
    if method == "POST" and rest == ["git", "tags"]:
        tag = made(body["tag"], body["object"], body["message"])
        objects[tag["object"]] = tag
        return 201, {"sha": tag["object"]}
    if rest[:2] == ["git", "tags"]:
        tag = objects.get(rest[2])
        return found(tag, lambda tag: {"message": tag["message"], "object": {"sha": tag["commit"], "type": "commit"}})
    if method == "POST" and rest == ["git", "refs"]:
        name = body["ref"].removeprefix("refs/tags/")
        if name in tags:
            return 422, {"message": "Reference already exists"}
        tags[name] = objects.get(body["sha"]) or made(name, body["sha"], None)
        return 201, {"ref": body["ref"]}
    kind, name = rest[2], "/".join(rest[3:])
    if method in ("PATCH", "DELETE") and name not in tags:
        return 422, {"message": "Reference does not exist"}
    if method == "PATCH":
        if not body["force"]:
            return 422, {"message": "Update is not a fast forward"}
        tags[name] = objects.get(body["sha"]) or made(name, body["sha"], None)
        return 200, {}
    if method == "DELETE":
        del tags[name]
        return 204, None
    if kind == "heads":
        return found(project["branches"].get(name), lambda commit: {"object": {"sha": commit, "type": "commit"}})
    typed = lambda tag: {"object": {"sha": tag["object"], "type": "commit" if tag["object"] == tag["commit"] else "tag"}}
    return found(tags.get(name), typed)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def serve(self):
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with lock:
            with open(place) as file:
                state = json.load(file)
            answer = self.answer(state, json.loads(text) if text else None)
            with open(place + ".new", "w") as file:
                json.dump(state, file)
            os.replace(place + ".new", place)
        time.sleep(answer.get("wait", 0))
        if answer.get("cut"):
            self.close_connection = True
            return
        body = answer.get("body")
        content = b"" if body is None else body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(answer["status"])
        for name, value in answer.get("headers", {}).items():
            self.send_header(name, value)
        if answer["status"] != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def answer(self, state, body):
        token = self.headers.get("PRIVATE-TOKEN") or (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        known = "known" if token == state["token"] else "unknown" if token else "none"
        with open(place + ".log", "a") as log:
            log.write(f"{self.command} {self.path} {known}\n")
        rules = (rule for rule in state.get("rules", []) if rule["method"] == self.command and rule["path"] in self.path)
        rule = next((rule for rule in rules if rule["answers"]), None)
        scripted = rule["answers"].pop(0) if rule else None
        if scripted and not scripted.get("apply"):
            return scripted
        if known != "known":
            return {"status": 401, "body": {"message": "401 Unauthorized"}}
        parts = self.path.partition("?")[0].split("/")
        if parts[1:4] == ["api", "v4", "projects"]:
            status, content = gitlab(state, self.command, parts[4:], body)
        else:
            status, content = github(state, self.command, parts[4:], body)
        return scripted or {"status": status, "body": content}

    do_GET = do_POST = do_PATCH = do_DELETE = serve


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass


server = Server(("127.0.0.1", 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
server.serve_forever()
