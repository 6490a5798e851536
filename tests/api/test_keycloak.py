"""Tokens of a real Keycloak, as it makes them, and what its keys' changes do to requests."""
import base64
import json
import threading
import time
import uuid

import pytest
from processes import until


@pytest.fixture(scope="module")
def service(keycloak, helpers):
    stack = helpers.make_stack(OIDC_ISSUER=keycloak.issuer, FILEAPI_KEYS_AGE="2",
                               FILEAPI_KEYS_INTERVAL="5", FILEAPI_TOKEN_LEEWAY="2")
    yield stack
    stack.stop()


@pytest.fixture(scope="module")
def user(service, keycloak, helpers):
    """Makes someone who asks with a token of Keycloak's."""
    return lambda *who, **options: helpers.Api(service, keycloak.token(*who, **options))


def claims(token):
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def status(service, helpers, token):
    return helpers.Api(service, token).get("/api/v1/nothing/").status_code  # 404: the token is good


def test_access_by_role_and_organization(user, keycloak):
    """Each kind of token does what it may, and the other organization gets 403."""
    alice = user("alice", org="acme", name="Alice", email="alice@acme.example")
    told = claims(alice.token)
    assert told["organization"] == ["acme"] and told["typ"] == "Bearer" and "fileapi" in told["aud"]
    made = alice.upload(name="shared.stl")
    part = made["part_id"]
    assert alice.wait(part) == "finished"
    for who, read, write in (
            (user("bob", org="acme"), 200, 403),
            (user("carol", org="acme", role="manager"), 200, 200),
            (user("dora", org=["acme", "other"], role="admin"), 200, 200),
            (user("erin", org=["acme", "other"]), 200, 403),
            (user("mallory", org="other"), 403, 403),
            (user("oscar", org="other", role="admin"), 403, 403),
            (user("loner"), 403, 403)):
        assert who.get(f"/api/v1/part/{part}/upload-file/").status_code == read
        assert who.get(f"/api/v1/part/{part}/thumbnail-file/").status_code == read
        answer = who.post(b"note", name=f"{uuid.uuid4().hex}.txt", part=part, kind="misc")
        assert answer.status_code == write, (claims(who.token), answer.text)
    assert user("alice").get(f"/api/v1/part/{part}/upload-file/").status_code == 200


def test_organization_scopes(user, service, keycloak, helpers):
    """What a client asks for in `scope` decides which organizations a token speaks for."""
    erin = user("erin", org=["acme", "other"])
    assert sorted(claims(erin.token)["organization"]) == ["acme", "other"]
    alice = user("alice", org="acme")
    part = alice.upload(b"note", name="scopes.txt", kind="misc")["part_id"]
    for scope, answer in (("organization:acme", 404), ("organization:other", 403), ("openid", 403)):
        token = keycloak.grant("platform", grant_type="password", client_id="fileapi",
                               username="erin", password=keycloak.password, scope=scope)
        api = helpers.Api(service, token["access_token"])
        # A part without CAD: 404 is the answer to whoever may read it.
        assert api.get(f"/api/v1/part/{part}/thumbnail-file/").status_code == answer


def test_service_account(service, keycloak, helpers, user):
    """A program by client credentials uploads like anybody, and sees nothing of an organization."""
    token = keycloak.service_token()
    assert "organization" not in claims(token) and "email" not in claims(token)
    robot = helpers.Api(service, token)
    own = robot.upload(name="robot.stl")["part_id"]
    assert robot.wait(own) == "finished"
    assert robot.get(f"/api/v1/part/{own}/upload-file/").status_code == 200
    foreign = user("alice", org="acme").upload(b"note", name="a.txt", kind="misc")["part_id"]
    assert robot.get(f"/api/v1/part/{foreign}/thumbnail-file/").status_code == 403
    assert user("carol", org="acme", role="manager").get(f"/api/v1/part/{own}/upload-file/"
                                                          ).status_code == 403


def test_other_tokens_of_the_login(service, keycloak, helpers, user):
    """ID and refresh token of the same login, and an access token for another client, are refused."""
    good = user("alice", org="acme")
    made = keycloak.tokens("alice")
    assert status(service, helpers, good.token) == 404
    assert status(service, helpers, made["access_token"]) == 404
    assert claims(made["id_token"])["aud"] == "fileapi"
    elsewhere = keycloak.tokens("alice", "elsewhere")["access_token"]
    assert "fileapi" not in claims(elsewhere).get("aud", [])
    for token in made["id_token"], made["refresh_token"], elsewhere:
        helpers.assert_problem(helpers.Api(service, token).get("/api/v1/nothing/"), 401,
                               "Invalid token.")


def test_a_token_that_ends(service, keycloak, helpers):
    """A token of one second is good, and after the leeway it is not."""
    token = keycloak.token("brief", ttl=1)
    assert status(service, helpers, token) == 404
    assert claims(token)["exp"] - claims(token)["iat"] == 1
    time.sleep(4)
    assert status(service, helpers, token) == 401


def test_name_and_address_follow(service, user, keycloak):
    """What Keycloak tells of a user is what the account says after the next token."""
    def account():
        return service.sql("SELECT name, email FROM account WHERE subject = '"
                           f"{keycloak.users['nora']}'")
    for name, email in (("Nora", "nora@acme.example"), ("Nora Müller", "n.mueller@acme.example")):
        nora = user("nora", org="acme", name=name, email=email)
        nora.upload(b"note", name="n.txt", kind="misc")
        assert account() == f"{name}|{email}"


def test_rotation_under_load(service, keycloak, helpers):
    """A key is added and the old ones are disabled; of the requests meanwhile none fails."""
    old = keycloak.token("alice", org="acme")
    over = threading.Event()
    answers, logins, turns = [], [], [0] * 4

    def ask(number):
        while not over.is_set():
            token = keycloak.tokens("alice")["access_token"]
            logins.append(token)
            turns[number] += 1
            api = helpers.Api(service, token)
            answers.extend(api.get("/api/v1/nothing/").status_code for _ in range(20))

    threads = [threading.Thread(target=ask, args=[i]) for i in range(4)]
    for thread in threads:
        thread.start()
    try:
        for change in keycloak.add_key, keycloak.disable_old_keys, keycloak.add_key:
            change()
            # Nobody uses a token of before any more: its key may go next.
            seen = list(turns)
            while any(now < before + 3 for now, before in zip(turns, seen)) and \
                    all(t.is_alive() for t in threads):
                time.sleep(0.05)
    finally:
        over.set()
        for thread in threads:
            thread.join()
    kids = {json.loads(base64.urlsafe_b64decode(t.split(".")[0] + "===")).get("kid") for t in logins}
    print(f"\n{len(answers)} requests with {len(logins)} tokens by {len(kids)} keys")
    assert len(kids) == 3 and len(logins) >= 36
    assert set(answers) == {404}, {s: answers.count(s) for s in set(answers)}
    until(lambda: status(service, helpers, old) == 401, 10)


def test_without_keycloak(service, keycloak, helpers, user):
    """While Keycloak is down known keys serve; when it is back, so are its new tokens."""
    alice = user("alice", org="acme")
    assert alice.get("/api/v1/nothing/").status_code == 404
    keycloak.stop()
    try:
        for _ in range(25):
            assert alice.get("/api/v1/nothing/").status_code == 404
            time.sleep(0.2)
        part = alice.upload(b"note", name="alone.txt", kind="misc")["part_id"]
        assert alice.get(f"/api/v1/part/{part}/thumbnail-file/").status_code == 404
        assert alice.get("/readyz").status_code == 200
    finally:
        keycloak.start()
    assert status(service, helpers, keycloak.tokens("alice")["access_token"]) == 404
