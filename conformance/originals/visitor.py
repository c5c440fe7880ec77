"""One request on one connection, as a visitor makes it, and what came of it in few words."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from pathlib import Path
from typing import Any, NamedTuple

from .place import NAME

PATIENCE = 15.0
VERSIONS = {
    "1.1": ssl.TLSVersion.TLSv1_1,
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}


class Answer(NamedTuple):
    """``outcome`` is the status, or in words why there is none."""

    outcome: str
    fields: dict[str, str] = {}
    body: str = ""

    @property
    def told(self) -> dict[str, Any]:
        """What the application said, empty where it was not asked."""
        try:
            told = json.loads(self.body)
        except ValueError:
            return {}
        return told if isinstance(told, dict) and "copy" in told else {}


class Visitor:
    """Knows the ports and where certificates are."""

    def __init__(self, directory: Path, ports: dict[str, int]) -> None:
        self.directory, self.ports = directory, ports

    def ask(
        self,
        scheme: str,
        path: str = "/",
        *,
        port: int | None = None,
        method: str = "GET",
        fields: dict[str, str] | None = None,
        body: str | None = None,
        certificate: str | None = None,
        version: str | None = None,
        late: bool = True,
        ciphers: str | None = None,
        authority: str = "server.crt",
        host: str = NAME,
    ) -> Answer:
        """``late``: the client can show its certificate after the handshake, as curl and no browser does."""
        port = port or self.ports[scheme]
        try:
            with socket.create_connection(("127.0.0.1", port), PATIENCE) as tcp:
                stream: socket.socket = tcp
                if scheme == "https":
                    context = self.context(certificate, version, late, ciphers, authority)
                    stream = context.wrap_socket(tcp, server_hostname=NAME)
                with stream:
                    return self._exchange(stream, method, path, {"Host": f"{host}:{port}", **(fields or {})}, body)
        except ssl.SSLError as error:
            return Answer(f"TLS: {(error.reason or str(error)).lower().replace('_', ' ')}")
        except ConnectionRefusedError:
            return Answer("nobody listens")
        except (OSError, http.client.HTTPException) as error:
            return Answer(f"no answer: {type(error).__name__}")

    def context(
        self, certificate: str | None, version: str | None, late: bool, ciphers: str | None, authority: str
    ) -> ssl.SSLContext:
        """A client that trusts one authority."""
        context = ssl.create_default_context(cafile=str(self.directory / authority))
        context.post_handshake_auth = late
        if ciphers or version == "1.1":
            context.set_ciphers(f"{ciphers or 'DEFAULT'}:@SECLEVEL=0")
        if version:
            context.minimum_version = context.maximum_version = VERSIONS[version]
        if certificate:
            context.load_cert_chain(self.directory / certificate, self.directory / "client.key")
        return context

    @staticmethod
    def _exchange(stream: socket.socket, method: str, path: str, fields: dict[str, str], body: str | None) -> Answer:
        if body is not None:
            fields["Content-Length"] = str(len(body))
        head = "".join(f"{name}: {value}\r\n" for name, value in {**fields, "Connection": "close"}.items())
        stream.sendall(f"{method} {path} HTTP/1.1\r\n{head}\r\n{body or ''}".encode("latin-1"))
        response = http.client.HTTPResponse(stream, method=method)
        response.begin()
        text = response.read().decode("latin-1")
        return Answer(str(response.status), {name.lower(): value for name, value in response.getheaders()}, text)
