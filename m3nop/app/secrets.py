"""Looks secrets up where operating systems and their users keep them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from m3nop.core.errors import ConfigurationError
from m3nop.core.secrets import Secret, SecretRef

if TYPE_CHECKING:
    from collections.abc import Mapping

SERVICE = "m3nop"
MOST_CHARACTERS = 100_000
"""No secret is longer, so a file that never ends is none."""
_PLAINTEXT = ("plaintext", "null", "fail")


class Secrets:
    """Finds a secret by name, in the first place that has it.

    The places, in order: ``env:NAME`` and ``file:PATH`` as written, systemd's credentials directory,
    ``M3NOP_SECRET_<NAME>_FILE``, ``/run/secrets``, ``M3NOP_SECRET_<NAME>``, ``<NAME>`` in the environment,
    and the keyring of the operating system (never one that writes plain text).
    """

    def __init__(
        self, environ: Mapping[str, str] | None = None, *, run_secrets: Path = Path("/run/secrets")
    ) -> None:
        self._environ = os.environ if environ is None else environ
        self._run_secrets = run_secrets

    def find(self, reference: SecretRef) -> Secret:
        """Return the secret.

        Raises:
            ConfigurationError: no place has it, or the file that should is not readable.
        """
        text = self.look(reference.name)
        if text is None:
            places = (
                f"set M3NOP_SECRET_{_variable(reference.name)}, or run `m3nop secrets set {reference.name}`"
            )
            msg = f"the secret {reference.name} is nowhere to be found; {places}"
            raise ConfigurationError(msg)
        return Secret(text)

    def look(self, name: str) -> str | None:
        """Return the text of a secret, or None."""
        found = self.place(name)
        return None if found is None else found[1]

    def place(self, name: str) -> tuple[str, str] | None:
        """Return where a secret is, and its text; None if it is nowhere.

        Raises:
            ConfigurationError: a file that is named for it cannot be read.
        """
        kind, colon, rest = name.partition(":")
        if colon and kind == "env":
            text = self._environ.get(rest)
            return None if text is None else (f"environment variable {rest}", text)
        if colon and kind == "file":
            return f"file {rest}", _read(Path(rest))
        return self._file(name) or self._variable(name) or _keyring(name)

    def _file(self, name: str) -> tuple[str, str] | None:
        folder = self._environ.get("CREDENTIALS_DIRECTORY")
        named = self._environ.get(f"M3NOP_SECRET_{_variable(name)}_FILE")
        if folder and (Path(folder) / name).is_file():
            return "systemd credentials", _read(Path(folder) / name)
        if named:
            return f"file {named}", _read(Path(named))
        if (self._run_secrets / name).is_file():
            return str(self._run_secrets / name), _read(self._run_secrets / name)
        return None

    def _variable(self, name: str) -> tuple[str, str] | None:
        for variable in (f"M3NOP_SECRET_{_variable(name)}", name):
            if self._environ.get(variable):
                return f"environment variable {variable}", self._environ[variable]
        return None


def store(name: str, text: str) -> None:
    """Put a secret into the keyring of the operating system.

    Raises:
        ConfigurationError: there is none that keeps secrets encrypted.
    """
    import keyring
    from keyring.errors import KeyringError

    refuse_plaintext()
    try:
        keyring.set_password(SERVICE, name, text)
    except KeyringError as error:
        msg = f"the keyring did not take {name}: {error}; use M3NOP_SECRET_{_variable(name)}_FILE instead"
        raise ConfigurationError(msg) from error


def keyring_name() -> str:
    """Name the keyring backend of this machine."""
    import keyring

    backend = keyring.get_keyring()
    return f"{type(backend).__module__}.{type(backend).__name__}"


def refuse_plaintext() -> None:
    """Refuse a machine whose keyring would write secrets down as they are.

    Raises:
        ConfigurationError: it would, or there is none.
    """
    if not keeps_secrets():
        msg = (
            f"this machine has no keyring that encrypts ({keyring_name()}); "
            "use M3NOP_SECRET_<NAME>_FILE or systemd credentials"
        )
        raise ConfigurationError(msg)


def keeps_secrets() -> bool:
    """Tell whether this machine has a keyring, and encrypts all that it may write there."""
    import keyring

    backend = keyring.get_keyring()
    chained = [
        f"{type(one).__module__}.{type(one).__name__}" for one in getattr(backend, "backends", [backend])
    ]
    return bool(chained) and not any(word in name.lower() for name in chained for word in _PLAINTEXT)


def _keyring(name: str) -> tuple[str, str] | None:
    import keyring
    from keyring.errors import KeyringError

    if not keeps_secrets():
        return None
    try:
        text = keyring.get_password(SERVICE, name)
    except KeyringError:
        return None
    return None if text is None else ("keyring", text)


def _read(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as stream:
            text = stream.read(MOST_CHARACTERS + 1)
        if len(text) > MOST_CHARACTERS:
            msg = f"the secret file {path} cannot be read: it has more than {MOST_CHARACTERS} characters"
            raise ConfigurationError(msg)
        return text.rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"the secret file {path} cannot be read: {error}"
        raise ConfigurationError(msg) from error


def _variable(name: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in name).upper()
