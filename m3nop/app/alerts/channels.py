"""Opens the channels of a project; a secret is looked up when its channel is used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from m3nop.core.errors import ConfigurationError
from m3nop.core.secrets import Secret, SecretRef

if TYPE_CHECKING:
    from pathlib import Path

    from m3nop.app.alerts.messages import Bulletin
    from m3nop.app.secrets import Secrets
    from m3nop.spec.alert_model import ChannelSpec


class Channel(Protocol):
    """A way to tell somebody."""

    def send(self, bulletin: Bulletin) -> str:
        """Send a bulletin; return what went wrong all the same, or ``""``.

        Raises:
            AccessError: nobody was told.
            ConfigurationError: something is missing on this machine.
        """
        ...


def open_channel(name: str, spec: ChannelSpec, *, secrets: Secrets, folder: Path) -> Channel:
    """Open a channel.

    Raises:
        ConfigurationError: a secret is missing.
    """

    def text(value: str | SecretRef) -> Secret:
        return secrets.find(value) if isinstance(value, SecretRef) else Secret(value)

    def file(path: str | None) -> str | None:
        return None if path is None else str(folder / path)

    if spec.email is not None:
        from m3nop.app.alerts.mail import Mail

        mail = spec.email
        return Mail(name, mail, None if mail.password is None else text(mail.password), file(mail.ca_file))
    if spec.webhook is not None:
        from m3nop.app.alerts.hook import Hook

        hook = spec.webhook
        key = None if hook.key is None else text(hook.key)
        return Hook(name, text(hook.url), key, file(hook.ca_file))
    from m3nop.app.alerts.anywhere import Anywhere
    from m3nop.app.alerts.chat import Slack, Teams

    for address, kind in ((spec.slack, Slack), (spec.teams, Teams), (spec.apprise, Anywhere)):
        if address is not None:
            made: Channel = kind(name, text(address))
            return made
    msg = f"channel {name} has no way to tell anybody"
    raise ConfigurationError(msg)
