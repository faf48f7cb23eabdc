import os

from flask import Flask

app = Flask(__name__)


@app.get("/")
def index():
    print("python was asked", flush=True)
    return f"python-marker {os.getuid()} {os.environ['PORT']}"
