"""The `souvenir` command: play the demo, serve a shop, replay its books, explain a refund, verify certificates."""

import argparse
import os
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from importlib.util import find_spec
from pathlib import Path
from uuid import UUID

import souvenir
from souvenir.access.staff import ROLES, RolesOpenNoSuchDoor, checked_roles, opens
from souvenir.documents import journal, trial_balance
from souvenir.documents.refund_explanation import print_differences, print_explanation
from souvenir.kernel import clock
from souvenir.kernel.errors import MalformedInput, NotFound, SouvenirError
from souvenir.kernel.extras import not_installed
from souvenir.kernel.money import Money
from souvenir.ledger.chart import account_of
from souvenir.ledger.replay import AsOf
from souvenir.taxrefund.assessment import Purchase, PurchaseLine, Store, Traveller
from souvenir.taxrefund.explanation import explain
from souvenir.taxrefund.rulebook import open_rule_book

DATABASE = "SOUVENIR_DB"
RESOLVER = "SOUVENIR_RESOLVER"
NOWHERE = "https://id.example.org"


class NoShopThere(SouvenirError):
    message = "There is no shop at {url}. Say which: --db sqlite:///path/to/shop.db, or set SOUVENIR_DB."
    url: str


class NotForYou(SouvenirError):
    message = "{place} is not yours to read and write: ask its owner, or make a copy of it."
    place: str


class NotServedThere(SouvenirError):
    message = "Nothing can be served at {host}:{port}: {reason}. Choose another place: --port, --host."
    host: str
    port: int
    reason: str


class NoTextToShow(SouvenirError):
    message = "This form is no text to show here: name a file, --out."


class NoSuchContract(SouvenirError):
    message = "There is no licence under the contract number {contract}."
    contract: str


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; answers the exit status: 0 done, 1 refused (the refusal is printed), 2 not understood."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options) or 0)
    except SouvenirError as refusal:
        return _say(str(refusal))
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        return _say(f"{error.filename}: {error.strerror}" if error.filename else error.strerror or str(error))
    except Exception as error:
        if missing := not_installed(error):
            return _say(missing)
        if type(error).__module__.partition(".")[0] not in ("sqlite3", "psycopg", "psycopg_pool"):
            raise
        return _say(f"The database gave up: {str(error).splitlines()[0]}. What was committed before is safe.")


def _say(sentence: str) -> int:
    print(f"souvenir: {sentence}", file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="souvenir", description=__doc__)
    parser.add_argument("--version", action="version", version=f"souvenir {souvenir.__version__}")
    parser.set_defaults(run=lambda options: parser.print_help())
    commands = parser.add_subparsers(metavar="command")

    demo = commands.add_parser("demo", help="play one trading day of a small shop group, then serve its API")
    demo.add_argument("--directory", type=Path, default=Path("var/demo"), help="where the demo shop is kept")
    demo.add_argument("--port", type=_port, default=8000)
    demo.set_defaults(run=_demo)

    serve = _with_database(commands.add_parser("serve", help="serve the GraphQL API of a shop"))
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=_port, default=8000)
    serve.add_argument("--graphiql", action="store_true", help="serve GraphiQL too: for development only")
    serve.add_argument("--only-published", action="store_true", help="execute nothing but the published operations")
    serve.add_argument(
        "--a-minute",
        type=_count,
        metavar="N",
        help="requests a minute from one address at the storefront",
    )
    serve.set_defaults(run=_serve)

    _describe_replay(commands.add_parser("replay", help="replay the books: a trial balance, and down to the event"))

    statement = _with_database(commands.add_parser("statement", help="write a royalty statement that was issued"))
    statement.add_argument("contract", help="the contract's number, such as LIC-2026-01")
    statement.add_argument("period", help="2026-07, 2026-Q3, 2026-H2 or 2026, as the contract has it")
    statement.add_argument("--form", default="txt", choices=("txt", "pdf", "xlsx", "json"), help="default: txt")
    statement.add_argument("--out", type=Path, metavar="FILE", help="default: the standard output")
    statement.set_defaults(run=_statement)

    check = _with_database(commands.add_parser("check", help="compare the registers with what the log says"))
    check.set_defaults(run=_check)

    rebuild = _with_database(commands.add_parser("rebuild", help="build a view anew beside the old one, and switch"))
    rebuild.add_argument("view", help="the view's name, or 'all'")
    rebuild.set_defaults(run=_rebuild)

    engage = _with_database(
        commands.add_parser("engage", help="take on staff and print a token: the first manager too")
    )
    engage.add_argument("badge")
    engage.add_argument("--role", action="append", required=True, help=f"{', '.join(ROLES)}; repeatable")
    engage.add_argument("--door", required=True, choices=("finance", "backoffice"))
    engage.set_defaults(run=_engage)

    verify = _with_database(commands.add_parser("verify", help="verify a certificate's link with the shop's keys"))
    verify.add_argument("link")
    verify.set_defaults(run=_verify)

    _describe_keys(commands.add_parser("keys", help="the keys certificates are signed with: list, rotate, withdraw"))
    refund = commands.add_parser("refund", help="ask the rule book of tax refunds").add_subparsers(required=True)
    _describe_purchase(refund.add_parser("explain", help="what a purchase brings a traveller, and why, by which law"))
    return parser


def _describe_replay(replay: argparse.ArgumentParser) -> None:
    _with_database(replay)
    replay.add_argument("--as-of", type=_day, metavar="DATE", help="effective up to this day, inclusive")
    replay.add_argument("--known-at", type=_instant, metavar="INSTANT", help="as it was known at an instant")
    replay.add_argument(
        "--known-after", type=_instant, metavar="INSTANT", help="only what was learned after an instant"
    )
    replay.add_argument("--since", type=_day, metavar="DATE", help="open with the balances before this day")
    replay.add_argument("--account", help="the legs behind one account instead, each with its entry and event")
    replay.add_argument("--entry", type=UUID, metavar="ID", help="one entry instead, down to the event that caused it")
    replay.add_argument(
        "--form",
        default="txt",
        choices=(*trial_balance.FORMS, "beancount"),
        help="default: txt; beancount: all entries",
    )
    replay.add_argument("--out", type=Path, metavar="FILE", help="default: the standard output")
    replay.set_defaults(run=_replay)


def _describe_keys(keys: argparse.ArgumentParser) -> None:
    _with_database(keys)
    keys.add_argument("--rotate", action="store_true", help="sign with a new key from now on")
    keys.add_argument("--withdraw", metavar="KEY", help="trust a key no more, as when it was stolen")
    keys.add_argument("--reason", default="withdrawn by hand", help="why, for the log")
    keys.set_defaults(run=_keys)


def _describe_purchase(explain: argparse.ArgumentParser) -> None:
    explain.add_argument(
        "goods",
        nargs="+",
        metavar="AMOUNT@VAT[@CLASS]",
        help="goods, tax included, at a VAT rate: 1494.00@0.13; @excluded or @exempt say so; else a class of goods",
    )
    explain.add_argument("--place", default="CN-BJ", help="ISO 3166 code of the store's region: CN-BJ, JP, DE")
    explain.add_argument("--on", type=_day, required=True, metavar="DATE", help="the invoice's date")
    explain.add_argument("--mode", default="departure", help="departure, instant_store, immediate, …")
    explain.add_argument("--document", default="passport", help="passport, hk_macao_permit, taiwan_permit")
    explain.add_argument("--entered", type=_day, metavar="DATE", help="the traveller's last entry")
    explain.add_argument("--age", type=int)
    explain.add_argument("--language", action="append", help="zh-Hans, ja, fr, …; repeatable; default: zh-Hans and en")
    explain.add_argument("--what-if-on", type=_day, metavar="DATE", help="compare with another date")
    explain.add_argument("--what-if-place", metavar="PLACE", help="compare with another place of the same currency")
    explain.add_argument("--what-if-mode", metavar="MODE", help="compare with another mode")
    explain.set_defaults(run=_explain)


def _with_database(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument(
        "--db",
        default=os.environ.get(DATABASE, "sqlite:///var/souvenir.db"),
        metavar="URL",
        help=f"sqlite:///path or postgresql://…; default: ${DATABASE}, else sqlite:///var/souvenir.db",
    )
    parser.add_argument(
        "--resolver",
        default=os.environ.get(RESOLVER, NOWHERE),
        metavar="URL",
        help=f"where the links of certificates point: this shop's public address; default: ${RESOLVER}",
    )
    parser.add_argument("--secrets", type=Path, help="the directory of keys; default: secrets/ beside an SQLite file")
    return parser


def _place(url: str, *, begin: bool = False) -> str:
    """The URL of a shop that is there, and may be opened; only `serve` and `engage` begin a new one."""
    scheme, _, rest = url.partition("://")
    if scheme != "sqlite" or (rest and not rest.startswith("/")):
        return url  # which opening refuses, if it names nothing
    path = Path(rest[1:])
    if (path.is_dir() and rest) or not (begin or (rest and path.exists())):
        raise NoShopThere(url=url)
    for place in (path, path.parent):
        if place.exists() and not os.access(place, os.R_OK | os.W_OK):
            raise NotForYou(place=str(place))
    if rest and not path.exists():
        print(f"A new shop is begun at {url}.", file=sys.stderr)
    return url


def _require_free(host: str, port: int) -> None:
    """Look whether one may listen there before anything else is begun."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        socket.create_server(address[:2], family=family).close()
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error.strerror)
        raise NotServedThere(host=host, port=port, reason=reason) from None


def _write(written: bytes, out: Path | None) -> None:
    if out is not None:
        out.write_bytes(written)
    elif sys.stdout.isatty() and b"\0" in written:
        raise NoTextToShow
    else:
        sys.stdout.buffer.write(written)


def _open(options: argparse.Namespace, *, begin: bool = False) -> souvenir.Shop:
    return souvenir.Shop.open(_place(options.db, begin=begin), secrets=options.secrets, resolver=options.resolver)


def _demo(options: argparse.Namespace) -> None:
    _require("uvicorn", "reportlab", "segno")
    exit_after = bool(os.environ.get("SOUVENIR_DEMO_EXIT"))
    if not exit_after:
        _require_free("127.0.0.1", options.port)
    from souvenir.demo import play

    play(options.directory, options.port, exit_after=exit_after)


def _require(*modules: str) -> None:
    """Look whether optional modules are installed before anything is begun."""
    for module in modules:
        if find_spec(module) is None:
            raise ModuleNotFoundError(name=module)


def _serve(options: argparse.Namespace) -> None:
    _require("uvicorn")
    _require_free(options.host, options.port)
    from souvenir.serving import serve

    with _open(options, begin=True) as shop:
        shop.start()
        strict = {"only_published": options.only_published, "a_minute": options.a_minute}
        app = shop.asgi(graphiql=options.graphiql, **strict)
        if options.resolver == NOWHERE:
            print(f"Certificates will link to {NOWHERE}: say your public address, --resolver.", file=sys.stderr)
        print(f"Serving at http://{options.host}:{options.port}  (Ctrl-C ends)", file=sys.stderr, flush=True)
        serve(app, options.host, options.port)


def _replay(options: argparse.Namespace) -> None:
    from souvenir.shop import open_books

    as_of = AsOf(options.as_of, options.known_at, options.since, options.known_after)
    if options.as_of and options.since and options.since > options.as_of:
        raise MalformedInput(expected=f"day from which to replay up to {options.as_of}", value=str(options.since))
    forms = ("txt",) if options.entry else ("txt", "csv") if options.account else (*trial_balance.FORMS, "beancount")
    if options.form not in forms:
        raise MalformedInput(expected=f"form of this: {' or '.join(forms)}", value=options.form)
    with open_books(_place(options.db)) as ledger:
        if options.entry:
            written = journal.print_entry(ledger.entry(options.entry), ledger.cause_of(options.entry)).encode()
        elif options.account:
            account_of(options.account)
            legs = (leg for leg in ledger.legs(as_of) if leg.account == options.account)
            written = (journal.legs_csv if options.form == "csv" else journal.print_legs)(legs).encode()
        elif options.form == "beancount":
            written = journal.beancount(ledger.legs(as_of), as_of).encode()
        else:
            written = trial_balance.write_trial_balance(ledger.trial_balance(as_of), options.form)
    _write(written, options.out)


def _statement(options: argparse.Namespace) -> None:
    from souvenir.documents.statement import write_statement
    from souvenir.licensing.licence import Licence

    licence = Licence.id_of(options.contract)
    with _open(options) as shop:
        try:
            shop.log.load(Licence, licence)
        except NotFound:
            raise NoSuchContract(contract=options.contract) from None
        sheet = shop.licensing.statement(licence, options.period)
    _write(write_statement(sheet, options.form), options.out)


def _check(options: argparse.Namespace) -> int:
    with _open(options) as shop:
        found = shop.differences()
    for line in found:
        print(line)
    print("The registers agree with the log." if not found else f"{len(found)} rows differ; the log is right.")
    return 1 if found else 0


def _rebuild(options: argparse.Namespace) -> int:
    with _open(options) as shop:
        chosen = [view for view in shop.views.all if options.view in (view.name, "all")]
        for view in chosen:
            shop.rebuild(view)
            print(f"{view.name}: rebuilt.")
        if not chosen:
            names = ", ".join(view.name for view in shop.views.all)
            print(f"There is no view {options.view}. Views: {names}.", file=sys.stderr)
    return 0 if chosen else 1


def _engage(options: argparse.Namespace) -> None:
    if not opens(checked_roles(options.role), options.door):  # before anybody is engaged
        raise RolesOpenNoSuchDoor(badge=options.badge, audience=options.door)
    with _open(options, begin=True) as shop:
        staff = shop.access.engage(options.badge, options.role).result
        token = shop.access.give_staff_token(staff, options.door).result
    print(token.token)


def _verify(options: argparse.Namespace) -> int:
    with _open(options) as shop:
        found = shop.publication.verify(options.link)
    print(f"Genuine: number {found.number} of {found.size} ({found.space}), GTIN {found.gtin}, serial {found.serial},")
    print(f"issued on {found.issued_on} under the key {found.key_id}.")
    if found.as_of is None:
        print("Whether it still stands is not on record in this shop.")
    else:
        stands = "It stands" if found.freshness == "active" else f"It does NOT stand: {found.freshness}"
        print(f"{stands}, as of {found.as_of:%F %H:%M} UTC.")
    return 0 if found.freshness == "active" else 1


def _keys(options: argparse.Namespace) -> None:
    with _open(options) as shop:
        today = clock.now().date()
        if options.rotate:
            shop.certificate_keys.rotate(shop.secrets.signing.now.key_id, today)
        if options.withdraw:
            shop.certificate_keys.withdraw(options.withdraw, options.reason, today)
        keys = shop.secrets.signing.now
    for key_id, public in keys.public.items():
        print(f"{key_id}  {public.hex()}  {'signs' if key_id == keys.key_id else 'verifies'}")
    for key_id in sorted(keys.withdrawn):
        print(f"{key_id}  {'':64}  withdrawn")


def _explain(options: argparse.Namespace) -> None:
    book, country = open_rule_book(), options.place.split("-")[0]
    currency = book.jurisdiction(country).currency
    purchase = Purchase(
        store=Store(country, options.place),
        mode=options.mode,
        traveller=Traveller(options.document, options.entered, options.age),
        lines=tuple(_goods(number, text, currency) for number, text in enumerate(options.goods, 1)),
        purchased_on=options.on,
    )
    languages = options.language or ("zh-Hans", "en")
    found = explain(book, purchase)
    print(print_explanation(found, languages), end="")
    if options.what_if_on or options.what_if_place or options.what_if_mode:
        place = options.what_if_place or options.place
        other = replace(
            purchase,
            store=Store(place.split("-")[0], place),
            mode=options.what_if_mode or options.mode,
            purchased_on=options.what_if_on or options.on,
        )
        print(print_differences(found, explain(book, other), languages), end="")


def _goods(number: int, text: str, currency: str) -> PurchaseLine:
    amount, _, rest = text.partition("@")
    rate, _, kind = rest.partition("@")
    try:
        vat = Decimal(rate)
        understood = 0 <= vat < 1
    except InvalidOperation:
        understood = False
    if not understood:
        raise MalformedInput(expected="line of goods such as 1494.00@0.13", value=text[:40])
    exempt, refundable = kind == "exempt", kind != "excluded"
    goods = kind if kind not in ("", "exempt", "excluded") else "general"
    return PurchaseLine(number, Money.of(amount, currency), vat, exempt=exempt, refundable=refundable, goods=goods)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("a number from 1")
    return int(text)


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"a port from 1 to 65535, not {text!r}")
    return int(text)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"a day such as 2026-05-31, not {text!r}") from None


def _instant(text: str) -> datetime:
    """An instant; without a zone, this machine's."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"an instant such as 2026-06-05T12:00:00+08:00, not {text!r}") from None
    return at if at.tzinfo else at.astimezone()
