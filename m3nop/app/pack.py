"""Layer app: finds the ready-made project folders that m3nop ships.

A wheel carries ``configs/`` as ``m3nop/_pack`` and ``examples/`` as ``m3nop/_examples``; a source checkout
has them beside the package.
"""

from __future__ import annotations

from pathlib import Path

from m3nop.core.errors import ConfigurationError

_PACKAGE = Path(__file__).resolve().parent.parent


def pack_folder() -> Path:
    """Return the folder of the ready-made pack that ``m3nop init`` copies."""
    return _shipped("_pack", checkout="configs")


def examples_folder() -> Path:
    """Return the folder that holds the example projects."""
    return _shipped("_examples", checkout="examples")


def _shipped(name: str, *, checkout: str) -> Path:
    candidates = (_PACKAGE / name, _PACKAGE.parent / checkout)
    for folder in candidates:
        if folder.is_dir():
            return folder
    looked = " and ".join(str(folder) for folder in candidates)
    message = f"the folder {checkout!r} that m3nop ships is missing (looked in {looked}); install m3nop again"
    raise ConfigurationError(message)
