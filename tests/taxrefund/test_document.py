"""Documents are read by their machine-readable zone: the examples of ICAO Doc 9303, and every digit wrong once."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from souvenir.kernel.errors import SouvenirError
from souvenir.taxrefund.document import (
    DocumentExpired,
    DocumentUnreadable,
    WrongCheckDigit,
    WrongDocumentKind,
    check_digit,
    read_zone,
)

PASSPORT = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10"
CARD = "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<"
VALID = date(2012, 4, 15)


def permit(code: str) -> str:
    return CARD.replace("I<UTO", f"{code}CHN", 1)


def test_the_passport_of_the_standard() -> None:
    read = read_zone(PASSPORT, VALID)
    assert (read.kind, read.issuer, read.nationality) == ("passport", "UTO", "UTO")
    assert (read.number, read.name) == ("L898902C3", "ANNA MARIA ERIKSSON")
    assert (read.born_on, read.expires_on) == (date(1974, 8, 12), date(2012, 4, 15))


@pytest.mark.parametrize(("code", "kind"), [("CR", "hk_macao_permit"), ("CT", "taiwan_permit")])
def test_a_permit_is_a_card(code: str, kind: str) -> None:
    read = read_zone(permit(code), VALID)
    assert (read.kind, read.number, read.name) == (kind, "D23145890", "ANNA MARIA ERIKSSON")


def test_a_number_too_long_for_its_field_goes_on_behind_it() -> None:
    first = "CRCHND23145890<7349<<<<<<<<<<<"
    second = "7408122F1204159UTO<<<<<<<<<<<"
    whole = check_digit(first[5:30] + second[0:7] + second[8:15] + second[18:29])
    read = read_zone(f"{first}\n{second}{whole}\n{CARD.splitlines()[2]}", VALID)
    assert read.number == "D23145890734"


@pytest.mark.parametrize(
    ("text", "digit"), [("520727", 3), ("AB2134<<<", 5), ("L898902C3", 6), ("D23145890", 7), ("D23145890734", 9)]
)
def test_check_digits_of_the_standard(text: str, digit: int) -> None:
    assert check_digit(text) == digit


@pytest.mark.parametrize(
    ("at", "part"),
    [(9, "number"), (19, "date of birth"), (27, "date of expiry"), (42, "personal number"), (43, "whole zone")],
)
def test_each_wrong_check_digit_is_refused_by_name(at: int, part: str) -> None:
    first, second = PASSPORT.splitlines()
    wrong = second[:at] + str((int(second[at]) + 1) % 10) + second[at + 1 :]
    with pytest.raises(WrongCheckDigit) as refused:
        read_zone(f"{first}\n{wrong}", VALID)
    assert refused.value.part == part


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("", DocumentUnreadable),
        (PASSPORT.replace("\n", ""), DocumentUnreadable),
        (PASSPORT[:-1], DocumentUnreadable),
        (PASSPORT.replace("ANNA", "ÄNNA"), DocumentUnreadable),
        (PASSPORT.replace("P<UTO", "V<UTO"), WrongDocumentKind),
        (CARD, WrongDocumentKind),
        ("P<UTOX<<Y" + "<" * 35 + "\nL898902C36UTO7413122F1204159ZE184226B<<<<<10", WrongCheckDigit),
    ],
)
def test_what_is_no_travellers_document_is_refused(text: str, refusal: type[SouvenirError]) -> None:
    with pytest.raises(refusal):
        read_zone(text, VALID)


def test_an_expired_document_is_refused_from_the_day_after() -> None:
    with pytest.raises(DocumentExpired):
        read_zone(PASSPORT, date(2012, 4, 16))


def test_nothing_personal_is_shown_where_it_was_not_asked_for() -> None:
    assert not any(word in repr(read_zone(PASSPORT, VALID)) for word in ("ERIKSSON", "ANNA", "L898902C3", "1974"))
    first, second = PASSPORT.splitlines()
    with pytest.raises(WrongCheckDigit) as refused:
        read_zone(f"{first}\n{second[:9]}7{second[10:]}", VALID)
    assert "L898902C3" not in str(refused.value)


@given(st.text(alphabet=st.sampled_from("AB09<\n É"), max_size=120))
def test_any_text_is_read_or_refused(text: str) -> None:
    with pytest.raises(SouvenirError):
        read_zone(text, VALID)


@given(st.integers(0, 87), st.sampled_from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ<"))
def test_one_character_changed_in_the_second_line_rarely_goes_unseen(at: int, character: str) -> None:
    """A check digit sees every single change but those whose values differ by ten or more alike: never two digits."""
    first, second = PASSPORT.splitlines()
    position = at % 28
    if character.isdigit() and second[position].isdigit() and character != second[position]:
        with pytest.raises(WrongCheckDigit):
            read_zone(f"{first}\n{second[:position]}{character}{second[position + 1 :]}", VALID)
