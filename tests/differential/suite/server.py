"""Runs on both hosts: a small web server for `uri`, `get_url` and `wait_for`, the same for both sides."""

import base64
import http.server
import json
import sys

FILES = {"/hello.txt": b"hello\n", "/other.txt": b"other\n", "/data.json": b'{"answer": 42, "list": [1, 2]}', "/empty": b""}
SUMS = {"/SUMS": b"5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03  hello.txt\n"}


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers by path; everything else is 404."""

    protocol_version = "HTTP/1.1"

    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        path = self.path.split("?")[0]
        files = {**FILES, **SUMS}
        if path in files:
            kind = "application/json" if path.endswith(".json") else "text/plain"
            self.say(200, files[path], {"Content-Type": kind})
        elif path.startswith("/status/"):
            self.say(int(path.split("/")[2]), b"as asked\n", {"Content-Type": "text/plain"})
        elif path == "/redirect":
            self.say(302, b"", {"Location": "/hello.txt"})
        elif path == "/auth":
            right = "Basic " + base64.b64encode(b"me:secret").decode()
            ok = self.headers.get("Authorization") == right
            self.say(200 if ok else 401, b"in\n" if ok else b"out\n", {"Content-Type": "text/plain", "WWW-Authenticate": 'Basic realm="x"'})
        elif path == "/echo":
            said = {"method": self.command, "path": self.path, "body": body.decode(), "type": self.headers.get("Content-Type"),
                    "token": self.headers.get("X-Token")}
            self.say(200, json.dumps(said, sort_keys=True).encode(), {"Content-Type": "application/json"})
        else:
            self.say(404, b"not here\n", {"Content-Type": "text/plain"})

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = answer

    def say(self, code, body, headers):
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *args):
        del args


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
