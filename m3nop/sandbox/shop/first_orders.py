"""The orders that a new sandbox holds.

Those that are authorized or paid all name goods and countries that M3 knows, and none of them needs a charge
that a site has to choose first: the two with coupons are not paid.
"""

from __future__ import annotations

from typing import Any

_GUEST_KYOTO = {
    "first_name": "太郎",
    "last_name": "山田",
    "email": "yamada@example.com",
    "address1": "Rue de l'Église 5",
    "city": "Besançon",
    "zip_postal_code": "25000",
    "country": "FR",
    "phone_number": "+33 3 00 00 00 09",
}
_GUEST_OSLO = {
    "first_name": "Kari",
    "last_name": "Nordmann",
    "email": "kari@example.com",
    "address1": "Bakkegata 2",
    "city": "Ålesund",
    "zip_postal_code": "6002",
    "country": "NO",
    "phone_number": "+47 70 00 00 10",
}
_GUEST_ICELAND = {
    "first_name": "Jón",
    "last_name": "Jónsson",
    "email": "jon@example.com",
    "address1": "Laugavegur 1",
    "city": "Reykjavík",
    "zip_postal_code": "101",
    "country": "IS",
    "phone_number": "+354 000 0011",
}
_CABIN = {
    "first_name": "Matti",
    "last_name": "Meikäläinen",
    "company": "Perheyritys Meikäläinen ja Kumppanit Oy",
    "address1": "Kaukaisenjärvenkolmannenlahdenpohjukantie 42",
    "city": "Enontekiö",
    "zip_postal_code": "99400",
    "country": "FI",
    "phone_number": "+358 16 000 0004",
}

ORDERS: tuple[dict[str, Any], ...] = (
    {
        "email": "erika@example.com",
        "created": "2026-10-05T08:15:22.1234567",
        "payment_method": "Payments.PayPalCommerce",
        "shipping": "9.90",
        "lines": [{"sku": "TENT-2P"}, {"sku": "MAT-FOAM", "quantity": 2}],
    },
    {
        "email": "medel@example.com",
        "created": "2026-10-06T14:02:03",
        "shipping": "7.90",
        "payment_fee": "2.50",
        "checkout_attributes": "Gift wrapping: Yes<br />Message: <b>Grattis!</b> Ställ vid dörren &amp; ring",
        "lines": [{"sku": "BOOT-43"}, {"sku": "SOCK-L", "quantity": 3}, {"sku": "GIFT-WRAP"}],
    },
    {
        "email": "jan.kowalski@example.com",
        "created": "2026-10-08T19:40:55.5",
        "payment_status": "pending",
        "shipping": "12.90",
        "lines": [{"sku": "PACK-65"}],
    },
    {
        "guest": _GUEST_KYOTO,
        "created": "2026-10-11T23:59:59.9999999",
        "payment_method": "Payments.PayPalCommerce",
        "lines": [{"sku": "LAMP-HEAD"}, {"sku": "BATT-AAA-4", "quantity": 2}],
    },
    {
        "email": "fulano@example.com",
        "created": "2026-10-13T06:30:00.25",
        "payment_method": "Payments.PayPalCommerce",
        "shipping": "14.90",
        "lines": [{"sku": "BAG-DOWN-M"}, {"sku": "PILLOW", "quantity": 2}],
    },
    {
        "email": "ola@example.com",
        "coupon": "HÖST5",
        "created": "2026-10-14T11:11:11",
        "payment_status": "pending",
        "order_status": 40,
        "lines": [{"sku": "JACKET-M"}],
    },
    {
        "store_id": 2,
        "email": "einkauf@muster.example.com",
        "created": "2026-10-19T07:00:12.0000001",
        "payment_method": "Payments.PurchaseOrder",
        "payment_status": "authorized",
        "shipping": "49.00",
        "lines": [
            {"sku": "TENT-4P", "quantity": 12, "discount_percent": 10},
            {"sku": "CARABINER", "quantity": 200, "discount_percent": 15},
            {"sku": "ROPE-M", "quantity": 500},
        ],
    },
    {
        "email": "erika@example.com",
        "created": "2026-10-21T16:20:00",
        "order_status": 12,
        "shipping": "9.90",
        "payment_method": "Payments.PayPalCommerce",
        "lines": [{"sku": "STOVE-GAS"}, {"sku": "FUEL-230", "quantity": 4}],
    },
    {
        "store_id": 2,
        "email": "inkop@exempel.example.com",
        "created": "2026-10-26T09:45:31.77",
        "currency": "SEK",
        "payment_method": "Payments.CheckMoneyOrder",
        "shipping": "35.00",
        "lines": [
            {"sku": "BOOT-42", "quantity": 4},
            {"sku": "BOOT-44", "quantity": 6},
            {"sku": "GLOVE-M", "quantity": 10},
        ],
    },
    {
        "email": "medel@example.com",
        "created": "2026-10-29T12:12:12.1212121",
        "pickup": True,
        "lines": [{"sku": "MAP-KEBNE"}, {"sku": "COMPASS"}],
    },
    {
        "guest": _GUEST_ICELAND,
        "coupon": "WELCOME10",
        "created": "2026-11-01T03:04:05",
        "order_status": 15,
        "payment_status": "pending",
        "lines": [{"sku": "CAP-WOOL"}],
    },
    {
        "email": "matti@example.com",
        "created": "2026-11-03T20:00:00.0007",
        "payment_method": "Payments.Manual",
        "shipping_address": _CABIN,
        "shipping": "19.00",
        "lines": [
            {"sku": "AXE-S"},
            {"sku": "POT-2L"},
            {"sku": "MUG-TI", "quantity": 2, "discount_percent": 20},
        ],
    },
    {
        "guest": _GUEST_OSLO,
        "created": "2026-11-06T10:10:10",
        "shipping": "11.00",
        "payment_fee": "3.00",
        "lines": [{"sku": "FILTER-H2O"}, {"sku": "SPOON-TI", "quantity": 4}],
    },
)
