"""Records from many waiting tasks through the Python package. Prints records per second and the
mean batch.

Usage: record.py URL STATE_DIR TASKS COUNT FIRST
"""

import asyncio
import sys
import time

from indelible import Audit, AuditAction, Failure

DISTINCT = 100_000
ACTIONS = (
    AuditAction.DATA_VIEWED,
    AuditAction.USER_LOGIN_SUCCESS,
    AuditAction.USER_LOGIN_FAILED,
    AuditAction.DATA_EXPORTED,
)


def event(n: int) -> dict:
    """The same events as the Rust side records."""
    drawn = (n * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF) >> 20
    return {
        "action": ACTIONS[drawn % 4],
        "resource_type": "customer_record",
        "user_id": f"user-{drawn % DISTINCT:06}",
        "resource_id": f"customer/{(drawn >> 8) % DISTINCT:06}",
        "ip_address": f"10.{drawn % 200}.{(drawn >> 8) % 256}.{(drawn >> 16) % 256}",
        "user_agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/131.0"
        " Safari/537.36",
        "correlation_id": f"req-{n:016x}",
        "context": {
            "method": "GET",
            "path": f"/customers/{drawn % DISTINCT}/profile",
            "status": 200,
            "duration_ms": drawn % 900,
            "fields": ["name", "birth_date", "address"],
            "purpose": "support case handled by the second line",
            "case": f"CASE-{drawn % 10_000_000:08}",
        },
    }


async def main(url: str, state: str, tasks: int, count: int, first: int) -> None:
    share = count // tasks
    sizes: set[int] = set()

    async def writer(task: int) -> None:
        for n in range(share):
            result = await audit.record(**event(first + task * share + n))
            if isinstance(result, Failure):
                sys.exit(str(result.error))
            sizes.add(result.value["tree_size"])

    async with Audit(url, state_dir=state) as audit:
        # The first record opens the database; what is measured is the steady state.
        await audit.record("data_viewed", "customer_record")
        start = time.perf_counter()
        await asyncio.gather(*(writer(task) for task in range(tasks)))
        seconds = time.perf_counter() - start
    print(share * tasks / seconds, share * tasks / len(sizes))


asyncio.run(main(sys.argv[1], sys.argv[2], *(int(text) for text in sys.argv[3:6])))
