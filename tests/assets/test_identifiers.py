"""Identifiers: published values are read, one wrong character is not, and a normal form reads back as itself."""

from __future__ import annotations

from collections.abc import Callable

import pycountry
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.assets.applications import china_check_digit, read_application, read_china_application
from exchange.assets.codes import IntakeCode, Unreadable
from exchange.assets.identifiers import read_publication
from exchange.assets.kinds import OFFICES, RightType, Stage, read_kind
from exchange.assets.party_identifiers import (
    InstrumentCode,
    read_instrument_code,
    read_lei,
    read_orcid,
    read_ror,
    read_uscc,
)

CHINA = [
    "201710601862.3",
    "201710117081.7",
    "201610311380.X",
    "201730033448.8",
    "201480064779.1",
    "201480039592.6",
    "200680002871.0",
    "97101765.4",
    "95115608.X",
    "88201465.X",
]


@pytest.mark.parametrize("written", CHINA)
def test_published_chinese_application_numbers_agree_with_their_check_digit(written: str) -> None:
    number = read_china_application(written)
    assert number.text == f"CN{written}"
    assert not number.granted
    for spelling in (number.text, f"CN {written}", written.replace(".", ""), written[:-2], f"CN {written[:-2]} A"):
        assert read_china_application(spelling).text == number.text
    assert read_china_application(f"ZL{written}") == type(number)("CN", number.text, number.right, granted=True)


def test_the_class_digit_tells_the_right() -> None:
    rights = [read_china_application(written).right for written in CHINA]
    invention, utility, design = RightType.INVENTION, RightType.UTILITY_MODEL, RightType.DESIGN
    assert rights == [invention, invention, invention, design, *[invention] * 5, utility]
    assert read_china_application("2018900000011"[:12]).right is utility  # 9: a PCT utility model


@given(st.sampled_from(CHINA), st.integers(0, 11), st.integers(1, 9))
def test_one_changed_digit_breaks_the_check(written: str, place: int, shift: int) -> None:
    digits, check = written.split(".")
    place %= len(digits)
    changed = digits[:place] + str((int(digits[place]) + shift) % 10) + digits[place + 1 :]
    with pytest.raises(Unreadable) as refused:
        read_china_application(f"{changed}.{check}")
    assert refused.value.code in {IntakeCode.CHECK_DIGIT, IntakeCode.APPLICATION_INVALID}


@given(st.integers(2003, 2099), st.sampled_from("12389"), st.integers(0, 9_999_999))
def test_a_computed_check_digit_is_the_one_that_is_accepted(year: int, kind: str, serial: int) -> None:
    digits = f"{year}{kind}{serial:07d}"
    number = read_china_application(digits)
    assert number.text == f"CN{digits}.{china_check_digit(digits)}"
    wrong = [c for c in "0123456789X" if c != number.text[-1]]
    for character in wrong:
        with pytest.raises(Unreadable, match="check_digit"):
            read_china_application(f"{digits}.{character}")


@pytest.mark.parametrize(
    "written", ["", "2017106018", "201740601862", "200210601862", "84100001", "201710601862.33", "CN", "2017Ⅰ0601862"]
)
def test_what_is_no_chinese_application_number_is_refused(written: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read_china_application(written)
    assert refused.value.code is IntakeCode.APPLICATION_INVALID


@pytest.mark.parametrize(
    ("written", "normal", "right", "stage"),
    [
        ("CN101551481B", "CN101551481B", "invention", "granted"),
        ("CN 103758661 A", "CN103758661A", "invention", "published"),
        ("CN2340456Y", "CN2340456Y", "utility_model", "granted"),
        ("CN85104555A", "CN85104555A", "invention", "published"),
        ("CN87200048U", "CN87200048U", "utility_model", "granted"),
        ("CN305000001S", "CN305000001S", "design", "granted"),
        ("US11803561B1", "US11803561B1", "invention", "granted"),
        ("US 11,803,561 B1", "US11803561B1", "invention", "granted"),
        ("us5694939a", "US5694939A", "invention", "granted"),
        ("US20150273419A1", "US20150273419A1", "invention", "published"),
        ("US 2015/0273419 A1", "US20150273419A1", "invention", "published"),
        ("USD628,609S", "USD628609S", "design", "granted"),
        ("USD0628609S1", "USD628609S1", "design", "granted"),
        ("USRE43,880E", "USRE43880E", "reissue", "granted"),
        ("USPP12345P2", "USPP12345P2", "plant", "granted"),
        ("EP0117881A1", "EP0117881A1", "invention", "published"),
        ("EP 117 881 A1", "EP0117881A1", "invention", "published"),
        ("EP1357170B920061018", "EP1357170B9", "invention", "granted"),
        ("WO2012026963A2", "WO2012026963A2", "invention", "published"),
        ("WO200156547A2", "WO2001056547A2", "invention", "published"),
        ("WO 99/12345 A1", "WO1999012345A1", "invention", "published"),
        ("JP2009243355A", "JP2009243355A", "invention", "published"),
        ("JPH048831A", "JPH04008831A", "invention", "published"),
        ("JPH0255624B2", "JPH02055624B2", "invention", "granted"),
        ("JP5012345B2", "JP5012345B2", "invention", "granted"),
        ("KR20040031984A", "KR20040031984A", "invention", "published"),
        ("KR10-2004-0031984A", "KR20040031984A", "invention", "published"),
        ("KR100669807B1", "KR100669807B1", "invention", "granted"),
        ("KR200181416Y1", "KR200181416Y1", "utility_model", "granted"),
        ("GB0216127D0", "GB0216127D0", "invention", "filed"),
        ("DE202007002851U1", "DE202007002851U1", "utility_model", "published"),
        ("IN00496MUM2008A", "IN00496MUM2008A", "invention", "published"),
    ],
)
def test_publication_numbers_of_every_office_have_one_normal_form(
    written: str, normal: str, right: str, stage: str
) -> None:
    number = read_publication(written)
    assert (number.text, number.right.value, number.stage.value) == (normal, right, stage)
    assert read_publication(number.text) == number


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("", "patent.number_invalid"),
        ("11803561", "patent.number_invalid"),
        ("US11803561", "patent.number_invalid"),
        ("US118035611B1", "patent.number_invalid"),
        ("US0B1", "patent.number_invalid"),
        ("US19990123456A1", "patent.number_invalid"),
        ("CN10155148B", "patent.number_invalid"),
        ("CN401551481B", "patent.number_invalid"),
        ("EP12345678A1", "patent.number_invalid"),
        ("WO2012A2", "patent.number_invalid"),
        ("JPH3212345A", "patent.number_invalid"),
        ("KR1006698B1", "patent.number_invalid"),
        ("US11803561B7", "patent.kind_unknown"),
        ("CN101551481Q", "patent.kind_unknown"),
        ("GB0216127Q0", "patent.kind_unknown"),
        ("QQ0216127A", "patent.country_unknown"),
        ("CN201551481B", "patent.kind_mismatch"),
        ("CN101551481U", "patent.kind_mismatch"),
        ("KR200669807B1", "patent.kind_mismatch"),
    ],
)
def test_what_is_no_publication_number_is_refused_with_its_reason(written: str, code: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read_publication(written)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("office", "written", "normal"),
    [
        ("US", "14/231597", "US14/231597"),
        ("US", "13/033,085", "US13/033085"),
        ("US", "12/45,970", "US12/045970"),
        ("US", "D/380046", "US29/380046"),
        ("US", "US 201414899646 A", "US14/899646"),
        ("US", "US 65784810 A", "US65784810A"),
        ("EP", "EP 03007626 A", "EP03007626A"),
        ("EP", "03007626.1", "EP03007626A"),
        ("JP", "JP 2008089994 A", "JP2008-089994"),
        ("JP", "JP 7639586 A", "JP7639586A"),
        ("KR", "KR 20190174782 A", "KR10-2019-0174782"),
        ("KR", "10-2019-0174782", "KR10-2019-0174782"),
        ("KR", "KR 19990024004 U", "KR20-1999-0024004"),
        ("WO", "PCT/CN2017/123456", "PCT/CN2017/123456"),
        ("WO", "US 2017/0052835 W", "PCT/US2017/052835"),
        ("WO", "IB 2019000545 W", "PCT/IB2019/000545"),
        ("WO", "RU 0200338 W", "PCT/RU2002/000338"),
        ("US", "PCT/US98/12345", "PCT/US1998/012345"),
        ("GB", "GB 8133086 A", "GB8133086A"),
        ("DE", "DE 102019209388 A", "DE102019209388A"),
    ],
)
def test_application_numbers_of_every_office_have_one_normal_form(office: str, written: str, normal: str) -> None:
    number = read_application(office, written)
    assert number.text == normal
    assert read_application(office, number.text).text == normal


@pytest.mark.parametrize(
    ("office", "written"),
    [
        ("US", "12/533/258"),
        ("US", "12/53325"),
        ("US", "12/000000"),
        ("EP", "EP 0300762 A"),
        ("JP", "2008089994"),
        ("KR", "10-2019-174782"),
        ("KR", "KR 10-2019-0174782 U"),
        ("WO", "PCT/QQ2017/123456"),
        ("WO", "PCT/CN2017/1234567"),
        ("GB", "FR 8133086 A"),
    ],
)
def test_what_is_no_application_number_of_the_office_is_refused(office: str, written: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read_application(office, written)
    assert refused.value.code is IntakeCode.APPLICATION_INVALID


PUBLICATIONS = st.one_of(
    st.builds("CN1{:08d}{}".format, st.integers(0, 99_999_999), st.sampled_from(["A", "B", "C"])),
    st.builds("US{}{}".format, st.integers(1, 99_999_999), st.sampled_from(["A", "B1", "B2"])),
    st.builds("US{}{:07d}A1".format, st.integers(2001, 2098), st.integers(0, 9_999_999)),
    st.builds("USD{}S".format, st.integers(1, 9_999_999)),
    st.builds("EP{}A1".format, st.integers(1, 9_999_999)),
    st.builds("WO{}{:05d}A1".format, st.integers(1978, 2098), st.integers(0, 99_999)),
    st.builds("JPH{:02d}{}A".format, st.integers(1, 31), st.integers(1, 999_999)),
    st.builds("KR{}{:07d}A".format, st.integers(1980, 2098), st.integers(0, 9_999_999)),
)


@given(PUBLICATIONS)
def test_a_normal_form_reads_back_as_itself(written: str) -> None:
    number = read_publication(written)
    assert read_publication(number.text) == number
    assert read_kind(number.office, number.kind) == (number.right, number.stage)


@given(st.text(max_size=24))
def test_any_text_is_read_or_refused_with_a_code(text: str) -> None:
    for reader in (read_publication, read_china_application, read_orcid, read_ror, read_lei, read_uscc):
        try:
            reader(text)
        except Unreadable as refused:
            assert refused.code in IntakeCode


def test_the_country_codes_are_those_of_st3() -> None:
    states = {country.alpha_2 for country in pycountry.countries}
    assert states <= OFFICES
    assert " ".join(sorted(OFFICES - states)) == "AP BX CS DD EA EM EP GC IB OA QZ SU WO XN XU XV YU"
    assert read_kind("AU", "B2") == (RightType.INVENTION, Stage.GRANTED)


@pytest.mark.parametrize(
    ("reader", "valid", "invalid"),
    [
        (read_orcid, ["0000-0002-1825-0097", "0000-0002-1694-233X"], ["0000-0002-1694-2330"]),
        (read_ror, ["03cve4549", "00f54p054"], ["00f54p055"]),
        (read_lei, ["529900T8BM49AURSDO55", "213800WSGIIZCXF1P572"], ["5493001KJTIIGC8Y1R17"]),
        (read_uscc, ["91110000600037341L", "12100000400000624D"], ["91440300MA5EQXL17P"]),
    ],
)
def test_party_identifiers_agree_with_their_check_digits(
    reader: Callable[[str], str], valid: list[str], invalid: list[str]
) -> None:
    for written in valid:
        assert reader(written) == written
        assert reader(f" {written} ") == written
    for written in invalid:
        with pytest.raises(Unreadable) as refused:
            reader(written)
        assert refused.value.code is IntakeCode.IDENTIFIER_CHECK_DIGIT
    for written in ("", valid[0][:-1], valid[0] + "0"):
        with pytest.raises(Unreadable) as refused:
            reader(written)
        assert refused.value.code is IntakeCode.IDENTIFIER_FORMAT


def test_addresses_of_orcid_and_ror_are_read() -> None:
    assert read_orcid("https://orcid.org/0000000218250097") == "0000-0002-1825-0097"
    assert read_ror("https://ror.org/03cve4549") == "03cve4549"


@given(st.sampled_from("ABCSNQ"), st.integers(1, 9_999_999), st.integers(0, 11), st.integers(1, 35))
def test_an_instrument_code_reads_back_and_no_other_character_fits(
    letter: str, serial: int, place: int, shift: int
) -> None:
    code = InstrumentCode(letter, serial)
    text = code.text
    assert read_instrument_code(text) == code
    alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    other = alphabet[(alphabet.index(text[place]) + shift) % 36]
    with pytest.raises(Unreadable):
        read_instrument_code(text[:place] + other + text[place + 1 :])
