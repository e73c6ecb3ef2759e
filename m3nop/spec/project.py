"""Loads a project for one environment: reads its files, lays overrides over them, compiles on demand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from m3nop.core import json
from m3nop.core.connector import Catalog, ConnectorType, StoreRef
from m3nop.core.errors import ConfigurationError
from m3nop.core.problems import Problem, Severity
from m3nop.mapping.lookups import Lookup
from m3nop.spec.checking import check
from m3nop.spec.compile import Compiled, compile_tree, definition_tree, site_of
from m3nop.spec.connections import load_connections
from m3nop.spec.desk import Site
from m3nop.spec.effective import changes_of, effective_pipeline, effective_settings
from m3nop.spec.files import ProjectFiles
from m3nop.spec.installations import (
    AT,
    Installation,
    connections_in,
    installations_of,
    instance_name,
    retarget,
    split_instance,
)
from m3nop.spec.overlay import laid_over
from m3nop.spec.project_model import KEEP, LEASE, EffectiveProject
from m3nop.spec.project_names import name_problems
from m3nop.spec.suggest import suggest
from m3nop.spec.tree import MapNode, ScalarNode, child, plain, walk
from m3nop.spec.variables import Filler, refuse_secrets

if TYPE_CHECKING:
    from pathlib import Path

    from m3nop.core.json import Json
    from m3nop.core.secrets import SecretRef
    from m3nop.mapping.pipeline import Pipeline

MAIN_STORE = "main"
"""The store of a project that names none."""


class Lookups(Mapping[str, Lookup | None]):
    """The lookups of one store by name, read when asked for; None is one that cannot be read."""

    def __init__(self, files: ProjectFiles, paths: Mapping[str, Path]) -> None:
        self._files = files
        self._paths = paths

    def path(self, name: str) -> Path:
        """Return the file of a lookup."""
        return self._paths[name]

    def __getitem__(self, name: str) -> Lookup | None:
        return self._files.lookup(self._paths[name], name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)


class LoadedProject:
    """A project in one environment. What is wrong with it is in ``problems``; nothing is raised for it.

    Pipelines and lookups are read and compiled when they are asked for; ``validate`` asks for everything.
    """

    def __init__(
        self, files: ProjectFiles, *, environment: str | None, registry: Mapping[str, ConnectorType],
        environ: Mapping[str, str], lenient: bool = False,
    ) -> None:  # fmt: skip
        self.folder = files.folder
        self.environment = environment
        self.files = files
        self._registry = registry
        self._environ = environ
        self._found: list[Problem] = []
        self._effective: dict[tuple[str, str], MapNode] = {}
        self._compiled: dict[tuple[str, str], Compiled] = {}
        self._filled: dict[str, MapNode] = {}
        self._named_by: dict[str, frozenset[str]] = {}
        self.tree = laid_over(files, environment, environ, self._found, lenient=lenient)
        """The effective ``m3nop.yaml``, with places."""
        self.spec = self._check()
        """The effective ``m3nop.yaml`` as a model, or None where it is wrong."""
        loaded = load_connections(self.tree, registry, files, self._found)
        self.connections: Mapping[str, Any] = loaded.configs
        """Validated options of each connection, by name; secrets are still names."""
        self.connection_types: Mapping[str, ConnectorType] = loaded.types
        self.catalogs: Mapping[str, Catalog | None] = loaded.catalogs
        """What each connection can do; None where its options are wrong."""
        self._found.extend(name_problems(self))

    # -- what is there

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with what was read so far, in the order of the files."""
        every = {*self.files.problems, *self._found}
        return tuple(sorted(every, key=lambda problem: (problem.position, problem.code, problem.message)))

    @property
    def failed(self) -> bool:
        """Whether something is wrong that stops a run."""
        return any(problem.severity is Severity.ERROR for problem in self.problems)

    @property
    def environments(self) -> tuple[str, ...]:
        """Names of the environments."""
        return self.files.environments

    @property
    def stores(self) -> Mapping[str, StoreRef]:
        """The storefronts by code; without any there is one, ``main``."""
        stores = self.spec.stores if self.spec else {}
        if not stores:
            return {MAIN_STORE: StoreRef(MAIN_STORE, 1)}
        return {code: StoreRef(code, store.store_id, store.host) for code, store in stores.items()}

    @property
    def pipelines(self) -> tuple[str, ...]:
        """Names of the pipelines, and of their instances for installations that stand in for another one."""
        own = tuple(self.files.pipelines)
        names = (
            instance_name(name, one.connection)
            for one in self._installations.values()
            for name in own
            if name in self._twins(one.connection)
        )
        return (*own, *names)

    def for_store(self, name: str, store: str | None) -> str:
        """Return the pipeline, or the instance of it that serves a store."""
        if store is None or store not in self.stores or name not in self.pipelines:
            return name
        return self.instances(name, [store])[0]

    def instances(self, name: str, stores: Sequence[str] = ()) -> tuple[str, ...]:
        """Name what a pipeline's name stands for: itself and its instances, if they serve ``stores``."""
        found = [one for one in self.pipelines if name in (one, split_instance(one)[0])]
        served = [one for one in found if not stores or set(stores) & set(self.stores_of(one))]
        return tuple(served or found)

    @property
    def start(self) -> Mapping[str, int]:
        """Instants by pipeline: records created before are left alone."""
        return dict(self.spec.start) if self.spec else {}

    @property
    def state_url(self) -> str | SecretRef | None:
        """Where the state database is, or None for the usual place."""
        return self.spec.state.url if self.spec and self.spec.state else None

    @property
    def state_keep(self) -> float | None:
        """Seconds that the service keeps what nobody needs any more; None for ever."""
        return self.spec.state.keep if self.spec and self.spec.state else None

    @property
    def state_lease(self) -> float:
        """Seconds that a process may be out of touch with a state that others share."""
        return self.spec.state.lease if self.spec and self.spec.state else LEASE

    @property
    def keep_personal_data(self) -> float:
        """Seconds after which the personal data of a record that rests is forgotten."""
        kept = self.spec.privacy.keep_personal_data if self.spec else None
        return KEEP if kept is None else kept

    def settings(self, store: str) -> Mapping[str, Json]:
        """Return the site values of a store."""
        found = effective_settings(self.tree, store)
        return plain(found) if isinstance(found, MapNode) else {}

    def lookups(self, store: str) -> Lookups:
        """Return the lookups of a store."""
        aside = self._stand_ins
        paths = {name: path for name, path in self.files.lookups.items() if path not in aside}
        if self.spec:
            own = self.spec.stores[store].lookups if store in self.spec.stores else {}
            for name, path in {**self.spec.lookups, **own}.items():
                paths[name] = self.folder / path
        return Lookups(self.files, paths)

    @cached_property
    def _stand_ins(self) -> set[Path]:
        """Return the lookup files that stand in for another lookup somewhere."""
        root = self.files.project
        return {
            self.folder / node.text
            for loc, node in (walk(root) if root is not None else ())
            if loc[-2:-1] == ("lookups",) and isinstance(node, ScalarNode)
        }

    def stores_of(self, pipeline: str) -> tuple[str, ...]:
        """Name the stores that a pipeline works for: those of the shop that it reads, else all."""
        seen, origin = {pipeline}, pipeline
        while (other := self.follows(origin)) in self.pipelines and other not in seen:
            seen.add(other)
            origin = other
        # What is handed over by several instances is one pipeline, which works for the stores of all.
        shared = origin != pipeline and len(self.instances(pipeline)) == 1 and AT not in pipeline
        served = {
            code for one in (self.instances(origin) if shared else [origin]) for code in self._served(one)
        }
        return tuple(code for code in self.stores if code in served)

    def _served(self, pipeline: str) -> tuple[str, ...]:
        stores = self.spec.stores if self.spec else {}
        source = child(self.pipeline_tree(pipeline), "source")
        shops = {store.connection for store in stores.values()}
        read = str(plain(child(source, "read"))).partition("/")[0]
        named = {read} & shops or self._connections(pipeline) & shops
        if not named:
            return tuple(self.stores)
        return tuple(
            code
            for code, store in stores.items()
            if store.connection in named or (store.connection is None and store.as_ is None)
        )

    # -- pipelines

    def pipeline_tree(self, name: str) -> MapNode | None:
        """Return a pipeline's file as a tree, variables filled in, or None if it cannot be read."""
        base, connection = split_instance(name)
        if name not in self._filled and connection in self._installations:
            tree = self.pipeline_tree(base)
            if tree is not None:
                self._filled[name] = retarget(tree, self._installations[connection], self._twins(connection))
        elif name not in self._filled and name in self.files.pipelines:
            root = self.files.tree(self.files.pipelines[name])
            filler = Filler(self._environ)
            filled = refuse_secrets(filler.fill(root), self._found) if root is not None else None
            self._found.extend(filler.problems)
            if isinstance(filled, MapNode):
                self._filled[name] = filled
                self._check_pipeline_name(name, filled)
        return self._filled.get(name)

    @property
    def _installations(self) -> Mapping[str, Installation]:
        stores = self.spec.stores if self.spec else {}
        return {one.connection: one for one in installations_of(stores)}

    def _connections(self, name: str) -> frozenset[str]:
        return connections_in(self.pipeline_tree(name))

    def _twins(self, connection: str) -> frozenset[str]:
        stands_for = self._installations[connection].stands_for
        if stands_for not in self._named_by:
            found = {name for name in self.files.pipelines if stands_for in self._connections(name)}
            # What follows their links has the ids of their shop, too.
            while (
                more := {name for name in self.files.pipelines if self.follows(name, "links") in found}
                - found
            ):
                found |= more
            self._named_by[stands_for] = frozenset(found)
        return self._named_by[stands_for]

    def follows(self, name: str, *ways: str) -> str:
        """Return the pipeline whose links, or handed-over records, one takes as source, or ``""``."""
        source = child(self.pipeline_tree(name), "source")
        found = (plain(child(source, way)) for way in ways or ("links", "given"))
        return next((str(other) for other in found if other), "")

    def effective(self, name: str, store: str) -> MapNode | None:
        """Return a pipeline with everything laid over it; every node knows its place and layer."""
        tree = self.pipeline_tree(name)
        if tree is None:
            return None
        # Stores that change nothing of it share one tree.
        place = (name, store if changes_of(tree, self.tree, store) is not None else "")
        if place not in self._effective:
            self._effective[place] = effective_pipeline(tree, self.tree, store, self._found)
        return self._effective[place]

    def compile(self, name: str, store: str) -> Compiled:
        """Compile a pipeline for a store, with what is wrong with it."""
        if (name, store) not in self._compiled:
            tree = self.effective(name, store)
            self._compiled[name, store] = (
                Compiled(None, ()) if tree is None else compile_tree(tree, self.site(name, store))
            )
        return self._compiled[name, store]

    def differing(self, name: str, stores: Iterable[str]) -> list[str]:
        """Name the first of the stores, and each of whose pipeline there is something else to say.

        To find out the same of every store would take as long again for each.
        """
        found: list[str] = []
        for store in stores:
            if not any(self._alike(name, store, other) for other in found):
                self.compile(name, store)
                found.append(store)
        return found

    def _alike(self, name: str, store: str, other: str) -> bool:
        """Tell whether a pipeline that had no problems for the other store has none for this one, either.

        It has not where everything that it was compiled against is the same.
        """
        found = self._compiled.get((name, other))
        if found is None or found.pipeline is None or found.problems or found.of_store:
            return False
        if self.effective(name, store) is not self.effective(name, other):
            return False
        ours, others = self.settings(store), self.settings(other)
        if found.settings is not None:
            ours, others = ({n: s[n] for n in found.settings if n in s} for s in (ours, others))
        lookups = (self.lookups(store), self.lookups(other))
        return ours == others and all(
            name in lookups[0] and lookups[0].path(name) == lookups[1].path(name) for name in found.lookups
        )

    def pipeline(self, name: str, store: str) -> Pipeline:
        """Return a compiled pipeline.

        Raises:
            ConfigurationError: it, or something it uses, is wrong; carries the problems.
        """
        if name not in self.pipelines:
            hint = suggest(name, self.pipelines)
            msg = f"there is no pipeline '{name}'{'; ' + hint if hint else ''}"
            raise ConfigurationError(msg, problems=self.problems)
        compiled = self.compile(name, store)
        problems = (*self.problems, *compiled.problems)
        if compiled.pipeline is None or self.failed:
            msg = f"pipeline '{name}' cannot be used: run `m3nop validate`"
            raise ConfigurationError(msg, problems=problems)
        return compiled.pipeline

    def site(self, name: str, store: str) -> Site:
        """Return what a pipeline is compiled against."""
        return Site(
            store=self.stores[store],
            environment=self.environment or "",
            settings=self.settings(store),
            lookups=self.lookups(store),
            catalogs=self.catalogs,
            pipelines=frozenset(self.pipelines),
            start=self.start.get(name, self.start.get(split_instance(name)[0])),
            installation=split_instance(name)[1],
        )

    def compile_definition(self, text: str) -> Pipeline:
        """Compile a stored definition again, with this project's connections."""
        return compile_definition(text, catalogs=self.catalogs)

    def in_environment(self, name: str | None, *, lenient: bool = False) -> LoadedProject:
        """Return the same files in another environment; nothing is read twice."""
        return LoadedProject(
            self.files, environment=name, registry=self._registry, environ=self._environ, lenient=lenient
        )

    # -- loading

    def _check(self) -> EffectiveProject | None:
        if self.files.project is None:
            return None
        return check(EffectiveProject, self.tree, self._found)

    def _check_pipeline_name(self, name: str, tree: MapNode) -> None:
        given = tree.get("pipeline")
        if isinstance(given, ScalarNode) and given.text != name:
            message = f"the pipeline '{given.text}' must be in a file of that name"
            self._found.append(Problem(given.position, "pipeline-name", message, f"this file is {name}.yaml"))


def load_project(
    folder: Path,
    *,
    environment: str | None,
    registry: Mapping[str, ConnectorType],
    environ: Mapping[str, str],
) -> LoadedProject:
    """Load the project in ``folder``; problems are collected, not raised."""
    return LoadedProject(ProjectFiles(folder), environment=environment, registry=registry, environ=environ)


def compile_definition(text: str, *, catalogs: Mapping[str, Catalog | None]) -> Pipeline:
    """Compile the definition that a pipeline was stored with; only the catalogs are of today.

    Raises:
        ConfigurationError: the connections cannot do any more what the definition needs.
    """
    definition = json.loads(text)
    compiled = compile_tree(definition_tree(definition), site_of(definition, catalogs=catalogs))
    if compiled.pipeline is None:
        msg = "a stored pipeline does not fit the present connections any more"
        raise ConfigurationError(msg, problems=compiled.problems)
    return compiled.pipeline
