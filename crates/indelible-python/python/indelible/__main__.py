"""``python -m indelible``: the command line of the trail."""

from __future__ import annotations

import signal
import sys

from ._native import command_line


def main() -> int:
    """Runs the command line that this process was called with."""
    # What ends a program of its own ends this one: Python would only take note of it.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return command_line(["indelible", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
