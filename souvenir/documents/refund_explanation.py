"""A refund explained on paper: line by line, the reasons, the terms, and the law behind each, in one language or two."""

from collections.abc import Iterator, Sequence

from souvenir.documents.columns import amount, wrapped
from souvenir.kernel.localized import LocalizedText, serve
from souvenir.taxrefund.explanation import Explanation, Statement, differences
from souvenir.taxrefund.rulebook import Rule

COLUMNS = 100

HEADINGS = {
    "goods": ("Goods", "商品"),
    "why_not": ("No refund, because", "不能退税，原因"),
    "terms": ("What the traveller gets", "旅客可得"),
    "conditions": ("Also asked of the traveller", "对旅客的其他要求"),
    "grounds": ("Rules and sources", "依据"),
    "uncertain": ("uncertain", "待核实"),
    "what_if": ("What if", "假如"),
}


def print_explanation(found: Explanation, languages: Sequence[str] = ("zh-Hans", "en")) -> str:
    """The explanation as text; ends with a line break."""
    return "".join(line.rstrip() + "\n" for line in _lines(found, languages))


def print_differences(before: Explanation, after: Explanation, languages: Sequence[str] = ("zh-Hans", "en")) -> str:
    """What another date, place or mode changes: the amounts, the reasons, and the rules that differ."""
    lines = [f"{_heading('what_if', languages)}: {_case(after)}"]
    lines += [f"  {_net(before)} -> {_net(after)}"]
    lines += [line for problem in after.problems for line in _statement(problem, languages)]
    for left, right in differences(before, after):
        lines.append(f"  {_named(left)} -> {_named(right)}")
    return "".join(line.rstrip() + "\n" for line in lines)


def _lines(found: Explanation, languages: Sequence[str]) -> Iterator[str]:
    yield f"{_words(found.place, languages)}  {_case(found)}"
    yield "=" * COLUMNS
    yield _heading("goods", languages)
    for line in found.lines:
        back = amount(line.refund) if line.refund is not None else "-"
        yield f"  {line.line_no}. {line.gross} -> {back}"
        yield from _statement(line.why, languages, "     ")
    for key, statements in (
        ("why_not", found.problems),
        ("terms", found.terms),
        ("conditions", found.conditions),
    ):
        if statements:
            yield _heading(key, languages)
            for statement in statements:
                yield from _statement(statement, languages)
    yield _heading("grounds", languages)
    for rule in found.grounds:
        yield from _ground(rule, languages)


def _statement(statement: Statement, languages: Sequence[str], margin: str = "  ") -> Iterator[str]:
    texts = dict.fromkeys(serve(statement.text, language).text for language in languages)
    for text in texts:
        for line in wrapped(text, COLUMNS - len(margin)):
            yield margin + line
    if statement.rule is not None:
        yield f"{margin}  [{statement.rule.version}]"


def _ground(rule: Rule, languages: Sequence[str]) -> Iterator[str]:
    mark = f"  ({_heading('uncertain', languages)})" if rule.confidence == "low" else ""
    yield f"  [{rule.version}] {rule.confidence}{mark}"
    for text in (*((rule.note,) if rule.note else ()), *rule.sources):
        for line in wrapped(text, COLUMNS - 6):
            yield f"      {line}"


def _case(found: Explanation) -> str:
    purchase = found.purchase
    return f"{purchase.store.region}, {purchase.mode}, {purchase.purchased_on.isoformat()}"


def _net(found: Explanation) -> str:
    return str(found.assessment.quote.net) if found.assessment.quote else "-"


def _named(rule: Rule | None) -> str:
    return f"[{rule.version}]" if rule else "-"


def _heading(key: str, languages: Sequence[str]) -> str:
    english, chinese = HEADINGS[key]
    return _words({"en": english, "zh-Hans": chinese}, languages)


def _words(text: LocalizedText, languages: Sequence[str]) -> str:
    return " ".join(dict.fromkeys(serve(text, language).text for language in languages))
