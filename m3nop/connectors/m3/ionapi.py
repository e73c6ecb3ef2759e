"""Reads an ``.ionapi`` file: where the gateway is and who signs in (keys by Infor's documentation)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from m3nop.core import json
from m3nop.core.errors import ConfigurationError
from m3nop.core.secrets import Secret

if TYPE_CHECKING:
    from m3nop.core.json import Json

_NEEDED = ("ti", "ci", "cs", "iu", "pu", "ot")
_NO_ACCOUNT = (
    "the .ionapi file has no service account (`saak` and `sask`): in ION API create the app with type"
    ' "Backend Service" and download the file with "Create Service Account" ticked'
)


class Client(Struct, frozen=True):
    """Who asks for tokens, and where; without an account the client signs in itself."""

    token_url: str
    client_id: str
    client_secret: Secret
    account: tuple[Secret, Secret] | None = None


class IonApi(Struct, frozen=True):
    """What a connection needs of the file."""

    tenant: str
    gateway: str
    client: Client

    @property
    def m3_url(self) -> str:
        """M3's address behind the gateway."""
        return f"{self.gateway}/{self.tenant}/M3"


def parse_ionapi(text: Secret) -> IonApi:
    """Read the content of the file.

    Raises:
        ConfigurationError: it is no .ionapi file of a backend service with a service account.
    """
    document = _document(text)
    missing = [key for key in _NEEDED if not document.get(key)]
    if missing:
        names = ", ".join(f"`{key}`" for key in missing)
        msg = f"the .ionapi file lacks {names}; download it again from ION API"
        raise ConfigurationError(msg)
    if not (document.get("saak") and document.get("sask")):
        raise ConfigurationError(_NO_ACCOUNT)
    client = Client(
        joined(str(document["pu"]), str(document["ot"])),
        str(document["ci"]),
        Secret(str(document["cs"])),
        (Secret(str(document["saak"])), Secret(str(document["sask"]))),
    )
    return IonApi(str(document["ti"]), str(document["iu"]).rstrip("/"), client)


def joined(base: str, path: str) -> str:
    """Join the two with one slash between them."""
    return f"{base.rstrip('/')}/{path.lstrip('/')}"


def _document(text: Secret) -> dict[str, Json]:
    content = text.reveal().strip("\ufeff \t\r\n")
    if not content.startswith("{"):
        msg = "the .ionapi credential must be the content of the file (JSON), not its name"
        raise ConfigurationError(msg)
    try:
        document: dict[str, Json] = json.loads(content)
    except ValueError as error:
        # The parser's own words stay out: they can quote the content.
        msg = "the .ionapi credential is not JSON; copy the whole file"
        raise ConfigurationError(msg) from error
    return document
