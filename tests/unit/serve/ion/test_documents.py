"""What is read of documents, and what is refused before it does harm."""

from __future__ import annotations

import tracemalloc

import pytest

from m3nop.core.documents import place_of
from m3nop.serve.ion.documents import Document, read_json, read_xml
from m3nop.serve.ion.errors import TooLarge, Unreadable

ITEM = "ItemMasterHeader/ItemID/ID"
ITEM_MASTER = """<?xml version="1.0" encoding="UTF-8"?>
<SyncItemMaster xmlns="http://schema.infor.com/InforOAGIS/2" releaseID="9.2">
  <ApplicationArea><Sender><LogicalID>lid://infor.m3.m3be</LogicalID></Sender><BODID>infor-nid:ACME:AAA::TENT-2P:?ItemMaster</BODID></ApplicationArea>
  <DataArea>
    <Sync><TenantID>ACME</TenantID><ItemID><ID>not this</ID></ItemID></Sync>
    <ItemMaster>
      <ItemMasterHeader>
        <ItemID><ID accountingEntity="100_AAA" lid="lid://infor.m3.m3be" variationID="17">TENT-2P</ID></ItemID>
        <Note>&lt;ItemID/&gt;</Note>
      </ItemMasterHeader>
    </ItemMaster>
    <ItemMaster><ItemMasterHeader><ItemID><ID> STOVE &#49;</ID></ItemID></ItemMasterHeader></ItemMaster>
  </DataArea>
</SyncItemMaster>"""


def xml(text: str | bytes, *wanted: str) -> Document:
    return read_xml([text], list(map(place_of, wanted)))


def values(document: Document, place: str) -> list[list[str]]:
    return [list(noun.values.get(place_of(place), ())) for noun in document.nouns]


def test_the_nouns_of_a_business_object_document_are_read_with_name_id_and_variation() -> None:
    document = xml(ITEM_MASTER.encode(), ITEM)
    assert document.name == "Sync.ItemMaster"
    assert values(document, ITEM) == [["TENT-2P"], ["STOVE 1"]]
    assert [(noun.identity, noun.variation) for noun in document.nouns] == [
        ("lid://infor.m3.m3be\n100_AAA\n\nTENT-2P", 17),
        ("", None),
    ]


def test_a_document_may_come_in_pieces_of_any_size_and_with_prefixes() -> None:
    text = ITEM_MASTER.replace("<SyncItemMaster xmlns=", "<o:SyncItemMaster xmlns:o=")
    text = (
        text.replace("</Sync", "</o:Sync").replace("<ItemID", "<o:ItemID").replace("</ItemID", "</o:ItemID")
    )
    text = text.replace("</o:Sync>", "</Sync>")
    assert values(read_xml(list(text), [place_of(ITEM)]), ITEM) == [["TENT-2P"], ["STOVE 1"]]


def test_lines_name_their_orders_once_each_and_attributes_can_be_asked_for() -> None:
    line = "<Line n='{n}'><Order><ID type=' {n}'>00{n}</ID></Order></Line>"
    lines = "".join(line.format(n=n) for n in (7, 8, 7))
    document = xml(
        f"<ShowShipment><DataArea><Show/><Shipment>{lines}</Shipment></DataArea></ShowShipment>",
        "Line/Order/ID", "Line/Order/ID/@type", "Line/@n",
    )  # fmt: skip
    assert document.name == "Show.Shipment"
    assert values(document, "Line/Order/ID") == [["007", "008"]]
    assert values(document, "Line/Order/ID/@type") == [["7", "8"]]
    assert values(document, "Line/@n") == [["7", "8"]]


def test_a_place_may_say_what_an_attribute_is_on_the_way() -> None:
    text = "<A><Ref type='SalesOrder'><ID>1</ID></Ref><Ref type='Invoice'><ID>2</ID></Ref><Ref><ID>3</ID></Ref></A>"
    assert values(xml(text, "Ref[@type=SalesOrder]/ID", "Ref/ID"), "Ref[@type=SalesOrder]/ID") == [["1"]]
    assert values(xml(text, "Ref[@type=SalesOrder]/ID", "Ref/ID"), "Ref/ID") == [["1", "2", "3"]]
    assert values(xml(text, "Ref[@type='Invoice']/ID/@x"), "Ref[@type='Invoice']/ID/@x") == [[]]
    same = '{"Ref": [{"type": "SalesOrder", "ID": 1}, {"type": "Invoice", "ID": 2}, 3]}'
    places = ["Ref[@type=SalesOrder]/ID"]
    assert values(read_json([same], "A", [place_of(places[0])]), places[0]) == [["1"]]


@pytest.mark.parametrize(
    "text", ["", "/", "a//b", "@a/b", "a[b]", "a[@b]", "a b", "1a", "a/@", "x:y", "/".join(["a"] * 40)]
)
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^.*$"):
        place_of(text)


def test_the_root_of_another_document_is_what_it_is_about() -> None:
    document = xml("<MITBAL op='U'><after><ITNO>TENT-2P</ITNO></after></MITBAL>", "after/ITNO", "@op")
    assert document.name == "MITBAL"
    assert values(document, "after/ITNO") == [["TENT-2P"]]
    assert values(document, "@op") == [["U"]]


def test_a_place_that_a_document_does_not_have_yields_nothing() -> None:
    assert values(xml("<A><B/><C>1</C></A>", "B", "X"), "X") == [[]]
    assert values(xml("<A><B/></A>", "B"), "B") == [[]]
    assert xml("<SyncA><DataArea><Sync/></DataArea></SyncA>").nouns == []


@pytest.mark.parametrize("variation", ["", "x", "-1", "1.5", "²", "9" * 30])
def test_a_variation_that_is_no_number_orders_nothing(variation: str) -> None:
    text = f"<SyncA><DataArea><Sync/><A><ID variationID='{variation}'>1</ID></A></DataArea></SyncA>"
    assert xml(text, "ID").nouns[0].variation is None


def test_an_element_that_is_both_key_and_id_is_read_as_both() -> None:
    text = "<SyncA><DataArea><Sync/><A><ID variationID='3'>K1</ID></A></DataArea></SyncA>"
    noun = xml(text, "ID").nouns[0]
    assert (list(noun.values[place_of("ID")]), noun.identity, noun.variation) == (["K1"], "\n\n\nK1", 3)


LAUGHS = """<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]><a>&c;</a>"""


@pytest.mark.parametrize(
    "text",
    [
        LAUGHS,
        '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        '<!DOCTYPE a [<!ENTITY x SYSTEM "http://127.0.0.1:9/">]><a>&x;</a>',
        '<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1:9/">%p;]><a/>',
        "<!DOCTYPE a><a/>",
        "<a>&x;</a>",
        "<a><b></a>",
        "<a/><a/>",
        "",
        "no xml",
        "<a>\x00</a>",
        '<?xml version="1.0" encoding="nobody-knows-it"?><a/>',
        '<?xml version="1.0" encoding="utf-8"?><a>\udcff</a>',
    ],
)
def test_what_declares_a_document_type_or_is_not_well_formed_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        read_xml([text.encode("utf-8", "surrogateescape")], [])


@pytest.mark.parametrize(
    "text",
    ["<a>" * 100 + "</a>" * 100, "<a>" + "<b/>" * 201_000 + "</a>", f"<a><b>{'x' * 5_000}</b></a>", f"<a b='{'x' * 5_000}'/>"],
    ids=["deep", "many", "long", "attribute"],
)  # fmt: skip
def test_what_is_too_deep_too_much_or_too_long_is_refused(text: str) -> None:
    with pytest.raises(TooLarge):
        xml(text, "b", "@b")


def test_a_large_document_leaves_nothing_in_memory_but_what_was_asked_for() -> None:
    def pieces():
        yield "<SyncA><DataArea><Sync/><A><ID>1</ID>"
        for _ in range(2_000):
            yield f"<L a='{'y' * 100}'>{'x' * 400}</L>"
        yield "</A></DataArea></SyncA>"

    tracemalloc.start()
    assert values(read_xml(pieces(), [place_of("ID")]), "ID") == [["1"]]
    assert tracemalloc.get_traced_memory()[1] < 300_000
    tracemalloc.stop()


ATTRIBUTES = b" ".join(b'a%d=""' % number for number in range(150_000))
MANY = b" ".join(b'a%d=""' % number for number in range(50_000))


@pytest.mark.parametrize(
    "text",
    [
        b"<a " + ATTRIBUTES + b"/>", b"<a><b " + MANY + b"><c " + MANY + b"><d " + MANY + b"><e " + MANY + b">",
        b"<a b='" + b"y" * 3_000_000 + b"'/>", b"<" + b"y" * 3_000_000 + b"/>", b"<a><!--" + b"y" * 3_000_000,
    ],
)  # fmt: skip
@pytest.mark.parametrize("piece", [65_536, 4_000_000])
def test_a_tag_without_end_or_with_very_many_attributes_is_refused_before_it_fills_the_memory(
    text: bytes, piece: int
) -> None:
    pieces = [text[at : at + piece] for at in range(0, len(text), piece)]
    tracemalloc.start()
    with pytest.raises(TooLarge):
        read_xml(pieces, [place_of("ID")])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40_000_000


def test_long_text_that_nobody_asks_for_is_no_tag_without_end() -> None:
    for text in (
        "y" * 3_000_000,
        "<![CDATA[" + "y" * 3_000_000 + "]]>",
        "<!-- y -->" * 200_000,
        " " * 3_000_000,
    ):
        assert values(xml(f"<A><ID>1</ID><N>{text}</N></A>", "ID"), "ID") == [["1"]]


@pytest.mark.parametrize("one", ["[]", "{}", "1", '{"a":1}'])
def test_json_of_very_many_values_is_refused_before_they_are_made(one: str) -> None:
    text = "[" + ",".join([one] * 300_000) + "]"
    tracemalloc.start()
    with pytest.raises(TooLarge):
        read_json([text], "MITBAL", [place_of("ITNO")])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_000_000


def test_json_is_read_by_the_same_places() -> None:
    text = '[{"after": {"ITNO": " TENT-2P", "n": 12, "x": true}}, {"after": [{"ITNO": "A"}, {"ITNO": null}]}]'
    document = read_json(
        [text], "MITBAL", [place_of(one) for one in ["after/ITNO", "after/n", "after/x", "no"]]
    )
    assert document.name == "MITBAL"
    assert values(document, "after/ITNO") == [["TENT-2P"], ["A"]]
    assert values(document, "after/n") == [["12"], []]
    assert values(document, "after/x") == [[], []]


@pytest.mark.parametrize(
    "text", ["", "{", "1", "[1]", '{"a": NaN}', "[" * 100_000, '{"a": ' + "9" * 5_000 + "}"]
)
def test_what_is_no_json_object_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        read_json([text], "X", [place_of(one) for one in ["a"]])


def test_json_that_is_too_long_is_refused() -> None:
    with pytest.raises(TooLarge):
        read_json(['{"a": "', *["x" * 1_000_000] * 5, '"}'], "X", [place_of(one) for one in ["a"]])
