"""Slow, obvious readers beside the fast one: cutting fields, reading clocks, pairing states."""

import re
from datetime import datetime, timedelta

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from discover.homes._clean import clean_rows
from discover.homes._lines import read_rows
from discover.homes._stamps import DateOrder, find_stamp, stamp_time
from discover.homes._states import read_state
from discover.homes._times import parse_dates, parse_times
from discover.homes._tokens import split_fields

SETTINGS = settings(max_examples=150, deadline=None)
EPOCH = datetime(1970, 1, 1)


@given(
    text=st.text(st.sampled_from('ab1,;:"\t \r\n\x00\x0b\x1fé'), max_size=80),
    commas=st.booleans(),
)
@example(text="a\tb\nc d\n", commas=False)
@SETTINGS
def test_fields_are_cut_at_separators_alone(text: str, commas: bool) -> None:
    data = text.encode()
    fields = split_fields(data, commas=commas)
    found = [
        [fields.text(fields.starts[k], fields.ends[k]) for k in range(first, stop)]
        for first, stop in zip(fields.first[:-1].tolist(), fields.first[1:].tolist(), strict=True)
    ]
    separators = r"[\x00-\x20,]+" if commas else r"[\x00-\x20]+"
    lines = text.split("\n") if not text.endswith("\n") else text[:-1].split("\n")
    wanted = [[word for word in re.split(separators, line) if word] for line in lines]
    assert found == (wanted if data else [])
    assert fields.has_control == bool(re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", text))


digits = st.integers(0, 99).map(lambda n: f"{n:02d}")


@given(
    hour=digits,
    minute=digits,
    second=digits,
    fraction=st.text("0123456789", max_size=9),
    junk=st.sampled_from(["", "", "", "x", "-"]),
)
@SETTINGS
def test_clocks_are_read_as_the_standard_library_reads_them(
    hour: str, minute: str, second: str, fraction: str, junk: str
) -> None:
    text = f"{hour}:{minute}:{second}" + (f".{fraction}" if fraction else "") + junk
    fields = split_fields(text.encode(), commas=False)
    micros, real = parse_times(fields, fields.starts, fields.ends)
    good = not junk and int(hour) < 24 and int(minute) < 60 and int(second) < 60
    assert real.tolist() == [good]
    if good:
        exact = timedelta(hours=int(hour), minutes=int(minute), seconds=int(second))
        exact += timedelta(microseconds=int((fraction + "000000")[:6]))
        assert micros.tolist() == [exact // timedelta(microseconds=1)]


@given(
    year=st.integers(1800, 2200),
    month=st.integers(0, 14),
    day=st.integers(0, 33),
    sign=st.sampled_from("-/."),
)
@SETTINGS
def test_dates_are_those_of_the_calendar(year: int, month: int, day: int, sign: str) -> None:
    fields = split_fields(f"{year}{sign}{month:02d}{sign}{day:02d} x".encode(), commas=False)
    days, real = parse_dates(fields, fields.starts[:1])
    try:
        exact = (datetime(year, month, day) - EPOCH).days
    except ValueError:
        exact = None
    assert real.tolist() == [exact is not None and year >= 1900 and sign != "."]
    if real[0]:
        assert days.tolist() == [exact]


@given(
    time=st.datetimes(datetime(1901, 1, 1), datetime(2199, 1, 1)),
    form=st.sampled_from(
        [
            "%Y-%m-%d %I:%M:%S.%f %p",
            "%d-%b-%Y %H:%M:%S.%f",
            "%d.%m.%Y %H:%M:%S.%f",
            "%Y/%m/%d %I:%M:%S %p",
            "%b %d, %Y %I:%M:%S %p",
        ]
    ),
)
@SETTINGS
def test_a_written_time_is_read_back(time: datetime, form: str) -> None:
    if "%f" not in form:
        time = time.replace(microsecond=0)
    stamp = find_stamp(time.strftime(form) + "\tM001\tON")
    assert stamp is not None
    assert stamp_time(stamp, DateOrder(False, True), None) == ((time - EPOCH) // timedelta(microseconds=1), 0)


PAIRS = [
    ("ON", "OFF"), ("OPEN", "CLOSE"), ("detected", "clear"), ("active", "inactive"), ("true", "false"),
    ("occupied", "vacant"), ("home", "not_home"), ("1", "0"), ("opened", "closed"), ("fizz", "buzz"),
]  # fmt: skip


@given(
    kinds=st.lists(st.sampled_from(PAIRS), min_size=1, max_size=4),
    said=st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=8, max_size=40),
)
@SETTINGS
def test_both_words_of_a_pair_are_read_or_neither(
    kinds: list[tuple[str, str]], said: list[tuple[int, bool]]
) -> None:
    """Twin: a sensor's words one by one; 1 and 0 are ON and OFF where both occur."""
    lines, wanted = [], []
    used = [(k % len(kinds), first) for k, first in said]
    both = {k for k in range(len(kinds)) if {first for j, first in used if j == k} == {True, False}}
    for at, (k, first) in enumerate(used):
        word = kinds[k][0 if first else 1]
        lines.append(f"2020-01-01 10:00:{at:02d}\tM{k + 1:03d}\t{word}\n")
        if word in ("1", "0"):
            wanted.append({"1": "ON", "0": "OFF"}[word] if k in both else "VALUE")
        else:
            wanted.append(read_state(word).state)
    rows = read_rows("".join(lines).encode())
    clean = clean_rows(rows)
    read = np.where(clean.problem == 0, [clean.readings[k].state for k in clean.state.tolist()], "")
    assert read.tolist() == wanted
