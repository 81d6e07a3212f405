"""What a number, a moment and an address of somebody else's list say."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts import mobilenumbers
from provisioning import cells


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("+4915112345678", "+4915112345678"),
        ("+49 (0)151 12345678", "+4915112345678"),
        ("'+4915112345678", "+4915112345678"),
        ("tel:+49-151-12345678", "+4915112345678"),
        ("+39 333 1234567", "+393331234567"),
        ("+1 (202) 555-0123", "+12025550123"),
        ("+7 8 912 345 67 89", "+79123456789"),
        ("\uff0b\uff18\uff16 138 0013 8000", "+8613800138000"),
        ("\u202a+8613800138000\u202c", "+8613800138000"),
        ("+886 0912 345 678", "+886912345678"),
    ],
)
def test_a_mobile_number_is_taken_however_it_is_grouped(text: str, number: str) -> None:
    assert str(cells.parse_phone_number(text).as_e164) == number


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("+49 30 1234567", "number of a mobile phone"),
        ("+39 06 1234567", "number of a mobile phone"),
        ("+800 1234 5678", "number of a mobile phone"),
        ("+1 202 555 0123 ext. 9", "an extension"),
        ("+1-202-555-0123 x9", "an extension"),
        ("+49 30 12345678;ext=12", "an extension"),
        ("4.91511E+12", "A spreadsheet has rounded"),
        ("4,91511e12", "A spreadsheet has rounded"),
        ("4915112345678", "begins with + and the country code"),
        ("004915112345678", "begins with + and the country code"),
        ("015112345678", "begins with + and the country code"),
        ("+4915112345678 +4915212345678", "phone number"),
        ("+4915112345678 / +493012345", "phone number"),
        ("+1 202 555 0123 / 0199", "phone number"),
        ("+1 800 FLOWERS", "only its digits"),
        ("+49110", "no such phone number in its country"),
        ("+4", "a phone number such as"),
        ("+", "a phone number such as"),
    ],
)
def test_what_gets_no_codes_is_refused_by_what_is_wrong(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=r"number|extension") as refused:
        cells.parse_phone_number(text)

    assert why in str(refused.value)
    assert len(text) < 3 or text not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2027-01-31T18:00:00+01:00", datetime(2027, 1, 31, 17, tzinfo=UTC)),
        ("2027-01-31 18:00Z", datetime(2027, 1, 31, 18, tzinfo=UTC)),
        ("2027-01-31t18:00:00.5z", datetime(2027, 1, 31, 18, 0, 0, 500000, UTC)),
    ],
)
def test_a_moment_has_date_time_and_zone(text: str, at: datetime) -> None:
    assert cells.parse_moment(text) == at


@pytest.mark.parametrize(
    ("text", "why"),
    [
        *(
            (text, "no date with time and zone")
            for text in (
                "2027-01-31",
                "20270131",
                "2027-W05-1",
                "31.01.2027 18:00",
                "1/31/2027",
                "2027-03-28T02:30",
                "2027-01-31T18:00:00",
                "soon",
                "",
                "1800000000",
                1800000000,
                1.5,
                True,
                None,
                ["2027"],
                "\u0662027-01-31T18:00Z",
            )
        ),
        ("2027-02-30T18:00Z", "no such date or time"),
        ("2027-01-31T25:00Z", "no such date or time"),
        ("2027-01-31T18:00+25:00", "no such date or time"),
        ("0001-01-01T00:00+01:00", "no such date or time"),
        ("9999-12-31T23:59-01:00", "no such date or time"),
        ("0001-01-01T00:00Z", "the year is not from 1970 to 9998"),
        ("9999-12-31T23:59Z", "the year is not from 1970 to 9998"),
    ],
)
def test_what_leaves_the_hour_open_is_no_moment(text: object, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        cells.parse_moment(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("erin@m\xfcnchen .example", "after the @"),
        ("erin@example\u3002com\u3002\u3002", "after the @"),
        ("erin@firm.example..", "after the @"),
        ("erin@firm", "after the @"),
        ("Erin <erin@firm.example>", "without a name"),
        ("j\xf6rg@firm.example", "before the @"),
        ("e*@firm.example", "before the @"),
        ("\u0130rin@firm.example", "before the @"),
        ("erin", "a full address"),
        ("\terin@firm.example", "a full address"),
        ("@firm.example", "a full address"),
    ],
)
def test_an_address_is_refused_for_the_part_that_is_wrong(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as refused:
        cells.parse_address(text)

    assert text not in str(refused.value)


@given(text=st.text() | st.from_regex(r"[+'0-9 ()./ex-]{1,20}"))
def test_of_any_text_a_number_is_taken_whole_or_refused(text: str) -> None:
    try:
        number = cells.parse_phone_number(text)
    except ValueError:
        return
    mobilenumbers.validate(number)


@given(text=st.text() | st.from_regex(cells.RFC3339_MOMENT, fullmatch=True))
def test_any_text_is_a_moment_in_every_zone_or_refused(text: str) -> None:
    try:
        at = cells.parse_moment(text)
    except ValueError:
        return
    assert at.astimezone(UTC).utcoffset() is not None
