"""openapi.yaml and the service: neither knows what the other does not."""
import json
import os
import re
import subprocess
import uuid
from pathlib import Path

import jsonschema
import pytest
import yaml
from cache import Missing, cached_python
from described import FILE, ROOT, make_part, operations, resolve  # noqa: F401

BUILD = Path(os.environ.get("FILEAPI_BUILD", ROOT / "build"))
PROBLEM = "application/problem+json"
# Said of a file by jobs, never by an answer.
NO_ANSWER = {"The file's content cannot be used."}


def service_operations():
    return {k: o for k, o in operations().items() if "x-served-by" not in o}


@pytest.fixture(scope="module")
def compiled():
    return json.loads(subprocess.run([BUILD / "describe"], capture_output=True, check=True).stdout)


def rows(compiled):
    """(METHOD, path) -> route; a route that delivers a file has HEAD too."""
    for route in compiled["routes"]:
        path = route["path"].replace("{part}", "{part_id}")
        yield (route["method"], path), route
        if "head" in route["flags"]:
            yield ("HEAD", path), route


def test_media_types_are_those_of_the_formats(compiled):
    """A download's media types are those of the formats that the service knows, of each where it fits."""
    def types(fits):
        return {f["media_type"].split(";")[0] for f in compiled["formats"] if fits(f)}
    octets = {"application/octet-stream"}  # of extensions that nobody knows
    part = "/api/v1/part/{part_id}/"
    for path, expected in ((part + "assets/", types(lambda f: True) | octets),
                           (part + "upload-file/", types(lambda f: f["cad"]) | octets),
                           (part + "fetch-optimal-orientation-file/", types(lambda f: f["orients"]))):
        for method in ("GET", "HEAD"):
            answers = operations()[method, path]["responses"]
            assert set(answers["200"]["content"]) == expected, (method, path)
            assert set(answers["206"]["content"]) == expected, (method, path)


def test_every_route_is_described_and_every_operation_routed(compiled):
    """Methods and paths of the compiled table and of the file are the same, both ways."""
    table, file = set(dict(rows(compiled))), set(service_operations())
    assert table - file == set(), "routes that openapi.yaml lacks"
    assert file - table == set(), "operations that no route serves"
    assert len(table) == len(list(rows(compiled))) >= 28


def test_flags_agree(compiled):
    """Which operations need no token is the same in table and file; only those that are marked answer 501."""
    for key, route in rows(compiled):
        operation = service_operations()[key]
        assert (operation.get("security") == []) == ("open" in route["flags"]), key
        assert operation.get("x-not-yet") or "501" not in operation["responses"], key


def described_fields(operation):
    """Where a field may stand (query, form, text) -> its schema and whether it is required there."""
    found = {}
    for parameter in operation["parameters"]:
        if parameter["in"] == "query":
            found.setdefault(parameter["name"], {})["query"] = (
                resolve(parameter["schema"]), parameter.get("required", False))
    kinds = {"multipart/form-data": "form", "application/json": "text", "application/x-www-form-urlencoded": "text"}
    for kind, media in resolve(operation.get("requestBody", {})).get("content", {}).items():
        schema = resolve(media["schema"])
        for name, value in schema["properties"].items():
            found.setdefault(name, {})[kinds[kind]] = (resolve(value), name in schema.get("required", []))
    return found


def test_fields_agree(compiled):
    """Every route's fields stand in the file where the route takes them, with their limits, and no others."""
    count = 0
    for key, route in rows(compiled):
        described = described_fields(service_operations()[key])
        assert set(described) == {f["name"] for f in route["fields"]}, key
        places = {"query", "form", "text"} & set(route["flags"])
        for field in route["fields"]:
            count += 1
            assert set(described[field["name"]]) == places, (key, field["name"])
            for place, (schema, required) in described[field["name"]].items():
                where = (key, field["name"], place)
                # A field that may stand in two places is required in neither by itself.
                if place != "query" and key[0] != "PATCH":
                    assert required == ("required" in field["flags"]), where
                if field["type"] == "choice":
                    assert schema["enum"] == field["choices"], where
                if field["type"] == "text":
                    limits = (schema.get("minLength", 0), schema["maxLength"])
                    assert limits == (field["min"], field["max"]), where
                if field["type"] == "number":
                    assert (schema["minimum"], schema["maximum"]) == (field["min"], field["max"]), where
                if "nullable" in field["flags"] and place == "text":
                    assert "null" in schema["type"], where
    assert count >= 21


def described_problems():
    """Every error's example: (status, title, detail) -> whether it has an instance."""
    found = {}
    for response in FILE["components"]["responses"].values():
        for example in response.get("content", {}).get(PROBLEM, {}).get("examples", {}).values():
            problem = resolve(example)["value"]
            key = problem["status"], problem["title"], problem["detail"]
            found[key] = found.get(key, False) or "instance" in problem
    return found


def nginx_problems():
    """Those that its error_page directives lead to; the map's default is for none of them."""
    template = (ROOT / "nginx/fileapi.conf.in").read_text()
    table = {int(row): (int(status), title, detail) for row, status, title, detail in re.findall(
        r"""^ +(\d+) '"status":(\d+),"title":"([^"]+)","detail":"([^"]+)"';""", template, re.M)}
    pages = re.findall(r"error_page ([\d ]+?) (?:=(\d+) )?/_problem;", template)
    reached = {int(s) for statuses, as_status in pages for s in ([as_status] if as_status else statuses.split())}
    assert reached == set(table) and len(table) >= 11
    return set(table.values())


def test_errors_agree(compiled):
    """The errors of the registry and of nginx, with their texts, are those of the file, both ways."""
    registry = {(e["status"], e["title"], e["detail"]) for e in compiled["errors"] if e["detail"] not in NO_ANSWER}
    assert registry | nginx_problems() == set(described_problems())


def required_statuses(key, route):
    """The errors that the router, the fields and nginx can give on a route."""
    statuses = {400, 413, 414, 429, 500, 502, 503, 504, 507}
    if "open" not in route["flags"]:
        statuses |= {401}
    if "{part_id}" in key[1]:
        statuses |= {403, 404}
    if route["fields"]:
        statuses |= {422}
    if "head" in route["flags"]:
        statuses |= {412, 416}
    return statuses


def test_errors_are_documented_per_operation(compiled):
    """Every operation names at least the errors that the code before its handler gives."""
    for key, route in rows(compiled):
        named = {int(s) for s in service_operations()[key]["responses"]}
        assert required_statuses(key, route) - named == set(), key


def media_examples(media):
    if "example" in media:
        yield media["example"]
    for example in media.get("examples", {}).values():
        yield resolve(example)["value"]


def all_examples():
    """Every example of the file with the schema it must fit."""
    contents = [r.get("content", {}) for r in FILE["components"]["responses"].values()]
    contents += [b["content"] for b in FILE["components"]["requestBodies"].values()]
    for operation in operations().values():
        contents += [r["content"] for r in operation["responses"].values() if "content" in r]
        contents += [operation["requestBody"]["content"]] if "content" in operation.get("requestBody", {}) else []
        for parameter in operation["parameters"]:
            if "example" in parameter:
                yield parameter["example"], parameter["schema"]
    for content in contents:
        for media in content.values():
            for example in media_examples(media):
                yield example, media["schema"]
    for name, schema in FILE["components"]["schemas"].items():
        for example in schema.get("examples", []):
            yield example, {"$ref": f"#/components/schemas/{name}"}


def check(example, schema):
    jsonschema.Draft202012Validator({**schema, "components": FILE["components"]}).validate(example)


def test_examples_fit_their_schemas():
    """Every example is what its schema says."""
    examples = list(all_examples())
    for example, schema in examples:
        check(example, schema)
    assert len(examples) >= 40
    used = json.dumps({k: v for k, v in FILE.items() if k != "components"}) + json.dumps(FILE["components"])
    for kind, members in FILE["components"].items():
        for name in members:
            assert kind == "securitySchemes" or f'"#/components/{kind}/{name}"' in used or name in (
                "UnknownPath", "MethodNotAllowed", "UnknownCoding", "UnknownVersion", "Event"), (
                f"nothing refers to {kind}/{name}")


def test_contract_examples_fit(helpers):
    """The contract's own whole answers fit the schemas of the file."""
    folder = helpers.SHARED / "contract/examples"
    if not folder.exists():
        pytest.skip(f"no contract examples: {folder} is not there")
    names = {"event": "Event", "problem": "Problem"}
    for path in sorted(folder.glob("*.json")):
        kind = names.get(path.name.split("-")[0], "PartAnswer")
        check(json.loads(path.read_text()), {"$ref": f"#/components/schemas/{kind}"})


# --- what nginx serves ---------------------------------------------------------

def test_served_to_everybody(stack, helpers):
    """File and page come without a token, with and without a slash, and can be revalidated."""
    nobody = helpers.Api(stack, None)
    for path, kind, start in (("/api/v1/openapi.yaml", "application/yaml", "openapi: 3.1"),
                              ("/api/docs", "text/html; charset=utf-8", "<!DOCTYPE html>")):
        for slash in ("", "/"):
            answer = nobody.get(path + slash)
            assert answer.status_code == 200, helpers.told(answer)
            assert answer.headers["content-type"] == kind and answer.text.startswith(start)
            again = nobody.get(path + slash, headers={"If-None-Match": answer.headers["etag"]})
            assert again.status_code == 304 and not again.content
        assert nobody.call("HEAD", path).status_code == 200
        for method in ("POST", "PUT", "DELETE"):
            answer = nobody.call(method, path)
            helpers.assert_problem(answer, 405, "Method not allowed.")
            assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
        assert nobody.call("OPTIONS", path).status_code == 204
    assert yaml.safe_load(nobody.get("/api/v1/openapi.yaml").text) == FILE
    assert "default-src 'none'" in nobody.get("/api/docs/").headers["content-security-policy"]


# --- with tools from PyPI ------------------------------------------------------

@pytest.fixture(scope="session")
def pypi():
    """A virtual environment with tests/contract/requirements.txt, cached outside the tree."""
    wanted = (ROOT / "tests/contract/requirements.txt").read_text().split()
    try:
        return cached_python("contract", *wanted)
    except Missing as why:
        pytest.skip(str(why))


def test_file_is_openapi(pypi):
    """The file is valid OpenAPI 3.1."""
    done = subprocess.run([pypi / "openapi-spec-validator", "--schema", "3.1", ROOT / "openapi.yaml"],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def crowd(stack, alice, helpers, make_part):
    """Users of every standing, and parts of every state, for requests that schemathesis makes up."""
    stranger = stack.token("mallory", org="evil", role="admin")
    tokens = {"owner": alice.token, "colleague": stack.token("bob", org="acme"),
              "manager": stack.token("carol", org="acme", role="manager"), "stranger": stranger,
              "loner": stack.token("dora"), "expired": stack.token("alice", org="acme", ttl=-60), "nobody": None}
    misc = alice.upload(b"note", name="note.txt", kind="misc")["part_id"]
    bad = alice.upload(b"", name="MyDrawing.stl")["part_id"]
    alice.wait(bad)
    parts = {"ready": make_part(), "ready too": make_part(), "without CAD": misc, "failed": bad,
             "foreign": helpers.Api(stack, stranger).upload(name="MyPart.stl")["part_id"],
             "unknown": uuid.uuid4().hex}
    return {"tokens": tokens, "parts": parts}


def test_schemathesis(stack, helpers, crowd, pypi, capsys):
    """Seven users, requests made up from the file: no 5xx, no undocumented status, type, header or body."""
    contract = {"url": stack.url, "ca": stack.ca, "examples": 400 if helpers.FULL else 25, **crowd}
    done = subprocess.run([pypi / "python", "-m", "pytest", "-q", "-s", "-c", os.devnull, "--rootdir", ROOT,
                           "-p", "no:cacheprovider", ROOT / "tests/contract"], capture_output=True, text=True,
                          env={**os.environ, "CONTRACT": json.dumps(contract)}, cwd=stack.folder)
    with capsys.disabled():
        print("\nschemathesis: " + (re.findall(r"^\d+ requests.*$", done.stdout, re.M) or ["no summary"])[0])
    assert done.returncode == 0, done.stdout[-20000:] + done.stderr[-2000:]
