"""Flask answering JSON."""

from __future__ import annotations

from flask import Flask, Response, jsonify

application = Flask(__name__)


@application.get("/")
def greeting() -> Response:
    """A small object."""
    return jsonify(message="Hello, world!", numbers=[1, 2, 3])
