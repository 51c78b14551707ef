"""Recording and asking on every store."""

from __future__ import annotations

import asyncio
import decimal
import enum
import ipaddress
import logging
import threading
import uuid
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import pytest

from indelible import (
    Audit,
    AuditAction,
    AuditProtocol,
    Failure,
    MemoryAuditAdapter,
    Outcome,
    PostgresAuditAdapter,
    SqliteAuditAdapter,
    Success,
)


async def test_a_record_is_answered_with_a_receipt_and_found_again(url: str) -> None:
    async with Audit(url) as audit:
        assert isinstance(audit, AuditProtocol)
        who, what = uuid.uuid4(), uuid.uuid4()
        match await audit.record(
            AuditAction.USER_LOGIN_FAILED,
            "session",
            who,
            "s-1",
            "203.0.113.9",
            "Mozilla/5.0",
            {"reason": "invalid_password", "attempts": 3},
            id=what,
            correlation_id="c-1",
            on_behalf_of="u-9",
            tags=["data.personal"],
        ):
            case Success(receipt):
                assert receipt["seq"] == 0
                assert receipt["id"] == str(what)
                assert receipt["delivery"] == "recorded"
                assert len(receipt["leaf_hash"]) == 64
            case Failure(error):
                pytest.fail(error.message)
        match await audit.query(who, limit=10):
            case Success(entries):
                assert type(entries) is list and type(entries[0]) is dict
                (entry,) = entries
                assert entry["user_id"] == str(who)
                assert entry["outcome"] == "failed"
                assert entry["context"] == {"reason": "invalid_password", "attempts": 3}
                assert entry["tags"] == ["data.personal"]
                assert entry["leaf_hash"] == receipt["leaf_hash"]
                assert entry["erased"] == []
            case Failure(error):
                pytest.fail(error.message)


async def test_a_thousand_at_once_do_not_mix(url: str) -> None:
    """T5: distinct actors, each with its own resource, context and receipt."""
    async with Audit(url) as audit:

        async def one(n: int) -> None:
            result = await audit.record(
                "data_viewed", "file", f"user-{n}", f"file-{n}", context={"n": n}
            )
            assert isinstance(result, Success)
            ids[n] = result.value["id"]
            seqs.add(result.value["seq"])

        ids: dict[int, str] = {}
        seqs: set[int] = set()
        await asyncio.gather(*(one(n) for n in range(1000)))
        assert seqs == set(range(1000))
        found = await audit.query(limit=1000)
        assert isinstance(found, Success)
        assert len(found.value) == 1000
        for entry in found.value:
            n = entry["context"]["n"]
            assert (entry["user_id"], entry["resource_id"]) == (f"user-{n}", f"file-{n}")
            assert entry["id"] == ids[n]


async def test_n_items_give_n_entries_and_each_refusal_is_told(url: str) -> None:
    """T15 and T20."""
    async with Audit(url) as audit:
        events: list[dict[str, object]] = [
            {"action": "data_exported", "resource_type": "row", "resource_id": str(n)}
            for n in range(100)
        ]
        events[7]["action"] = "no action"
        events[40]["context"] = {"a": [float("inf")]}
        events[41] = {"action": "data_exported"}
        events[42]["userid"] = "u"
        results = await audit.record_all(events)
        assert len(results) == 100
        refused = {n: r.error for n, r in enumerate(results) if isinstance(r, Failure)}
        assert {n: error.field for n, error in refused.items()} == {
            7: "action",
            40: "context",
            41: "resource_type",
            42: "userid",
        }
        assert "context.a[0]" in refused[40].message
        page = await audit.query_page(limit=1000)
        assert isinstance(page, Success)
        assert len(page.value["entries"]) == 96
        assert audit.failed == 4


async def test_a_store_that_is_down_is_a_failure_counted_and_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """T3."""
    audit = PostgresAuditAdapter("postgres://nobody@127.0.0.1:1/none")
    with caplog.at_level(logging.ERROR, "indelible"):
        results = await asyncio.gather(*(audit.record("data_viewed", "file") for _ in range(20)))
    for result in results:
        assert isinstance(result, Failure)
        assert result.error.code == "unavailable"
    assert audit.failed == 20
    assert len(caplog.records) == 20
    assert "audit failed: data_viewed was not recorded" in caplog.text
    found = await audit.query()
    assert isinstance(found, Failure)


@pytest.mark.parametrize(
    "url", ["mysql://root:hunter2@db/x", "sqlite:", "", "postgres://u:hunter2@h/d?sslmode=maybe"]
)
async def test_what_is_wrong_with_a_url_is_told_at_its_first_use(url: str) -> None:
    result = await Audit(url).record("data_viewed", "file")
    assert isinstance(result, Failure)
    assert result.error.code == "configuration"
    assert "hunter2" not in result.error.message


class Colour(enum.Enum):
    RED = "red"


async def test_python_values_have_their_form_in_json() -> None:
    audit = MemoryAuditAdapter()
    an_id = uuid.uuid4()
    context = {
        "id": an_id,
        "when": datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=2))),
        "day": date(2026, 3, 1),
        "amount": decimal.Decimal("12.30"),
        "colour": Colour.RED,
        "address": ipaddress.ip_address("::1"),
        "span": timedelta(seconds=90),
        "set": {"b", "a"},
        "tuple": (1, None, True),
        "exact": 2**64 - 1,
        "least": -(2**63),
        "beyond": 2**80,
        7: "a number as a key",
    }
    result = await audit.record("data_viewed", "file", context=context)
    assert isinstance(result, Success)
    assert audit.entries[0]["context"] == {
        "id": str(an_id),
        "when": "2026-03-01T10:00:00+00:00",
        "day": "2026-03-01",
        "amount": "12.30",
        "colour": "red",
        "address": "::1",
        "span": 90,
        "set": ["a", "b"],
        "tuple": [1, None, True],
        "exact": 2**64 - 1,
        "least": -(2**63),
        "beyond": str(2**80),
        "7": "a number as a key",
    }
    (note,) = audit.entries[0]["notes"]
    assert note == {"field": "context", "kind": "number_as_text", "path": "/beyond"}


async def test_hostile_texts_are_kept_and_noted() -> None:
    """T6: NUL and lone surrogates, in values and keys."""
    audit = MemoryAuditAdapter()
    result = await audit.record(
        "data_viewed", "file", "u\ud800\x00", context={"k\udfff": "a\x00b\ud83d\ude00"}
    )
    assert isinstance(result, Success)
    (entry,) = audit.entries
    assert entry["user_id"] == "u\ufffd\ufffd"
    # The two halves of a pair, written apart, are the one character.
    assert entry["context"] == {"k\ufffd": "a\ufffdb\U0001f600"}
    assert {note["kind"] for note in entry["notes"]} == {"replaced"}


def looped() -> dict[str, object]:
    loop: dict[str, object] = {}
    loop["again"] = loop
    return loop


class Raises:
    def __str__(self) -> str:
        raise RuntimeError("hunter2")


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("occurred_at", datetime(2026, 3, 1), "datetime.now(timezone.utc)"),
        ("occurred_at", 1700000000, "time zone"),
        ("occurred_at", "yesterday", "occurred_at"),
        ("context", {"at": datetime(2026, 3, 1)}, "`context.at` has no time zone"),
        ("context", {"a": [1, {"b": float("nan")}]}, "`context.a[1].b` is NaN"),
        ("context", {"a": object()}, "`context.a` is of type object"),
        ("context", {"a": b"bytes"}, "`context.a` is of type bytes"),
        ("context", {"a": Raises()}, "`context.a` is of type Raises"),
        ("context", {None: 1}, "keys are texts"),
        ("context", {1: "a", "1": "b"}, "duplicate key"),
        ("context", ["a"], "a JSON object"),
        ("context", looped(), "nested deeper"),
        ("context", decimal.Decimal("NaN"), "no number"),
        ("user_id", 7, "str(…)"),
        ("user_agent", ["a"], "`user_agent` is a text"),
        ("id", "no-uuid", "`id`"),
        ("outcome", "fine", "attempted, succeeded"),
        ("tags", "data.personal", "a list of texts"),
        ("tags", [1], "a list of texts"),
    ],
)
async def test_structure_is_refused_in_words(field: str, value: object, words: str) -> None:
    audit = MemoryAuditAdapter()
    arguments: dict[str, object] = {field: value}
    result = await audit.record("data_viewed", "file", **arguments)  # type: ignore[arg-type]
    assert isinstance(result, Failure)
    assert result.error.code == "invalid"
    assert words in result.error.message
    assert "hunter2" not in result.error.message
    assert audit.entries == []


async def test_a_wrong_action_is_no_exception() -> None:
    audit = MemoryAuditAdapter()
    for action in [None, 7, "", "a b", "x" * 101]:
        result = await audit.record(action, "file")  # type: ignore[arg-type]
        assert isinstance(result, Failure)
        assert result.error.field == "action"


async def test_dates_are_both_inclusive_and_need_a_zone() -> None:
    audit = MemoryAuditAdapter()
    for day in (1, 2, 3):
        await audit.record(
            "data_viewed", "file", str(day), occurred_at=datetime(2026, 3, day, tzinfo=timezone.utc)
        )

    async def users(**filters: object) -> list[str]:
        found = await audit.query(**filters)  # type: ignore[arg-type]
        assert isinstance(found, Success), found
        return [entry["user_id"] for entry in found.value]

    second = datetime(2026, 3, 2, tzinfo=timezone.utc)
    assert await users(start_date=second) == ["3", "2"]
    assert await users(end_date=date(2026, 3, 2)) == ["2", "1"]
    assert await users(start_date="2026-03-02", end_date=second) == ["2"]
    assert await users(limit=1, offset=1) == ["2"]
    refused = await audit.query(start_date=datetime(2026, 3, 2))
    assert isinstance(refused, Failure)
    assert refused.error.field == "start_date"
    assert "no time zone" in refused.error.message


async def test_every_filter_filters() -> None:
    audit = MemoryAuditAdapter()
    await audit.record("a", "file", context={"r": {"m": "GET", "n": 7, "ok": True}}, tags=["x"])
    await audit.record("b", "row", "u", "r-1", "10.0.0.7", correlation_id="c", outcome="denied")

    async def actions(**filters: object) -> list[str]:
        found = await audit.query(**filters)  # type: ignore[arg-type]
        assert isinstance(found, Success), found
        return [entry["action"] for entry in found.value]

    assert await actions(user_id="none") == ["a"]
    assert await actions(resource_type="row") == ["b"]
    assert await actions(resource_id="r-1", correlation_id="c") == ["b"]
    assert await actions(ip_address="10.0.0.0/8", outcome=Outcome.DENIED) == ["b"]
    assert await actions(tags=["x"]) == ["a"]
    assert await actions(context={"r.m": "GET", "r.n": 7}) == ["a"]
    assert await actions(context=["r.m=POST"]) == []
    for wrong in ({"limit": 0}, {"limit": 1.5}, {"offset": -1}, {"limit": True}, {"tags": "x"}):
        refused = await audit.query(**wrong)  # type: ignore[arg-type]
        assert isinstance(refused, Failure)
        assert refused.error.code == "invalid_query"
        assert refused.error.field in {*wrong, "tag"}


async def test_pages_go_on_by_cursor() -> None:
    audit = MemoryAuditAdapter()
    await audit.record_all([{"action": "a", "resource_type": "t"} for _ in range(25)])
    seqs: list[int] = []
    cursor: str | None = None
    while True:
        page = await audit.query_page(limit=10, cursor=cursor)
        assert isinstance(page, Success)
        seqs += [entry["seq"] for entry in page.value["entries"]]
        cursor = page.value["next_cursor"]
        assert page.value["has_more"] == (cursor is not None)
        if cursor is None:
            break
    assert seqs == list(range(24, -1, -1))


async def test_secrets_do_not_enter(sqlite: str) -> None:
    async with Audit(sqlite) as audit:
        await audit.record("a", "t", context={"password": "hunter2", "n": {"api_key": "hunter3"}})
        found = await audit.query()
    assert isinstance(found, Success)
    assert "hunter" not in str(found.value)
    assert b"hunter" not in Path(sqlite.removeprefix("sqlite:")).read_bytes()


async def test_the_same_id_is_recorded_once() -> None:
    audit = MemoryAuditAdapter()
    an_id = uuid.uuid4()
    first = await audit.record("a", "t", id=an_id)
    again = await audit.record("a", "t", id=str(an_id))
    other = await audit.record("b", "t", id=an_id)
    assert isinstance(first, Success) and isinstance(again, Success)
    assert again.value["delivery"] == "duplicate"
    assert again.value["seq"] == first.value["seq"]
    assert isinstance(other, Failure)
    assert other.error.code == "id_conflict"


async def test_a_cancelled_caller_harms_nobody() -> None:
    audit = MemoryAuditAdapter()
    tasks = [asyncio.create_task(audit.record("a", "t", str(n))) for n in range(50)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(r, asyncio.CancelledError) for r in results[::2])
    assert all(isinstance(r, Success) for r in results[1::2])
    # What was under way is recorded all the same.
    assert len(audit.entries) == 50


def test_loops_come_and_go() -> None:
    audit = MemoryAuditAdapter()
    for n in range(5):
        result = asyncio.run(audit.record("a", "t", str(n)))
        assert isinstance(result, Success)
    threads = [
        threading.Thread(target=lambda: asyncio.run(audit.record("b", "t"))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    audit.assert_recorded("b", times=4)


async def test_after_close_nothing_is_taken(sqlite: str) -> None:
    audit = Audit(sqlite)
    assert isinstance(await audit.record("a", "t"), Success)
    assert isinstance(await audit.close(), Success)
    assert isinstance(await audit.close(), Success)
    result = await audit.record("a", "t")
    assert isinstance(result, Failure)
    assert result.error.code == "closed"


async def test_values_beyond_measure_are_values_all_the_same() -> None:
    audit = MemoryAuditAdapter()
    huge = 10**5000
    recorded = await audit.record(
        "a", "t", context={"n": huge}, tags=["good", "\ud800"], occurred_at="2026-01-01T00:00:00Z"
    )
    assert isinstance(recorded, Success)
    (entry,) = audit.entries
    assert entry["context"] is not None and entry["context"]["n"] == hex(huge)
    assert entry["tags"] == ["good"]
    west = timezone(timedelta(hours=-12))
    for filters in (
        {"start_date": datetime.max.replace(tzinfo=west)},
        {"context": {"n": huge}},
        {"tags": ["\ud800", 5]},
        {"limit": huge},
    ):
        found = await audit.query(**filters)  # type: ignore[arg-type]
        assert isinstance(found, Failure), filters
        assert found.error.field == next(iter(filters)), found
    unknown = await audit.query_page(limt=3)
    assert isinstance(unknown, Failure) and "`limt` is no filter" in unknown.error.message
    for odd in (Audit("sqlite:\ud800.db"), SqliteAuditAdapter("\ud800.db")):
        assert isinstance(await odd.record("a", "t"), Failure)


async def test_an_interrupt_is_not_swallowed() -> None:
    with pytest.raises(KeyboardInterrupt):
        await MemoryAuditAdapter().record("a", "t", context={"n": Mapped()})


class Mapped(Mapping[str, int]):
    def __getitem__(self, key: str) -> int:
        return 0

    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Iterator[str]:
        raise KeyboardInterrupt
