"""Layer spec: reads a project into checked models and compiled pipelines, with the place of every value."""

from __future__ import annotations

from m3nop.spec.project import LoadedProject, compile_definition, load_project

__all__ = ["LoadedProject", "compile_definition", "load_project"]
