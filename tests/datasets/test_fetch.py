"""Downloads, from a server on 127.0.0.1 that also misbehaves: whole and checked, or nothing at all."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import io
import socket
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from urllib.error import URLError

import numpy as np
import pytest
import sklearn.datasets

from nnlab import datasets
from nnlab.datasets.appointments import table

TABLE = (
    b"PatientId,AppointmentID,Gender,ScheduledDay,AppointmentDay,Age,Neighbourhood,Scholarship,"
    b"Hipertension,Diabetes,Alcoholism,Handcap,SMS_received,No-show\n"
    b"7.0,1,F,2016-04-29T18:38:08Z,2016-04-29T00:00:00Z,62,JARDIM DA PENHA,0,1,0,0,0,0,No\n"
) * 1


def zipped(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves the table well or badly, as the path says."""

    asked: list[str]
    leave: threading.Event

    def do_GET(self) -> None:
        self.asked.append(self.path)
        body = {
            "/whole": TABLE,
            "/truncated": TABLE,
            "/short": TABLE[:-20],
            "/corrupt": TABLE.replace(b"62", b"63"),
            "/empty": b"",
            "/hanging": TABLE,
            "/zip": zipped(table.FILE, TABLE),
            "/other-zip": zipped("readme.txt", TABLE),
            "/cut-zip": zipped(table.FILE, TABLE)[:-30],
            "/page": b"<html>Please sign in</html>",
            "/slow": TABLE,
        }.get(self.path)
        if body is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.path == "/truncated":  # promises the whole, sends half and hangs up
            self.wfile.write(body[: len(body) // 2])
        elif self.path == "/hanging":  # sends half, then nothing more
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            self.leave.wait(20)
        elif self.path == "/slow":  # sends all, in small steps
            for start in range(0, len(body), 60):
                self.wfile.write(body[start : start + 60])
                self.wfile.flush()
                time.sleep(0.05)
        else:
            self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[SimpleNamespace]:
    handler = type("H", (Handler,), {"asked": [], "leave": threading.Event()})
    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    yield SimpleNamespace(url=f"http://127.0.0.1:{httpd.server_port}", asked=handler.asked)
    handler.leave.set()
    httpd.shutdown()
    httpd.server_close()
    thread.join()


@pytest.fixture
def cache(empty_machine: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The download cache, empty; the published file is, for these tests, the one-row table above."""
    monkeypatch.setattr(table, "SHA256", hashlib.sha256(TABLE).hexdigest())
    return empty_machine / "cache"


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.mark.parametrize("path", ["/whole", "/zip", "/slow"])
def test_a_good_download_is_kept_and_used(cache: Path, server, path: str) -> None:
    assert datasets.get("appointments", url=server.url + path, progress=False) == cache / table.FILE
    assert (cache / table.FILE).read_bytes() == TABLE
    assert files(cache) == [table.FILE]
    data = datasets.load_appointments()
    assert data.source == f"real: download cache/{table.FILE}"
    assert data.is_real
    datasets.get("appointments", url=server.url + path, progress=False)
    assert server.asked == [path]  # the second time it was there


@pytest.mark.parametrize(
    ("path", "error", "message"),
    [
        ("/truncated", ConnectionError, r"could not download .*/truncated"),
        ("/hanging", ConnectionError, r"could not download .*/hanging.*timed out"),
        ("/absent", ConnectionError, r"could not download .*/absent: 404"),
        ("/short", ValueError, r"/short did not send the published KaggleV2-May-2016.csv whole: SHA256"),
        ("/corrupt", ValueError, r"/corrupt did not send the published .*SHA256"),
        ("/empty", ValueError, r"/empty did not send the published .*SHA256"),
        ("/page", ValueError, r"/page did not send the published .*SHA256"),
        ("/other-zip", ValueError, r"/other-zip did not send the published .*SHA256"),
        ("/cut-zip", ValueError, r"/cut-zip did not send the published .*SHA256"),
    ],
)
def test_a_bad_download_leaves_nothing_behind(cache: Path, server, path, error, message) -> None:
    with pytest.raises(error, match=message) as raised:
        datasets.get("appointments", url=server.url + path, progress=False, timeout=0.5)
    assert "data/README.md says how to get the file by hand" in str(raised.value)
    assert files(cache) == []
    assert datasets.load_appointments().simulated


def test_a_bad_download_leaves_a_good_file_alone(cache: Path, server) -> None:
    datasets.get("appointments", url=server.url + "/whole", progress=False)
    datasets.get("appointments", url=server.url + "/corrupt", progress=False)
    assert (cache / table.FILE).read_bytes() == TABLE


def test_a_damaged_file_in_the_cache_is_replaced(cache: Path, server) -> None:
    cache.mkdir()
    (cache / table.FILE).write_bytes(b"damaged")
    datasets.get("appointments", url=server.url + "/whole", progress=False)
    assert (cache / table.FILE).read_bytes() == TABLE


def test_no_network(cache: Path) -> None:
    with socket.socket() as free:  # bound but not listening: nobody answers
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/x"
        with pytest.raises(ConnectionError, match=r"could not download .*Connection refused"):
            datasets.get("appointments", url=url, progress=False)
    assert files(cache) == []


def test_the_address_is_taken_from_the_environment(cache: Path, server, monkeypatch) -> None:
    monkeypatch.setenv("NNLAB_APPOINTMENTS_URL", server.url + "/whole")
    assert datasets.load_appointments(download=True).is_real
    assert server.asked == ["/whole"]


def test_nothing_is_downloaded_unless_asked_or_needed(cache: Path, server, monkeypatch) -> None:
    monkeypatch.setenv("NNLAB_APPOINTMENTS_URL", server.url + "/whole")
    assert datasets.load_appointments().simulated
    datasets.available()
    datasets.where("appointments")
    (cache.parent / "data").mkdir()
    (cache.parent / "data" / table.FILE).write_bytes(TABLE)
    assert datasets.load_appointments(download=True).source.startswith("real: data/")
    assert server.asked == []


def test_the_progress_bar_counts_bytes(cache: Path, server, capsys) -> None:
    datasets.get("appointments", url=server.url + "/whole")
    assert "100%" in capsys.readouterr().err


def test_without_progress_nothing_is_printed(cache: Path, server, capsys) -> None:
    datasets.get("appointments", url=server.url + "/whole", progress=False)
    captured = capsys.readouterr()
    assert captured.out + captured.err == ""


def test_the_published_address_and_checksum() -> None:
    assert table.SHA256 == "9132d3e7d0246617df9041d3764f20ad6f08e7b0d9f0997fa254fc5e52eda27d"
    assert table.URL.startswith("https://")
    assert table.URL.endswith("joniarroba/noshowappointments/KaggleV2-May-2016.csv")


def test_the_real_file_passes_its_checksum(real_appointments: Path) -> None:
    assert hashlib.sha256(real_appointments.read_bytes()).hexdigest() == table.SHA256


# --- MNIST, which scikit-learn fetches from OpenML


@pytest.fixture
def openml(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Stands in for fetch_openml: gives 70,000 rows of pixels, or raises what it is told to."""
    rng = np.random.default_rng(0)
    answer = SimpleNamespace(
        data=rng.integers(0, 256, (70_000, 784), dtype=np.uint8),
        target=rng.integers(0, 10, 70_000).astype(str).astype(object),
        error=None,
        calls=[],
    )

    def fetch_openml(name: str, *, data_home: str, **arguments: object) -> SimpleNamespace:
        answer.calls.append((name, arguments, socket.getdefaulttimeout()))
        (Path(data_home) / "part.gz").write_bytes(gzip.compress(b"partly"))
        if answer.error:
            raise answer.error
        return answer

    monkeypatch.setattr(sklearn.datasets, "fetch_openml", fetch_openml)
    return answer


def test_mnist_is_fetched_and_kept_as_npz(empty_machine: Path, openml: SimpleNamespace) -> None:
    path = datasets.get("mnist", progress=False, timeout=7)
    assert path == empty_machine / "cache" / "mnist.npz"
    assert files(empty_machine / "cache") == ["mnist.npz"]
    assert openml.calls == [("mnist_784", {"version": 1, "as_frame": False}, 7.0)]
    assert socket.getdefaulttimeout() is None
    data = datasets.load_mnist(dtype=np.float32)
    assert data.source == "real: download cache/mnist.npz"
    np.testing.assert_array_equal(data.X[:5], openml.data[:5] / np.float32(255))
    np.testing.assert_array_equal(data.X_test[-5:], openml.data[-5:] / np.float32(255))
    np.testing.assert_array_equal(data.y, openml.target[:60_000].astype(int))
    assert len(data.y_test) == 10_000
    datasets.get("mnist", progress=False)
    assert len(openml.calls) == 1


def test_load_mnist_downloads_only_when_asked(empty_machine: Path, openml: SimpleNamespace) -> None:
    assert not datasets.load_mnist().is_real
    assert openml.calls == []
    assert datasets.load_mnist(download=True, dtype=np.float32).is_real


@pytest.mark.parametrize(
    ("error", "expected", "message"),
    [
        (URLError("no route"), ConnectionError, "could not download MNIST from OpenML: .*no route"),
        (TimeoutError("timed out"), ConnectionError, "could not download MNIST from OpenML: timed out"),
        (ValueError("md5 checksum does not match"), ValueError, "OpenML did not send MNIST whole: md5"),
    ],
)
def test_a_failed_fetch_leaves_nothing_behind(empty_machine: Path, openml, error, expected, message) -> None:
    openml.error = error
    with pytest.raises(expected, match=message):
        datasets.get("mnist", progress=False)
    assert files(empty_machine / "cache") == []
    assert socket.getdefaulttimeout() is None


def test_a_fetch_of_something_else_leaves_nothing_behind(empty_machine: Path, openml) -> None:
    openml.data = openml.data[:100]
    with pytest.raises(ValueError, match=r"OpenML sent MNIST of shape \(100, 784\), expected \(70000, 784\)"):
        datasets.get("mnist", progress=False)
    assert files(empty_machine / "cache") == []


def test_the_progress_bar_of_mnist(empty_machine: Path, openml, capsys) -> None:
    openml.error = URLError("stop here")
    with pytest.raises(ConnectionError):
        datasets.get("mnist")
    assert "MNIST from OpenML" in capsys.readouterr().err
