"""The shop's registered customers: the placeholder names that each language has for a person or a company.

Some names and addresses are longer than the 36 characters that M3 holds, and few of them are plain ASCII.
"""

from __future__ import annotations

from typing import Any

CUSTOMERS: tuple[dict[str, Any], ...] = (
    {
        "store_id": 1,
        "email": "erika@example.com",
        "first_name": "Erika",
        "last_name": "Mustermann",
        "created": "2025-02-11T09:12:44.1234567",
        "address": {
            "address1": "Heidestraße 17",
            "city": "Köln",
            "zip_postal_code": "51147",
            "country": "DE",
            "phone_number": "+49 221 0000001",
        },
    },
    {
        "store_id": 1,
        "email": "medel@example.com",
        "first_name": "Medel",
        "last_name": "Svensson",
        "created": "2025-03-02T18:05:01",
        "address": {
            "address1": "Storgatan 1",
            "address2": "c/o Åström",
            "city": "Örebro",
            "zip_postal_code": "702 10",
            "country": "SE",
            "phone_number": "019-000 00 02",
        },
    },
    {
        "store_id": 1,
        "email": "jan.kowalski@example.com",
        "first_name": "Jan",
        "last_name": "Kowalski",
        "created": "2025-04-20T07:44:10.5",
        "address": {
            "address1": "ul. Żółwia 12/3",
            "city": "Łódź",
            "zip_postal_code": "90-001",
            "country": "PL",
            "phone_number": "+48 42 000 00 03",
        },
    },
    {
        "store_id": 1,
        "email": "matti@example.com",
        "first_name": "Matti",
        "last_name": "Meikäläinen",
        "created": "2025-05-05T05:05:05.0500000",
        "address": {
            "address1": "Mannerheimintie 1 A 4",
            "city": "Helsinki",
            "zip_postal_code": "00100",
            "country": "FI",
            "phone_number": "+358 9 000 0004",
        },
    },
    {
        "store_id": 1,
        "email": "fulano@example.com",
        "first_name": "María del Carmen Concepción",
        "last_name": "Fulano de Tal y Mengano-Zutano",
        "created": "2025-06-17T21:59:59.9999999",
        "address": {
            "address1": "Avenida de la Constitución de Mil Ochocientos Doce 148, escalera B",
            "address2": "Piso 4.º, puerta izquierda, preguntar en la portería",
            "city": "Villanueva de la Cañada",
            "zip_postal_code": "28691",
            "country": "ES",
            "phone_number": "+34 91 000 00 05",
        },
    },
    {
        "store_id": 1,
        "email": "ola@example.com",
        "first_name": "Ola",
        "last_name": "Nordmann",
        "created": "2025-08-30T12:00:00",
        "address": {
            "address1": "Øvre Slottsgate 3",
            "city": "Tromsø",
            "zip_postal_code": "9008",
            "country": "NO",
            "phone_number": "+47 77 00 00 06",
        },
    },
    {
        "store_id": 2,
        "email": "einkauf@muster.example.com",
        "first_name": "Max",
        "last_name": "Mustermann",
        "company": "Muster Maschinenbau Vertriebsgesellschaft mbH & Co. KG",
        "vat_number": "DE123456789",
        "created": "2025-01-15T10:30:00.7654321",
        "roles": ("Wholesale",),
        "address": {
            "address1": "Donaudampfschifffahrtsgesellschaftsstraße 123",
            "address2": "Halle 4, Tor 2",
            "city": "Nürnberg",
            "zip_postal_code": "90402",
            "country": "DE",
            "phone_number": "+49 911 0000007",
        },
    },
    {
        "store_id": 2,
        "email": "inkop@exempel.example.com",
        "first_name": "Karin",
        "last_name": "Svensson",
        "company": "Exempel & Söner Bygghandel AB",
        "vat_number": "SE556000016701",
        "created": "2025-09-09T09:09:09",
        "roles": ("Wholesale",),
        "address": {
            "address1": "Industrivägen 8",
            "city": "Umeå",
            "zip_postal_code": "907 36",
            "country": "SE",
            "phone_number": "090-000 00 08",
        },
    },
)
