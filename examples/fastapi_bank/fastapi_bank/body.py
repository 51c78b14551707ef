"""What a request brings. FastAPI reads a body before it asks any dependency; a bank first asks who
is there, and tells strangers nothing of what it would have liked to read."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from .refusals import Refusal

BODY_BYTES_MAX = 2 * 1024 * 1024
_WORDS = "the body is not the JSON that is expected here"

_Model = TypeVar("_Model", bound=BaseModel)


def body(model: type[_Model]) -> Callable[[Request], Awaitable[_Model]]:
    """A dependency that reads a JSON object. Put it behind those that say who asks: FastAPI asks
    the dependencies of a route in the order of its parameters."""

    async def given(request: Request) -> _Model:
        if not _is_json(request.headers.get("Content-Type", "")):
            raise Refusal(415, _WORDS)
        try:
            return model.model_validate_json(await _read(request), strict=True)
        except ValidationError as error:
            # The text of the problem may quote what was sent: a password, for example.
            problems = error.errors(include_url=False, include_context=False, include_input=False)
            is_json = all(problem["type"] != "json_invalid" for problem in problems)
            raise Refusal(422 if is_json else 400, _WORDS) from None

    return given


def _is_json(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind == "application/json" or (
        kind.startswith("application/") and kind.endswith("+json")
    )


async def _read(request: Request) -> bytes:
    read = bytearray()
    async for part in request.stream():
        read += part
        if len(read) > BODY_BYTES_MAX:
            raise Refusal(413, _WORDS)
    return bytes(read)
