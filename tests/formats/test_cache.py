"""What is kept of shipped files gives the values that reading them would; what is not ours is never used."""

import os
import pickle
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox.control.call import OPENAPI
from sandbox.formats import cache
from sandbox.formats.cache import cached
from sandbox.formats.yaml_files import parse, parse_shipped, read_text, shipped
from sandbox.specs.document import read, read_shipped

DOCUMENTS = (*sorted(shipped("specs").glob("*.yaml")), OPENAPI)
SCENARIOS = sorted(shipped("scenarios").glob("*.yaml"))


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of the test's own, in which what is read is kept."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", str(folder))
    return folder


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a file whose value is kept beside it."""
    monkeypatch.setattr(sys, "pycache_prefix", None)
    path = tmp_path / "a.yaml"
    path.write_text("a: 1")
    cached(path, lambda: ("kept",))
    return path


def kept_of(source: Path) -> Path:
    """Return the file that keeps the value."""
    (found,) = (source.parent / "__pycache__").iterdir()
    return found


def objects(value: object) -> Iterator[int]:
    """Yield the identity of every mapping and list in a value, once for each place."""
    if isinstance(value, dict | list):
        yield id(value)
        for each in value.values() if isinstance(value, dict) else value:
            yield from objects(each)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_a_document_that_was_kept_is_the_document_that_is_read(path: Path, folder: Path) -> None:
    fresh, _, kept = read(path), read_shipped(path), read_shipped(path)

    assert (kept, len([*folder.rglob("*.value")])) == (fresh, 1)
    assert len({*objects(kept)}) == len({*objects(fresh)})  # parts that were one object still are


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_a_scenario_that_was_kept_is_the_scenario_that_is_read(path: Path, folder: Path) -> None:
    fresh, _, kept = parse(read_text(path), str(path)), parse_shipped(path), parse_shipped(path)

    assert (kept, len([*folder.rglob("*.value")])) == (fresh, 1)


def test_a_file_is_read_once(source: Path) -> None:
    assert cached(source, lambda: ("read again",)) == ("kept",)


def test_a_file_is_read_again_after_a_change_and_then_kept(source: Path) -> None:
    source.write_text("a: 2")

    assert [cached(source, lambda: ("new",)), cached(source, lambda: ("newer",))] == [("new",), ("new",)]


@pytest.mark.parametrize("name", ["__version__", "READERS"])
def test_a_file_is_read_again_by_another_version(source: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(cache, name, ())
    cache.code_state.cache_clear()
    try:
        found = cached(source, lambda: ("read again",))
    finally:
        cache.code_state.cache_clear()

    assert found == ("read again",)


SPOILT: dict[str, Callable[[Path], object]] = {
    "empty": lambda kept: kept.write_bytes(b""),
    "cut off": lambda kept: kept.write_bytes(kept.read_bytes()[:-1]),
    "changed": lambda kept: kept.write_bytes(kept.read_bytes()[:-1] + b"?"),
    "extended": lambda kept: kept.write_bytes(kept.read_bytes() + b"?"),
    "of another file": lambda kept: kept.write_bytes(b"?" + kept.read_bytes()[1:]),
    "of another kind": lambda kept: kept.write_bytes(pickle.dumps(("foreign",))),
    "a folder": lambda kept: kept.rename(kept.with_name("b")).with_name(kept.name).mkdir(),
    "gone": lambda kept: kept.unlink(),
    "writable by others": lambda kept: kept.chmod(0o646),
    "writable by a group": lambda kept: kept.chmod(0o664),
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_what_is_broken_or_not_ours_is_not_used(source: Path, spoil: Callable[[Path], object]) -> None:
    spoil(kept_of(source))

    assert cached(source, lambda: ("read again",)) == ("read again",)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_what_another_user_wrote_is_not_used(source: Path) -> None:
    os.chown(kept_of(source), 12_345, -1)

    assert cached(source, lambda: ("read again",)) == ("read again",)


def test_nothing_is_written_if_python_writes_no_bytecode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setattr(sys, "pycache_prefix", None)
    (tmp_path / "a.yaml").write_text("a: 1")
    cached(tmp_path / "a.yaml", lambda: ("read",))

    assert [each.name for each in tmp_path.iterdir()] == ["a.yaml"]


def test_a_folder_in_which_nothing_can_be_written_is_no_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "pycache_prefix", None)
    (tmp_path / "a.yaml").write_text("a: 1")
    (tmp_path / "__pycache__").write_text("in the way")

    assert cached(tmp_path / "a.yaml", lambda: ("read",)) == ("read",)


def test_the_mistake_of_a_file_is_raised_each_time(source: Path) -> None:
    source.write_text("b: 1")

    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            cached(source, lambda: (1 // 0,))
