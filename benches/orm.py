"""One ORM insert and one commit for each audit record, 16 at once: the pattern that Indelible is
measured beside. Prints records per second.

Usage: orm.py postgresql+asyncpg://USER@HOST:PORT/DATABASE COUNT
"""

import asyncio
import sys
import time
import uuid

from sqlalchemy import BigInteger, Text, text
from sqlalchemy.dialects.postgresql import INET, JSONB, UUID
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

AT_ONCE = 16


class Base(DeclarativeBase):
    pass


class AuditLog(Base):
    __tablename__ = "audit_logs"

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=True)
    id: Mapped[uuid.UUID] = mapped_column(UUID(as_uuid=True), default=uuid.uuid4)
    action: Mapped[str] = mapped_column(Text)
    outcome: Mapped[str] = mapped_column(Text)
    user_id: Mapped[str] = mapped_column(Text)
    resource_type: Mapped[str] = mapped_column(Text)
    resource_id: Mapped[str] = mapped_column(Text)
    ip_address: Mapped[str] = mapped_column(INET)
    user_agent: Mapped[str] = mapped_column(Text)
    correlation_id: Mapped[str] = mapped_column(Text)
    context: Mapped[dict] = mapped_column(JSONB)


def record(n: int) -> AuditLog:
    drawn = (n * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF) >> 20
    return AuditLog(
        action="data_viewed",
        outcome="succeeded",
        user_id=f"user-{drawn % 100000:06}",
        resource_type="customer_record",
        resource_id=f"customer/{(drawn >> 8) % 100000:06}",
        ip_address=f"10.{drawn % 200}.{(drawn >> 8) % 256}.{(drawn >> 16) % 256}",
        user_agent="Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/131.0 Safari/537.36",
        correlation_id=f"req-{n:016x}",
        context={
            "method": "GET",
            "path": f"/customers/{drawn % 100000}/profile",
            "status": 200,
            "duration_ms": drawn % 900,
            "fields": ["name", "birth_date", "address"],
            "purpose": "support case handled by the second line",
            "case": f"CASE-{drawn % 10000000:08}",
        },
    )


async def main(url: str, count: int) -> None:
    engine = create_async_engine(url, pool_size=AT_ONCE, max_overflow=0)
    session = async_sessionmaker(engine, expire_on_commit=False)
    numbers = iter(range(count))

    async def writer() -> None:
        for n in numbers:
            async with session() as one:
                one.add(record(n))
                await one.commit()

    async def warm() -> None:
        async with session() as one:
            await one.execute(text("SELECT pg_sleep(0.05)"))

    await asyncio.gather(*(warm() for _ in range(AT_ONCE)))
    start = time.perf_counter()
    await asyncio.gather(*(writer() for _ in range(AT_ONCE)))
    print(count / (time.perf_counter() - start))
    await engine.dispose()


asyncio.run(main(sys.argv[1], int(sys.argv[2])))
