from __future__ import annotations

from decimal import Decimal

from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from m3nop.core.json import canonical, dumps
from m3nop.state.columns import (
    JsonText,
    PlainText,
    plain_text,
    plain_texts,
    written,
    written_each,
    written_once,
)

DIALECT = sqlite.dialect()
NUMBERS = st.integers() | st.decimals(allow_nan=False, allow_infinity=False)
ANY_TEXT = st.text(st.characters(codec=None))
DOCUMENTS = st.recursive(
    st.booleans() | NUMBERS | ANY_TEXT | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4),
    max_leaves=20,
)


def whole(document):
    """A document as JSON text can tell it: half pairs that meet are one character."""
    if isinstance(document, str):
        return document.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    if isinstance(document, list):
        return [whole(item) for item in document]
    if isinstance(document, dict):
        return {whole(key): whole(value) for key, value in document.items()}
    return document


@given(DOCUMENTS)
def test_a_document_comes_back_digit_by_digit(document):
    kind = JsonText()

    stored = kind.bind_processor(DIALECT)(document)
    back = kind.process_result_value(stored, DIALECT)

    assert stored is None or stored.encode("utf-8")
    assert back == whole(document)
    assert canonical(back) == canonical(whole(document))


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_money_keeps_its_trailing_zeros(amount: Decimal):
    kind = JsonText()

    back = kind.process_result_value(kind.bind_processor(DIALECT)([amount]), DIALECT)

    assert Decimal(str(back[0])).as_tuple() == Decimal(dumps(amount)).as_tuple()


@given(ANY_TEXT)
def test_text_is_stored_as_it_is_wherever_that_can_be(text):
    stored = PlainText().bind_processor(DIALECT)(text)

    assert stored.encode("utf-8") or not text
    assert all(new in (old, "?") for new, old in zip(stored, text, strict=True))
    assert stored == text or any(mark == "\0" or "\ud800" <= mark <= "\udfff" for mark in text)


@given(st.lists(st.none() | DOCUMENTS, min_size=1, max_size=6))
@example([None, "\ud83d", {"a": Decimal("1.50")}, "a\nb", "\0"])
def test_a_column_of_documents_is_written_as_each_of_them_is(documents):
    assert list(written_each(documents)) == [written(document) for document in documents]


@given(st.lists(st.none() | ANY_TEXT, max_size=6))
def test_a_column_of_texts_is_written_as_each_of_them_is(texts):
    assert list(plain_texts(texts)) == [plain_text(text) for text in texts]


@given(st.dictionaries(ANY_TEXT, ANY_TEXT, max_size=4))
def test_what_is_written_once_is_written_alike(members):
    assert written_once(members) == written_once(dict(members)) == written(members)
