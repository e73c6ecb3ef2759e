"""Checks that no crash can enter a document twice: commits, probes, undos (the rules of exactly once)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from m3nop.mapping.pipeline import Probe
from m3nop.spec.desk import Desk
from m3nop.spec.models import PipelineSpec
from m3nop.spec.steps import Placed


def check_safety(
    desk: Desk, spec: PipelineSpec, placed: Sequence[Placed], probes: Mapping[str, Probe]
) -> None:
    """Check a pipeline's unsafe calls."""
