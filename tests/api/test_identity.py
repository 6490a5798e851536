"""The issuer's keys over the network: what fileapi-keys fetches, how often, and what holds without it."""
import asyncio
import http.server
import json
import os
import signal
import ssl
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import pytest
import websockets
from processes import Program, until
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from base64 import urlsafe_b64encode

AGE, STALE = 2, 8  # of the keys, when they are fetched anew, and when they are not used any more
INTERVAL = 2   # between two fetches for unknown keys
SLOW = 4       # that the issuer takes to answer, when it is to be slow
PATIENCE = 4   # that a request may take at most while it waits for an unknown key


def b64(data):
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value, size=None):
    return b64(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


class Key:
    """A signing key of one algorithm, with its JWK."""

    def __init__(self, kid, alg):
        self.kid, self.alg = kid, alg
        if alg in ("RS256", "PS256"):
            self.private = rsa.generate_private_key(65537, 2048)
            n = self.private.public_key().public_numbers()
            self.jwk = {"kty": "RSA", "n": number(n.n), "e": number(n.e)}
        elif alg == "ES256":
            self.private = ec.generate_private_key(ec.SECP256R1())
            n = self.private.public_key().public_numbers()
            self.jwk = {"kty": "EC", "crv": "P-256", "x": number(n.x, 32), "y": number(n.y, 32)}
        else:
            self.private = ed25519.Ed25519PrivateKey.generate()
            from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
            raw = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
            self.jwk = {"kty": "OKP", "crv": "Ed25519", "x": b64(raw)}
        self.jwk |= {"kid": kid, "use": "sig", "alg": alg}

    def sign(self, data):
        if self.alg == "RS256":
            return self.private.sign(data, padding.PKCS1v15(), hashes.SHA256())
        if self.alg == "PS256":
            return self.private.sign(data, padding.PSS(padding.MGF1(hashes.SHA256()), 32),
                                     hashes.SHA256())
        if self.alg == "ES256":
            r, s = utils.decode_dss_signature(self.private.sign(data, ec.ECDSA(hashes.SHA256())))
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")
        return self.private.sign(data)


class Issuer:
    """A small issuer over HTTPS that can be told to misbehave."""

    def __init__(self, folder):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                        "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout",
                        f"{folder}/key.pem", "-out", f"{folder}/ca.pem"],
                       check=True, capture_output=True)
        self.ca = f"{folder}/ca.pem"
        self.keys = {alg: Key(alg, alg) for alg in ("RS256", "PS256", "ES256", "EdDSA")}
        self.published = list(self.keys.values())
        self.fetches = 0
        self.fault = None
        self.issued = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.answer(self)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(self.ca, f"{folder}/key.pem")
        self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://localhost:{self.server.server_port}/realms/acme"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, request):
        discovery = request.path.endswith("/.well-known/openid-configuration")
        if self.fault == "slow":
            time.sleep(SLOW)
        document = {"keys": [k.jwk for k in self.published]}
        if discovery:
            self.fetches += 1
            issuer = self.url + "/" if self.fault == "another issuer" else self.url
            keys = "http://keys.example" if self.fault == "keys in the clear" else self.url
            document = {"issuer": issuer, "jwks_uri": keys + "/certs"}
        body = json.dumps(document).encode()
        if self.fault == "huge" and not discovery:
            body += b" " * (300 * 1024)
        request.send_response(500 if self.fault == "down" else 200)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    def token(self, key="RS256", **claims):
        key = self.keys[key] if isinstance(key, str) else key
        payload = {"iss": self.url, "aud": "fileapi", "sub": "alice", "typ": "Bearer",
                   "exp": int(time.time()) + 300, **claims}
        head = b64(json.dumps({"alg": key.alg, "kid": key.kid, "typ": "JWT"}).encode())
        signed = f"{head}.{b64(json.dumps(payload).encode())}"
        self.issued.append(f"{signed}.{b64(key.sign(signed.encode()))}")
        return self.issued[-1]


@pytest.fixture(scope="module")
def issuer():
    # Not in pytest's own folder, which each start of pytest closes to other users.
    with tempfile.TemporaryDirectory(prefix="fileapi-issuer-") as folder:
        os.chmod(folder, 0o755)
        issuer = Issuer(folder)
        yield issuer
        issuer.server.shutdown()


@pytest.fixture(scope="module")
def service(issuer, helpers):
    stack = helpers.make_stack(OIDC_ISSUER=issuer.url, FILEAPI_KEYS_CA=issuer.ca,
                               FILEAPI_KEYS_AGE=str(AGE), FILEAPI_KEYS_STALE=str(STALE),
                               FILEAPI_KEYS_INTERVAL=str(INTERVAL),
                               OIDC_ROLE_CLAIMS="[https://acme.example/roles] realm_access.roles",
                               OIDC_MANAGER_ROLES="lead manager", OIDC_AUDIENCE="other fileapi")
    assert stack.status()["fileapi-keys"] != "-"
    yield stack
    stack.stop()


@pytest.fixture(autouse=True)
def well(issuer):
    issuer.fault = None
    issuer.published = list(issuer.keys.values())


def status(service, helpers, token):
    return helpers.Api(service, token).get("/api/v1/nothing/").status_code  # 404: the token is good


@pytest.mark.parametrize("alg", ["RS256", "PS256", "ES256", "EdDSA"])
def test_algorithms(service, issuer, helpers, alg):
    """A token by each algorithm is taken, and not when its signature is another key's."""
    assert status(service, helpers, issuer.token(alg)) == 404
    assert status(service, helpers, issuer.token(Key(alg, alg))) == 401


@pytest.mark.parametrize("claims", [{"aud": "account"}, {"typ": "ID"}, {"typ": "Refresh"},
                                    {"at_hash": "x"}, {"cnf": {"jkt": "x"}}, {"sub": None},
                                    {"iss": "https://localhost/else"}, {"exp": 1}])
def test_wrong_claims(service, issuer, helpers, claims):
    """Well signed and still none of an access token for us."""
    assert status(service, helpers, issuer.token(**claims)) == 401


def test_roles_and_organizations_by_option(service, issuer, helpers):
    """A role in a claim with dots and slashes, by a name of the operator's, makes a manager."""
    owner = helpers.Api(service, issuer.token(organization={"acme": {}}))
    part = owner.upload(name="roles.stl")["part_id"]
    lead = {"organization": "acme", "sub": "lead"}
    for roles, answer in (([], 403), (["lead"], 200)):
        token = issuer.token(**lead, **{"https://acme.example/roles": roles})
        assert helpers.Api(service, token).post(part=part, name=f"{len(roles)}.stl"
                                                ).status_code == answer


def test_rotation_fails_no_request(service, issuer, helpers):
    """A new key signs at once; every request from the first on is answered."""
    for turn in range(2):
        fresh = Key(f"fresh-{turn}", "RS256")
        issuer.published = [fresh]
        token = issuer.token(fresh)
        assert {status(service, helpers, token) for _ in range(40)} == {404}
        time.sleep(1.1)


def test_unknown_keys_cost_few_fetches(service, issuer, helpers):
    """Made-up keys by the hundred cost four fetches and one in the interval, beside those by age."""
    time.sleep(5)
    before, began = issuer.fetches, time.monotonic()
    for i in range(200):
        assert status(service, helpers, issuer.token(Key(f"unknown-{i % 7}", "ES256"))) == 401
    passed = time.monotonic() - began
    assert issuer.fetches - before <= passed / AGE + passed / INTERVAL + 4 + 3


@pytest.mark.parametrize("fault", ["down", "another issuer", "huge", "keys in the clear"])
def test_bad_answers_change_nothing(service, issuer, helpers, fault):
    """While the issuer answers nonsense the keys we have stay in force."""
    log, keys = Path(service.env["FILEAPI_LOGS"], "fileapi-keys.log"), Path(service.env["FILEAPI_KEYS"])

    def failures():
        return log.read_text().count("keys_not_fetched")

    before = failures()
    issuer.fault = fault
    until(lambda: failures() > before)
    assert status(service, helpers, issuer.token()) == 404
    issuer.fault = None
    # The next test finds keys that are far from stale.
    kept = keys.stat().st_mtime_ns
    until(lambda: keys.stat().st_mtime_ns > kept)


def test_stale_keys_are_not_used(service, issuer, helpers):
    """Keys hold for the bounded time and then no longer; 503 and /readyz say so, until they are back."""
    issuer.fault = "down"
    api = helpers.Api(service, issuer.token())
    held = until(lambda: api.get("/api/v1/nothing/").status_code != 404, STALE + 2, 0.1)
    assert held > STALE - AGE - 1
    helpers.assert_problem(api.get("/api/v1/nothing/"), 503, "Service temporarily unavailable.")
    assert api.get("/readyz").status_code == 503
    issuer.fault = None
    until(lambda: api.get("/readyz").status_code == 200, 5)
    assert api.get("/api/v1/nothing/").status_code == 404


def took(what, *arguments):
    """The answer, and the seconds it took."""
    began = time.monotonic()
    return what(*arguments), time.monotonic() - began


def test_a_slow_issuer_holds_nobody_up(service, issuer, helpers):
    """Known keys serve at once; a request with a new key waits a bounded time, and then not each."""
    time.sleep(INTERVAL + 1)
    fresh = Key("slow", "RS256")
    issuer.fault = "slow"
    issuer.published = [*issuer.keys.values(), fresh]
    for _ in range(20):
        answer, seconds = took(status, service, helpers, issuer.token())
        assert answer == 404 and seconds < 1
    answer, seconds = took(status, service, helpers, issuer.token(fresh))
    assert answer == 401 and seconds < PATIENCE
    issuer.fault = None
    until(lambda: status(service, helpers, issuer.token(fresh)) == 404, 2 * SLOW + INTERVAL + 5)


def pid_of(service):
    return int(Path(service.folder, "run/fileapi-keys.pid").read_text().split()[0])


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP])
def test_without_fileapi_keys(service, issuer, helpers, number):
    """Killed, stopped or stuck: known keys serve at once, an unknown one is 401 in a bounded time."""
    pid = pid_of(service)
    assert status(service, helpers, issuer.token()) == 404
    os.kill(pid, number)
    try:
        time.sleep(0.3)
        if number != signal.SIGSTOP:
            # A killed one leaves its socket behind, one that was stopped does not.
            assert Path(service.env["FILEAPI_KEYS_SOCKET"]).exists() == (number == signal.SIGKILL)
        # Not for long: the keys of this stack are stale soon.
        for _ in range(2 if number == signal.SIGSTOP else 8):
            unknown = issuer.token(Key("unknown", "ES256"))
            answer, seconds = took(status, service, helpers, unknown)
            assert answer == 401 and seconds < (PATIENCE if number == signal.SIGSTOP else 1)
            answer, seconds = took(status, service, helpers, issuer.token())
            assert answer == 404 and seconds < 1
    finally:
        if number == signal.SIGSTOP:
            os.kill(pid, signal.SIGCONT)
        service.run("start")
    fresh = Key(f"after-{number}", "ES256")
    issuer.published = [*issuer.keys.values(), fresh]
    until(lambda: status(service, helpers, issuer.token(fresh)) == 404, INTERVAL + 5)


def handshake(service, token):
    """The status a WebSocket's handshake is answered with."""
    async def knock():
        url = f"{service.env['FILEAPI_WS_URL']}/echo/?Bearer={token}"
        try:
            async with websockets.connect(url, ssl=service.tls(), close_timeout=1) as socket:
                await socket.send("hello")
                assert await asyncio.wait_for(socket.recv(), 10) == "hello"
                return 101
        except websockets.InvalidStatusCode as refused:
            return refused.status_code
    return asyncio.run(knock())


def test_a_new_key_at_the_handshake(service, issuer):
    """The first to show a new key may be a WebSocket; an unknown one does not get in."""
    time.sleep(INTERVAL + 1)
    fresh = Key("handshake", "PS256")
    issuer.published = [*issuer.keys.values(), fresh]
    assert handshake(service, issuer.token(fresh)) == 101
    assert handshake(service, issuer.token(Key("unknown", "PS256"))) == 401
    assert handshake(service, issuer.token()) == 101


@pytest.mark.parametrize("address", ["http://issuer.example", "http://localhost.example",
                                     "http://127.0.0.1.example", "http://127.0.0.1@issuer.example",
                                     "https://user@localhost", "ftp://localhost",
                                     "file:///etc/passwd", "localhost"])
def test_addresses_that_are_not_fetched(service, tmp_path, address):
    """Plain HTTP leaves the machine for no key, however the address is written; no file is made."""
    keys = tmp_path / "keys.json"
    daemon = Program(service, tmp_path / "log", OIDC_ISSUER=address, FILEAPI_KEYS=str(keys),
                     FILEAPI_KEYS_SOCKET=str(tmp_path / "keys.sock"))
    daemon.program, daemon.ready = "fileapi-keys", "following"
    daemon.start()
    assert daemon.stop() == 0
    failed, = daemon.lines("keys_not_fetched")
    assert any(why in failed["detail"] for why in ("neither https nor", "user name", "no address"))
    assert not keys.exists()


def test_tokens_reach_no_log(service, issuer, helpers):
    """After all this no log of the stack holds a part of any token: neither contents nor signature."""
    for key in "RS256", Key("unknown", "RS256"):
        assert status(service, helpers, issuer.token(key)) in (404, 401)
        assert handshake(service, issuer.token(key)) in (101, 401)
    logs = {log: log.read_text(errors="replace")
            for log in Path(service.env["FILEAPI_LOGS"]).iterdir()}
    assert {"fileapi.log", "fileapi-keys.log", "fileapi-ws.log", "nginx.log"} <= {
        log.name for log in logs}
    for token in issuer.issued:
        for piece in token.split(".")[1:]:
            assert not [log.name for log, text in logs.items() if piece in text]
