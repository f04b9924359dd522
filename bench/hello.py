"""The least that Flask does for a page. What the site adds is measured against it."""

from flask import Flask

app = Flask(__name__)


@app.get("/")
def hello() -> str:
    """Answer."""
    return "Hello\n"
