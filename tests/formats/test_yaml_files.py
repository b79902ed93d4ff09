"""YAML files are read with their places, and what cannot be read is one clear line."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.core.clock import monotonic
from sandbox.core.errors import FileMistake, MistakesError
from sandbox.formats.yaml_files import FileError, load, parse, read_text, shipped
from sandbox.formats.yaml_reader import TAG
from tests.servers import PATIENCE

TEXT = """\
name: evening
rules:
  - when: {to: "387*"}
    then:
      lifecycle: [sent: 200ms]
"""
PYTHON = "tag:yaml.org,2002:python"
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (("name",), "evening.yaml:1:1"),
        (("rules", 0, "when", "to"), "evening.yaml:3:12"),
        (("rules", 0, "then", "lifecycle"), "evening.yaml:5:7"),
        (("rules", 0, "then", "lifecycle", 0, "sent"), "evening.yaml:5:19"),
        (("rules", 0, "then", "outcomes"), "evening.yaml:4:5"),
        (("nothing", "of", "it"), "evening.yaml:1:1"),
    ],
)
def test_every_value_has_the_place_of_its_key(path: tuple[str | int, ...], place: str) -> None:
    assert parse(TEXT, "evening.yaml").place(path) == place


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\nb: {c: 1, c: 2}\n", "2:11: duplicate key 'c'"),
        ("a: &a {b: 1}\nd: {<<: *a, b: 2}\n<<: *a\nb: 3\nb: 4\n", "5:1: duplicate key 'b'"),
    ],
)
def test_a_repeated_key_of_a_file_that_is_loaded_without_positions_is_named(
    tmp_path: Path, text: str, problem: str
) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(text)

    with pytest.raises(FileError) as caught:
        load(path)
    assert str(caught.value.mistake) == f"{path}:{problem}"


def test_a_merged_key_may_be_replaced(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("a: &a {b: 1}\nc: &c {<<: *a, b: 2}\nd: {<<: *c, b: 3}\n")

    assert load(path) == {"a": {"b": 1}, "c": {"b": 2}, "d": {"b": 3}}


def test_a_text_is_read_as_yaml_has_it() -> None:
    text = "a: 1\nb: [true, null, 1.5, x]\nc: {d: '1'}\n5: e\n"

    assert parse(text, "x").value == {"a": 1, "b": [True, None, 1.5, "x"], "c": {"d": "1"}, "5": "e"}


@pytest.mark.parametrize("text", ["", "\n", "# only a comment\n", "---\n"])
def test_an_empty_text_has_no_value(text: str) -> None:
    assert parse(text, "x").value is None


def test_what_an_alias_names_is_read_where_it_stands() -> None:
    assert parse("a: &x {b: 1}\nc: *x\n", "x").value == {"a": {"b": 1}, "c": {"b": 1}}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\na: 2\n", "x:2:1: duplicate key 'a'"),
        ("a:\n  b: 1\n  b: 2\n", "x:3:3: duplicate key 'b'"),
        ("a: &x {b: 1}\n<<: *x\n", "x:2:1: merge keys (<<) are not supported; write the keys out"),
        ("[a]: 1\n", "x:1:1: a key must be a string"),
        ("? {a: 1}\n: 2\n", "x:1:3: a key must be a string"),
        ("a: !!timestamp 2026-13-45\n", "x:1:4: could not determine a constructor for the tag '" + TAG + "timestamp'"),
        ("a: !!int 0b11\n", "x:1:4: '0b11' is not an integer"),
        ("a: !!bool yes\n", "x:1:4: 'yes' is not a boolean; write true or false"),
        ("a: !!float 1_0\n", "x:1:4: '1_0' is not a number"),
        ("a: !!null none\n", "x:1:4: 'none' is not null"),
        (f"a: {'9' * 1001}\n", "x:1:4: an integer has at most 1000 digits; put it in quotes if it is a string"),
        ("a: [1\n", "x:2:1: did not find expected ',' or ']'"),
        ("a: *nobody\n", "x:1:4: found undefined alias"),
        ("a:\n\tb: 1\n", "x:2:1: found character that cannot start any token"),
        ("a: 1\n---\nb: 2\n", "x:2:1: but found another document"),
        (
            "a: !!python/object/apply:os.system [ls]\n",
            f"x:1:4: unknown tag {PYTHON}/object/apply:os.system",
        ),
        ("a: !nil 1\n", "x:1:4: could not determine a constructor for the tag '!nil'"),
        ("a: 'x\n", "x:2:1: found unexpected end of stream"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_column(text: str, problem: str) -> None:
    with pytest.raises(FileError) as caught:
        parse(text, "x")

    assert str(caught.value) == problem


def test_aliases_that_write_out_to_millions_are_refused_at_once() -> None:
    before = monotonic()
    with pytest.raises(FileError) as caught:
        parse(BOMB, "bomb.yaml")

    assert (
        str(caught.value).endswith("more than 100000 values, with aliases expanded"),
        monotonic() - before < PATIENCE,
    ) == (
        True,
        True,
    )


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[" * 1000, "x:1:101"),
        ("{a: " * 1000, "x:1:401"),
        ("- " * 1000, "x:1:201"),
        ("a: &x [*x]\n", "x:1:4"),
        ("a: &x {b: *x}\n", "x:1:4"),
    ],
)
def test_a_text_that_is_nested_too_deeply_is_refused(text: str, place: str) -> None:
    with pytest.raises(FileError) as caught:
        parse(text, "x")

    assert str(caught.value) == f"{place}: nested too deeply, more than 100 levels"


def test_a_text_that_the_library_gives_up_on_is_refused_in_the_same_words() -> None:
    with pytest.raises(FileError) as caught:
        parse("[" * 200_000, "x")

    assert str(caught.value) in {f"x:1:{place}: nested too deeply, more than 100 levels" for place in (101, 1001)}


def test_a_text_may_be_nested_100_levels_deep() -> None:
    assert isinstance(parse("[" * 100 + "]" * 100, "x").value, list)


def test_a_text_of_more_than_a_mebibyte_is_refused() -> None:
    with pytest.raises(FileError) as caught:
        parse("#" * (1024 * 1024 + 1), "x")

    assert str(caught.value) == "x: 1048577 characters (limit: 1048576)"


def test_a_file_of_more_than_a_mebibyte_is_refused_unread(tmp_path: Path) -> None:
    file = tmp_path / "large.yaml"
    file.write_bytes(b"#" * (10 * 1024 * 1024))
    with pytest.raises(FileError) as caught:
        read_text(file)

    assert str(caught.value) == f"{file}: 10485760 bytes (limit: 1048576)"


@pytest.mark.parametrize(
    ("content", "problem"),
    [(None, "No such file or directory"), (b"a: \xff", "byte 3 is not UTF-8")],
)
def test_a_file_that_cannot_be_read_is_told_by_name(tmp_path: Path, content: bytes | None, problem: str) -> None:
    file = tmp_path / "x.yaml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(FileError) as caught:
        load(file)

    assert str(caught.value) == f"{file}: {problem}"


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileError) as caught:
        load(tmp_path)

    assert str(caught.value) == f"{tmp_path}: Is a directory"


@given(st.text(max_size=60) | st.text("a:-[]{}&*'\"\n ,?|>!#%@`", max_size=60))
def test_every_text_is_read_or_refused(text: str) -> None:
    try:
        document = parse(text, "x")
    except FileError as refusal:
        told = str(refusal)
    else:
        told = document.place(("a", 0))

    assert told.startswith("x:")


def test_the_shipped_folders_are_found() -> None:
    assert [max(path.suffix for path in shipped(name).iterdir()) for name in ("specs", "scenarios")] == [
        ".yaml",
        ".yaml",
    ]


def test_mistakes_come_file_by_file_from_top_to_bottom() -> None:
    found = [FileMistake("c", "b.yaml", 3, 1), FileMistake("e", "a.yaml", 12, 2), FileMistake("d", "a.yaml", 12, 1)]
    found += [FileMistake("b", "b.yaml", 2, 9), FileMistake("a", "b.yaml")]

    assert str(MistakesError(found)).split("\n") == [
        "b.yaml: a",
        "b.yaml:2:9: b",
        "b.yaml:3:1: c",
        "a.yaml:12:1: d",
        "a.yaml:12:2: e",
    ]
