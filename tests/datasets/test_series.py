"""Temperatures: the published table however it is written, the sea in its place, and tables with faults."""

from __future__ import annotations

import contextlib
import http.server
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnlab import datasets
from nnlab.datasets import series

HEADER = b"Date,Temp\n"


def table(first: str = "2001-01-01", days: int = 800, leave_out: tuple[str, ...] = ()) -> list[str]:
    """Return lines of a table in which every day is there but those left out."""
    dates = np.datetime64(first) + np.arange(days)
    return [f"{day},{10 + i % 7 / 2}" for i, day in enumerate(dates) if str(day) not in leave_out]


def written(lines: list[str]) -> bytes:
    return HEADER + "\n".join(lines).encode() + b"\n"


def read(content: bytes) -> tuple[np.ndarray, np.ndarray]:
    return series.read_days(content, Path("t.csv"))


# --- the published table


def test_the_published_table(real_temperatures: Path) -> None:
    data = datasets.load_temperatures(real_temperatures)
    assert str(data) == (
        "daily minimum temperature, Melbourne: 3,650 days, 1981 to 1990, in °C · "
        "real: daily-min-temperatures.csv"
    )
    assert data.is_real
    assert not data.simulated
    assert (data.period, data.step, data.unit) == (365.25, "day", "°C")
    assert data.values.dtype == np.float64
    np.testing.assert_array_equal(data.values[:3], [20.7, 17.9, 18.8])
    np.testing.assert_array_equal(data.dates[[0, -1]].astype(str), ["1981-01-01", "1990-12-31"])
    whole = np.arange("1981-01-01", "1991-01-01", dtype="datetime64[D]")
    np.testing.assert_array_equal(np.setdiff1d(whole, data.dates).astype(str), ["1984-12-31", "1988-12-31"])
    persistence = data.values[1:] - data.values[:-1]
    assert abs(np.sqrt(np.mean(persistence[-365:] ** 2)) - 2.58) < 0.01


@pytest.mark.parametrize("ending", ["\r\n", "\r", "\n"])
def test_it_is_known_however_it_is_written(real_temperatures: Path, tmp_path: Path, ending: str) -> None:
    rows = [line.split(",") for line in real_temperatures.read_text("utf-8").splitlines()]
    copy = tmp_path / "copy.csv"
    copy.write_bytes("\ufeff".encode() + ending.join(f'"{a}", {b}' for a, b in rows).encode())
    data = datasets.load_temperatures(copy)
    assert data.is_real
    np.testing.assert_array_equal(data.values, datasets.load_temperatures(real_temperatures).values)


def test_a_changed_value_is_seen(real_temperatures: Path, tmp_path: Path) -> None:
    (tmp_path / series.FILE).write_bytes(real_temperatures.read_bytes().replace(b",17.9", b",17.8", 1))
    data = datasets.load_temperatures(tmp_path)
    assert not data.is_real
    assert data.name == "daily minimum temperature"
    assert data.source.startswith("unverified: ")
    assert "its values are not the published ones" in data.source


# --- the series in its place


def test_without_a_file_it_is_the_sea_and_says_so(empty_machine: Path) -> None:
    data = datasets.load_temperatures()
    assert str(data) == (
        "sea temperature off Peru: 732 months, 1950 to 2010, in °C · "
        "real, but another series: El Niño sea temperatures (NOAA), which come with statsmodels"
    )
    assert not data.is_real  # not the published data by this name
    assert not data.simulated
    assert (data.period, data.step) == (12.0, "month")
    np.testing.assert_allclose(data.values[[0, 1, 12, -1]], [23.11, 24.20, 24.19, 22.07])
    np.testing.assert_array_equal(
        data.dates[[0, 1, 12, -1]].astype(str), ["1950-01-01", "1950-02-01", "1951-01-01", "2010-12-01"]
    )
    by_month = data.values.reshape(-1, 12).mean(axis=0)
    assert by_month.argmax() == 2  # March, south of the equator
    assert np.isfinite(data.values).all()


def test_without_statsmodels_one_line_says_what_to_type(empty_machine: Path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "statsmodels.datasets", None)
    monkeypatch.setitem(sys.modules, "statsmodels", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install statsmodels, or get .*data get temperatures"):
        datasets.load_temperatures()


# --- tables with faults


def test_a_day_of_a_leap_year_may_be_left_out() -> None:
    for day in ("2004-02-29", "2004-12-31"):
        values, dates = read(written(table("2003-06-01", leave_out=(day,))))
        assert len(values) == len(dates) == 799
        assert day not in dates.astype(str)


GOOD = table()
FAULTS = {
    "empty": (b"", "expected a table, got an empty file"),
    "header only": (HEADER, "expected two years of days or more, got 0 rows"),
    "one year": (written(GOOD[:365]), "expected two years of days or more, got 365 rows; is it cut short"),
    "columns": (b"day,rain\n2001-01-01,3\n", "line 1: expected the columns Date,Temp, got day,rain"),
    "three columns": (b"Date,Temp,Rain\n2001-01-01,3,4\n", "line 1: expected the columns Date,Temp, got D"),
    "no header": (written(GOOD)[len(HEADER) :], "line 1: expected the columns Date,Temp, got 2001-01-01,10"),
    "semicolons": (b"Date;Temp\n2001-01-01;3\n", "expected fields separated by commas, got semicolons"),
    "a page": (b"<!DOCTYPE html><p>Sign in, please</p>", "expected a CSV table, got a web page"),
    "UTF-16": (written(GOOD).decode().encode("utf-16"), "expected UTF-8 text, got UTF-16"),
    "other bytes": (HEADER + b"2001-01-01,3\xb0\n", "line 2: expected UTF-8 text, got other bytes"),
    "cut in a row": (written(GOOD)[:-10], "line 801: expected 2 fields, .* got 1 .*cut short"),
    "cut in a date": (written([*GOOD, "2003-0,"]), "line 802: expected Date as 1981-01-31, got '2003-0'"),
    "another order": (written(["1/2/2001,3"]), "line 2: expected Date as 1981-01-31, got '1/2/2001'"),
    "no such day": (written(["2001-02-30,3"]), "line 2: expected Date as 1981-01-31, got '2001-02-30'"),
    "text": (written([*GOOD[:3], "2001-01-04,mild"]), "line 5: expected Temp as a number .*, got 'mild'"),
    "nan": (written([*GOOD[:3], "2001-01-04,NaN"]), "line 5: expected Temp as a number .*, got 'NaN'"),
    "infinity": (written([*GOOD[:3], "2001-01-04,inf"]), "line 5: expected Temp as a number .*, got 'inf'"),
    "nothing": (written([*GOOD[:3], "2001-01-04, "]), "line 5: expected Temp as a number .*, got nothing"),
    "a decimal comma": (written(['2001-01-01,"3,5"']), "line 2: expected Temp as a number .*, got '3,5'"),
    "absurd": (written(["2001-01-01,-273.2"]), "line 2: .* from -90 to 60, got '-273.2'"),
    "Fahrenheit": (written(["2001-01-01,71"]), "line 2: .* from -90 to 60, got '71'"),
    "question marks": (
        written([*GOOD[:3], "2001-01-04,?0.2", "2001-01-05,?0.8"]),
        r"line 5: .*got '\?0.2', and 1 more in line 6: copies are handed around with question marks",
    ),
    "a day twice": (written(GOOD[:3] + GOOD[2:]), "line 5: expected 2001-01-04, got .*03 a second time"),
    "unsorted": (written(GOOD[::-1]), "line 3: expected .*, got 2003-03-10; sort the rows by date"),
    "a day missing": (written(GOOD[:3] + GOOD[4:]), "line 5: expected 2001-01-04, got .*: 1 day is missing"),
    "days missing": (written(GOOD[:3] + GOOD[9:]), "line 5: expected 2001-01-04, got .*: 6 days are missing"),
    "not a leap year": (
        written(table(leave_out=("2001-12-31",))),
        "line 366: expected 2001-12-31, got 2002-01-01: 1 day is missing",
    ),
    "packed and cut": (b"\x1f\x8b\x08\0\0\0", "expected a whole .gz file"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "message"), FAULTS.values(), ids=FAULTS)
def test_a_table_with_faults_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / series.FILE).write_bytes(content)
    with pytest.raises(ValueError, match=f"{series.FILE}.*{message}.*data get temperatures"):
        datasets.load_temperatures(tmp_path)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 255))
def test_a_table_damaged_anywhere_is_read_or_refused(place: int, byte: int) -> None:
    content = bytearray(written(GOOD))
    content[place % len(content)] = byte
    with contextlib.suppress(ValueError):  # and no other error
        values, dates = read(bytes(content))
        assert len(values) == len(dates)
        assert np.isfinite(values).all()


# --- the download


class Handler(http.server.BaseHTTPRequestHandler):
    body = b""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Handler]]:
    """Sends what is set as .body; NNLAB_TEMPERATURES_URL names its address."""
    handler = type("H", (Handler,), {})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever, daemon=True)
        thread.start()
        monkeypatch.setenv("NNLAB_TEMPERATURES_URL", f"http://127.0.0.1:{httpd.server_port}/x.csv")
        yield handler
        httpd.shutdown()
        thread.join()


def test_the_published_values_are_kept_whatever_their_copy(
    empty_machine: Path, server: type[Handler], real_temperatures: Path
) -> None:
    server.body = real_temperatures.read_bytes().replace(b"\n", b"\r\n")
    path = datasets.get("temperatures", progress=False)
    assert path == empty_machine / "cache" / series.FILE
    assert datasets.load_temperatures().is_real
    path.write_bytes(b"damaged")
    assert datasets.get("temperatures", progress=False) == path  # and fetched again
    assert datasets.load_temperatures().is_real
    server.body = b"nothing more is asked for"
    assert datasets.load_temperatures(download=True).is_real


@pytest.mark.parametrize("body", [b"", b"<html>Please sign in</html>", written(GOOD)])
def test_anything_else_leaves_nothing_behind(empty_machine: Path, server: type[Handler], body: bytes) -> None:
    server.body = body
    with pytest.raises(
        ValueError, match=r"did not send the published .*whole: its values are not the published"
    ):
        datasets.get("temperatures", progress=False)
    assert not list((empty_machine / "cache").iterdir())
