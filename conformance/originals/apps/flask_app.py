"""The same behind Flask."""

from flask import Flask

from wsgi import application as told

application = Flask(__name__)
application.wsgi_app = told  # type: ignore[method-assign]
app = application
