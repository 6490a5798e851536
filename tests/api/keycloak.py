"""A Keycloak of the tests' own: fetched once, started in a folder of its own on a free port."""
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import zipfile
from pathlib import Path

import requests
from cache import cached

VERSION = "26.4.5"
NAME = f"keycloak-quarkus-dist-{VERSION}.zip"
ARTIFACT = f"org.keycloak:keycloak-quarkus-dist:{VERSION}:zip"
REALM = "platform"
PASSWORD = "one password for all"
START_SECONDS = 240
ADMIN_TOKEN_SECONDS = 30  # Keycloak's holds for 60

# Texts that our own issuer would put in a token too; nothing is required of a user.
PROFILE = {"attributes": [
    {"name": name, "permissions": {"view": ["admin"], "edit": ["admin"]}}
    for name in ("username", "email", "firstName", "lastName")]}
AUDIENCE = {"name": "audience", "protocol": "openid-connect",
            "protocolMapper": "oidc-audience-mapper",
            "config": {"included.client.audience": "fileapi", "access.token.claim": "true",
                       "id.token.claim": "false"}}
LOGIN = {"publicClient": True, "directAccessGrantsEnabled": True, "standardFlowEnabled": False}
CLIENTS = {
    "fileapi": {**LOGIN, "protocolMappers": [AUDIENCE]},
    "short": {**LOGIN, "protocolMappers": [AUDIENCE]},  # whose tokens live as long as a test says
    "elsewhere": LOGIN,                                 # whose tokens are not for us
    "robot": {"publicClient": False, "serviceAccountsEnabled": True, "standardFlowEnabled": False,
              "secret": PASSWORD, "protocolMappers": [AUDIENCE]},
}


def fetch():
    """The distribution, from Maven's repository when it is not in the cache."""
    return cached("keycloak", ARTIFACT, ["java", "-version"], [
        "mvn", "-q", "-B", "dependency:copy", f"-Dartifact={ARTIFACT}", "-DoutputDirectory=."]) / NAME


class Keycloak:
    """One server with one realm; users and organizations come into being as tokens need them."""

    def __init__(self):
        archive = fetch()
        self.folder = Path(tempfile.mkdtemp(prefix="fileapi-keycloak-"))
        self.process = None
        self.session = requests.Session()
        self.session.trust_env = False
        self.admin = {"username": "admin", "password": secrets.token_urlsafe(16)}
        self.admin_token = None, 0.0
        self.password = PASSWORD
        self.users, self.shown, self.granted, self.organizations = {}, {}, {}, {}
        try:
            with zipfile.ZipFile(archive) as content:
                content.extractall(self.folder)
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                self.port = probe.getsockname()[1]
            self.url = f"http://127.0.0.1:{self.port}"
            self.issuer = f"{self.url}/realms/{REALM}"
            self.start()
            self.make_realm()
        except BaseException:
            self.close()
            raise

    # --- the process -----------------------------------------------------------------------------

    def start(self):
        environment = {**os.environ, "KC_BOOTSTRAP_ADMIN_USERNAME": self.admin["username"],
                       "KC_BOOTSTRAP_ADMIN_PASSWORD": self.admin["password"],
                       "JAVA_OPTS_KC_HEAP": "-Xms64m -Xmx512m",
                       # Most of what it does is to start: there is nothing to optimize for.
                       "JAVA_OPTS_APPEND": "-XX:TieredStopAtLevel=1"}
        home = self.folder / f"keycloak-{VERSION}"
        with (self.folder / "log").open("a") as log:
            self.process = subprocess.Popen(
                ["bash", home / "bin/kc.sh", "start-dev", "--http-host=127.0.0.1",
                 f"--http-port={self.port}"],
                env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                start_new_session=True)
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError("Keycloak does not start: "
                                     + (self.folder / "log").read_text(errors="replace")[-2000:])
            time.sleep(0.2)

    def answers(self):
        try:
            return self.session.get(f"{self.url}/realms/master", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def stop(self):
        """Ends the process and what it started: they are a session of their own."""
        if self.process is None:
            return
        for number in signal.SIGTERM, signal.SIGKILL:
            try:
                os.killpg(self.process.pid, number)
                self.process.wait(20)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue
        self.process = None

    def close(self):
        self.stop()
        self.session.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- administration --------------------------------------------------------------------------

    def grant(self, realm="master", **form):
        answer = self.session.post(f"{self.url}/realms/{realm}/protocol/openid-connect/token",
                                   data=form, timeout=30)
        assert answer.status_code == 200, f"{form.get('username')}: {answer.text}"
        return answer.json()

    def call(self, method, path, body=None, realm=f"/{REALM}"):
        token, made = self.admin_token
        if time.monotonic() > made + ADMIN_TOKEN_SECONDS or token is None:
            token = self.grant(grant_type="password", client_id="admin-cli",
                               **self.admin)["access_token"]
            self.admin_token = token, time.monotonic()
        answer = self.session.request(
            method, f"{self.url}/admin/realms{realm}{path}", timeout=30,
            data=None if body is None else json.dumps(body),
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"})
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer

    def make(self, path, body):
        """Makes a thing; its id."""
        return self.call("POST", path, body).headers["Location"].rsplit("/", 1)[1]

    def make_realm(self):
        self.call("POST", "", {"realm": REALM, "enabled": True, "organizationsEnabled": True,
                               "loginWithEmailAllowed": False, "duplicateEmailsAllowed": True,
                               "accessTokenLifespan": 3600, "sslRequired": "none"}, realm="")
        self.call("PUT", "/users/profile", PROFILE)
        self.clients = {name: self.make("/clients", {"clientId": name, **more})
                        for name, more in CLIENTS.items()}
        self.roles = {}
        for role in ("manager", "admin"):
            self.call("POST", "/roles", {"name": role})
            self.roles[role] = self.call("GET", f"/roles/{role}").json()

    def organization(self, alias):
        if alias not in self.organizations:
            self.organizations[alias] = self.make("/organizations", {
                "name": alias, "alias": alias, "domains": [{"name": f"{alias}.example"}]})
        return self.organizations[alias]

    def user(self, name, shown=None, email=None):
        """Makes the user, or changes what is given of one that is there; the user's id."""
        about = {"username": name, "enabled": True, "emailVerified": True}
        about |= {} if shown is None else {"firstName": shown}
        about |= {} if email is None else {"email": email}
        if name not in self.users:
            self.users[name] = self.make("/users", {**about, "credentials": [
                {"type": "password", "value": PASSWORD, "temporary": False}]})
            self.shown[name] = about
        elif about.items() - self.shown[name].items():
            self.shown[name] |= about
            self.call("PUT", f"/users/{self.users[name]}", self.shown[name])
        return self.users[name]

    def settle(self, name, organizations, roles):
        """Makes the user a member of exactly these, with exactly these roles."""
        user = self.users[name]
        member_of, has = self.granted.get(name, (set(), set()))
        for alias in organizations - member_of:
            self.call("POST", f"/organizations/{self.organization(alias)}/members", user)
        for alias in member_of - organizations:
            self.call("DELETE", f"/organizations/{self.organizations[alias]}/members/{user}")
        for method, some in ("POST", roles - has), ("DELETE", has - roles):
            if some:
                self.call(method, f"/users/{user}/role-mappings/realm",
                          [self.roles[role] for role in some])
        self.granted[name] = organizations, roles

    # --- tokens ----------------------------------------------------------------------------------

    def tokens(self, name, client="fileapi"):
        """All tokens of a login: access_token, id_token, refresh_token."""
        return self.grant(REALM, grant_type="password", client_id=client, username=name,
                          password=PASSWORD, scope="openid organization:*")

    def token(self, sub, org=(), role=(), ttl=None, **about):
        """An access token as the stack's own issuer would make it: same options, same meaning."""
        self.user(sub, about.pop("name", None), about.pop("email", None))
        assert not about, f"Keycloak makes no token with {about}"
        self.settle(sub, *({each} if isinstance(each, str) else set(each) for each in (org, role)))
        if ttl is None:
            return self.tokens(sub)["access_token"]
        lifespan = max(ttl, 1)
        self.call("PUT", f"/clients/{self.clients['short']}",
                  {"clientId": "short", "attributes": {"access.token.lifespan": str(lifespan)}})
        token = self.tokens(sub, "short")["access_token"]
        if ttl <= 0:
            time.sleep(lifespan + 1)
        return token

    def service_token(self):
        return self.grant(REALM, grant_type="client_credentials", client_id="robot",
                          client_secret=PASSWORD)["access_token"]

    # --- keys ------------------------------------------------------------------------------------

    def signing_keys(self):
        """The components that make RS256 keys, the one that signs first."""
        keys = self.call("GET", "/components?type=org.keycloak.keys.KeyProvider").json()
        return sorted((k for k in keys if k["providerId"] == "rsa-generated"),
                      key=lambda k: -int(k["config"].get("priority", ["0"])[0]))

    def add_key(self):
        """A new key, which signs from now on; those before it go on to be published."""
        priority = int(self.signing_keys()[0]["config"].get("priority", ["0"])[0]) + 100
        realm = self.call("GET", "").json()["id"]
        self.make("/components", {
            "name": f"rsa-{priority}", "providerId": "rsa-generated", "parentId": realm,
            "providerType": "org.keycloak.keys.KeyProvider",
            "config": {"priority": [str(priority)], "enabled": ["true"], "active": ["true"],
                       "algorithm": ["RS256"], "keySize": ["2048"]}})

    def disable_old_keys(self):
        for key in self.signing_keys()[1:]:
            key["config"] |= {"enabled": ["false"], "active": ["false"]}
            self.call("PUT", f"/components/{key['id']}", key)
