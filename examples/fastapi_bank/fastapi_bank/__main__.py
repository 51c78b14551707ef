"""``python -m fastapi_bank``: the bank as a process."""

import logging
import signal
import socket
import sys

import uvicorn
from indelible import get_audit

from .application import application
from .bank import Bank
from .settings import Settings


def main() -> int:
    """Serves until SIGTERM or SIGINT."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    try:
        settings = Settings.from_environment()
    except ValueError as error:
        print(f"BANK_…: {error}", file=sys.stderr)
        return 2
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((settings.host, settings.port))
    # Whoever connects from here on is answered.
    listener.listen()
    host = f"[{settings.host}]" if family == socket.AF_INET6 else settings.host
    print(f"bank listens on http://{host}:{listener.getsockname()[1]}", flush=True)
    config = uvicorn.Config(
        application(Bank(settings)),
        access_log=False,
        log_config=None,
        proxy_headers=False,
        timeout_graceful_shutdown=5,
    )
    # An orderly end is no error: uvicorn raises the signal again when it is done.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    uvicorn.Server(config).run(sockets=[listener])
    # The process ends, and with it the trail: what was taken is on disk, and the trail knows that
    # this was an orderly end.
    get_audit().sync.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
