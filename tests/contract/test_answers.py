"""Every answer of the service is one that openapi.yaml names: schemathesis makes the requests.

Run by tests/api/test_openapi.py with a virtual environment of its own (requirements.txt) against a running stack.
CONTRACT holds as JSON: url, ca, tokens by user (null: none), parts by what they are, examples (requests per operation).
"""
import collections
import json
import os
import zlib
from pathlib import Path

import requests
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.core import NOT_SET
from schemathesis.specs.openapi.checks import (content_type_conformance, response_headers_conformance,
                                               response_schema_conformance, status_code_conformance)

CONTRACT = json.loads(os.environ["CONTRACT"])
ROOT = Path(__file__).resolve().parents[2]
USERS = sorted(CONTRACT["tokens"])
PARTS = sorted(CONTRACT["parts"])
TARGETS = {"0": 1, "nonsense": 1, "0" * 32: 1, **{part: 3 for part in PARTS}}
WEIGHTED = [target for target, weight in TARGETS.items() for _ in range(weight)]
SESSION = requests.Session()
SESSION.trust_env = False
SESSION.verify = CONTRACT["ca"]
seen = collections.defaultdict(collections.Counter)

config = SchemathesisConfig.from_dict({
    "seed": 20230118,
    "generation": {"max-examples": CONTRACT["examples"], "with-security-parameters": False, "deterministic": True},
    # Implemented operations answer no 5xx at all; the others their 501.
    "checks": {"not_a_server_error": {"expected-statuses": ["2xx", "3xx", "4xx", "501"]}},
})
# A WebSocket is no request and answer; tests/api/test_events.py has it.
schema = schemathesis.openapi.from_path(ROOT / "openapi.yaml", config=config).exclude(path="/ws/echo/")


def picker(case):
    """Picks one of some choices: always the same for the same request, so that failures can be repeated."""
    drawn = f"{case.method}{case.path}{case.query}{case.headers}{case.body}{case.path_parameters}"

    def pick(what, choices):
        return choices[zlib.crc32(f"{what}{drawn}".encode("utf-8", "surrogatepass")) % len(choices)]

    return pick


def reached(operation):
    """Whether it has answered with success."""
    return any(status < 400 for status in seen[operation.label])


def headers_of(user):
    token = CONTRACT["tokens"][user]
    return {"Authorization": f"Bearer {token}"} if token else {}


def disposable_part():
    """A part of the owner's that a request may destroy."""
    answer = SESSION.post(f"{CONTRACT['url']}/api/v1/part/0/assets/", headers=headers_of("owner"),
                          data={"asset_type": "offer"}, files={"file": ("MyDrawing.pdf", b"%PDF")})
    assert answer.status_code == 200, answer.text
    return answer.json()["part_id"]


def aim(case, pick):
    """Half of the requests go where there is something to answer; all of them, until one was answered."""
    well = not reached(case.operation)
    if case.query and "cursor" in case.query and pick("cursor", range(2)):
        case.query["cursor"] = CONTRACT["parts"]["ready"]
    if "part_id" not in case.path_parameters or not well and pick("stray", range(8)) == 0:
        return
    target = pick("part", PARTS if well else WEIGHTED)
    if target in PARTS:
        target = CONTRACT["parts"][target]
        if case.method in ("DELETE", "PATCH"):
            target = disposable_part()
    case.path_parameters["part_id"] = target
    takes_name = any(p.name == "basename" for p in case.operation.query)
    if takes_name and (well or pick("name", range(2))):
        name_asset(case)


def name_asset(case):
    """Names an asset that is there, in one place: the body where the request has a fitting one, else the query."""
    if isinstance(case.body, dict) and "basename" in case.body:
        case.body, case.query = {"basename": "MyDrawing.pdf"}, {}
    else:
        case.body, case.query = NOT_SET, {"basename": "MyDrawing.pdf"}


@schema.parametrize()
@settings(deadline=None, suppress_health_check=list(HealthCheck))
def test_answers(case):
    """No 5xx, no undocumented status, content type, header or body, whoever asks for whatever."""
    pick = picker(case)
    user = pick("user", USERS + ["owner"] * 2) if reached(case.operation) else "owner"
    aim(case, pick)
    response = case.call(base_url=CONTRACT["url"], session=SESSION, headers=headers_of(user), verify=CONTRACT["ca"])
    # Of the requests with a method that the file does not name, only the check counts.
    if case.method == case.operation.method.upper():
        seen[case.operation.label][response.status_code] += 1
    checks = [not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance]
    # An answer to HEAD has no body to check.
    case.validate_response(response, checks=checks + [response_schema_conformance] * (case.method != "HEAD"))
    if response.status_code == 501:
        assert case.operation.definition.raw.get("x-not-yet"), case.as_curl_command()


def test_successes_were_reached():
    """Every operation that is implemented has answered with success too, so its checks were no formality."""
    for label, statuses in sorted(seen.items()):
        print(f"{label}: " + ", ".join(f"{n} x {status}" for status, n in sorted(statuses.items())))
    print(f"{sum(sum(s.values()) for s in seen.values())} requests, {len(seen)} operations, {len(USERS)} users")
    operations = [result.ok() for result in schema.get_all_operations()]
    unreached = [o.label for o in operations if not o.definition.raw.get("x-not-yet") and not reached(o)]
    if CONTRACT["examples"] >= 10:
        assert unreached == []
