"""m3nop with its database statements counted: ``python -m benchmarks.counting FILE ARGUMENT ...``.

The arguments are those of m3nop. SQLite itself tells of each statement that it runs, so what is sent past
SQLAlchemy counts, too, and each row of many counts as one. The counts are written to FILE as JSON.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

_COUNTED: Counter[str] = Counter()
_LOCK = threading.Lock()
_OPEN: Any = sqlite3.dbapi2.connect


def _note(statement: str) -> None:
    word = statement.lstrip().partition(" ")[0].upper()
    with _LOCK:
        _COUNTED["commits" if word == "COMMIT" else "statements"] += word not in ("BEGIN", "PRAGMA")


def _connect(*arguments: Any, **options: Any) -> sqlite3.Connection:
    connection: sqlite3.Connection = _OPEN(*arguments, **options)
    connection.set_trace_callback(_note)
    return connection


def main() -> None:
    """Run m3nop, and write what was counted."""
    vars(sqlite3.dbapi2)["connect"] = _connect
    from m3nop.cli.main import main as run

    file, sys.argv = Path(sys.argv[1]), ["m3nop", *sys.argv[2:]]
    try:
        run()
    finally:
        file.write_text(json.dumps(_COUNTED), encoding="utf-8")


if __name__ == "__main__":
    main()
