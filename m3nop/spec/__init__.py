"""The pipeline language: YAML with places, models, overrides, static checks, and the compiler to pipelines."""

from __future__ import annotations

from m3nop.spec.project import LoadedProject, compile_definition, load_project

__all__ = ["LoadedProject", "compile_definition", "load_project"]
