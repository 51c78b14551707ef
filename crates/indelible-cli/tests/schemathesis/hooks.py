"""What a schema cannot say of a good request, and what the run must not do to itself.

Only requests that are meant to be good are touched, but for the key of the run, which must open
until its end.
"""

import gzip
import itertools
import json
import os

import requests
import schemathesis

KEY = os.environ["INDELIBLE_TEST_KEY"]
KEY_ID = os.environ["INDELIBLE_TEST_KEY_ID"]
# A trail that holds at least ENTRIES entries.
TRAIL = "shop"
ENTRIES = 5
# Whom its entries name.
PERSON = "u-17"
# One that records can be evidence for.
CONTROL = "PCI-DSS-4.0.1:10.2.1.4"
# How long a stream may be silent until it is read no further, in seconds.
SILENCE = 0.05
# Numbers that no trail of the run has in its name yet, and the key of a second admin.
FRESH = itertools.count()
SECOND = []
# Those of a question that a cursor may differ in.
PLACES = ("limit", "offset", "cursor", "as_of", "from")


@schemathesis.hook
def before_call(context, case, kwargs):
    operation = case.operation.definition.raw.get("operationId")
    if operation in ("revoke_key", "rotate_key") and case.path_parameters.get("id") == KEY_ID:
        case.path_parameters["id"] = "of-this-run"
    if operation == "follow":
        kwargs["hooks"] = {"response": begun}
    if case.meta is None or case.meta.generation.mode.value != "positive":
        return
    if operation in ("query", "export", "follow", "summary", "consistency"):
        mend_question(case, operation)
    elif operation in ("report", "hand_over"):
        mend_report(case)
    elif operation == "review":
        mend_review(case)
    elif operation == "list_days":
        mend_days(case)
    elif operation == "record_missed_days":
        mend_missed(case)
    elif operation == "start_reviews":
        mend_start(case)
    elif operation == "set_retention":
        mend_policy(case)
    elif operation in ("place_hold", "release_hold", "approve_release"):
        mend_hold(case, operation)
    elif operation in ("raise_findings", "assign_finding", "close_finding", "sign_off"):
        mend_decision(case, operation)
    elif operation in ("show_subject", "erase_subjects"):
        mend_subjects(case, operation)
    elif operation in ("approve_erasure", "reject_erasure"):
        mend_waiting(case, operation)
    elif operation == "create_key":
        mend_key(case)
    elif operation == "record":
        mend_recording(case, kwargs)


def begun(response, *_, **__):
    """An answer has its time to begin; a stream without an end has not as long to say more."""
    if response.ok:
        response.raw.connection.sock.settimeout(SILENCE)


def mend_export(query):
    # What belongs to a pack is for packs alone.
    if query.get("format") != "pack":
        for option in ("complete", "from", "without"):
            query.pop(option, None)
        return
    # A range of one entry at least, which begins before its end.
    if "as_of" in query:
        query["as_of"] = max(1, query["as_of"])
    if "from" in query:
        query["from"] = min(query["from"], query.get("as_of", ENTRIES))


def mend_question(case, operation):
    query = case.query or {}
    # Not later than now: the trail must have had so many entries.
    for size in ("as_of", "from"):
        if size in query:
            case.path_parameters["trail"] = TRAIL
            query[size] = int(query[size]) % (ENTRIES + 1)
    if operation == "export":
        mend_export(query)
    # Not before the start.
    if "start_date" in query and "end_date" in query:
        query["end_date"] = "9999-12-31"
    # Actions that the catalogue has.
    if str(query.get("action", "")).endswith("*"):
        query["action"] = "user_*"
    # Made by the server, for the same filters.
    if "cursor" in query:
        query.pop("cursor")
        query.pop("offset", None)
        cursor = ask(case, "events", limit=1).json().get("next_cursor")
        if cursor is not None:
            query.pop("as_of", None)
            query["cursor"] = cursor
    if operation == "follow" and "Last-Event-ID" in (case.headers or {}):
        case.headers["Last-Event-ID"] = place(case)


def ask(case, what, stream=False, **more):
    filters = {name: value for name, value in (case.query or {}).items() if name not in PLACES}
    return requests.get(
        f"{case.operation.base_url.rstrip('/')}/v1/trails/{case.path_parameters['trail']}/{what}",
        params={**filters, **more},
        headers={"Authorization": f"Bearer {KEY}"},
        stream=stream,
        timeout=10,
    )


def place(case):
    """The first place that a stream with the same filters names."""
    with ask(case, "events/stream", stream=True) as stream:
        for line in stream.iter_lines():
            if line.startswith(b"id:"):
                return line.removeprefix(b"id:").strip().decode()
    return ""


def mend_report(case):
    query = case.query
    # Not later than now.
    if "as_of" in query:
        case.path_parameters["trail"] = TRAIL
        query["as_of"] = 1 + int(query["as_of"]) % ENTRIES
    if "control" in case.path_parameters:
        case.path_parameters.update(trail=TRAIL, control=CONTROL)
        query.pop("begin", None)
    # Not before the start.
    query["to"] = "9999-12-31"
    # A sample has an entry at least, and a seed, and that a size.
    if "sample" in query:
        query["sample"] = 1 + int(query["sample"]) % 1000
        query.setdefault("seed", "")
    if "seed" in query and "as_of" not in query:
        case.path_parameters["trail"] = TRAIL
        query["as_of"] = ENTRIES


def mend_review(case):
    case.path_parameters["trail"] = TRAIL
    # Neither signed off already nor later than now.
    (case.query or {}).pop("as_of", None)


def mend_days(case):
    case.path_parameters["trail"] = TRAIL
    query = case.query or {}
    # Not before the start.
    if "from" in query:
        query["to"] = "9999-12-31"
    else:
        query.pop("to", None)


def mend_missed(case):
    case.path_parameters["trail"] = TRAIL
    # Not before the start.
    if case.body.get("from") is not None:
        case.body["to"] = "9999-12-31"
    else:
        case.body.pop("to", None)


def mend_start(case):
    # Of a trail that nobody reviewed, and not to come.
    case.path_parameters["trail"] = f"begun-{next(FRESH)}"
    case.body["day"] = "2020-01-01"


def mend_policy(case):
    body = case.body
    least, most = body.get("minimum_days"), body.get("maximum_days")
    if least is not None and most is not None:
        least, most = sorted((least, most))
        body.update(minimum_days=least, maximum_days=most)
    # Parts go after the minimum, and before the entries do.
    after = least or 1
    if most is not None and after >= most:
        body.pop("classes", None)
    for kind in body.get("classes") or ():
        kind["after_days"] = after
    if least is None and most is None and not body.get("classes"):
        body["maximum_days"] = 730


def mend_hold(case, operation):
    case.path_parameters["trail"] = TRAIL
    if operation == "place_hold":
        # What a question can ask for, and no redaction changes.
        if "filter" in case.body:
            case.body["filter"] = ["user_id=u-17"]
        return
    # A hold that nobody has let go yet.
    order = {"filter": ["user_id=of-this-run"], "reason": "of this run"}
    hold = tell(case, "holds", order).get("id")
    if hold is None:
        return
    case.path_parameters["id"] = hold
    if operation == "approve_release":
        # Asked for by another key than that of the run.
        tell(case, f"holds/{hold}/release", {"reason": "of this run"}, second(case))


def second(case):
    """The key of a second admin, made once; nothing where the key of the run may make none."""
    if not SECOND:
        base = case.operation.base_url.rstrip("/")
        body = {"name": "a second one", "role": "admin"}
        SECOND.append(send(f"{base}/v1/keys", body, KEY).get("key"))
    return SECOND[0]


def mend_decision(case, operation):
    case.path_parameters["trail"] = TRAIL
    body = case.body
    if operation == "sign_off":
        # What is new, up to now: what was signed off before decides where it begins.
        body.pop("from", None)
        body.pop("to", None)
        body["as_of"] = recorded(case) + 1
        return
    if operation == "raise_findings":
        if "seqs" in body:
            # Entries that nobody raised.
            body["seqs"] = [recorded(case)]
        else:
            body["as_of"] = recorded(case) + 1
            body.pop("findings", None)
            body["all"] = True
        return
    # A finding that is open.
    case.path_parameters["id"] = raised(case)[0]


def tell(case, what, body, key=KEY):
    base = case.operation.base_url.rstrip("/")
    return send(f"{base}/v1/trails/{TRAIL}/{what}", body, key)


def send(url, body, key):
    headers = {"Authorization": f"Bearer {key}"}
    return requests.post(url, json=body, headers=headers, timeout=10).json()


def recorded(case):
    """The place of an entry that is recorded now: of a finding, since who reviews may do that."""
    return raised(case)[1]


def raised(case):
    """Raises the newest entry, which nobody can have raised; answers finding and place."""
    size = ask(case, "review").json().get("as_of", 1)
    body = {"seqs": [size - 1], "why": "of this run"}
    done = tell(case, "review/findings", body).get("recorded") or [{}]
    return done[0].get("finding", "manual-0"), done[0].get("seq", 0)


def mend_subjects(case, operation):
    case.path_parameters["trail"] = TRAIL
    body = case.body
    # Places are paths of a grammar that no pattern says whole.
    body.pop("also", None)
    if operation == "show_subject":
        # One whom the trail names.
        body["id"] = PERSON
        return
    ids = [name.encode()[:200].decode(errors="ignore") for name in body.get("ids") or []]
    body["ids"] = [name for name in ids if name] or [PERSON]
    for field in ("request_id", "legal_basis"):
        if isinstance(body.get(field), str):
            body[field] = body[field][:50]
    # Or orders would pile up.
    body["dry_run"] = True


def mend_waiting(case, operation):
    case.path_parameters.update(trail=TRAIL, id=waiting(case))
    if operation == "approve_erasure":
        # Whoever asked does not approve. It may come without a body.
        if not isinstance(case.body, dict):
            case.body, case.media_type = {}, "application/json"
        case.body["dry_run"] = True


def waiting(case):
    """An order of erasure that waits."""
    there = ask(case, "subjects/requests").json().get("requests")
    if not there:
        body = {"ids": ["nobody"], "reason": "of this run"}
        there = [tell(case, "subjects/erase", body).get("request") or {}]
    return there[0].get("id", "0197f0c2-0000-7000-8000-000000000000")


def mend_key(case):
    # Not past.
    if isinstance(case.body.get("expires_at"), str):
        case.body["expires_at"] = "2999" + case.body["expires_at"][4:]


def mend_recording(case, kwargs):
    headers = case.headers or {}
    # For one event without an id.
    if "Idempotency-Key" in headers:
        if isinstance(case.body, dict) and case.media_type == "application/json":
            case.body.pop("id", None)
        else:
            del headers["Idempotency-Key"]
    # Packed as it says.
    if headers.get("Content-Encoding") in ("gzip", "zstd"):
        headers["Content-Encoding"] = "gzip"
        text = case.body if isinstance(case.body, str) else json.dumps(case.body)
        kwargs["data"] = gzip.compress(text.encode())
        headers["Content-Type"] = case.media_type
