"""Fuzz one target, guided by coverage: ``python -m tests.fuzz.run TARGET [SECONDS]`` (needs the extra ``fuzz``).

New inputs that reach new code stay in a folder of their own under ``.fuzz``; what makes a target fail is written
into ``tests/fuzz/corpus/TARGET``, where the tests replay it from then on.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

HERE = Path(__file__).parent
SECONDS = 300
LONGEST_INPUT = 4096
SLOWEST = 20
"""Seconds after which an input counts as one that makes the target hang."""


def main(name: str, seconds: int) -> None:
    """Fuzz a target."""
    with atheris.instrument_imports(include=["m3nop"]):
        from tests.fuzz.targets import TARGETS  # noqa: PLC0415  instrumented as it is imported
    target, corpus = TARGETS[name], HERE / "corpus" / name
    found = HERE.parents[1] / ".fuzz" / name
    for folder in (corpus, found):
        folder.mkdir(parents=True, exist_ok=True)
    # What is recorded for the target takes longer than any input may.
    target(b"")
    atheris.Setup(
        [
            sys.argv[0], str(found), str(corpus), f"-max_total_time={seconds}", f"-max_len={LONGEST_INPUT}",
            f"-timeout={SLOWEST}", f"-artifact_prefix={corpus}/", "-rss_limit_mb=2048",
        ],
        target,
    )  # fmt: skip
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else SECONDS)
