from __future__ import annotations

import pytest

from m3nop.core.html import plain_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("Size: 44<br />Color: Blue", "Size: 44\nColor: Blue"),
        ("<p>One</p><p>Two &amp; three</p>", "One\nTwo & three"),
        ("<script>alert(1)</script><!-- no -->a  <b>b</b>", "a b"),
        ("5 < 6 and 7 > 6", "5 < 6 and 7 > 6"),
        ("", ""),
    ],
)
def test_html_is_told_as_text(html, text):
    assert plain_text(html) == text


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "piece",
    [
        "<script",
        "<script>",
        "<script></script>",
        "<!--",
        "<a",
        "<",
        "&",
        "<br/>",
        "</",
        "<style>x</style",
        "\u0130<script></SCRIPT>",
    ],
)
def test_no_html_takes_longer_than_its_length_allows(piece):
    plain_text(piece * 20_000)
