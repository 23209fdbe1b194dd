"""What every answer of the officers' listener promises, as checks for schemathesis.

Schemathesis compares answers with openapi.json. What that document cannot say stands here: when this side may fail (503
that says why, and 507), and what a refusal looks like.
"""

import os

import schemathesis

# A 503 is no failure of this side when it says one of these: the reader asked for more than this node has, or somebody
# else is not there (in this cluster there is no scanner).
UNAVAILABLE = {"no-leader", "overloaded", "stale", "scanner-unavailable"}
COMMON = ("rakit-node", "rakit-index", "rakit-leader-age-ms", "request-id", "x-content-type-options", "cache-control")
# Reads that wait for an index that will not come take five seconds each.
WAITED_FOR_MAX = 1_000


@schemathesis.check
def no_failure_of_this_side(_context, response, _case):
    if response.status_code < 500:
        return
    code = problem(response).get("code")
    assert response.status_code in (503, 507) and code in UNAVAILABLE, f"{response.status_code}: {response.text[:400]}"
    assert "retry-after" in response.headers, "a 503 says when to come again"


@schemathesis.check
def refusals_are_problems(_context, response, case):
    if response.status_code < 400 or case.method.upper() == "HEAD":
        return
    told = problem(response)
    assert response.headers["content-type"][0].startswith("application/problem+json"), response.headers["content-type"]
    assert told.get("status") == response.status_code, told
    assert told.get("type") == f"urn:rakit:problem:{told.get('code')}", told
    assert told.get("title") and told.get("detail"), told
    assert told.get("instance") == response.headers["request-id"][0], told


@schemathesis.check
def every_answer_has_the_common_headers(_context, response, _case):
    missing = [name for name in COMMON if name not in response.headers]
    assert not missing, f"missing: {missing}"


def problem(response):
    try:
        told = response.json()
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


@schemathesis.hook
def map_query(_context, query):
    """Leaves the long waits out: a handful of them says as much as a thousand."""
    if not isinstance(query, dict):
        return query
    for name in ("min_index", "wait_ms"):
        value = query.get(name)
        if isinstance(value, int) and value > WAITED_FOR_MAX:
            query[name] = value % 7
    return query


@schemathesis.hook
def map_path_parameters(_context, parameters):
    """Half of all cases are about what is there."""
    known = {"contest": os.environ["KNOWN_CONTEST"], "station": os.environ["KNOWN_STATION"], "region": "0"}
    if isinstance(parameters, dict) and len(str(parameters)) % 2 == 0:
        for name in parameters:
            if name in known:
                parameters[name] = known[name]
    return parameters
