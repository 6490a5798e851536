"""File names as people give them: 500 odd ones on their whole way, and contents that are no pages."""
import random
import re
import unicodedata
import urllib.parse

import pytest

NAMES = 500
PER_PART = 25  # every upload's answer lists the whole part

# What is likely to hurt someone: quoting, headers, paths, shells, SQL, bidirectional and joining text.
PIECES = [
    *"\"'%;:&=+#?*<>|`$(){}[]^~!@,._- ", "..", "...", "%41", "%2e%2e%2f", "%ZZ", "%C3%A4", "=?utf-8?q?x?=",
    "filename=", "; filename*=UTF-8''x", "'; DROP TABLE asset; --", "$(id)", "`id`", "-rf", "<script>",
    "NULL", "nul", "con.txt", ".htaccess", "~", "ä", "Å", "A\u030a", "é", "e\u0301", "ß", "İ", "ﬁ", "Ω", "Ω",
    "日本語", "한국어", "\u1100\u1161", "עברית", "العربية", "ไทย", "हिन्दी", "Ελληνικά", "кириллица",
    "👩‍🔬", "👨‍👩‍👧‍👦", "🇩🇪", "☃️", "𝔘𝔫𝔦", "𐍈", "\u200b", "\u200d", "\u202e", "\u2066", "\ufeff", "\u2028",
    "\u00a0", "\u3000", "\u00ad", "\u0300\u0301\u0302", "\ufffd", "\uffff", "\ue000", "\U0010ffff",
    "\U000e0041",
]


def odd_names():
    """Valid names by the contract: no path, no control character, at most 225 code points."""
    chance = random.Random(9110)
    names = [" ", " x ", ".x", "x.", "%", "%2", "*", "\"", "\"\"", "W\"x\"", "ä" * 225,
             "😀" * 225, "a\u0308" * 112, "…", "-", "--", "null", "0", "true", "assets", "+ + +", "a&basename=b",
             "a=b", "a;b", "\u202egnp.exe"]
    while len(names) < NAMES:
        name = "".join(chance.choice(PIECES) if chance.random() < 0.7
                       else chr(chance.choice((chance.randrange(0x20, 0x7f), chance.randrange(0xa0, 0xd800),
                                               chance.randrange(0xe000, 0x110000))))
                       for _ in range(chance.randrange(1, 30)))
        name = name.replace("/", "").replace("\\", "")[:225]
        # Browsers send a quote as %22, and line ends as %0D and %0A: these mean the character.
        if name not in ("", ".", "..") and not re.search("%(22|0[AaDd])", name):
            names.append(name)
    return names


def send(api, part, name, content):
    """POST …/assets/ with the name as a browser writes it: raw UTF-8, a quote as %22."""
    quoted = name.replace("\"", "%22").encode()
    body = (b"--B\r\nContent-Disposition: form-data; name=\"asset_type\"\r\n\r\nmisc\r\n--B\r\n"
            b"Content-Disposition: form-data; name=\"file\"; filename=\"" + quoted + b"\"\r\n"
            b"Content-Type: application/octet-stream\r\n\r\n" + content + b"\r\n--B--\r\n")
    return api.call("POST", f"/api/v1/part/{part}/assets/", data=body,
                    headers={"Content-Type": "multipart/form-data; boundary=B"})


def asset_path(part, name):
    return f"/api/v1/part/{part}/assets/?" + urllib.parse.urlencode({"basename": name})


def given_names(header):
    """The two names of a Content-Disposition, which must be one header as RFC 6266 writes it."""
    match = re.fullmatch(r"""attachment; filename="([ !#-\[\]-~]*)"; """
                         r"""filename\*=UTF-8''((?:[A-Za-z0-9!#$&+.^_`|~-]|%[0-9A-F]{2})+)""", header)
    assert match, header
    return match[1], urllib.parse.unquote(match[2], errors="strict")


@pytest.mark.parametrize("batch", range(NAMES // PER_PART))
def test_odd_names(alice, helpers, batch):
    """Every valid name comes back as given: in the answer, as the download's name, and for its deletion."""
    part = "0"
    for number, name in enumerate(odd_names()[batch * PER_PART:(batch + 1) * PER_PART]):
        content = f"{batch} {number}".encode()
        answer = send(alice, part, name, content)
        assert answer.status_code == 200, (name, helpers.told(answer))
        part = answer.json()["part_id"]
        assert name in [a["basename"] for a in answer.json()["assets"].values()]
        path = asset_path(part, name)
        loaded = alice.get(path)
        assert loaded.status_code == 200 and loaded.content == content, (name, helpers.told(loaded))
        plain, exact = given_names(loaded.headers["content-disposition"])
        assert exact == name and len(plain) == len(name)
        assert alice.get(asset_path(part, unicodedata.normalize("NFC", name))).content == content
        again = send(alice, part, name, b"again")
        helpers.assert_problem(again, 409, "Asset already exists.")
        gone = alice.call("DELETE", path)
        assert gone.status_code == 200, (name, helpers.told(gone))
        assert name not in [a["basename"] for a in gone.json()["assets"].values()]
        assert alice.get(path).status_code == 404


@pytest.mark.parametrize("name, content", [
    ("page.html", b"<script>alert(document.domain)</script>"),
    ("page.xhtml", b'<html xmlns="http://www.w3.org/1999/xhtml"><script>1</script></html>'),
    ("picture.svg", b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'),
    ("code.js", b"alert(1)"), ("page.mht", b"MIME-Version: 1.0\r\n"), ("sheet.xml", b"<?xml-stylesheet?>"),
])
def test_active_contents_only_download(alice, name, content):
    """What a browser could run is saved, never shown: attachment, nosniff, sandbox, no type of a page."""
    part = alice.upload(content, name=name, kind="misc")["part_id"]
    answer = alice.get(asset_path(part, name))
    assert answer.status_code == 200 and answer.content == content
    assert given_names(answer.headers["content-disposition"]) == (name, name)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert answer.headers["content-type"] == "application/octet-stream"
