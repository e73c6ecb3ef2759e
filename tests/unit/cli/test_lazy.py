"""The table of commands says what the commands say."""

from __future__ import annotations

import importlib

import pytest
import typer

from m3nop.cli.lazy import COMMANDS
from m3nop.cli.main import app

GROUP = typer.main.get_command(app)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_is_the_one_that_the_list_shows(name):
    assert GROUP.commands[name].help.splitlines()[0] == COMMANDS[name].help


def test_every_command_of_a_module_is_in_the_table():
    for module in {entry.module for entry in COMMANDS.values()}:
        part = typer.Typer(callback=lambda: None)
        importlib.import_module(f"m3nop.cli.{module}").register(part)
        assert set(typer.main.get_group(part).commands) <= set(COMMANDS), module
