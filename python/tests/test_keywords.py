"""Keywords of ``uvicorn.run`` and of Flask's ``app.run``, as options of the command; and where applications are imported from."""

import ssl
import sys
import textwrap
import types
import warnings

import pytest

from tlsgi import keywords, locate


def options(**given):
    return keywords.read(given).options


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"port": 8443}, {"https_port": 8443, "http": False}),
        ({"port": 8080, "https_port": 8443}, {"port": 8080, "https_port": 8443}),
        ({"port": 80, "bind": "127.0.0.1:1"}, {"port": 80, "bind": "127.0.0.1:1"}),
        ({"host": "0", "port": 1}, {"host": "0.0.0.0", "https_port": 1, "http": False}),
        ({"ssl_certfile": "c", "ssl_keyfile": "k"}, {"certfile": "c", "keyfile": "k"}),
        ({"ssl_context": ("c", "k")}, {"certfile": "c", "keyfile": "k"}),
        ({"ssl_context": ("c",)}, {"certfile": "c"}),
        ({"ssl_context": ("c", None)}, {"certfile": "c"}),
        ({"ssl_context": "adhoc"}, {}),
        ({"ssl_context": None, "reload": None}, {}),
        ({"ssl_ca_certs": "ca", "ssl_cert_reqs": ssl.CERT_REQUIRED}, {"client_ca": "ca", "client_cert": "require"}),
        ({"ssl_ca_certs": "ca", "ssl_cert_reqs": 1}, {"client_ca": "ca", "client_cert": "request"}),
        ({"ssl_ca_certs": "ca", "ssl_cert_reqs": ssl.CERT_NONE}, {}),
        ({"ssl_version": ssl.PROTOCOL_TLS_SERVER}, {}),
        ({"ssl_ciphers": "TLSv1"}, {}),
        ({"ssl_ciphers": "HIGH"}, {"tls_ciphers": "HIGH"}),
        ({"workers": 4, "reload_dirs": ["a"]}, {"processes": 4, "reload_dir": ["a"]}),
        ({"limit_max_requests": 9, "limit_concurrency": 7}, {"max_requests": 9, "concurrency": 7}),
        ({"timeout_keep_alive": 5, "timeout_graceful_shutdown": 3}, {"keep_alive_timeout": 5, "graceful_timeout": 3}),
        ({"ws_max_size": 1, "ws_ping_interval": 2.5}, {"websocket_max_message": 1, "websocket_ping_interval": 2.5}),
        ({"log_level": "trace"}, {"log_level": "debug"}),
        ({"log_level": 30}, {"log_level": "warning"}),
        ({"log_level": "CRITICAL"}, {"log_level": "error"}),
        ({"access_log": True}, {}),
        ({"access_log": False}, {"access_log": False}),
        ({"interface": "asgi3"}, {"interface": "asgi"}),
        ({"interface": "wsgi"}, {"interface": "wsgi"}),
        ({"interface": "auto", "http": "auto", "ws": "auto", "loop": "auto"}, {"interface": None, "loop": "auto"}),
        ({"root_path": "/shop/"}, {"route": ["/=pool:app@/shop"]}),
        ({"root_path": ""}, {}),
        ({"threaded": True}, {}),
        ({"threaded": False}, {"threads": 1}),
        ({"debug": True}, {"reload": True}),
        ({"debug": True, "use_reloader": False}, {"reload": False}),
        ({"debug": False}, {}),
        ({"uds": "/run/a"}, {"bind_http": "unix:/run/a", "allow_http": True}),
        ({"uds": "/run/a", "ssl_certfile": "c"}, {"bind": "unix:/run/a", "certfile": "c"}),
        ({"fd": 3}, {"bind": "fd://3"}),
        ({"proxy_headers": False}, {}),
        (
            {"forwarded_allow_ips": "10.0.0.1, 10.1.0.0/16"},
            {"trusted_proxy": ["10.0.0.1", "10.1.0.0/16"], "trust": ["X-Forwarded-For", "X-Forwarded-Proto"]},
        ),
        (
            {"proxy_headers": True},
            {"trusted_proxy": ["127.0.0.1", "::1"], "trust": ["X-Forwarded-For", "X-Forwarded-Proto"]},
        ),
        ({"server_header": True, "date_header": True, "ws_max_queue": 32, "log_config": None}, {}),
        ({"hsts": "max-age=1", "threads": 3}, {"hsts": "max-age=1", "threads": 3}),
    ],
)
def test_keywords_of_other_servers_are_options(given, expected):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert options(**given) == expected


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"ssl_context": ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)}, "SSLContext"),
        ({"ssl_context": "certificate.pem"}, "ssl_context"),
        ({"ssl_context": ()}, "ssl_context"),
        ({"ssl_context_factory": print}, "ssl_context_factory"),
        ({"callback_notify": print}, "callback_notify"),
        ({"request_handler": object}, "request_handler"),
        ({"ssl_cert_reqs": ssl.CERT_REQUIRED}, "ssl_ca_certs"),
        ({"ssl_cert_reqs": 7}, "ssl_cert_reqs"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(given, text):
    with pytest.raises((ValueError, TypeError), match=text):
        options(**given)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"cert_reqs": ssl.CERT_OPTIONAL}, "ssl_ca_certs"),
        ({"http": "h11"}, "one HTTP implementation"),
        ({"log_config": {"version": 1}}, "log_level"),
        ({"forwarded_allow_ips": "*"}, "every client"),
        ({"server_header": False}, "no version"),
        ({"reloader_type": "stat"}, "kernel"),
    ],
)
def test_what_has_no_effect_is_a_warning_at_the_callers_line(given, text):
    with pytest.warns(UserWarning, match=text) as caught:
        options(**given)
    assert caught[0].filename == __file__


def test_old_protocol_versions_are_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        version = ssl.PROTOCOL_TLSv1
    with pytest.warns(UserWarning, match="TLS 1.2 and 1.3"):
        options(ssl_version=version)


def test_passphrase_is_no_option():
    request = keywords.read({"ssl_keyfile_password": "sesame"})
    assert (request.key_password, request.options) == ("sesame", {})


def test_debug_turns_the_debugger_on():
    assert keywords.read({"debug": True}).wants_debugger
    assert not keywords.read({"debug": True, "use_debugger": False}).wants_debugger
    assert not keywords.read({"debug": True, "use_evalex": False}).wants_debugger
    assert keywords.read({"debug": False}).debug is False


def application(environ, start_response):
    return []


def test_object_is_found_in_the_module_that_has_it():
    assert locate.locate(application, "workers").reference == f"{__name__}:application"


def test_object_that_no_module_has_says_what_to_do():
    with pytest.raises(ValueError, match=r'workers needs .*give a reference such as tlsgi.run\("module:app"\)'):
        locate.locate(lambda environ, start_response: [], "workers")


def main_module(monkeypatch, tmp_path, text):
    path = tmp_path / "script.py"
    path.write_text(textwrap.dedent(text))
    module = types.ModuleType("__main__")
    module.__file__ = str(path)
    exec(compile(path.read_text(), str(path), "exec"), vars(module))
    monkeypatch.setitem(sys.modules, "__main__", module)
    return module


def test_script_is_imported_by_its_path(monkeypatch, tmp_path):
    module = main_module(monkeypatch, tmp_path, "class App: pass\nother = app = App()\n")
    assert locate.locate(module.app, "workers").reference == f"{tmp_path}/script.py:app"


def test_application_made_under_the_guard_is_explained(monkeypatch, tmp_path):
    module = main_module(monkeypatch, tmp_path, "class App: pass\nif __name__ == '__main__':\n    app = App()\n")
    with pytest.raises(ValueError, match='"app" is missing'):
        locate.locate(module.app, "workers")
