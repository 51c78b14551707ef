"""Python's own SQLite beside the one of the package, in one process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import sqlite3

from indelible import (
    Audit,
    Failure,
    PostgresAuditAdapter,
    SqliteAuditAdapter,
    Success,
    get_audit,
)
from sqlalchemy import create_engine

COUNT = "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute('SELECT count(*) FROM o').fetchone()[0])"


def failure(result: object) -> str:
    assert isinstance(result, Failure), result
    return result.error.code


@pytest.mark.parametrize("linked", [False, True])
@pytest.mark.parametrize("journal", ["wal", "delete"])
def test_the_applications_database_is_not_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, journal: str, linked: bool
) -> None:
    """What the application committed meanwhile is there when it is closed."""
    path = tmp_path / "app.db"
    app = sqlite3.connect(path)
    app.execute(f"PRAGMA journal_mode = {journal}")
    app.execute("CREATE TABLE o (v TEXT)")
    if linked:
        link = tmp_path / "link.db"
        link.symlink_to(path)
        path = link
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{path}")
    for audit in (get_audit(), SqliteAuditAdapter(path), Audit(f"sqlite:{path}")):
        assert failure(audit.sync.record("a", "t")) in ("configuration", "unsupported")
        app.execute("INSERT INTO o VALUES ('x')")
        app.commit()
        audit.sync.close()
    count = subprocess.run([sys.executable, "-c", COUNT, path], capture_output=True, text=True)
    assert count.stdout == "3\n", count.stderr
    app.close()
    assert sqlite3.connect(path).execute("SELECT count(*) FROM o").fetchone() == (3,)


def test_a_file_that_is_meant_for_the_application_is_not_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "app.db"
    monkeypatch.setenv("DATABASE_URL", f"sqlite+aiosqlite:///{path}")
    result = get_audit().sync.record("a", "t")
    assert isinstance(result, Failure) and "INDELIBLE_DATABASE_URL" in result.error.message
    assert not path.exists()
    # The same file, named for Indelible.
    monkeypatch.setenv("INDELIBLE_DATABASE_URL", f"sqlite+aiosqlite:///{path}")
    assert isinstance(get_audit().sync.record("a", "t"), Success)
    assert isinstance(get_audit().sync.close(), Success)
    monkeypatch.delenv("INDELIBLE_DATABASE_URL")
    # A trail is what it is, whoever names it.
    with SqliteAuditAdapter(path).sync as own:
        assert isinstance(own.record("a", "t"), Success)
    assert isinstance(get_audit().sync.record("b", "t"), Success)


def test_an_adapter_takes_only_what_it_is_for(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'app.db'}")
    audit = PostgresAuditAdapter(session=engine)
    assert failure(audit.sync.record("a", "t")) == "configuration"
    assert not (tmp_path / "app.db").exists()


def test_a_trail_that_another_sqlite_closed_acknowledges_nothing_that_is_lost(
    tmp_path: Path,
) -> None:
    """It takes the trail's log away, as this process's locks are its own."""
    path = tmp_path / "trail.db"
    audit = SqliteAuditAdapter(path)
    told = []
    codes = []
    for n in range(40):
        match audit.sync.record("a", "t", resource_id=str(n)):
            case Success(_):
                told.append(str(n))
            case Failure(error):
                codes.append(error.code)
        if n in (10, 20):
            other = sqlite3.connect(path)
            other.execute("SELECT count(*) FROM entry").fetchone()
            other.close()
    # Each time at most one fails, and the next one finds the trail as it is.
    assert set(codes) <= {"outcome_unknown", "unavailable"} and 1 <= len(codes) <= 2, codes
    audit.sync.close()
    with SqliteAuditAdapter(path).sync as audit_again:
        found = audit_again.query(limit=1000)
        assert isinstance(found, Success)
        assert {entry["resource_id"] for entry in found.value} >= set(told)
        assert isinstance(audit_again.record("b", "t"), Success)
