"""The service's table of routes, as tests need it."""
import re

PART = "/api/v1/part/{part}/"


def service_routes(root):
    """Method and path of every row of handlers/routes.c; HEAD where a file is delivered."""
    source = (root / "handlers/routes.c").read_text()
    rows = re.findall(r'\{"([A-Z]+)",\s*(PART)?\s*(?:"([^"]+)")?,\s*([^,]+),', source)
    assert len(rows) == len(re.findall(r'^ *\{"', source, re.M)), "a row is not understood"
    routes = set()
    for method, prefix, path, flags in rows:
        path = (PART if prefix else "") + path
        routes.add((method, path))
        if "FA_ROUTE_HEAD" in flags:
            routes.add(("HEAD", path))
    return routes
