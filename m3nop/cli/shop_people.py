"""Commands that act in the sandbox's shop as its customers and staff do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from m3nop.cli.options import AsJson, Project
from m3nop.cli.output import print_json, print_line
from m3nop.cli.sandbox_options import Folder, control
from m3nop.core.errors import UsageError

if TYPE_CHECKING:
    from m3nop.app.control import Control

Order = Annotated[int, typer.Argument(help="Id of the order in the shop.")]
Customer = Annotated[int, typer.Argument(help="Id of the customer in the shop.")]
Sku = Annotated[str, typer.Argument(help="SKU of a product, or of one of its variants with --stock.")]
Amount = Annotated[
    str | None, typer.Option("--amount", help="How much; else all that is left.", show_default=False)
]
Email = Annotated[str, typer.Argument(help="E-mail address of the account.")]
NewEmail = Annotated[str | None, typer.Option("--email", help="E-mail address.", show_default=False)]
FirstName = Annotated[str | None, typer.Option("--first-name", help="First name.", show_default=False)]
LastName = Annotated[str | None, typer.Option("--last-name", help="Last name.", show_default=False)]
Company = Annotated[str | None, typer.Option("--company", help="Company.", show_default=False)]
Phone = Annotated[str | None, typer.Option("--phone", help="Telephone number.", show_default=False)]
VatNumber = Annotated[str | None, typer.Option("--vat-number", help="VAT number.", show_default=False)]
Street = Annotated[str | None, typer.Option("--street", help="First address line.", show_default=False)]
City = Annotated[str | None, typer.Option("--city", help="City.", show_default=False)]
PostalCode = Annotated[str | None, typer.Option("--postal-code", help="Postal code.", show_default=False)]
Country = Annotated[
    str | None, typer.Option("--country", help="Country, by its two letters.", show_default=False)
]
Roles = Annotated[
    list[str] | None,
    typer.Option(
        "--role", help="Role beside Registered, such as Wholesale (repeatable).", show_default=False
    ),
]
StoreId = Annotated[int, typer.Option("--store", min=1, help="Id of the store in the shop.")]
Name = Annotated[str | None, typer.Option("--name", help="Name.", show_default=False)]
Price = Annotated[str | None, typer.Option("--price", help="Price without VAT.", show_default=False)]
Stock = Annotated[int | None, typer.Option("--stock", help="Pieces in stock.", show_default=False)]
Warehouse = Annotated[
    int | None,
    typer.Option("--warehouse", help="Id of the shop's warehouse that has the stock.", show_default=False),
]
Published = Annotated[
    bool | None,
    typer.Option("--publish/--unpublish", help="Show it in the shop, or hide it.", show_default=False),
]
NewSku = Annotated[str | None, typer.Option("--sku", help="Another SKU.", show_default=False)]


def register(group: typer.Typer) -> None:
    """Add the commands to those of the sandbox."""
    group.command("refund")(refund)
    group.command("cancel")(cancel)
    group.command("register")(register_customer)
    group.command("edit-customer")(edit_customer)
    group.command("edit-product")(edit_product)


def refund(
    context: typer.Context, order: Order, *, amount: Amount = None, project: Project = None,
    folder: Folder = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Give money back for an order in the shop."""
    from m3nop.app.sandboxing import shown_order

    with control(context, project, folder) as sandbox:
        row = sandbox.post(f"shop/orders/{order}/refund", {} if amount is None else {"amount": amount})
    if as_json:
        print_json({**shown_order(row), "refunded_amount": row["refunded_amount"]})
    else:
        print_line(f"order {order}: {row['refunded_amount']} of {row['order_total']} EUR are given back")


def cancel(
    context: typer.Context, order: Order, *, project: Project = None, folder: Folder = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Cancel an order in the shop; its goods go back into stock."""
    from m3nop.app.sandboxing import shown_order

    with control(context, project, folder) as sandbox:
        row = sandbox.post(f"shop/orders/{order}/cancel")
    if as_json:
        print_json({**shown_order(row), "order_status": "cancelled"})
    else:
        print_line(f"order {order} is cancelled")


def register_customer(
    context: typer.Context, email: Email, *, first_name: FirstName = None, last_name: LastName = None,
    company: Company = None, phone: Phone = None, vat_number: VatNumber = None, street: Street = None,
    city: City = None, postal_code: PostalCode = None, country: Country = None, roles: Roles = None,
    store: StoreId = 1, project: Project = None, folder: Folder = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Let somebody make an account in the shop."""
    person = _given(
        first_name=first_name, last_name=last_name, company=company, phone=phone, vat_number=vat_number,
        address=_address(street, city, postal_code, country), roles=roles,
    )  # fmt: skip
    with control(context, project, folder) as sandbox:
        row = sandbox.post("shop/customers", {"email": email, "store_id": store, **person})
    _print_customer(row, as_json=as_json)


def edit_customer(
    context: typer.Context, customer: Customer, *, email: NewEmail = None, first_name: FirstName = None,
    last_name: LastName = None, company: Company = None, phone: Phone = None, vat_number: VatNumber = None,
    street: Street = None, city: City = None, postal_code: PostalCode = None, country: Country = None,
    roles: Roles = None, project: Project = None, folder: Folder = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Change an account in the shop, or the address that its bills go to."""
    changed = _given(
        email=email, first_name=first_name, last_name=last_name, company=company, phone=phone,
        vat_number=vat_number, address=_address(street, city, postal_code, country), roles=roles,
    )  # fmt: skip
    _refuse_nothing(changed)
    with control(context, project, folder) as sandbox:
        row = sandbox.post(f"shop/customers/{customer}", changed)
    _print_customer(row, as_json=as_json)


def edit_product(
    context: typer.Context, sku: Sku, *, name: Name = None, price: Price = None, stock: Stock = None,
    warehouse: Warehouse = None, published: Published = None, new_sku: NewSku = None, project: Project = None,
    folder: Folder = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Change a product in the shop's administration."""
    changed = _given(name=name, price=price, published=published, sku=new_sku)
    if warehouse is not None and stock is None:
        msg = "--warehouse goes with --stock"
        raise UsageError(msg)
    with control(context, project, folder) as sandbox:
        number, variant = _product(sandbox, sku)
        if stock is not None:
            changed |= _stock(stock, warehouse, variant)
        _refuse_nothing(changed)
        row = sandbox.post(f"shop/products/{number}", changed)
    if as_json:
        print_json({column: row[column] for column in _SHOWN_OF_PRODUCT})
    else:
        print_line(f"product {row['id']} ({row['sku']}) is changed: {', '.join(changed)}")


_SHOWN_OF_PRODUCT = ("id", "sku", "name", "price", "stock_quantity", "published", "updated_on_utc")
_SHOWN_OF_CUSTOMER = ("id", "email", "first_name", "last_name", "company", "phone", "registered_in_store_id")


def _given(**members: Any) -> dict[str, Any]:  # noqa: ANN401 -- JSON
    return {name: value for name, value in members.items() if value is not None and value not in ({}, [])}


def _address(
    street: str | None, city: str | None, postal_code: str | None, country: str | None
) -> dict[str, Any]:
    return _given(address1=street, city=city, zip_postal_code=postal_code, country=country)


def _refuse_nothing(changed: dict[str, Any]) -> None:
    if not changed:
        msg = "name at least one thing to change; see --help"
        raise UsageError(msg)


def _product(sandbox: Control, sku: str) -> tuple[int, str | None]:
    """Return the id of a product, and the SKU of its variant if it is one's."""
    products = sandbox.get("books/shop.products", {"sku": sku})
    variants = sandbox.get("books/shop.combinations", {"sku": sku})
    if not products and not variants:
        msg = f"no product has the SKU {sku!r}"
        raise UsageError(msg)
    if len(products) + len(variants) > 1:
        msg = f"several products have the SKU {sku!r}"
        raise UsageError(msg)
    return (products[0]["id"], None) if products else (variants[0]["product_id"], sku)


def _stock(quantity: int, warehouse: int | None, variant: str | None) -> dict[str, Any]:
    if variant is not None:
        return {"combinations": {variant: quantity}}
    if warehouse is not None:
        return {"warehouses": {str(warehouse): quantity}}
    return {"stock_quantity": quantity}


def _print_customer(row: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json({column: row[column] for column in _SHOWN_OF_CUSTOMER})
        return
    name = " ".join(part for part in (row["first_name"], row["last_name"]) if part)
    print_line(f"customer {row['id']} of store {row['registered_in_store_id']}: {name or row['email']}")
