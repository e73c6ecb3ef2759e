"""Sends bulletins by Apprise, which knows very many services (extra ``apprise``)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from msgspec import Struct

from m3nop.core.errors import AccessError, ConfigurationError

if TYPE_CHECKING:
    from m3nop.app.alerts.messages import Bulletin
    from m3nop.core.secrets import Secret


class Anywhere(Struct, frozen=True):
    """An address of Apprise."""

    name: str
    address: Secret

    def send(self, bulletin: Bulletin) -> str:
        """Send a bulletin.

        Raises:
            ConfigurationError: the extra is not installed.
            AccessError: Apprise does not know the address, or it was not taken.
        """
        try:
            import apprise
        except ImportError as error:
            msg = f"channel {self.name} needs the extra `apprise`: pip install 'm3nop[apprise]'"
            raise ConfigurationError(msg) from error
        # What it logs may hold the address.
        logging.getLogger("apprise").disabled = True
        sender = apprise.Apprise()
        if not sender.add(self.address.reveal()):
            msg = f"channel {self.name}: Apprise does not know this kind of address"
            raise AccessError(msg)
        kind = apprise.NotifyType.SUCCESS if bulletin.is_good_news else apprise.NotifyType.WARNING
        if not sender.notify(title=bulletin.title, body=bulletin.text(), notify_type=kind):
            msg = f"channel {self.name}: Apprise could not send it"
            raise AccessError(msg)
        return ""
