"""Run the command line as ``python -m m3nop``."""

from __future__ import annotations

from m3nop.cli.main import main

if __name__ == "__main__":
    main()
