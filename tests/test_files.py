"""Files that appear whole or not at all."""

import os

import pytest

from nnlab._files import whole_file


@pytest.mark.skipif(os.name == "nt", reason="links and devices of POSIX")
def test_a_whole_file_leaves_links_and_devices_what_they_are(tmp_path):
    (tmp_path / "there").mkdir()
    target, link, pipe = tmp_path / "there" / "target", tmp_path / "link", tmp_path / "pipe"
    target.write_text("old")
    link.symlink_to(target)
    with whole_file(link) as file:
        file.write(b"new")
    assert link.is_symlink()
    assert target.read_text() == "new"

    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with whole_file(pipe) as file:
        file.write(b"through")
    assert os.read(reader, 99) == b"through"
    os.close(reader)
    assert pipe.is_fifo()
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["link", "pipe", "target", "there"]
