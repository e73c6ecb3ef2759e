"""Makes projects from the pack, and adds environments to them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from m3nop.app.pack import pack_folder
from m3nop.app.schemas import write_schemas
from m3nop.app.session import environments_of
from m3nop.core.errors import ConfigurationError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PROJECT_FILE = "m3nop.yaml"
STATE_FOLDER = ".m3nop"
DIALECTS = ("official", "oss")

_TEMPLATE = "environment.template.yaml"
_EXAMPLE = "example_name"
_DIALECT = re.compile(r"\$\{SHOP_DIALECT:-official\}( *)")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_IGNORED = f"""\
# state, caches and sandbox books
{STATE_FOLDER}/

# credentials never belong in a repository
*.ionapi
.env
"""


def create(folder: Path, *, environments: Sequence[str] = (), dialect: str | None = None) -> None:
    """Make a project of the pack in ``folder``, which is made if it is not there.

    Raises:
        UsageError: something is in the way, or a name cannot be used; nothing was written.
    """
    check_names(environments)
    pack = _pack(dialect)
    blocks = "".join(_block(name) for name in environments)
    texts = {**pack, PROJECT_FILE: pack[PROJECT_FILE] + blocks}
    _refuse_overwriting(folder, texts)
    try:
        # The project file comes last: a folder that holds it is a whole project.
        for name in sorted(texts, key=lambda name: name == PROJECT_FILE):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(texts[name], encoding="utf-8", newline="\n")
        _ignore(folder)
        write_schemas(folder / STATE_FOLDER, project=folder)
    except OSError as error:
        raise UsageError(_unwritable(folder, error)) from error


def add_environments(folder: Path, environments: Sequence[str]) -> list[str]:
    """Add those environments to a project that it does not have, and name them.

    Raises:
        UsageError: the end of ``m3nop.yaml`` is not where they belong; it stays as it was.
    """
    check_names(environments)
    known = environments_of(folder)
    new = [name for name in environments if name not in known]
    path = folder / PROJECT_FILE
    before = path.read_text(encoding="utf-8")
    try:
        blocks = "".join(_block(name) for name in new)
        path.write_text(f"{before.rstrip()}\n{blocks}", encoding="utf-8", newline="\n")
        if not _has(folder, {*known, *new}):
            path.write_text(before, encoding="utf-8", newline="\n")
            msg = (
                f"`environments:` is not the last part of {path}, so nothing was added; "
                f"copy {pack_folder() / _TEMPLATE} there by hand"
            )
            raise UsageError(msg)
    except OSError as error:
        raise UsageError(_unwritable(folder, error)) from error
    return new


def _has(folder: Path, environments: set[str]) -> bool:
    try:
        return set(environments_of(folder)) == environments
    except ConfigurationError:
        return False


def check_names(environments: Sequence[str]) -> None:
    """Refuse names that no environment can have.

    Raises:
        UsageError: one cannot be used.
    """
    for name in environments:
        if not _NAME.fullmatch(name):
            msg = f"{name!r} cannot name an environment: use small letters, digits and _, a letter first"
            raise UsageError(msg)


def _pack(dialect: str | None) -> dict[str, str]:
    """Read the files of the pack, by their names in a project."""
    pack = pack_folder()
    files = {path.relative_to(pack): path for path in pack.rglob("*") if path.is_file()}
    texts = {
        name.as_posix(): path.read_text(encoding="utf-8")
        for name, path in files.items()
        if name.parts[0] != STATE_FOLDER and name.name != _TEMPLATE
    }
    if dialect is not None:
        texts[PROJECT_FILE] = _with_dialect(texts[PROJECT_FILE], dialect)
    return texts


def _with_dialect(text: str, dialect: str) -> str:
    if dialect not in DIALECTS:
        msg = f"the shop's dialect is {' or '.join(DIALECTS)}, not {dialect!r}"
        raise UsageError(msg)
    changed, count = _DIALECT.subn(lambda found: dialect.ljust(len(found[0])), text)
    if count != 1:
        msg = f"the pack in {pack_folder()} was changed: it does not say where the dialect goes"
        raise ConfigurationError(msg)
    return changed


def _block(name: str) -> str:
    """Return the lines that an environment takes in ``m3nop.yaml``."""
    template = (pack_folder() / _TEMPLATE).read_text(encoding="utf-8")
    begin = template.index(f"\n{_EXAMPLE}:") + 1
    text = template[begin:].replace(_EXAMPLE, name).replace(_EXAMPLE.upper(), name.upper())
    return "".join(f"  {line}\n" if line else "\n" for line in text.splitlines())


def _refuse_overwriting(folder: Path, texts: Mapping[str, str]) -> None:
    if folder.exists() and not folder.is_dir():
        msg = f"{folder} is a file; name a folder"
        raise UsageError(msg)
    taken = sorted(name for name in texts if (folder / name).exists())
    if taken:
        more = f" and {len(taken) - 3} more files" if len(taken) > 3 else ""  # noqa: PLR2004  enough to see
        where = "this folder" if folder == Path() else folder
        msg = f"{where} has {', '.join(taken[:3])}{more} already; nothing was written, choose another folder"
        raise UsageError(msg)


def _ignore(folder: Path) -> None:
    path = folder / ".gitignore"
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    if f"{STATE_FOLDER}/" in before.split():
        return
    gap = "\n" if before else ""
    path.write_text(f"{before.rstrip()}{gap}{gap}{_IGNORED}", encoding="utf-8", newline="\n")


def _unwritable(folder: Path, error: OSError) -> str:
    return f"{folder} cannot be written: {error.strerror or error}"
