"""A refund explained on paper: line by line, the reasons, the terms, and the law behind each, in the languages asked for."""

from collections.abc import Iterable, Iterator, Sequence

from souvenir.documents.columns import amount, wrapped
from souvenir.taxrefund.explanation import Explanation, Statement, differences
from souvenir.taxrefund.languages import Language, language_for
from souvenir.taxrefund.rulebook import Rule

COLUMNS = 100


def print_explanation(found: Explanation, languages: Sequence[str] = ("zh-Hans", "en")) -> str:
    """The explanation as text; ends with a line break."""
    return "".join(line.rstrip() + "\n" for line in _lines(found, _spoken(languages)))


def print_differences(before: Explanation, after: Explanation, languages: Sequence[str] = ("zh-Hans", "en")) -> str:
    """What another date, place or mode changes: the amounts, the reasons, and the rules that differ."""
    spoken = _spoken(languages)
    lines = [f"{_heading('what_if', spoken)}: {_case(after, spoken)}"]
    lines += [f"  {_net(before)} -> {_net(after)}"]
    lines += [line for problem in after.problems for line in _statement(problem, spoken)]
    for left, right in differences(before, after):
        lines.append(f"  {_named(left)} -> {_named(right)}")
    return "".join(line.rstrip() + "\n" for line in lines)


def _spoken(languages: Sequence[str]) -> Sequence[Language]:
    """The languages asked for, each once; in the place of one that is not spoken stands English."""
    return tuple({(spoken := language_for([tag])[0]).tag: spoken for tag in languages}.values())


def _lines(found: Explanation, languages: Sequence[Language]) -> Iterator[str]:
    yield _case(found, languages)
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


def _statement(statement: Statement, languages: Sequence[Language], margin: str = "  ") -> Iterator[str]:
    for text in dict.fromkeys(statement.read(language) for language in languages):
        for line in wrapped(text, COLUMNS - len(margin)):
            yield margin + line
    if statement.rule is not None:
        yield f"{margin}  [{statement.rule.version}]"


def _ground(rule: Rule, languages: Sequence[Language]) -> Iterator[str]:
    mark = f"  ({_heading('uncertain', languages)})" if rule.confidence == "low" else ""
    yield f"  [{rule.version}] {rule.confidence}{mark}"
    for text in (*((rule.note,) if rule.note else ()), *rule.sources):
        for line in wrapped(text, COLUMNS - 6):
            yield f"      {line}"


def _case(found: Explanation, languages: Sequence[Language]) -> str:
    purchase = found.purchase
    place = _each(language.place(found.place) for language in languages)
    mode = _each(language.show("mode", purchase.mode) for language in languages)
    return f"{place}, {mode}, {purchase.purchased_on.isoformat()}"


def _net(found: Explanation) -> str:
    return str(found.assessment.quote.net) if found.assessment.quote else "-"


def _named(rule: Rule | None) -> str:
    return f"[{rule.version}]" if rule else "-"


def _heading(key: str, languages: Sequence[Language]) -> str:
    return _each(language.say(key, {}) for language in languages)


def _each(texts: Iterable[str]) -> str:
    return " ".join(dict.fromkeys(texts))
