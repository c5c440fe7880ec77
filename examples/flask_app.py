"""A Flask application: tlsgi serve examples/flask_app.py"""

from flask import Flask, jsonify, request

app = Flask(__name__)


@app.get("/")
def index():
    scheme = "HTTPS" if request.is_secure else "plain HTTP"
    return f"<!doctype html><title>tlsgi</title><h1>It works</h1><p>Flask, over {scheme}, at {request.host}.</p>"


@app.get("/json")
def as_json():
    return jsonify(message="Hello, world!", secure=request.is_secure)


@app.post("/upload")
def upload():
    size = 0
    while piece := request.stream.read(65536):
        size += len(piece)
    return jsonify(received=size)
