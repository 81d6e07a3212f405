"""Every published code that can concern a text message of ours has its meaning."""

import pytest

from gateways.sms import Reason, twilio

# Twilio's published codes that may answer the request for a text message, or be told of
# one that was accepted: without those of calls, media, templates, links and set-up.
PUBLISHED = [
    *(14101, 14102, 14103, 14107, 14108, 14111, 20003, 20005, 20006, 20008, 20010),
    *(20101, 20102, 20103, 20104, 20105, 20106, 20107, 20151, 20152, 20153, 20154),
    *(20155, 20156, 20157, 20159, 20160, 20162, 20403, 20404, 20409, 20429, 20500),
    *(20503, 21201, 21202, 21203, 21210, 21211, 21212, 21213, 21214, 21215, 21216),
    *(21217, 21219, 21265, 21266, 21267, 21401, 21407, 21408, 21421, 21470, 21471),
    *(21472, 21601, 21602, 21603, 21604, 21605, 21606, 21607, 21608, 21610, 21611),
    *(21612, 21613, 21614, 21615, 21616, 21617, 21618, 21619, 21631, 21635, 21649),
    *(21650, 21651, 21657, 21659, 21660, 21661, 21701, 21702, 21703, 21704, 21705),
    *(21708, 21709, 21710, 21711, 21712, 21713, 21714, 21715, 21717, 21719, 21720),
    *(21729, 21730, 21910, 30001, 30002, 30003, 30004, 30005, 30006, 30007, 30008),
    *(30010, 30017, 30018, 30019, 30020, 30021, 30022, 30023, 30024, 30027, 30032),
    *(30033, 30034, 30035, 30036, 30410, 30450, 63038),
]
# Those of them that pass by themselves. All others need somebody to change something.
PASSING = {
    *(14107, 20162, 20409, 20429, 20500, 20503, 21611, 21619, 21730, 30001, 30003),
    *(30008, 30017, 30020, 30021, 30022, 30023, 30027, 30036, 30410, 30450, 63038),
}


@pytest.mark.parametrize("code", PUBLISHED)
def test_every_published_code_has_a_reason_and_a_class(code: int) -> None:
    assert code in twilio._REASON_OF_CODE
    assert twilio._REASON_OF_CODE[code].is_permanent is (code not in PASSING)


def test_no_code_has_two_reasons() -> None:
    several = [
        code
        for listed in twilio._CODES_OF_REASON.values()
        for each in listed
        for code in (each if isinstance(each, range) else (each,))
    ]

    assert len(several) == len(set(several))


def test_every_reason_of_the_provider_has_its_codes() -> None:
    ours = {Reason.REFUSED, Reason.TIMEOUT, Reason.UNREACHABLE}

    assert set(twilio._CODES_OF_REASON) == set(Reason) - ours
