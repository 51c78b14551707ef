"""An attempt and its outcome, as two entries that belong together."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Generator, Literal, cast

from ._native import Begun, Trail
from .protocol import Context, Receipt, Text
from .results import AuditError, Failure, Result, Success

_Outcome = Literal["succeeded", "failed", "denied"]

_UNBEGUN = Failure(
    AuditError(
        "the attempt was never begun: use `async with` (or `with`), or await it first", "unbegun"
    )
)


class _Begins:
    """What both kinds of attempts have."""

    def __init__(self, trail: Trail, fields: tuple[Any, ...]) -> None:
        self._trail = trail
        self._fields = fields
        self._begun: Begun | None = None
        self._result: Result[Receipt] = _UNBEGUN

    @property
    def begun(self) -> Result[Receipt]:
        """The receipt of the attempt itself, or why it was not recorded. Whether what is attempted
        is done all the same is the caller's choice."""
        return self._result

    def _took(self, answer: Any) -> None:
        if isinstance(answer, Success):
            self._begun = answer.value
            self._result = Success(self._begun.receipt)
        else:
            self._result = answer


class Attempt(_Begins):
    """Something that may fail: it is on record before it is done, and how it ended after.

    ::

        async with audit.attempt(AuditAction.PROVIDER_CONNECTED, "provider") as attempt:
            if await connect():
                await attempt.succeeded()
            else:
                await attempt.failed("refused")

    An action of one of the catalogue's workflows stands for its workflow: whichever of its actions
    is given, the one that opens it is recorded, and then the one that closes it. The two entries
    have one ``correlation_id``. Left without a word, also by an exception, the attempt stays
    visibly unresolved: nobody knows how it ended, and no failure is invented.
    """

    async def begin(self) -> Result[Receipt]:
        """Records the attempt; ``async with`` does it."""
        answer = self._trail.attempt(False, self._fields)
        self._took(answer if isinstance(answer, Failure) else await answer)
        return self._result

    async def succeeded(
        self, *, resource_id: Text | None = None, context: Context | None = None
    ) -> Result[Receipt]:
        """Records that it was done. What is known only now is added to the attempt's own."""
        return await self._end("succeeded", None, resource_id, context)

    async def failed(
        self, reason: str, *, resource_id: Text | None = None, context: Context | None = None
    ) -> Result[Receipt]:
        """Records that it was not done; ``reason`` goes into the context."""
        return await self._end("failed", reason, resource_id, context)

    async def denied(
        self, reason: str, *, resource_id: Text | None = None, context: Context | None = None
    ) -> Result[Receipt]:
        """Records that it was not allowed; ``reason`` goes into the context."""
        return await self._end("denied", reason, resource_id, context)

    async def _end(
        self,
        outcome: _Outcome,
        reason: str | None,
        resource_id: Text | None,
        context: Context | None,
    ) -> Result[Receipt]:
        if self._begun is None:
            return self._result
        answer = self._begun.end(False, outcome, _text(reason), resource_id, context)
        return cast("Result[Receipt]", answer if isinstance(answer, Failure) else await answer)

    async def __aenter__(self) -> Attempt:
        await self.begin()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Says nothing of the outcome."""

    def __await__(self) -> Generator[Any, None, Attempt]:
        return self.__aenter__().__await__()


class SyncAttempt(_Begins):
    """As :class:`Attempt`, for ``with`` in code without an event loop."""

    def begin(self) -> Result[Receipt]:
        """Records the attempt; ``with`` does it."""
        self._took(self._trail.attempt(True, self._fields))
        return self._result

    def succeeded(
        self, *, resource_id: Text | None = None, context: Context | None = None
    ) -> Result[Receipt]:
        """Records that it was done."""
        return self._end("succeeded", None, resource_id, context)

    def failed(
        self, reason: str, *, resource_id: Text | None = None, context: Context | None = None
    ) -> Result[Receipt]:
        """Records that it was not done; ``reason`` goes into the context."""
        return self._end("failed", reason, resource_id, context)

    def denied(
        self, reason: str, *, resource_id: Text | None = None, context: Context | None = None
    ) -> Result[Receipt]:
        """Records that it was not allowed; ``reason`` goes into the context."""
        return self._end("denied", reason, resource_id, context)

    def _end(
        self,
        outcome: _Outcome,
        reason: str | None,
        resource_id: Text | None,
        context: Context | None,
    ) -> Result[Receipt]:
        if self._begun is None:
            return self._result
        answer = self._begun.end(True, outcome, _text(reason), resource_id, context)
        return cast("Result[Receipt]", answer)

    def __enter__(self) -> SyncAttempt:
        self.begin()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Says nothing of the outcome."""


def _text(reason: Any) -> str | None:
    return reason if reason is None or isinstance(reason, str) else str(reason)
