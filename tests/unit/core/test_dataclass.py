"""A dataclass that is made when it is needed is the one that the standard library makes."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Mapping
from dataclasses import FrozenInstanceError, field
from functools import cached_property
from typing import ClassVar, Generic, TypeVar

import pytest

from m3nop.core.dataclass import changed, lazily

T = TypeVar("T")
OPTIONS = [
    {},
    {"frozen": True},
    {"slots": True},
    {"frozen": True, "slots": True},
    {"frozen": True, "slots": True, "eq": False},
    {"frozen": True, "slots": True, "order": True},
    {"slots": True, "order": True},
    {"frozen": True, "slots": True, "repr": False},
    {"frozen": True, "kw_only": True},
]


@lazily(frozen=True, slots=True)
class Kept:
    """Can be found by its name, as a pickle needs it."""

    number: int
    text: str = ""


def pair(**options):
    """Return the same class as it is made here, and by the standard library."""
    return _declare(lazily, options), _declare(dataclasses.dataclass, options)


def _declare(decorator, options):
    @decorator(**options)
    class Thing:
        """A thing."""

        number: int
        text: str = "none"
        values: list[int] = field(default_factory=list)
        aside: object = field(default=None, compare=False, repr=False)

        def doubled(self):
            return self.number * 2

    return Thing


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_objects_are_made_shown_and_compared_as_the_standard_does(options):
    ours, standard = pair(**options)
    for values in ({"number": 1}, {"number": 2, "text": "x", "values": [3]}, {"number": 1, "aside": 5}):
        one, other = ours(**values), standard(**values)
        for name in ("number", "text", "values", "aside"):
            assert getattr(one, name) == getattr(other, name)
        if options.get("repr", True):
            assert repr(one) == repr(other)
        assert (one == ours(**values)) is (other == standard(**values))
        assert (one == ours(number=9)) is (other == standard(number=9))
        assert one != other
        assert one.doubled() == other.doubled()
    assert ours.__match_args__ == standard.__match_args__
    assert ours.__qualname__ == standard.__qualname__
    assert hasattr(ours(number=1), "__dict__") is hasattr(standard(number=1), "__dict__")


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_it_is_called_with_the_same_arguments_only(options):
    for arguments, values in [
        ((), {}),
        ((1, "a", [], None, 5), {}),
        ((), {"number": 1, "other": 2}),
        ((1,), {}),
    ]:
        told = []
        for cls in pair(**options):
            try:
                told.append(repr(vars(cls)["doubled"](cls(*arguments, **values))))
            except TypeError:
                told.append("refused")
        assert told[0] == told[1]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_the_standard_functions_know_it(options):
    ours, standard = pair(**options)
    assert dataclasses.is_dataclass(ours)
    assert [one.name for one in dataclasses.fields(ours)] == [
        one.name for one in dataclasses.fields(standard)
    ]
    one = ours(number=1, values=[2])
    assert dataclasses.asdict(one) == dataclasses.asdict(standard(number=1, values=[2]))
    changed = dataclasses.replace(one, text="new")
    assert (changed.number, changed.text, changed.values) == (1, "new", [2])
    assert type(changed) is ours


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_an_object_can_be_made_like_another_one(options):
    for cls in pair(**options):
        one = cls(number=1, values=[2], aside=3)
        for change in (changed, dataclasses.replace):
            new = change(one, text="new")
            assert type(new) is cls
            assert (new.number, new.text, new.values, new.aside) == (1, "new", [2], 3)
            assert new.values is one.values
            with pytest.raises(TypeError, match="another"):
                change(one, another=1)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_hashes_are_of_the_values_or_of_the_object_or_refused(options):
    told = []
    for cls in pair(**options):
        one, same = cls(number=1, values=()), cls(number=1, values=(), aside=3)
        try:
            told.append(hash(one) == hash(same))
        except TypeError:
            told.append("refused")
    assert told[0] == told[1]


@pytest.mark.parametrize("options", [one for one in OPTIONS if one.get("frozen")], ids=str)
def test_what_is_frozen_cannot_be_changed(options):
    ours, _ = pair(**options)
    one = ours(number=1)
    with pytest.raises(FrozenInstanceError, match="cannot assign to field 'number'"):
        one.number = 2
    with pytest.raises(FrozenInstanceError, match="cannot delete field 'number'"):
        del one.number
    with pytest.raises((FrozenInstanceError, TypeError, AttributeError)):
        one.another = 2
    assert one.number == 1


@pytest.mark.parametrize("method", ["__lt__", "__le__", "__gt__", "__ge__"])
def test_order_is_that_of_the_values(method):
    for options in ({"order": True, "slots": True}, {"order": True, "frozen": True}):
        ours, standard = pair(**options)
        for one, other in [((1, "a"), (1, "b")), ((2, "a"), (1, "b")), ((1, "a"), (1, "a"))]:
            assert getattr(ours(*one), method)(ours(*other)) is getattr(standard(*one), method)(
                standard(*other)
            )
        assert getattr(ours(1), method)(standard(1)) is NotImplemented


def test_what_a_class_says_itself_stays():
    @lazily(frozen=True, slots=True)
    class Own:
        number: int

        def __repr__(self):
            return "mine"

        def __eq__(self, other):
            return True

        def __hash__(self):
            return 7

    assert repr(Own(1)) == "mine"
    assert Own(1) == Own(2)
    assert hash(Own(1)) == 7


def test_a_class_can_look_at_its_values_when_it_has_them():
    @lazily(frozen=True)
    class Checked:
        number: int

        def __post_init__(self):
            if self.number < 0:
                raise ValueError(self.number)

        @cached_property
        def twice(self):
            return self.number * 2

    assert Checked(2).twice == 4
    with pytest.raises(ValueError, match="-1"):
        Checked(-1)


@pytest.mark.parametrize("base", [lazily, dataclasses.dataclass])
@pytest.mark.parametrize("derived", [lazily, dataclasses.dataclass])
def test_a_derived_class_has_the_fields_of_its_base(base, derived):
    @base(frozen=True, slots=True)
    class Base:
        number: int
        text: str = "x"

    @derived(frozen=True, slots=True)
    class Derived(Base):
        more: int = 3

    assert repr(Derived(1)).endswith("Derived(number=1, text='x', more=3)")
    assert Derived(1) == Derived(1)
    assert Derived(1) != Base(1)
    with pytest.raises(TypeError, match="frozen"):
        derived(type("Bad", (Base,), {"__annotations__": {"more": "int"}}))


def test_a_plain_class_may_derive_from_a_frozen_one():
    @lazily(frozen=True)
    class Base:
        number: int

    class Derived(Base):
        def __init__(self, number):
            super().__init__(number)
            self.extra = 5

    one = Derived(1)
    assert (one.number, one.extra) == (1, 5)
    with pytest.raises(FrozenInstanceError):
        one.number = 3


def test_what_is_of_the_class_is_no_field():
    @lazily(slots=True)
    class Counted:
        number: int
        made: ClassVar[int] = 0

    assert [one.name for one in dataclasses.fields(Counted)] == ["number"]
    assert Counted.made == 0


def test_a_field_can_come_about_later():
    @lazily(frozen=True)
    class Summed:
        numbers: tuple[int, ...]
        total: int = field(init=False)

        def __post_init__(self):
            object.__setattr__(self, "total", sum(self.numbers))

    assert Summed((1, 2)).total == 3


def test_a_class_can_be_of_a_kind():
    @lazily(frozen=True, slots=True)
    class Box(Generic[T]):
        inside: T

    assert Box[int](3).inside == 3
    assert Box(3) == Box(3)


def test_an_object_that_holds_itself_is_shown():
    @lazily(slots=True)
    class Ring:
        following: object = None

    ring = Ring()
    ring.following = ring
    assert repr(ring).endswith("Ring(following=...)")


def test_objects_can_be_copied_and_kept():
    one = Kept(1, "a")
    assert copy.deepcopy(one) == one
    assert copy.copy(one) == one
    assert pickle.loads(pickle.dumps(one)) == one  # noqa: S301  our own


def test_each_object_has_a_list_of_its_own():
    ours, _ = pair(slots=True)
    one, other = ours(1), ours(1)
    one.values.append(5)
    assert other.values == []


def test_without_fields_there_is_one_value():
    @lazily(frozen=True, slots=True)
    class Nothing:
        """Has none."""

    assert Nothing() == Nothing()
    assert len({Nothing(), Nothing()}) == 1
    assert dataclasses.fields(Nothing) == ()


def test_a_mapping_that_has_fields_keeps_its_methods():
    @lazily(frozen=True, slots=True)
    class Named(Mapping):
        inside: dict

        def __getitem__(self, name):
            return self.inside[name]

        def __iter__(self):
            return iter(self.inside)

        def __len__(self):
            return len(self.inside)

    assert dict(Named({"a": 1})) == {"a": 1}
