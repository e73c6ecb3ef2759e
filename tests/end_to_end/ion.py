"""What ION sends: documents, the envelopes around them, and signatures.

The forms are those of Infor's documentation of the ION Messaging Service (``service/v3/multipartMessage``,
``service/v3/message/multipart``, the part names and their swap in version 2) and of open senders of it.
"""

from __future__ import annotations

import urllib.request
import zlib
from typing import TYPE_CHECKING
from urllib.parse import quote

from m3nop.core import json
from m3nop.serve.ion.callers import Asked, base_string, signature

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Project

CONSUMER, CONSUMER_KEY = "m3nop-consumer", "a consumer secret"
GATEWAY_KEY = "a token of the gateway"
SECRETS = {"ION": CONSUMER_KEY, "ION_OLD": "the one before", "GATEWAY": GATEWAY_KEY}
SETTINGS = """
listen: {port: 0, body_timeout: 1s}
ion:
  m3:
    scheme: oauth1
    user: m3nop-consumer
    secrets: ["${secret:ION_OLD}", "${secret:ION}"]
    tenant: ACME_TST
    body_limit: 100000
    document_limit: 1000000
  gateway: {scheme: bearer, secrets: ["${secret:GATEWAY}"], method: message}
"""
BOUNDARY = "Boundary_1_2_3"
MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"
BEARER = {"authorization": f"Bearer {GATEWAY_KEY}"}


def listening(text: str) -> str:
    """Let a project receive from ION."""
    return text.replace("\nenvironments:", f"{SETTINGS}\nenvironments:", 1)


def item_master(item: str, *, variation: int | None = None) -> bytes:
    """Return the document that tells of a changed item."""
    number = f' variationID="{variation}"' if variation is not None else ""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<SyncItemMaster xmlns="http://schema.infor.com/InforOAGIS/2" releaseID="9.2" versionID="2.14.5">
  <ApplicationArea><Sender><LogicalID>lid://infor.m3.m3be</LogicalID></Sender></ApplicationArea>
  <DataArea>
    <Sync><TenantID>ACME_TST</TenantID><ActionCriteria><ActionExpression actionCode="Replace"/></ActionCriteria></Sync>
    <ItemMaster><ItemMasterHeader>
      <ItemID><ID accountingEntity="100_AAA"{number}>{item}</ID></ItemID><Description>Zelt für zwei</Description>
    </ItemMasterHeader></ItemMaster>
  </DataArea>
</SyncItemMaster>""".encode()


def counted(*items: str) -> bytes:
    """Return the document that tells of counted stock."""
    lines = "".join(
        f"<InventoryCountLine><Item><ItemID><ID>{item}</ID></ItemID></Item></InventoryCountLine>"
        for item in items
    )
    return (
        "<SyncInventoryCount xmlns='http://schema.infor.com/InforOAGIS/2'><DataArea><Sync/>"
        f"<InventoryCount>{lines}</InventoryCount></DataArea></SyncInventoryCount>"
    ).encode()


def parameters(document: str, message: str, *, encoding: str = "DEFLATE", **more: object) -> bytes:
    """Return the part ``ParameterRequest``."""
    return json.dumps(
        {
            "documentName": document, "messageId": message, "fromLogicalId": "lid://infor.m3.m3be",
            "toLogicalId": "lid://infor.ims.m3nop", "encoding": encoding, "characterSet": "UTF-8", **more,
        }
    ).encode()  # fmt: skip


def part(name: str, content_type: str, body: bytes) -> bytes:
    """Return a part of a multipart body."""
    disposition = f'Content-Disposition: form-data; name="{name}"\r\n' if name else ""
    kind = f"Content-Type: {content_type}\r\n" if content_type else ""
    return f"--{BOUNDARY}\r\n{disposition}{kind}\r\n".encode() + body + b"\r\n"


def multipart(*parts: bytes) -> bytes:
    """Return a whole body."""
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def message(
    document: str, number: str, payload: bytes, *, encoding: str = "DEFLATE", swapped: bool = False, **more: object
) -> bytes:  # fmt: skip
    """Return a ``multipartMessage``; version 2 swaps the names of its parts."""
    names = ("MessagePayload", "ParameterRequest") if swapped else ("ParameterRequest", "MessagePayload")
    packed = zlib.compress(payload) if encoding == "DEFLATE" else payload
    return multipart(
        part(names[0], "application/json", parameters(document, number, encoding=encoding, **more)),
        part(names[1], "application/octet-stream", packed),
    )


def oauth(method: str, url: str, *, at: float, secret: str = CONSUMER_KEY) -> dict[str, str]:
    """Return the header by which ION signs for a connection point."""
    given = {
        "oauth_consumer_key": CONSUMER, "oauth_nonce": "n1", "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": str(int(at)), "oauth_version": "1.0",
    }  # fmt: skip
    made = signature(base_string(Asked(method, url, ""), given), secret, method="HMAC-SHA1")
    pairs = ", ".join(
        f'{name}="{quote(value, safe="")}"' for name, value in {**given, "oauth_signature": made}.items()
    )
    return {"authorization": f"OAuth {pairs}"}


def count_stock(project: Project, item: str, quantity: int) -> None:
    """Let somebody count an item in the sandbox's M3."""
    body = json.dumps({"itno": item, "whlo": "001", "quantity": quantity}).encode()
    request = urllib.request.Request(  # noqa: S310 - the sandbox on loopback
        f"{project.url}/sandbox/m3/stock", body, {"content-type": "application/json"}
    )
    urllib.request.urlopen(request, timeout=10).close()  # noqa: S310 - as above
