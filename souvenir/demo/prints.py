"""What the demo prints: receipts, refund papers, a certificate, the royalty position and the replayed books."""

import json
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import Any

from souvenir.certificates.certificate import verify_certificate
from souvenir.demo.day import BEIJING, Day
from souvenir.documents.columns import amount, priced
from souvenir.documents.royalty_position import RoyaltyLine, RoyaltyPosition, print_royalty_position
from souvenir.documents.trial_balance import print_trial_balance
from souvenir.kernel.money import Money
from souvenir.shop import Shop


def story(shop: Shop, day: Day) -> None:
    """Everything a person needs to see to understand the day."""
    told = day.told
    _chapter("The two published refunds")
    print(f"  2015-07-01  502.00 by the ordinary route      paid     {_money(told['2015']['net'])}")
    print(f"  2025-05-15  1,494.00 at a centralised point   advanced {_money(told['2025 advanced']['advanced'])}")
    _chapter("Online: number 288 of 500")
    certificate = told["online"]["certificates"][0]
    keys = {key["keyId"]: bytes.fromhex(key["hex"]) for key in told["keys"]}
    verdict = verify_certificate(certificate["link"], keys)
    print(f"  {certificate['link']}")
    print(f"  Verified offline with the shop's public key: number {verdict.number} of {verdict.size} is genuine;")
    print(f"  freshness: {verdict.freshness}. Served, the link is a page for people and a credential for machines;")
    print(f"  with {certificate['sheet'].removeprefix(certificate['link'])} behind it, the sheet to frame.")
    _chapter("What would come back on 1,494.00, before anybody shows a passport")
    for said in (told["explained"]["lines"][0]["why"], *told["explained"]["terms"]):
        print(f"  {said['text']['text']}")
        if said["rule"]:
            print(f"    {said['rule']['version']}: {said['rule']['sources'][0]}")
    _chapter("At the till")
    print(told["cash receipt"]["paper"]["text"])
    print(told["piece receipt"]["paper"]["text"])
    _chapter("Where the 500 vases are")
    _whereabouts(told["whereabouts"], {id: code for code, id in day.world.ids.items()})
    _chapter("The evening count")
    for till in ("T1", "T2", "P1"):
        _z_report(told[f"Z report of {till}"])
    _chapter("A traveller's refund form, agreement and receipt")
    papers = told["papers"]
    print(*(paper["text"] for paper in (papers["form"], papers["agreement"], *papers["receipts"])), sep="\n")
    print(
        f"  The late traveller: guarantee {told['late traveller']['guaranteeState']}, claim {told['late traveller']['state']}."
    )
    _chapter("What the licensor has earned")
    print(print_royalty_position(royalty_position(told["royalty"], day.today)))
    _chapter("Refund advances that waited for customs, down to their events")
    for edge in told["statement"]["lines"]["edges"]:
        line = edge["node"]
        print(f"  {line['effectiveOn']}  {line['rule']:<4} {line['amount']['amount']:>9}  {line['cause']['topic']}")
    pending = _closing(told["balance that evening"], told["statement"]["account"])
    print(
        f"\n  On the evening of {day.today} it stood at {pending}; now at {_closing(told['balance'], told['statement']['account'])}."
    )
    entry = told["entry"]
    print(f"  The last entry, rule {entry['rule']}, was made because of {entry['causingEvent']['topic']}:")
    print(f"  {entry['causingEvent']['state'][:180]} …")


def _whereabouts(found: Mapping[str, Any], codes: Mapping[str, str]) -> None:
    for outlet in sorted(found["outlets"], key=lambda outlet: codes[outlet["outletId"]]):
        counts = ", ".join(f"{outlet[what]} {what}" for what in ("free", "sold", "leased", "reserved") if outlet[what])
        print(f"  {codes[outlet['outletId']]:<13} {counts}")
    for lease in found["leases"]:
        back = datetime.fromisoformat(lease["backAt"]).astimezone(BEIJING)
        print(f"  till {lease['till']} has {lease['numbers']} numbers to sell offline, until {back:%H:%M} on {back:%F}")


def _z_report(report: Mapping[str, Any]) -> None:
    took = ", ".join(
        f"{taking['kind'].replace('_', ' ')} {taking['tender']} {amount(money(taking['amount']))}"
        for taking in report["takings"]
    )
    print(f"  {report['till']}  Z {report['shiftNo']} of {report['businessDate']}: {took or 'nothing sold'}")
    print(f"      float {_money(report['openingFloat'])}, in the drawer {_money(report['counted'])},", end=" ")
    print(f"over or short {_money(report['difference'])}")


def books(shop: Shop, url: str) -> None:
    """The trial balance, replayed from the log as it stands, and how to ask for it again."""
    shop.followers.catch_up()
    balance = shop.ledger.trial_balance()
    _chapter("The books, replayed from the log")
    print(print_trial_balance(balance))
    print(f"  digest {balance.digest}")
    command = Path(sys.executable).with_name("souvenir")
    with suppress(ValueError):
        command = command.relative_to(Path.cwd())
    print(f"  Again:              {command} replay --db {url}")
    print(f"  down to the events: {command} replay --db {url} --account Assets:RefundAdvance:PendingCustoms\n")


def where_to_click(address: str, tokens: Mapping[str, str]) -> None:
    """Addresses, tokens and a first question."""
    print(f"Serving at {address}  (Ctrl-C ends)")
    print(f"  GraphiQL, in a browser: {address}/graphql/storefront, and with these in its tab Headers:")
    for door, token in tokens.items():
        print(f"  {address}/graphql/{door:<11} {json.dumps({'Authorization': f'Bearer {token}'})}")
    print("  Try in finance: { trialBalance { entries rows { account closing { amount } } } }")


def royalty_position(told: Mapping[str, Any], as_of: date) -> RoyaltyPosition:
    """A licence's position as the finance desk is told it."""
    lines = [
        RoyaltyLine(
            product["sku"], {"en": product["sku"]}, product["sold"], product["returned"], money(product["base"]),
            money(product["earned"]), money(product["recouped"]), money(product["payable"]),
        )
        for product in told["products"]
    ]  # fmt: skip
    name = {told["propertyName"]["language"]: told["propertyName"]["text"]}
    return RoyaltyPosition(
        told["contractNo"], told["licensor"], name, as_of, money(told["advanceAgreed"]), money(told["marketingFund"]), lines
    )  # fmt: skip


def money(told: Mapping[str, str]) -> Money:
    return Money.of(told["amount"], told["currency"])


def _closing(balance: Mapping[str, Any], account: str) -> str:
    return next((row["closing"]["amount"] for row in balance["rows"] if row["account"] == account), "0.00")


def _money(told: Mapping[str, str]) -> str:
    return priced(money(told))


def _chapter(title: str) -> None:
    print(f"\n── {title} {'─' * (74 - len(title))}\n")
