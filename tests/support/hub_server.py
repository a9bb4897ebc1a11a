"""A Hugging Face Hub of one repository, on this machine: as much of its interface as pushing and fetching need."""

from __future__ import annotations

import base64
import hashlib
import http.server
import json
import threading
from collections.abc import Mapping

REVISION = "0123456789abcdef0123456789abcdef01234567"


class HubServer(http.server.ThreadingHTTPServer):
    """Answers on a free port, until it is closed.

    Attributes:
        files: Contents of the repository, by path.
        created: What `create_repo` asked for.
        requests: The first line of every request.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.created: list[Mapping[str, object]] = []
        self.requests: list[str] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(http.server.BaseHTTPRequestHandler):
    server: HubServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self, content: bytes, status: int = 200, **headers: str) -> None:
        self.server.requests.append(self.requestline)
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(content))} | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _json(self, content: object, status: int = 200, **headers: str) -> None:
        self._answer(json.dumps(content).encode(), status, Content_Type="application/json", **headers)

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path.startswith("/api/models/me/digits"):
            siblings = [{"rfilename": name} for name in self.server.files]
            if "/tree/" in path:
                tree = [
                    {"type": "file", "path": name, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}
                    for name, content in self.server.files.items()
                ]
                self._json(tree)
            else:
                self._json({"id": "me/digits", "sha": REVISION, "siblings": siblings, "private": False})
        elif path.startswith("/me/digits/resolve/") and path.split("/", 5)[-1] in self.server.files:
            content = self.server.files[path.split("/", 5)[-1]]
            self._answer(content, ETag=f'"{hashlib.sha1(content).hexdigest()}"', X_Repo_Commit=REVISION)
        else:
            self._json({"error": "Repository not found"}, 404, X_Error_Code="RepoNotFound")

    do_HEAD = do_GET

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/api/repos/create":
            self.server.created.append(json.loads(content))
            self._json({"url": f"{self.server.address}/me/digits"})
        elif "/preupload/" in self.path:
            files = json.loads(content)["files"]
            self._json({"files": [{"path": f["path"], "uploadMode": "regular", "shouldIgnore": False} for f in files]})
        elif "/commit/" in self.path:
            for line in map(json.loads, content.splitlines()):
                if line["key"] == "file":
                    self.server.files[line["value"]["path"]] = base64.b64decode(line["value"]["content"])
            url = f"{self.server.address}/me/digits/commit/{REVISION}"
            self._json({"commitUrl": url, "commitOid": REVISION, "pullRequestUrl": None})
        else:
            self._json({})
