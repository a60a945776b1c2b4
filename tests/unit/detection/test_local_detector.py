"""Identifiers are found by kind and count; numbers that only look like them are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn

from routersvc.detection.found import ENOUGH, MOST_CANDIDATES
from routersvc.detection.local_detector import LocalDetector
from routersvc.domain.conversation.steps import finished
from routersvc.domain.profiling.identifiers import IdentifierFinding, IdentifierKind

DETECTOR = LocalDetector(phone_regions=("US", "DE", "GB"))
EMAIL = IdentifierKind.EMAIL
PHONE = IdentifierKind.PHONE_NUMBER
CARD = IdentifierKind.PAYMENT_CARD
IBAN = IdentifierKind.IBAN
ID = IdentifierKind.NATIONAL_ID
PASSPORT = IdentifierKind.PASSPORT
RECORD = IdentifierKind.MEDICAL_RECORD


def found(*texts: str, detector: LocalDetector = DETECTOR) -> dict[IdentifierKind, int]:
    """Return what is found, by kind."""
    return {finding.kind: finding.count for finding in finished(detector.detecting(texts))}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("write to anna.b+x@mail.example.com, please", EMAIL),
        ("<o'neil_9@example.co.uk>", EMAIL),
        ("call +49 30 901820 tomorrow", PHONE),
        ("(+1) 650-253-0000", PHONE),
        ("tel:+442079460958", PHONE),
        ("my number is (212) 456-7890", PHONE),
        ("Telefon 030 901820", PHONE),
        ("card 4111 1111 1111 1111 exp 12/29", CARD),
        ("4111-1111-1111-1111", CARD),
        ("paid with 5555555555554444.", CARD),
        ("Amex 3782 822463 10005", CARD),
        ("IBAN: DE89 3704 0044 0532 0130 00", IBAN),
        ("DE89370400440532013000", IBAN),
        ("GB82 WEST 1234 5698 7654 32 is the account", IBAN),
        ("FR14 2004 1010 0505 0001 3M02 606 Paris", IBAN),
        ("SSN 536-90-4399", ID),
        ("social security number 536904399", ID),
        ("SIN 193 456 787", ID),
        ("PESEL: 44051401359", ID),
        ("CPF 390.533.447-05", ID),
        ("Steuer-ID 36 574 261 809", ID),
        ("NIR 2 95 10 99 126 111 93", ID),
        ("DNI 54362315K", ID),
        ("NIE X-2482300W", ID),
        ("codice fiscale RCCMNL83S18D969H", ID),
        ("CURP BOXW310820HNERXN09", ID),
        ("rijksregisternummer 85.07.30-033.28", ID),
        ("BSN 123456782", ID),
        ("AHV 756.9217.0769.85", ID),
        ("personnummer 880320-0016", ID),
        ("身份证号 360426199101010071", ID),
        ("身份证号 11010519491231002X", ID),
        ("Aadhaar 2341 2341 2346", ID),
        ("passport no. C01X00T47", PASSPORT),
        ("Reisepass: C01X0006H", PASSPORT),
        ("паспорт № 4509123456", PASSPORT),
        ("MRN: 00456789", RECORD),
        ("patient ID is A-1234567", RECORD),
        ("NHS number 943 476 5919", RECORD),
    ],
)
def test_identifier_is_found(text: str, kind: IdentifierKind) -> None:
    """As people write them, alone and within sentences."""
    assert found(text) == {kind: 1}
    assert found(f"Dear all,\n{text}\nRegards") == {kind: 1}


@pytest.mark.parametrize(
    "text",
    [
        "order 1234567890123456 of 2026-11-25",
        "card 4111 1111 1111 1112",
        "0000 0000 0000 0000",
        "timestamp 1732531200000, then 1732531200",
        "versions 10.20.30.40 and 1.2.3-4.5",
        "ISBN 978-3-16-148410-0",
        "from 192.168.100.200 to 10.0.0.1",
        "pi is 3.14159265358979",
        "the years 1914 1918 1939 1945",
        "price 1 299 000.00 and 4 500 000",
        "44051401359",
        "123456782",
        "536-90-0000",
        "666-12-3456",
        "DE89 3704 0044 0532 0130 01",
        "AB12 3456 7890 1234",
        "commit 4111111111111111abcdef",
        "sha256:5555555555554444deadbeef0123",
        "id_4111111111111111",
        "a@b, @name, me@localhost and x@y.z1",
        "def f(a) -> b: return c @ d.e",
        "54362315A",
        "the passport was lost in 2019",
        "patient no longer waits 12345",
        "matrix [[1, 2, 3], [4, 5, 6], [7, 8, 9]]",
        "+1234567 is a positive number",
        "555-1234",
        "2026-11-25T10:12:27.123456+00:00",
        "UUID 123e4567-e89b-12d3-a456-426614174000",
        "coordinates 52.5200066, 13.4049540",
    ],
)
def test_look_alike_is_passed_over(text: str) -> None:
    """Every false finding takes deployments away from a caller."""
    assert found(text) == {}


def test_different_identifiers_are_counted_once_each() -> None:
    """A signature under every message is one address."""
    texts = ["a@example.com", "A@example.com b@example.com", "a@example.com"]

    assert found(*texts) == {EMAIL: 2}


def test_kinds_are_told_apart() -> None:
    """In one text, each by itself."""
    text = "Ann, a@example.com, +49 30 901820, DE89370400440532013000, card 4111111111111111"

    assert found(text) == {EMAIL: 1, PHONE: 1, IBAN: 1, CARD: 1}


def test_national_numbers_need_their_region() -> None:
    """Without a plan to hold them against they are any digits."""
    assert found("(212) 456-7890", detector=LocalDetector()) == {}
    assert found("+1 212 456 7890", detector=LocalDetector()) == {PHONE: 1}


def test_words_announce_only_what_follows_closely() -> None:
    """A number further on is another matter."""
    assert found("PESEL 44051401359") == {ID: 1}
    assert found(f"PESEL {'and so on, ' * 6} 44051401359") == {}


def test_identifier_deep_inside_a_long_document_is_found() -> None:
    """All of a prompt is looked at, whatever its length."""
    prose = "The harvest was late that year and the mill stood still. " * 2_000

    assert found(f"{prose} anna@example.com {prose}") == {EMAIL: 1}


def test_counting_ends_where_more_would_say_nothing() -> None:
    """A list of a thousand addresses is as regulated as one of a hundred."""
    text = " ".join(f"user{number}@example.com" for number in range(1_000))

    assert finished(DETECTOR.detecting([text])) == (IdentifierFinding(kind=EMAIL, count=ENOUGH),)


def test_random_numbers_are_hardly_ever_taken_for_something() -> None:
    """Of 2,000 runs of 11 digits fewer than one in a hundred pass, of 16 those that luhn lets."""
    elevens = [str(10_000_000_000 + 7_919_777 * place) for place in range(2_000)]
    sixteens = [str(1_000_000_000_000_000 + 7_919_777_333 * place) for place in range(2_000)]

    assert sum(found(text) != {} for text in elevens) <= 20
    assert [text for text in sixteens if found(text)] == []


@pytest.mark.parametrize("length", [15, 16])
def test_only_numbers_with_their_check_digit_are_cards(length: int) -> None:
    """Nine of ten numbers that begin like a card are none."""
    prefix = {15: "3782822463100", 16: "41111111111111"}[length]
    numbers = [f"{prefix}{end:02}" for end in range(100)]

    cards = [number for number in numbers if found(number) == {CARD: 1}]

    assert cards == [number for number in numbers if luhn.is_valid(number)]
    assert len(cards) == 10


@given(texts=st.lists(st.text(max_size=300), max_size=3))
def test_any_text_can_be_searched(texts: list[str]) -> None:
    """A detector that fails would fail the call."""
    for finding in finished(DETECTOR.detecting(texts)):
        assert finding.count >= 1


@given(
    text=st.text(alphabet="0123456789 -./()+@ABDEMRXYZabcdeptx:\n", max_size=400),
)
def test_texts_like_identifiers_can_be_searched(text: str) -> None:
    """Half numbers, mixed separators, letters where digits should be."""
    for finding in finished(DETECTOR.detecting([text, f"ssn {text}", f"mrn {text}"])):
        assert finding.count >= 1


@pytest.mark.parametrize(
    "text",
    [
        "1" * 200_000,
        "1 " * 100_000,
        "+" * 200_000,
        "@" * 200_000,
        "@a." * 60_000,
        "a" * 200_000,
        "AB12 " * 40_000,
        "A1" * 100_000,
        "123-45-6789 " * 16_000,
        "ssn 536904399 " * 14_000,
        "passport " * 20_000,
        "+12345678 " * 20_000,
    ],
)
def test_hostile_texts_are_searched_in_linear_time(text: str) -> None:
    """Quadratic work on 200 KB would meet the time limit of a test."""
    finished(DETECTOR.detecting([text]))


@pytest.mark.parametrize("number", ["317706770408312929", "82900120180727399X"])
def test_number_that_upsets_a_validator_is_ordinary_text(number: str) -> None:
    """Libraries raise what they do not document; a detector never fails a request."""
    assert found(f"order {number} please") == {}


@pytest.mark.parametrize("place", [0, 1_000, 8_150, 8_190, 16_300, 40_000])
def test_identifier_is_found_wherever_windows_end(place: int) -> None:
    """Two windows share more than any identifier with the words that announce it."""
    before = "prose, " * (place // 7) + "x" * (place % 7)
    text = f"{before} patient id: AB-123456, DE89370400440532013000 {'and more ' * 2_000}"

    kinds = found(text)

    assert (kinds[IBAN], kinds[RECORD]) == (1, 1)


def test_prompt_of_more_numbers_than_are_looked_at_counts_as_everything() -> None:
    """A detector may only err towards more protection."""
    assert set(found("12345678901, " * (MOST_CANDIDATES + 100))) == set(IdentifierKind)


def test_long_texts_are_searched_in_steps() -> None:
    """A step searches one window at most."""
    steps = sum(1 for _ in LocalDetector().detecting(["0123456789 " * 10_000]))

    assert steps >= 100
