"""Expressions are said in words, or left as they are where words would not help."""

from __future__ import annotations

import pytest

from m3nop.mapping.functions import FUNCTIONS
from m3nop.mapping.words import CHAINS, PHRASES, in_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("order.payment_method", "the order's payment method"),
        ("order.billing_address.city", "the order's billing address, city"),
        ("order.items[0].sku", "the order's items, number 1, sku"),
        ("order.items[-1].sku", "the order's items, last, sku"),
        ("settings.facility", "the setting facility"),
        ("vars.freight", "the value freight"),
        ("reference", "the reference"),
        ("steps.head.ORNO", "ORNO as answered to the step head"),
        ("steps.head.fields.CUNO", "CUNO as sent by the step head"),
        ("coalesce(steps.customer.m3, settings.guest)", "M3's key from the step customer, or else the setting guest"),
        ("upper(concat(store.code, '-', order.id))", "(the store's code followed by \"-\" followed by the order's id) in capitals"),
        ("vars.freight > `0` && not(is_blank(settings.x))", "the value freight is more than 0 and not: the setting x is blank"),
        ("order.a == `null` || order.b", "the order's a is nothing or the order's b"),
        ("sum_by(order.items, &price)", "the sum of the price over the order's items"),
        ("if(vars.a, `1`, 'x')", 'the value a if 1, else "x"'),
        ("order.items[?a == 'x'].b", "order.items[?a == 'x'].b"),
        ("upper(", "upper("),
        ("slug(order.a)", "slug(order.a)"),
    ],
)  # fmt: skip
def test_an_expression_is_said_in_words(text, words):
    assert in_words(text) == words.replace("the value a if 1", "1 if the value a")


def test_every_phrase_is_of_a_function_that_exists():
    assert {*PHRASES, *CHAINS} <= set(FUNCTIONS)
