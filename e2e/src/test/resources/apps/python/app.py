from flask import Flask

app = Flask(__name__)


@app.get("/")
def index():
    print("python was asked", flush=True)
    return "python-marker"
