"""Film reviews: the published sentences in either encoding, simulated ones, and files with faults."""

from __future__ import annotations

import contextlib
import http.server
import io
import re
import tarfile
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnlab import datasets
from nnlab.datasets import film_reviews, text

NEG, POS = text.NAMES
BAD, GOOD = "dull , dull , dull . \nun cliché . \n", "a delight . \nl'été – quel film . \ngood . \n"


def write(folder: Path, neg: bytes = BAD.encode(), pos: bytes = GOOD.encode()) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / NEG).write_bytes(neg)
    (folder / POS).write_bytes(pos)
    return folder


def packed(path: Path, neg: bytes, pos: bytes, *, without: str = "") -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in ((NEG, neg), (POS, pos), ("README.1.0.txt", b"read me")):
            if name != without:
                member = tarfile.TarInfo(f"{text.FOLDER}/{name}")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return path


# --- the published sentences


def test_the_published_sentences(real_reviews: Path) -> None:
    data = datasets.load_reviews(real_reviews)
    assert str(data) == "10,662 sentences from film reviews, 50 % positive · real: rt-polarity.pos"
    assert data.is_real
    assert not data.simulated
    np.testing.assert_array_equal(np.bincount(data.y), [5331, 5331])
    assert data.texts[0] == "simplistic , silly and tedious ."
    assert data.y[0] == 0
    assert data.texts[-1].endswith("that defines us all .")
    assert data.y[-1] == 1
    assert any("ladrón de orquídeas" in text for text in data.texts)
    assert all(text == text.strip() != "" for text in data.texts)


@pytest.mark.parametrize("how", ["as the authors wrote them", "their archive", "Windows' line ends"])
def test_they_are_known_in_every_form(real_reviews: Path, tmp_path: Path, how: str) -> None:
    neg, pos = (real_reviews.with_name(name).read_text("utf-8") for name in (NEG, POS))
    if how == "Windows' line ends":
        path = write(tmp_path, *(b"\xef\xbb\xbf" + t.replace("\n", "\r\n").encode() for t in (neg, pos)))
    else:
        halves = neg.encode("cp1252"), pos.encode("cp1252")
        assert [len(half) for half in halves] == [612_290, 626_168]  # the sizes in the archive
        path = packed(tmp_path / text.ARCHIVE, *halves) if "archive" in how else write(tmp_path, *halves)
    data, same = datasets.load_reviews(path), datasets.load_reviews(real_reviews)
    assert data.is_real
    assert data.texts == same.texts
    np.testing.assert_array_equal(data.y, same.y)


# --- any sentences


@pytest.mark.parametrize("given_path", ["folder", NEG, POS, "found", "found in a folder"])
def test_both_files_are_read_whichever_is_named(empty_machine: Path, monkeypatch, given_path: str) -> None:
    folder = write(empty_machine / "mine" / (text.FOLDER if given_path == "found in a folder" else ""))
    path: Path | None = folder if given_path == "folder" else folder / given_path
    if given_path.startswith("found"):
        monkeypatch.setenv("NNLAB_DATA", str(empty_machine / "mine"))
        path = None
    data = datasets.load_reviews(path)
    assert data.texts == [
        "dull , dull , dull .",
        "un cliché .",
        "a delight .",
        "l'été – quel film .",
        "good .",
    ]
    np.testing.assert_array_equal(data.y, [0, 0, 1, 1, 1])
    assert data.classes == ("negative", "positive")
    assert not data.is_real
    assert not data.simulated
    assert data.source.startswith("unverified: ")
    assert str(empty_machine) not in data.source


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_encodings_line_ends_and_blank_lines(tmp_path: Path, encoding: str, ending: str) -> None:
    lines = ("\n  \n" + GOOD + "\n\t\n").replace("\n", ending)
    data = datasets.load_reviews(write(tmp_path, pos=lines.encode(encoding)))
    assert data.texts[2:] == ["a delight .", "l'été – quel film .", "good ."]


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z"))))
def test_utf_8_is_read_as_it_is(line: str) -> None:
    assert text.decode(f"a\n{line}\n".encode(), Path("t")) == f"a\n{line}\n"


@settings(max_examples=100, deadline=None)
@given(st.text("abc éñüàÉß"))
def test_windows_1252_is_read_rightly(line: str) -> None:
    """In UTF-8, none of these letters may follow another."""
    assert text.decode(f"a\n{line}".encode("cp1252"), Path("t")) == f"a\n{line}"


# --- faults


MANY = b"good . \n" * 40
FAULTS = {
    "empty": (MANY, b"", NEG, "expected a sentence on each line, got an empty file"),
    "blank": (MANY, b"\n \n\r\n", NEG, "expected a sentence on each line, got an empty file"),
    "tiny": (
        MANY,
        b"bad .\n" * 3,
        NEG,
        "expected about as many sentences as in rt-polarity.pos, 40, got 3; is",
    ),
    "a page": (MANY, b"\n<!DOCTYPE html>\n<p>Sign in", NEG, "expected sentences, got a web page"),
    "another page": (b"<HTML><body>Moved", MANY, POS, "expected sentences, got a web page"),
    "UTF-16": (MANY, BAD.encode("utf-16"), NEG, "expected UTF-8 text, got UTF-16; save it as UTF-8"),
    "neither": (MANY, b"bad .\nd\x81j\xe0 vu\n", NEG, r"line 2: expected text, .* got other bytes"),
    "mixed": (
        MANY,
        "déjà vu\nbad .\n".encode() + "cliché\n".encode("cp1252"),
        NEG,
        "line 3: .* in UTF-8 or in Windows-1252, got another encoding than in line 1",
    ),
    "NUL": (b"good .\n\0\0\n", MANY, POS, "line 2: .* got a control character"),
    "packed and cut": (b"\x1f\x8b\x08\0\0\0", MANY, POS, "expected a whole .gz file"),
}


@pytest.mark.parametrize(("pos", "neg", "name", "message"), FAULTS.values(), ids=FAULTS)
def test_files_with_faults_are_refused(
    tmp_path: Path, pos: bytes, neg: bytes, name: str, message: str
) -> None:
    with pytest.raises(ValueError, match=f"{re.escape(name)}.*{message}.*data get reviews"):
        datasets.load_reviews(write(tmp_path, neg, pos))


@pytest.mark.parametrize("missing", text.NAMES)
def test_one_file_without_the_other_is_refused(empty_machine: Path, missing: str) -> None:
    (write(empty_machine / "data") / missing).unlink()
    with pytest.raises(FileNotFoundError, match=f"expected {missing} beside .*data get reviews"):
        datasets.load_reviews()


@pytest.mark.parametrize("missing", text.NAMES)
def test_an_archive_without_one_of_them_is_refused(tmp_path: Path, missing: str) -> None:
    path = packed(tmp_path / text.ARCHIVE, MANY, MANY, without=missing)
    with pytest.raises(ValueError, match=f"{text.ARCHIVE}: expected an archive of .*, {missing} is missing"):
        datasets.load_reviews(path)


def test_damaged_and_unknown_files_are_refused(tmp_path: Path) -> None:
    path = packed(tmp_path / text.ARCHIVE, MANY, MANY)
    for share in (0.0, 0.2, 0.4):
        (tmp_path / "cut.tar.gz").write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
        with pytest.raises(ValueError, match=r"cut.tar.gz: expected .*data get reviews"):
            datasets.load_reviews(tmp_path / "cut.tar.gz")
    (tmp_path / "reviews.csv").write_text("text,label")
    with pytest.raises(
        ValueError, match=r"reviews.csv: expected rt-polarity.pos, rt-polarity.neg or rt-polarity"
    ):
        datasets.load_reviews(tmp_path / "reviews.csv")


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 255))
def test_a_text_damaged_anywhere_is_read_or_refused(place: int, byte: int) -> None:
    content = bytearray(GOOD.encode())
    content[place % len(content)] = byte
    with contextlib.suppress(ValueError):  # and no other error
        assert text.decode(bytes(content), Path("t")).count("\n") in (2, 3, 4)


# --- the download


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[type]:
    """Sends what is set as .body; NNLAB_REVIEWS_URL names its address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        body = b""

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(self.body)))
            self.end_headers()
            self.wfile.write(self.body)

        def log_message(self, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever, daemon=True)
        thread.start()
        monkeypatch.setenv("NNLAB_REVIEWS_URL", f"http://127.0.0.1:{httpd.server_port}/x.tar.gz")
        yield Handler
        httpd.shutdown()
        thread.join()


def test_an_archive_of_the_published_sentences_is_kept(
    empty_machine: Path, server: type, real_reviews: Path
) -> None:
    halves = (real_reviews.with_name(name).read_text("utf-8").encode("cp1252") for name in text.NAMES)
    server.body = packed(empty_machine / "x.tar.gz", *halves).read_bytes()
    assert datasets.get("reviews", progress=False) == empty_machine / "cache" / text.ARCHIVE
    assert str(datasets.load_reviews()).endswith(f"real: download cache/{text.ARCHIVE}")
    (empty_machine / "cache" / text.ARCHIVE).write_bytes(b"damaged")
    datasets.get("reviews", progress=False)
    assert datasets.load_reviews().is_real


@pytest.mark.parametrize("what", ["nothing", "a page", "other sentences", "half an archive"])
def test_anything_else_leaves_nothing_behind(empty_machine: Path, server: type, what: str) -> None:
    archive = packed(empty_machine / "x.tar.gz", MANY, MANY).read_bytes()
    server.body = {"a page": b"<html>", "other sentences": archive, "half an archive": archive[:80]}.get(
        what, b""
    )
    with pytest.raises(ValueError, match=r"did not send the published .*: it does not hold the published"):
        datasets.get("reviews", progress=False)
    assert not list((empty_machine / "cache").iterdir())
    assert datasets.load_reviews().simulated


# --- simulated sentences


def test_without_files_they_are_simulated_and_say_so(empty_machine: Path) -> None:
    data = datasets.load_reviews()
    assert str(data) == (
        "4,000 sentences from film reviews, 50 % positive · "
        "simulated: film reviews from a small grammar, written by no critic"
    )
    assert data.simulated
    assert not data.is_real
    np.testing.assert_array_equal(data.y, np.repeat([0, 1], 2000))
    again = datasets.load_reviews()
    assert again.texts == data.texts


def test_the_simulated_sentences_are_the_same_on_every_machine(empty_machine: Path) -> None:
    """Nothing in them rests on how a processor rounds: this sample may be relied on."""
    texts = datasets.load_reviews().texts
    assert {row: texts[row] for row in SAMPLE} == SAMPLE


SAMPLE = {
    0: "the characters and the mood are neither cheap nor slapdash , but the direction grates .",
    1999: "morgan 's script stalls .",
    2000: "the fantasy runs for twelve minutes , and the editing sparkles .",
    3999: "the film is tense and remarkable .",
}


def test_there_are_many_words_and_most_are_rare(empty_machine: Path) -> None:
    texts = datasets.load_reviews().texts
    counts = Counter(word for text in texts for word in text.split())
    assert len(counts) > 1500
    once = sum(count == 1 for count in counts.values())
    assert 0.25 < once / len(counts) < 0.5
    ranked = np.array(sorted(counts.values(), reverse=True))
    slope = np.polyfit(np.log(np.arange(1, 1001)), np.log(ranked[:1000]), 1)[0]
    assert -1.4 < slope < -0.8  # Zipf's law has -1
    lengths = [len(text.split()) for text in texts]
    assert min(lengths) >= 4
    assert max(lengths) <= 60
    assert 10 < np.mean(lengths) < 20
    assert sum("not" in text.split() for text in texts) > 300
    assert sum(" but " in text for text in texts) > 100
    assert not any("{" in text or "_" in text or "  " in text for text in texts)
    assert not any(re.search(r"\ba [aeiou]", text) for text in texts)


def test_noise_turns_as_many_labels_on_either_side() -> None:
    """The sentences stay the same, so that what the noise did can be counted."""
    clean, y = datasets.make_reviews(1000, noise=0, rng=np.random.default_rng(3))
    texts, noisy = datasets.make_reviews(1000, noise=0.1, rng=np.random.default_rng(3))
    assert texts == clean
    assert [sum((y == label) & (noisy != y)) for label in (0, 1)] == [50, 50]


def test_an_opinion_is_what_the_grammar_says() -> None:
    grammar = film_reviews._grammar()
    rng = np.random.default_rng(0)
    good = {grammar.expand("adjective", True, rng) for _ in range(3000)}
    bad = {grammar.expand("adjective", False, rng) for _ in range(3000)}
    assert not good & bad
    for _ in range(300):
        words = grammar.expand("predicate", True, rng).split()
        denied = bool({"not", "far", "never", "hardly", "neither"} & set(words))
        assert bool(bad & set(words)) == denied
        assert bool(good & set(words)) != denied


def test_they_teach_what_the_real_ones_teach(empty_machine: Path) -> None:
    """TF-IDF with logistic regression: on the real sentences 75 % by words, 76 % with pairs of words."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    data = datasets.load_reviews()
    texts, accuracy = np.array(data.texts, dtype=object), {}
    for longest in (1, 2):
        scores = []
        for seed in range(3):
            rows = np.random.default_rng(seed).permutation(len(texts))
            train, test = rows[:3000], rows[3000:]
            vectors = TfidfVectorizer(ngram_range=(1, longest), token_pattern=r"\S+", sublinear_tf=True)
            X = vectors.fit_transform(texts[train])
            model = LogisticRegression(C=3, max_iter=1000).fit(X, data.y[train])
            scores.append(model.score(vectors.transform(texts[test]), data.y[test]))
        accuracy[longest] = np.mean(scores)
    assert 0.72 < accuracy[1] < 0.79
    assert accuracy[1] + 0.005 < accuracy[2] < accuracy[1] + 0.04


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"m": 0}, "make_reviews expected m >= 1, got 0"),
        ({"noise": 0.6}, "make_reviews expected noise .*0.6"),
    ],
)
def test_bad_settings_are_refused(arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        datasets.make_reviews(**arguments)
