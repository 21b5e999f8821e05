"""What all four schemas speak: money, text in the reader's language, and where these come in."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, lru_cache
from typing import Any, Self, TypeVar

import strawberry
from pydantic import ValidationError

from souvenir.api.authentication import Visit
from souvenir.api.scalars import BigInt, CurrencyCode
from souvenir.kernel import money
from souvenir.kernel.errors import MalformedInput
from souvenir.kernel.localized import nearest

T = TypeVar("T")


@strawberry.type(description="An amount of one currency. Never a float: either a decimal string, or whole minor units.")
class Money:
    amount: str = strawberry.field(description="With exactly the currency's decimals: “45.18”.")
    amount_minor: BigInt = strawberry.field(description="In minor units, such as fen: “4518”.")
    currency: CurrencyCode

    @classmethod
    def of(cls, amount: money.Money) -> Self:
        return cls(amount=amount.amount, amount_minor=BigInt(amount.minor), currency=CurrencyCode(amount.currency))


@strawberry.input(description="An amount: a decimal string with at most the currency's decimals, and the currency.")
class MoneyInput:
    amount: str
    currency: CurrencyCode

    def money(self) -> money.Money:
        """Raises MalformedMoney or UnknownCurrency."""
        return money.Money.of(self.amount, self.currency)


@strawberry.type(description="Words in the language that suits the reader best (Accept-Language).")
class LocalizedText:
    text: str
    language: str = strawberry.field(description="The language of the text (BCP 47).")
    is_fallback: bool = strawberry.field(description="Whether the reader asked for other languages only.")

    @classmethod
    def of(cls, words: Mapping[str, str], languages: tuple[str, ...]) -> Self:
        """The words in the first language there are any in; else as they were written."""
        language = _first_spoken(languages, tuple(words))
        served = language or next(iter(words))
        return cls(text=words[served], language=served, is_fallback=bool(languages) and language is None)


@lru_cache(1024)
def _first_spoken(asked: tuple[str, ...], kept: tuple[str, ...]) -> str | None:
    found = (language if language in kept else nearest(language, kept) for language in asked)
    return next(filter(None, found), None)


@strawberry.type(description="Words in one language.")
class Translation:
    language: str
    text: str

    @classmethod
    def all(cls, words: Mapping[str, str]) -> list[Self]:
        return [cls(language=language, text=text) for language, text in words.items()]


@strawberry.input(description="Words in one language; the first of a list is the original.")
class TranslationInput:
    language: str
    text: str


MOST_TRANSLATIONS = 20


def words(translations: list[TranslationInput]) -> dict[str, str]:
    """The words by language, as the shop keeps them. Raises MalformedInput for none, blank or doubled ones."""
    result = {item.language.strip(): item.text.strip() for item in translations[:MOST_TRANSLATIONS]}
    if not result or len(result) != len(translations) or not all(map(all, result.items())):
        value = ", ".join(item.language for item in translations)
        raise MalformedInput(expected="list of words, one text for each language", value=value[:80])
    return result


def shown(kind: Callable[..., T], value: object, **otherwise: Any) -> T:
    """A value of the trade as the API shows it: fields of the same names, amounts as the API's; the rest is given."""
    fields = {name: getattr(value, name) for name in _fields(kind) if name not in otherwise}
    amounts = {name: Money.of(each) for name, each in fields.items() if isinstance(each, money.Money)}
    return kind(**fields | amounts | otherwise)


@cache
def _fields(kind: Callable[..., Any]) -> tuple[str, ...]:
    return tuple(inspect.signature(kind).parameters)


Info = strawberry.Info[Any, None]


def described(resolver: Callable[..., Any]) -> Any:
    """A field whose description is its resolver's docstring."""
    return strawberry.field(resolver=resolver, description=inspect.getdoc(resolver))


def visit(info: Info) -> Visit:
    """For whom this is answered."""
    context = info.context
    assert isinstance(context, Visit)
    return context


@contextmanager
def values(*path: str) -> Iterator[None]:
    """Values of the trade made within are well-formed, or refused as malformed input; what was sent is not repeated."""
    try:
        yield
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        refusal = MalformedInput(expected=f"value for {where} ({first['msg']})", value="")
        raise refusal.at("input", *path) from None
