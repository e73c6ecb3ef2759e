"""Sends bulletins by e-mail: SMTP with TLS, and a password only over TLS."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import TYPE_CHECKING

from msgspec import Struct

from m3nop.app.alerts.smtp import Impatient, ImpatientByTls
from m3nop.core.clock import to_datetime
from m3nop.core.errors import AccessError
from m3nop.core.secrets import Secret, redact
from m3nop.core.terminal import printable
from m3nop.http.addresses import is_loopback

if TYPE_CHECKING:
    from m3nop.app.alerts.messages import Bulletin
    from m3nop.spec.alert_model import EmailSpec

_PORTS = {"starttls": 587, "tls": 465, "none": 25}
_SECONDS = 10.0
_URGENT = "1"


class Mail(Struct, frozen=True):
    """A mail server, and who gets the mail."""

    name: str
    spec: EmailSpec
    password: Secret | None = None
    ca_file: str | None = None

    def send(self, bulletin: Bulletin) -> str:
        """Send a bulletin; return what went wrong all the same (one of several did not get it), or ``""``.

        Raises:
            AccessError: the server cannot be reached, is not trusted, or did not take it.
        """
        try:
            with self._connect() as server:
                if self.password is not None and self.spec.username is not None:
                    server.login(self.spec.username, self.password.reveal())
                refused = server.send_message(self._message(bulletin))
        except (smtplib.SMTPException, OSError, ValueError) as error:
            msg = f"{self._where}: {_words(error)}"
            raise AccessError(msg) from None
        return f"{self._where} did not take mail for {', '.join(sorted(refused))}" if refused else ""

    @property
    def _port(self) -> int:
        return self.spec.port or _PORTS[self.spec.security]

    @property
    def _where(self) -> str:
        return f"channel {self.name} ({self.spec.host}:{self._port})"

    def _connect(self) -> smtplib.SMTP:
        host, port = self.spec.host, self._port
        if self.spec.security == "tls":
            return ImpatientByTls(host, port, timeout=_SECONDS, context=self._trust())
        if self.spec.security == "none" and not is_loopback(host):
            msg = "mail without TLS goes to this machine only; set `security`"
            raise smtplib.SMTPException(msg)
        server = Impatient(host, port, timeout=_SECONDS)
        try:
            if self.spec.security == "starttls":
                server.starttls(context=self._trust())
        except BaseException:
            server.close()
            raise
        return server

    def _trust(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.ca_file is not None:
            context.load_verify_locations(self.ca_file)
        return context

    def _message(self, bulletin: Bulletin) -> EmailMessage:
        message = EmailMessage()
        message["Subject"] = bulletin.title
        message["From"] = self.spec.from_
        message["To"] = ", ".join(self.spec.to)
        message["Date"] = format_datetime(to_datetime(bulletin.at))
        message["Message-ID"] = make_msgid(domain=self.spec.from_.rpartition("@")[2])
        # So that no out-of-office notice answers.
        message["Auto-Submitted"] = "auto-generated"
        if bulletin.is_critical:
            message["X-Priority"] = _URGENT
        message.set_content(bulletin.text())
        return message


def _words(error: Exception) -> str:
    """Say what a server or the network said, on one line and without credentials."""
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        text = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
        return " ".join(redact(printable(f"it answered {error.smtp_code} {text}")).split())
    if isinstance(error, UnicodeError):
        return "the server takes no other signs than ASCII in addresses, user and password"
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return f"it did not take mail for {', '.join(sorted(error.recipients))}"
    return " ".join(printable(str(error) or type(error).__name__).split())
