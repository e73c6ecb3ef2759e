"""Makes the sources of ION messages that a project names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from m3nop.core.errors import ConfigurationError
from m3nop.serve.bucket import Bucket
from m3nop.serve.ion.callers import Password, Signed, Token
from m3nop.serve.ion.receiving import IonSource
from m3nop.spec.service import documents_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from m3nop.app.session import Session
    from m3nop.core.documents import Place
    from m3nop.serve.ion.callers import Caller
    from m3nop.spec.ion_model import IonSpec


def ion_sources(session: Session) -> dict[str, IonSource]:
    """Return the sources by name.

    Raises:
        ConfigurationError: a secret is missing.
    """
    project = session.project
    places: dict[str, list[Place]] = {}
    for pipeline in project.pipelines:
        for document, place in documents_of(project, pipeline).items():
            known = places.setdefault(document, [])
            if place not in known:
                known.append(place)
    every = project.spec.ion if project.spec else {}
    return {
        name: IonSource(
            name=name,
            caller=_caller(spec, [session.secret(reference).reveal() for reference in spec.secrets]),
            bucket=Bucket(spec.per_second),
            body_limit=spec.body_limit,
            document_limit=spec.document_limit,
            places=places,
            allow=tuple(spec.allow),
            tenant=spec.tenant,
            method=spec.method,
            url=spec.url,
        )
        for name, spec in every.items()
    }


def _caller(spec: IonSpec, secrets: Sequence[str]) -> Caller:
    if not all(secret.strip() for secret in secrets):
        raise ConfigurationError("a secret of ION is blank, so that anybody could send in its name")
    match spec.scheme:
        case "oauth1":
            return Signed(spec.user, secrets, spec.window)
        case "basic":
            return Password(spec.user, secrets)
        case "bearer":
            return Token(secrets)
