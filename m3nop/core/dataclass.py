"""``dataclass`` and ``replace`` as the standard library has them, but made when they are needed.

The standard decorator writes the source of half a dozen methods and compiles each, for every class, at
every start: some 0.7 ms a class, of which there are hundreds. Here ``__init__`` is compiled when the first
object is made, the other methods need no source, and what ``dataclasses.replace`` and its like look for is
made when they look. A class that is out of the ordinary is left to the standard decorator.
"""

from __future__ import annotations

from dataclasses import MISSING, Field, FrozenInstanceError
from dataclasses import dataclass as at_once
from dataclasses import replace as standard_replace
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from dataclasses import dataclass as dataclass  # noqa: PLC0414  said twice: for others to import
    from dataclasses import replace as replace  # noqa: PLC0414  as above

_ASKED_FOR = ("__dataclass_fields__", "__dataclass_params__")
_ORDER = ("__lt__", "__le__", "__gt__", "__ge__")
_UNUSUAL = ("ClassVar", "InitVar", "KW_ONLY")


def lazily(
    cls: type | None = None,
    /,
    *,
    frozen: bool = False,
    slots: bool = False,
    eq: bool = True,
    order: bool = False,
    repr: bool = True,  # noqa: A002  as the standard names it
    kw_only: bool = False,
) -> Any:  # noqa: ANN401  type checkers see the standard decorator
    """Make a class a dataclass; the parameters are those of the standard decorator."""
    wanted = {"frozen": frozen, "eq": eq, "order": order, "repr": repr}

    def decorate(cls: type) -> type:
        if kw_only or not _is_usual(cls):
            return at_once(cls, slots=slots, kw_only=kw_only, **wanted)
        return _make(cls, _Form(cls, wanted, slots=slots))

    return decorate if cls is None else decorate(cls)


def changed(one: Any, /, **changes: Any) -> Any:  # noqa: ANN401  type checkers see the standard function
    """Return an object like ``one`` with some fields changed, as ``dataclasses.replace`` does."""
    names = type(one).__dict__.get("__plain_fields__")
    if names is None:
        return standard_replace(one, **changes)
    for name in names:
        if name not in changes:
            changes[name] = getattr(one, name)
    return type(one)(**changes)


if not TYPE_CHECKING:
    dataclass, replace = lazily, changed


class _Form:
    """What is known of a class when it is declared: its fields, with what each has as default."""

    def __init__(self, cls: type, wanted: Mapping[str, bool], *, slots: bool) -> None:
        self.fields: dict[str, Any] = {name: cls.__dict__.get(name, MISSING) for name in cls.__annotations__}
        self.annotations = cls.__annotations__
        self.wanted = wanted
        self.slots = slots

    def names(self, what: str) -> list[str]:
        """Name the fields that take part in ``repr`` or ``compare``."""
        return [
            name
            for name, field in self.fields.items()
            if not isinstance(field, Field) or getattr(field, what)
        ]

    def standard(self) -> type:
        """Return a class with the same fields that the standard decorator made."""
        given = {name: default for name, default in self.fields.items() if default is not MISSING}
        return at_once(type("Standard", (), {"__annotations__": self.annotations, **given}), **self.wanted)


def _is_usual(cls: type) -> bool:
    """Tell whether a class has fields of its own only, all of them plain."""
    inherits = any("__dataclass_fields__" in base.__dict__ for base in cls.__mro__[1:])
    special = any(word in text for text in cls.__annotations__.values() for word in _UNUSUAL)
    late = any(isinstance(field, Field) and not field.init for field in cls.__dict__.values())
    return not (inherits or special or late)


def _make(cls: type, form: _Form) -> type:
    if form.slots:
        cls = _with_slots(cls, form)
    else:
        _set_defaults(cls, form)
    own = cls.__dict__
    cls.__plain_fields__ = tuple(form.fields)  # type: ignore[attr-defined]
    methods = dict(_methods(cls, form))
    if "__hash__" not in own or (own["__hash__"] is None and "__eq__" in own):
        methods |= _hash(form)
    for name, method in methods.items():
        if name not in own or name == "__hash__":
            setattr(cls, name, method)
    for name in _ASKED_FOR:
        setattr(cls, name, _Later(cls, form, name))
    return cls


def _with_slots(cls: type, form: _Form) -> type:
    left = {name: value for name, value in cls.__dict__.items() if name not in form.fields}
    left.pop("__dict__", None)
    left.pop("__weakref__", None)
    inherited = {name for base in cls.__mro__[1:] for name in base.__dict__.get("__slots__", ())}
    left["__slots__"] = tuple(name for name in form.fields if name not in inherited)
    left["__qualname__"] = cls.__qualname__
    return type(cls)(cls.__name__, cls.__bases__, left)


def _set_defaults(cls: type, form: _Form) -> None:
    for name, field in form.fields.items():
        if isinstance(field, Field):
            if field.default is MISSING:
                delattr(cls, name)
            else:
                setattr(cls, name, field.default)


# -- methods


def _methods(cls: type, form: _Form) -> Iterator[tuple[str, Any]]:
    """Yield everything that a class has by its decorator, unless it says otherwise itself."""
    yield "__match_args__", tuple(form.fields)
    yield "__init__", _first_init(cls, form)
    if form.wanted["repr"]:
        yield "__repr__", _repr(form.names("repr"))
    if form.wanted["eq"]:
        yield "__eq__", _compared("__eq__", form)
    if form.wanted["order"]:
        yield from ((name, _compared(name, form)) for name in _ORDER)
    if form.wanted["frozen"]:
        yield from _refusals(cls, form)
        if form.slots:
            yield "__getstate__", _getstate
            yield "__setstate__", _setstate


def _first_init(cls: type, form: _Form) -> Callable[..., None]:
    def __init__(self: object, *args: object, **values: object) -> None:  # noqa: N807
        made = _init(cls, form)
        cls.__init__ = made  # type: ignore[misc]
        made(self, *args, **values)

    return __init__


def _init(cls: type, form: _Form) -> Callable[..., None]:
    known: dict[str, Any] = {"_missing": MISSING, "_set": object.__setattr__}
    parameters, lines = [], []
    for name, field in form.fields.items():
        default = field.default if isinstance(field, Field) else field
        factory = field.default_factory if isinstance(field, Field) else MISSING
        value = name
        if factory is not MISSING:
            known[f"_make_{name}"], default = factory, MISSING
            value = f"_make_{name}() if {name} is _missing else {name}"
            parameters.append(f"{name}=_missing")
        elif default is not MISSING:
            known[f"_default_{name}"] = default
            parameters.append(f"{name}=_default_{name}")
        else:
            parameters.append(name)
        lines.append(_assignment(cls, form, name, value, known))
    if hasattr(cls, "__post_init__"):
        lines.append("self.__post_init__()")
    source = f"def __init__(self, {', '.join(parameters)}):\n  " + "\n  ".join(lines or ["pass"])
    made: dict[str, Callable[..., None]] = {}
    exec(source, known, made)  # noqa: S102  as the standard library does it
    made["__init__"].__qualname__ = f"{cls.__qualname__}.__init__"
    return made["__init__"]


def _assignment(cls: type, form: _Form, name: str, value: str, known: dict[str, Any]) -> str:
    """Return the line that sets a field; what it needs is added to what is known."""
    if not form.wanted["frozen"]:
        return f"self.{name} = {value}"
    if form.slots and name in cls.__dict__:
        # The slot itself: quicker than to look for it by its name.
        known[f"_set_{name}"] = cls.__dict__[name].__set__
        return f"_set_{name}(self, {value})"
    return f"_set(self, {name!r}, {value})"


def _values(names: list[str]) -> Callable[[Any], Any]:
    """Return a function that takes these fields of an object as a tuple."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda one: tuple(getattr(one, name) for name in names)


def _compared(method: str, form: _Form) -> Callable[[Any, Any], Any]:
    values = _values(form.names("compare"))
    compare = getattr(tuple, method)

    def compared(self: Any, other: Any) -> Any:  # noqa: ANN401  as the methods of object
        if other.__class__ is self.__class__:
            return compare(values(self), values(other))
        return NotImplemented

    compared.__name__ = method
    return compared


def _hash(form: _Form) -> dict[str, Any]:
    """Return how objects are hashed: by their values where these cannot change, else not at all."""
    if not form.wanted["eq"]:
        return {}
    if not form.wanted["frozen"]:
        return {"__hash__": None}
    values = _values(
        [
            name
            for name in form.names("compare")
            if not isinstance(field := form.fields[name], Field) or field.hash is not False
        ]
    )
    return {"__hash__": lambda self: hash(values(self))}


def _repr(names: list[str]) -> Callable[[Any], str]:
    @recursive_repr()
    def __repr__(self: object) -> str:  # noqa: N807
        shown = (f"{name}={getattr(self, name)!r}" for name in names)
        return f"{self.__class__.__qualname__}({', '.join(shown)})"

    return __repr__


def _refusals(cls: type, form: _Form) -> Iterator[tuple[str, Any]]:
    """Yield what keeps objects from being changed; a class derived from theirs may add what it likes."""
    names = frozenset(form.fields)

    def __setattr__(self: object, name: str, value: object) -> None:  # noqa: N807
        if type(self) is cls or name in names:
            msg = f"cannot assign to field {name!r}"
            raise FrozenInstanceError(msg)
        object.__setattr__(self, name, value)

    def __delattr__(self: object, name: str) -> None:  # noqa: N807
        if type(self) is cls or name in names:
            msg = f"cannot delete field {name!r}"
            raise FrozenInstanceError(msg)
        object.__delattr__(self, name)

    yield "__setattr__", __setattr__
    yield "__delattr__", __delattr__


def _getstate(self: Any) -> list[Any]:  # noqa: ANN401  any object with slots
    return [getattr(self, name) for name in self.__dataclass_fields__]


def _setstate(self: Any, state: list[Any]) -> None:  # noqa: ANN401  as above
    for name, value in zip(self.__dataclass_fields__, state, strict=True):
        object.__setattr__(self, name, value)


class _Later:
    """Stands for something that ``dataclasses`` looks for, until it does."""

    def __init__(self, cls: type, form: _Form, name: str) -> None:
        self._cls = cls
        self._form = form
        self._name = name

    def __get__(self, instance: object, owner: type) -> Any:  # noqa: ANN401  of the standard's making
        standard = self._form.standard()
        for name in _ASKED_FOR:
            setattr(self._cls, name, getattr(standard, name))
        return getattr(standard, self._name)
