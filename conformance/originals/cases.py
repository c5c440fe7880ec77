"""What is typed and written: each case is run by the original and by tlsgi, and the same is asked of both."""

from __future__ import annotations

import os
from typing import Callable, NamedTuple

from . import facts as ask
from .facts import Asking, Facts

Probe = Callable[[Asking, Facts], None]
IS_ROOT = os.geteuid() == 0


class Case(NamedTuple):
    """``{http}``, ``{https}`` and ``{dir}`` in words and files stand for ports and the directory. A case with ``says`` must not
    start, and names this to the user. ``file`` is written for the words to name, after what a main file says first."""

    name: str
    program: str
    words: str
    probes: tuple[Probe, ...] = ()
    ports: tuple[str, ...] = ("http", "https")
    file: str | None = None
    says: str | None = None
    files: dict[str, str] = {}
    environment: dict[str, str] = {}
    needs_root: bool = False

    @property
    def title(self) -> str:
        """For reports and for the table of differences."""
        return f"{self.program}: {self.name}"


BOTH = (ask.listeners, ask.answers, ask.copies, ask.fields, ask.fault, ask.people, ask.plain_on_tls)
ONE = (ask.answers, ask.copies, ask.fields, ask.fault, ask.people, ask.plain_on_tls)

# ---- mod_wsgi-express ----

_PAIR = "--host 127.0.0.1 --port {http} --https-port {https} --ssl-certificate-file ./server.crt --ssl-certificate-key-file ./server.key"
_USER = "--user www-data --group www-data" if IS_ROOT else ""
_NAMED = "--server-name www.example.com"
_POLICY = "max-age=63072000; includeSubDomains; preload"
_CLIENTS = "--ssl-ca-certificate-file ./client-ca.crt --ssl-verify-client /api/ --ssl-environment"


def express(name: str, more: str, *probes: Probe, first: str = "wsgi.py " + _PAIR, **options: object) -> Case:
    """`mod_wsgi-express start-server wsgi.py …` with both ports."""
    return Case(name, "express", f"start-server {first} {_USER} {more}", probes, **options)  # type: ignore[arg-type]


EXPRESS = [
    express("both ports", "", *BOTH),
    express("both ports and a name", _NAMED, *BOTH, ask.redirect, ask.policy, ask.names, ask.spoofed, ask.versions),
    express("one name for both files", f"{_NAMED} --ssl-certificate server", ask.listeners, ask.answers,
            first="wsgi.py --host 127.0.0.1 --port {http} --https-port {https}"),
    express("HTTPS only, without a name", "--https-only", ask.listeners, ask.redirect),
    express("HTTPS only", f"--https-only {_NAMED}", ask.listeners, ask.redirect, ask.policy, ask.names),
    express("HTTPS only with a policy", f"--https-only {_NAMED} --hsts-policy '{_POLICY}'", ask.listeners, ask.redirect, ask.policy),
    express("HTTPS only with a policy without spaces", f"--https-only {_NAMED} --hsts-policy max-age=31536000;includeSubDomains",
            ask.listeners, ask.redirect, ask.policy),
    express("policy alone", f"{_NAMED} --hsts-policy max-age=600", ask.redirect, ask.policy),
    express("client certificates under a prefix", f"{_NAMED} {_CLIENTS}", ask.clients, ask.copies),
    express("client certificates under a prefix, HTTPS only", f"{_NAMED} {_CLIENTS} --https-only", ask.clients, ask.redirect),
    express("authorities alone", f"{_NAMED} --ssl-ca-certificate-file ./client-ca.crt", ask.clients),
    express("chain file", f"{_NAMED} --ssl-certificate-file leaf.crt --ssl-certificate-key-file leaf.key --ssl-certificate-chain-file chain.pem",
            ask.chain, first="wsgi.py --host 127.0.0.1 --port {http} --https-port {https}"),
    express("fragment with versions and suites", f"{_NAMED} --include-file tls.conf", ask.versions, files={
        "tls.conf": "SSLProtocol -all +TLSv1.2\nSSLCipherSuite ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256\n"}),
    express("renewed certificate", _NAMED, ask.renewal),
    express("changed script", "", ask.touched),
    express("several processes", f"{_NAMED} --processes 2 --threads 3", ask.copies, ask.processes),
    express("mount point and environment", f"{_NAMED} --mount-point /app --setenv CASE_SET text", ask.answers),
    express("aliases", f"{_NAMED} --server-alias *.example.com --allow-localhost", ask.names),
    express("trusted proxy", f"{_NAMED} --trust-proxy 127.0.0.1 --trust-proxy-header X-Forwarded-Proto --trust-proxy-header X-Forwarded-For",
            ask.spoofed),
    express("proxy that is somebody else", f"{_NAMED} --trust-proxy 192.0.2.1 --trust-proxy-header X-Forwarded-Proto", ask.spoofed),
    express("prefix without authorities", f"{_NAMED} --ssl-verify-client /api/", ask.clients),
    express("trust without a proxy", f"{_NAMED} --trust-proxy-header X-Forwarded-Proto", ask.spoofed),
    express("unknown option", "--ssl-certifcate-file x", says="--ssl-certifcate-file"),
    express("value that is no number", "--threads many", says="many"),
    express("certificate that is not there", f"{_NAMED} --ssl-certificate-file absent.crt", says="absent.crt"),
    express("key of another certificate", f"{_NAMED} --ssl-certificate-key-file leaf.key", says="key"),
    express("key without certificate", _NAMED, says="certificate",
            first="wsgi.py --host 127.0.0.1 --port {http} --https-port {https} --ssl-certificate-key-file server.key"),
    express("script that is not there", "", says="absent.py", first="absent.py " + _PAIR),
    Case("unknown command", "express", "serve-please wsgi.py", says="serve-please"),
]

# ---- Apache with mod_wsgi ----

_LISTEN = "Listen 127.0.0.1:{http}\nListen 127.0.0.1:{https}\n"
_OPEN = "    <Directory {dir}>\n        Require all granted\n    </Directory>\n"
_GROUP = "    WSGIProcessGroup example\n    WSGIApplicationGroup %{{GLOBAL}}\n    WSGIScriptAlias / {dir}/wsgi.py\n" + _OPEN
_TLS = "    SSLEngine on\n    SSLCertificateFile {dir}/server.crt\n    SSLCertificateKeyFile {dir}/server.key\n"
_DAEMON = "    WSGIDaemonProcess example processes=2 threads=15\n"
_END = "</VirtualHost>\n"


def _host(port: str, *text: str, name: str = "www.example.com") -> str:
    return "<VirtualHost *:{" + port + "}>\n    ServerName " + name + "\n" + "".join(text) + _END


def apache(name: str, file: str, *probes: Probe, **options: object) -> Case:
    """A file of virtual hosts."""
    return Case(name, "apache", "site.conf", probes, file=_LISTEN + file, **options)  # type: ignore[arg-type]


_REDIRECT = _host("http", "    Redirect permanent / https://www.example.com:{https}/\n")
_SECURE = _host("https", _TLS, "    WSGIDaemonProcess example\n", _GROUP, "MORE")
_LOCATION = (
    "    SSLCACertificateFile {dir}/client-ca.crt\n    SSLOptions +StdEnvVars\n"
    "    <Location /api/>\n        SSLVerifyClient require\n        SSLVerifyDepth 1\n    </Location>\n"
)
_INSTRUMENTS = (
    "    WSGIScriptAlias / {dir}/instruments.wsgi\nMORE"
    "    <Directory {dir}>\n        WSGIProcessGroup instruments_t\n        WSGIApplicationGroup %{{GLOBAL}}\n"
    "        WSGIScriptReloading On\n        Order deny,allow\n        Allow from all\n    </Directory>\n"
)
_OWNER = "user=www-data group=www-data " if IS_ROOT else ""
_FIRST = _host("http", f"    WSGIDaemonProcess instruments_t {_OWNER}umask=0002 threads=5 home={{dir}}\n", _INSTRUMENTS.replace("MORE", ""))
_CHAIN = "    SSLCertificateFile {dir}/leaf.crt\n    SSLCertificateKeyFile {dir}/leaf.key\n    SSLCertificateChainFile {dir}/chain.pem\n"
_SECOND = _host("https", _INSTRUMENTS.replace("MORE", "    SSLEngine On\n" + _CHAIN))

APACHE = [
    apache("pair of hosts", _host("http", _DAEMON, _GROUP) + _host("https", _TLS, _GROUP),
           *BOTH, ask.processes, ask.policy, ask.names, ask.spoofed, ask.versions),
    apache("pair that sets the group in a directory", _FIRST + _SECOND, ask.chain, ask.people, ask.touched),
    apache("plain host alone", _FIRST, ask.answers, ask.people, ask.copies, ports=("http",)),
    apache("pool declared in both hosts", _host("http", _DAEMON, _GROUP) + _host("https", _DAEMON, _TLS, _GROUP), ask.copies),
    apache("two pools", _host("http", _DAEMON, _GROUP) + _host("https", "    WSGIDaemonProcess secure\n", _TLS, _GROUP.replace("example\n", "secure\n")),
           ask.copies),
    apache("no group of applications", _host("http", _DAEMON, _GROUP.replace("    WSGIApplicationGroup %{{GLOBAL}}\n", ""))
           + _host("https", _TLS, _GROUP.replace("    WSGIApplicationGroup %{{GLOBAL}}\n", "")), ask.copies),
    apache("redirect", _REDIRECT + _SECURE.replace("MORE", ""), *BOTH[1:3], ask.redirect, ask.policy),
    apache("policy", _REDIRECT + _SECURE.replace("MORE", f'    Header always set Strict-Transport-Security \\\n        "{_POLICY}"\n'),
           ask.redirect, ask.policy),
    apache("client certificates in a location", _host("http", _GROUP) + _SECURE.replace("MORE", _LOCATION), ask.clients),
    apache("client certificates are optional", _SECURE.replace("MORE", _LOCATION.replace("require", "optional")), ask.clients, ports=("https",)),
    apache("client certificates everywhere", _SECURE.replace(
        "MORE", "    SSLCACertificateFile {dir}/client-ca.crt\n    SSLVerifyClient require\n    SSLOptions +StdEnvVars\n"), ask.clients, ports=("https",)),
    apache("revoked client certificates", _SECURE.replace("MORE", _LOCATION.replace(
        "    SSLOptions", "    SSLCARevocationFile {dir}/revoked.pem\n    SSLCARevocationCheck leaf\n    SSLOptions")), ask.revoked, ports=("https",)),
    apache("field of the request that says https", _host("http", _DAEMON, _GROUP, "    RequestHeader unset X-Forwarded-Proto\n    RequestHeader set X-Forwarded-Proto https env=HTTPS\n")
           + _host("https", _TLS, _GROUP, "    RequestHeader unset X-Forwarded-Proto\n    RequestHeader set X-Forwarded-Proto https env=HTTPS\n"),
           ask.answers, ask.spoofed),
    apache("versions and suites", _SECURE.replace(
        "MORE", "    SSLProtocol -all +TLSv1.2 +TLSv1.3\n    SSLCipherSuite ECDHE-RSA-AES128-GCM-SHA256\n    SSLHonorCipherOrder off\n"),
        ask.versions, ports=("https",)),
    apache("renewed certificate", _SECURE.replace("MORE", ""), ask.renewal, ports=("https",)),
    apache("closed directory", _SECURE.replace("MORE", "").replace("Require all granted", "Require all denied"), ask.answers, ports=("https",)),
    apache("unknown directive", _SECURE.replace("MORE", "    SSLCertifcateFile {dir}/server.crt\n"), says="SSLCertifcateFile"),
    apache("section that does not end", _SECURE.replace("MORE", "").replace(_END, ""), says="VirtualHost"),
    apache("certificate that is not there", _SECURE.replace("MORE", "").replace("server.crt", "absent.crt"), says="absent.crt"),
    apache("pool that nobody declares", _SECURE.replace("MORE", "").replace("    WSGIDaemonProcess example\n", ""), ask.answers, ports=("https",)),
]

# ---- uWSGI ----


def uwsgi(name: str, words: str, *probes: Probe, **options: object) -> Case:
    """A command line, or the lines of an ini file."""
    options.setdefault("ports", ("https",))
    return Case(name, "uwsgi", words, probes, **options)  # type: ignore[arg-type]


def ini(name: str, lines: str, *probes: Probe, **options: object) -> Case:
    """`uwsgi site.ini`."""
    return uwsgi(name, "site.ini", *probes, file="[uwsgi]\nneed-app = true\n" + lines, **options)


_HTTPS = "https = 127.0.0.1:{https},server.crt,server.key"
_UID = "--uid www-data --gid www-data"

UWSGI = [
    uwsgi("module", "-w wsgi --https=127.0.0.1:{https},server.crt,server.key", *ONE, ask.versions, ask.spoofed, ask.names),
    uwsgi("master", "--master --https 127.0.0.1:{https},server.crt,server.key --wsgi-file wsgi.py", *ONE),
    uwsgi("master without an application", "--master --https 127.0.0.1:{https},server.crt,server.key", ask.statuses),
    uwsgi("shared socket", "--shared-socket 127.0.0.1:{https} --https =0,server.crt,server.key --wsgi-file wsgi.py", ask.answers, ask.people),
    uwsgi("shared socket, root given up", f"--shared-socket 127.0.0.1:{{https}} {_UID} --https =0,server.crt,server.key --wsgi-file wsgi.py",
          ask.answers, ask.people, needs_root=True),
    ini("suites", "master = true\nshared-socket = 127.0.0.1:{https}\nhttps = =0,server.crt,server.key,HIGH\nwsgi-file = wsgi.py\n", ask.versions),
    ini("client certificates", "master = true\nshared-socket = 127.0.0.1:{https}\nhttps = =0,server.crt,server.key,HIGH,!client-ca.crt\nwsgi-file = wsgi.py\n",
        ask.clients),
    ini("client certificates that may be missing", "master = true\nhttps = 127.0.0.1:{https},server.crt,server.key,HIGH,client-ca.crt\nwsgi-file = wsgi.py\n",
        ask.clients),
    ini("both ports", f"master = true\n{_HTTPS}\nhttp = 127.0.0.1:{{http}}\nmodule = wsgi\n", *BOTH, ports=("http", "https")),
    ini("redirect", f"master = true\n{_HTTPS}\nhttp-to-https = 127.0.0.1:{{http}}\nmodule = wsgi\n", ask.redirect, ask.policy, ports=("http", "https")),
    ini("processes and threads", f"master = true\n{_HTTPS}\nmodule = wsgi\nprocesses = 2\nthreads = 3\n", ask.processes, ask.answers),
    ini("environment and directory", f"{_HTTPS}\nchdir = {{dir}}/below\npythonpath = {{dir}}\nmodule = wsgi\nenv = CASE_SET=text\numask = 027\n",
        ask.people, files={"below/empty.txt": ""}),
    ini("placeholders", "site = wsgi\nhttps = 127.0.0.1:{https},server.crt,server.key\nmodule = %(site)\nenv = CASE_DIRECTORY=%d\nenv = CASE_NAME=%n\n", ask.people),
    ini("mounted", f"{_HTTPS}\nmanage-script-name = true\nmount = /app=wsgi.py\n", ask.answers, ask.statuses),
    ini("changed file of the application", f"{_HTTPS}\nmodule = wsgi\ntouch-reload = wsgi.py\nmaster = true\n", ask.touched),
    ini("renewed certificate", f"{_HTTPS}\nmodule = wsgi\nmaster = true\n", ask.renewal),
    uwsgi("unknown option", "--htps 127.0.0.1:{https},server.crt,server.key -w wsgi", says="htps"),
    uwsgi("certificate that is not there", "-w wsgi --https 127.0.0.1:{https},absent.crt,server.key", says="absent.crt"),
    uwsgi("key of another certificate", "-w wsgi --https 127.0.0.1:{https},server.crt,leaf.key", says="key"),
    uwsgi("module that is not there", "--need-app -w absent --https 127.0.0.1:{https},server.crt,server.key", says="absent"),
    uwsgi("address that is none", "-w wsgi --https 127.0.0.1:port,server.crt,server.key", says="port"),
]

# ---- servers inside Python programs ----


def python(program: str, name: str, words: str, *probes: Probe, **options: object) -> Case:
    """gunicorn, uvicorn, hypercorn and flask."""
    options.setdefault("ports", ("https",))
    return Case(name, program, words, probes, **options)  # type: ignore[arg-type]


_GUNICORN = "-b 127.0.0.1:{https} --keyfile=./server.key --certfile=./server.crt"
_UVICORN = "--host 127.0.0.1 --port {https} --ssl-keyfile ./server.key --ssl-certfile ./server.crt"
_HYPERCORN = "-b 127.0.0.1:{https} --keyfile server.key --certfile server.crt"
_FLASK = "--host 127.0.0.1 --port {https} --cert server.crt --key server.key"

PYTHON = [
    python("gunicorn", "certificate", f"flask_app:application {_GUNICORN}", *ONE, ask.versions, ask.spoofed, ask.policy),
    python("gunicorn", "plain", "wsgi:application -b 127.0.0.1:{http}", ask.answers, ask.spoofed, ask.fields, ask.people, ports=("http",)),
    python("gunicorn", "workers and threads", f"wsgi -w 2 --threads 3 {_GUNICORN}", ask.processes, ask.copies, ask.answers),
    python("gunicorn", "client certificates", f"wsgi {_GUNICORN} --ca-certs client-ca.crt --cert-reqs 2", ask.clients),
    python("gunicorn", "client certificates that may be missing", f"wsgi {_GUNICORN} --ca-certs client-ca.crt --cert-reqs 1", ask.clients),
    python("gunicorn", "configuration file", "-c site.py", ask.answers, ask.people, file="import os\nbind = '127.0.0.1:{https}'\n"
           "certfile, keyfile = 'server.crt', 'server.key'\nwsgi_app = 'wsgi:application'\nraw_env = ['CASE_SET=text']\numask = 0o27\n"),
    python("gunicorn", "variable with arguments", "wsgi", ask.answers, ask.people,
           environment={"GUNICORN_CMD_ARGS": f"{_GUNICORN} --env CASE_SET=text"}),
    python("gunicorn", "proxy that may say so", "wsgi -b 127.0.0.1:{http} --forwarded-allow-ips 192.0.2.1", ask.spoofed, ports=("http",)),
    python("gunicorn", "user", f"wsgi {_GUNICORN} --user www-data --group www-data", ask.people, needs_root=True),
    python("gunicorn", "renewed certificate", f"wsgi {_GUNICORN}", ask.renewal),
    python("gunicorn", "unknown option", f"wsgi {_GUNICORN} --certfil server.crt --workrs 2", says="--workrs"),
    python("gunicorn", "module that is not there", f"absent:app {_GUNICORN}", says="absent"),
    python("gunicorn", "name that is not there", f"wsgi:absent {_GUNICORN}", says="absent"),
    python("gunicorn", "certificate that is not there", "wsgi -b 127.0.0.1:{https} --keyfile server.key --certfile absent.crt", says="absent.crt"),
    python("uvicorn", "certificate", f"asgi:application {_UVICORN}", *ONE, ask.versions, ask.spoofed),
    python("uvicorn", "plain", "asgi:application --host 127.0.0.1 --port {http}", ask.answers, ask.spoofed, ask.fields, ports=("http",)),
    python("uvicorn", "workers", f"asgi:application --workers 2 {_UVICORN}", ask.processes),
    python("uvicorn", "client certificates", f"asgi:application {_UVICORN} --ssl-ca-certs client-ca.crt --ssl-cert-reqs 2", ask.clients),
    python("uvicorn", "no proxies", "asgi:application --host 127.0.0.1 --port {http} --no-proxy-headers", ask.spoofed, ports=("http",)),
    python("uvicorn", "fields", f"asgi:application {_UVICORN} --header X-Own:text --no-server-header", ask.answers, ask.fields),
    python("uvicorn", "root path", f"asgi:application {_UVICORN} --root-path /shop", ask.answers),
    python("hypercorn", "root path", f"asgi:application {_HYPERCORN} --root-path /shop", ask.answers),
    python("uvicorn", "encrypted key", "asgi:application --host 127.0.0.1 --port {https} --ssl-keyfile sealed.key --ssl-certfile server.crt --ssl-keyfile-password secret",
           ask.answers),
    python("uvicorn", "WSGI", f"wsgi:application --interface wsgi {_UVICORN}", ask.answers),
    python("uvicorn", "unknown option", f"asgi:application {_UVICORN} --ssl-crtfile x", says="--ssl-crtfile"),
    python("uvicorn", "module that is not there", f"absent:app {_UVICORN}", says="absent"),
    python("uvicorn", "certificate that is not there", "asgi:application --port {https} --ssl-keyfile server.key --ssl-certfile absent.crt", says="absent.crt"),
    python("hypercorn", "certificate", f"asgi:application {_HYPERCORN}", *ONE, ask.versions, ask.spoofed),
    python("hypercorn", "both ports", f"asgi:application {_HYPERCORN} --insecure-bind 127.0.0.1:{{http}}", ask.listeners, ask.answers, ask.copies,
           ask.redirect, ports=("http", "https")),
    python("hypercorn", "client certificates", f"asgi:application {_HYPERCORN} --ca-certs client-ca.crt --verify-mode CERT_REQUIRED", ask.clients),
    python("hypercorn", "WSGI", f"wsgi:wsgi:application {_HYPERCORN}", ask.answers),
    python("hypercorn", "unknown option", f"asgi:application {_HYPERCORN} --certfle x", says="--certfle"),
    python("flask", "certificate", f"--app flask_app run {_FLASK}", *ONE, ask.versions, ask.spoofed),
    python("flask", "plain", "--app flask_app run --host 127.0.0.1 --port {http}", ask.answers, ask.spoofed, ask.fields, ports=("http",)),
    python("flask", "variables", f"run {_FLASK}", ask.answers, ask.people, files={".flaskenv": "FLASK_APP=flask_app\nCASE_SET=text\n"}),
    python("flask", "key without certificate", "--app flask_app run --port {https} --key server.key", says="--key"),
    python("flask", "application that is not there", f"--app absent run {_FLASK}", says="absent"),
]

CASES: list[Case] = [*EXPRESS, *APACHE, *UWSGI, *PYTHON]
