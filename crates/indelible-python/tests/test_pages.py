"""What the README and the guide's page show runs, block after block."""

from __future__ import annotations

import ast
import inspect
import re
import uuid
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

CRATE = Path(__file__).parent.parent
PAGES = [CRATE / "README.md", CRATE.parent.parent / "docs" / "guide" / "python.md"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
async def test_what_a_page_shows_runs(
    page: Path, sqlite: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INDELIBLE_DATABASE_URL", sqlite)
    names: dict[str, Any] = {"user": SimpleNamespace(id=uuid.uuid4())}
    blocks = re.findall(r"^```python\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    assert blocks
    for block in blocks:
        code = compile(block, str(page), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        running = eval(code, names)
        if inspect.isawaitable(running):
            await running
    await names["audit"].close()
