"""The keys of ``m3nop.yaml``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from m3nop.core.secrets import SecretRef
from m3nop.spec.alert_model import AlertsSpec, MetricsSpec
from m3nop.spec.field_model import Fields, SpecModel
from m3nop.spec.ion_model import IonSpec
from m3nop.spec.models import RetrySpec
from m3nop.spec.schema_forms import ShortForm
from m3nop.spec.service_model import HookSourceSpec, ListenSpec, Zone
from m3nop.spec.values import Id, InstantText, Seconds

Settings = dict[Id, Any]
LookupFiles = dict[Id, str]
Starts = dict[Id, InstantText]
Duration = Seconds | None
KEEP = 90 * 86_400.0
"""Seconds for which personal data is kept, unless the project says otherwise."""
LEASE = 30.0
"""Seconds that a process may be out of touch with a state that others share, unless the project says."""


def _url(value: object) -> object:
    if isinstance(value, (str, SecretRef)):
        return value
    raise PydanticCustomError("wrong-value", "text is expected here")


Url = Annotated[Any, AfterValidator(_url), WithJsonSchema({"type": "string"})]


class ConnectionSpec(SpecModel):
    """A configured system; its type decides which other keys there are."""

    model_config = ConfigDict(extra="allow")

    type: str
    """The kind of system: ``m3`` or ``nopcommerce``."""


def _state_form(value: object) -> object:
    return value if isinstance(value, dict) else {"url": value}


class StateSpec(SpecModel):
    """The state database."""

    url: Url | None = None
    """``sqlite:///...`` or ``postgresql+psycopg://...``; without it, a file under ``.m3nop/``."""
    keep: Duration = None
    """How long the service keeps what nobody needs any more (``m3nop state prune``); else for ever."""
    lease: Seconds = Field(default=LEASE, ge=1)
    """How long a process on PostgreSQL may be out of touch until others take over what it works on."""


StateForm = Annotated[StateSpec, BeforeValidator(_state_form), ShortForm("The URL alone.")]


class StoreOverride(SpecModel):
    """Changes of a storefront in one environment."""

    connection: Id | None = None
    """The shop connection that it belongs to."""
    as_: Id | None = Field(default=None, alias="as")
    """The connection whose name in pipelines means this one: one pipeline for several installations."""
    store_id: int | None = Field(default=None, ge=0)
    """Its id in the shop."""
    host: str = ""
    """Its host name."""
    settings: Settings = Field(default={})
    """Site values of this store."""
    lookups: LookupFiles = Field(default={})
    """Lookup files that stand in for others."""
    pipelines: dict[Id, dict[str, Any] | None] = Field(default={})
    """Changes of pipelines: steps by id, null removes, ``after: ID`` inserts."""


class StoreSpec(StoreOverride):
    """One storefront, and what is different there."""

    store_id: int = Field(ge=0)
    """Its id in the shop."""


class EnvironmentSpec(SpecModel):
    """A named set of changes: ``sandbox``, ``dev``, ``qa``, ``prod``."""

    connections: dict[Id, dict[str, Any]] = Field(default={})
    """Changes of connections."""
    settings: Settings = Field(default={})
    """Site values of this environment."""
    stores: dict[Id, StoreOverride | None] = Field(default={})
    """Changes of stores."""
    lookups: LookupFiles = Field(default={})
    """Lookup files that stand in for others."""
    start: Starts = Field(default={})
    """Records created before are left alone, by pipeline."""
    state: StateForm | None = None
    """The state database."""
    alerts: dict[str, Any] | None = None
    """Changes of ``alerts``; null for none at all."""
    metrics: dict[str, Any] | None = None
    """Changes of ``metrics``; null for none at all."""
    listen: dict[str, Any] | None = None
    """Changes of ``listen``; null for not at all."""
    webhooks: dict[Id, dict[str, Any] | None] = Field(default={})
    """Changes of ``webhooks``."""
    ion: dict[Id, dict[str, Any] | None] = Field(default={})
    """Changes of ``ion``."""


class PrivacySpec(SpecModel):
    """How long personal data is kept."""

    keep_personal_data: Duration = None
    """What was read, sent and answered for a record that is done with; 90 days unless given."""


class DefaultsSpec(SpecModel):
    """Values for pipelines that say nothing else."""

    on_error: RetrySpec | None = None
    """How often a record may fail."""
    on_change: Literal["ignore", "review", "steps"] | None = None
    """What a change of a delivered record does."""
    quiet: Duration = None
    """Time to leave a new record alone."""


class ProjectSpec(SpecModel):
    """A project: its systems, site values, environments and stores."""

    version: Literal[1]
    """Version of this format."""
    connections: dict[Id, ConnectionSpec] = Field(min_length=1)
    """The configured systems, by the name that pipelines use."""
    time_zone: Zone = "UTC"
    """The time zone of cron schedules."""
    settings: Settings = Field(default={})
    """Site values that mappings use as ``settings.NAME``."""
    environments: dict[Id, EnvironmentSpec | None] = Field(default={})
    """Named sets of changes."""
    stores: dict[Id, StoreSpec] = Field(default={})
    """Storefronts, by code; without any there is one, ``main``, with the shop's id 1."""
    lookups: LookupFiles = Field(default={})
    """Lookup files that are not named after their lookup."""
    blocks: dict[Id, Fields] = Field(default={})
    """Shared fields that pipelines pull in by ``include``."""
    state: StateForm | None = None
    """The state database."""
    listen: ListenSpec | None = None
    """Where the service answers HTTP; without it, it does not."""
    webhooks: dict[Id, HookSourceSpec] = Field(default={})
    """Who sends webhooks, by name."""
    ion: dict[Id, IonSpec] = Field(default={})
    """Who sends messages of Infor ION, by name."""
    privacy: PrivacySpec = PrivacySpec()
    """How long personal data is kept."""
    alerts: AlertsSpec = AlertsSpec()
    """Who is told of what."""
    metrics: MetricsSpec = MetricsSpec()
    """Where metrics are written for runs that end."""
    defaults: DefaultsSpec = DefaultsSpec()
    """Values for pipelines that say nothing else."""


class EffectiveProject(ProjectSpec):
    """A project with one environment's changes laid over it."""

    start: Starts = Field(default={})
    """Records created before are left alone, by pipeline."""
