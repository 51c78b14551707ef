"""What is refused, in which order it is looked at, and what it leaves."""

import hmac
import json
import secrets

import httpx
import pytest
from fastapi_bank.bank import Bank
from fastapi_bank.body import BODY_BYTES_MAX
from indelible import AuditAction, MemoryAuditAdapter

JSON = {"Content-Type": "application/json"}


async def test_refusals_are_on_record_under_the_request_s_id(
    alice: httpx.AsyncClient, audit: MemoryAuditAdapter
) -> None:
    answer = await alice.get("/admin/failed-logins", headers={"X-Request-Id": "r-1"})
    assert answer.status_code == 403
    assert answer.headers["X-Request-Id"] == "r-1"
    audit.assert_recorded(
        AuditAction.ACCESS_DENIED,
        resource_id="/admin/failed-logins",
        user_id="alice",
        correlation_id="r-1",
        outcome="denied",
    )


async def test_a_refusal_names_the_route_and_the_parameters_that_are_no_secret(
    alice: httpx.AsyncClient, audit: MemoryAuditAdapter
) -> None:
    assert (await alice.delete("/accounts/acc-3")).status_code == 403
    (denied,) = audit.assert_recorded(
        AuditAction.ACCESS_DENIED, resource_id="/accounts/{account}"
    )
    assert denied["context"] == {
        "resource": "/accounts/{account}",
        "action": "DELETE",
        "reason": "forbidden",
        "status": 403,
        "parameters": {"account": "acc-3"},
    }


@pytest.mark.parametrize(
    ("status", "content_type", "body"),
    [
        (415, None, b'{"current": "a", "new": "b"}'),
        (415, "text/plain", b'{"current": "a", "new": "b"}'),
        (400, "application/json", b""),
        (400, "application/json", b'{"current": '),
        (400, "application/json", b'{"current": "\xff", "new": "b"}'),
        (400, "application/json", b'{"current": "\\ud800", "new": "b"}'),
        (422, "application/json", b"[]"),
        (422, "application/json; charset=utf-8", b'{"current": "a"}'),
        (422, "application/vnd.bank+json", b'{"current": 1, "new": "b"}'),
        (413, "application/json", b'"' + b"x" * BODY_BYTES_MAX),
    ],
)
async def test_who_asks_is_known_before_the_body_is_read(
    stranger: httpx.AsyncClient,
    alice: httpx.AsyncClient,
    audit: MemoryAuditAdapter,
    status: int,
    content_type: str | None,
    body: bytes,
) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    refused = await stranger.put("/me/password", content=body, headers=headers)
    assert refused.status_code == 401
    audit.assert_recorded(AuditAction.ACCESS_DENIED, resource_id="/me/password")
    answer = await alice.put("/me/password", content=body, headers=headers)
    assert answer.status_code == status
    assert answer.json() == {"error": "the body is not the JSON that is expected here"}


async def test_another_password_ends_the_user_s_other_sessions(
    alice: httpx.AsyncClient, stranger: httpx.AsyncClient, bank: Bank
) -> None:
    elsewhere, bob = bank.begin_session("alice"), bank.begin_session("bob")
    change = {"current": "correct horse", "new": "horse of another colour"}
    assert (await alice.put("/me/password", json=change)).status_code == 204
    assert (await alice.get("/me/activity")).status_code == 200
    for token, status in [(elsewhere, 401), (bob, 200)]:
        headers = {"Authorization": f"Bearer {token}"}
        assert (await stranger.get("/me/activity", headers=headers)).status_code == status


def test_an_unknown_user_costs_as_much_as_a_known_one(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    lengths = []

    def compare(kept: bytes, given: bytes) -> bool:
        lengths.append((len(kept), len(given)))
        return hmac.compare_digest(kept, given)

    monkeypatch.setattr(secrets, "compare_digest", compare)
    assert bank.login_problem("mallory", "nobody's") == "unknown_user"
    assert bank.login_problem("alice", "a wrong guess") == "invalid_password"
    assert bank.login_problem("alice", "correct horse") is None
    assert lengths == [(32, 32)] * 3


async def test_what_there_is_not_is_said_in_the_bank_s_words(alice: httpx.AsyncClient) -> None:
    for method, path, status in [
        ("GET", "/nowhere", 404),
        ("POST", "/me/activity", 405),
        ("DELETE", "/accounts/acc-%FF", 404),
        ("GET", "/providers/events?page=%ED%A0%80", 403),
    ]:
        answer = await alice.request(method, path)
        assert answer.status_code == status
        assert list(answer.json()) == ["error"]
    body = json.dumps({"access_token": "t"})
    path = "/providers/p%FF/connection"
    assert (await alice.post(path, content=body, headers=JSON)).status_code == 404
