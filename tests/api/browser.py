"""Pages in Chromium: served from an origin of their own, and what their script tells."""
import http.server
import json
import shutil
import subprocess
import threading

import pytest

needs_chromium = pytest.mark.skipif(not shutil.which("chromium"),
                                    reason="chromium is missing: apt-get install chromium")

PAGE = """<!DOCTYPE html><meta charset=utf-8><body><script>
const given = %s, told = {};
%s
run().catch((e) => { told.failed = String(e); })
     .finally(() => fetch("/told", {method: "POST", body: JSON.stringify(told)}));
</script>"""


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves the page, and takes what its script tells."""

    def do_GET(self):
        self.answer(self.server.page.encode())

    def do_POST(self):
        self.server.told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.answer(b"")
        self.server.done.set()

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


class Site(http.server.ThreadingHTTPServer):
    """A web server with one page, at .origin."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.origin, self.done = f"http://localhost:{self.server_port}", threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def close(self):
        self.shutdown()
        self.server_close()

    def run(self, script, given, folder):
        """What the script's run() has put into `told`; `given` is at its hand."""
        self.page = PAGE % (json.dumps(given), script)
        self.done.clear()
        browser = subprocess.Popen(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             "--ignore-certificate-errors", "--no-first-run", f"--user-data-dir={folder}",
             "--remote-debugging-port=0", self.origin + "/"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            assert self.done.wait(60), "the page tells nothing"
            return self.told
        finally:
            browser.terminate()
            browser.wait(20)
