"""What a start tells of its store, and `ready` of one that does not answer."""

import json
import sqlite3
import subprocess
from pathlib import Path

import pytest

from tests.commands import launched, run, serving, url_of


def last_lines(process: "subprocess.Popen[str]", count: int) -> list[str]:
    """Return the next lines that a process prints."""
    assert process.stdout is not None
    return [process.stdout.readline().rstrip("\n") for _ in range(count)]


def json_of(process: "subprocess.Popen[str]") -> dict[str, object]:
    """Return the banner of a server that logs JSON."""
    found: dict[str, object] = json.loads(last_lines(process, 1)[0])
    return found


SQLITE = f"SQLite {sqlite3.sqlite_version}"


@pytest.mark.parametrize(("sync", "told"), [("full", SQLITE), ("off", f"{SQLITE}, sync off")])
def test_the_banner_tells_the_file_that_state_is_kept_in(tmp_path: Path, sync: str, told: str) -> None:
    file = tmp_path / "sandbox.db"
    with serving("--store", str(file), "--store-sync", sync) as (process, _):
        line = last_lines(process, 1)

    assert line == [f"  store      {file} ({told})"]


def test_after_a_restart_the_banner_tells_what_is_in_force_and_not_what_the_options_say(tmp_path: Path) -> None:
    file = str(tmp_path / "sandbox.db")
    with serving("--store", file, "--seed", "7") as (_, banner):
        run("use", "instant", "--url", url_of(banner))
    with serving("--store", file, "--seed", "8") as (_, banner):
        line = banner.splitlines()[2]

    assert line == "  scenario   instant, seed 7, clock real"


def test_the_banner_tells_the_database_without_its_password_and_where_the_default_workspace_is(postgres: str) -> None:
    secret = postgres.replace("postgres:@", "postgres:secret@")
    with serving("--store", secret, "--seed", "7") as (first, banner):
        own = last_lines(first, 1)[0]
        with serving("--store", secret) as (_, second):
            lines = second.splitlines()

    place = f"postgresql:///{postgres.partition('?')[0].rpartition('/')[2]}"
    assert (own.rpartition(" ")[0], lines[2], lines[3].rpartition(" ")[0]) == (
        f"  store      {place}, replica",
        f"  scenario   default workspace at {url_of(banner)}",
        f"  store      {place}, replica",
    )


@pytest.mark.parametrize("place", ["another address", "the same address"])
def test_the_banner_names_no_owner_that_was_killed(postgres: str, place: str) -> None:
    flags = ("--store", postgres, "--lease", "30s")
    with serving(*flags) as (_, banner):
        port = url_of(banner).rpartition(":")[2]
    with serving(*flags, "--port", port if place == "the same address" else "0") as (_, again):
        line = again.splitlines()[2]

    assert line == "  scenario   default workspace has no owner; a replica takes it over within 30s"


def test_the_banner_as_json_has_the_store_the_replica_and_the_place_of_the_default_workspace(postgres: str) -> None:
    flags = ("--log", "json", "--store", postgres, "--seed", "7")
    with launched(*flags) as first:
        own = json_of(first)
        with launched(*flags) as second:
            other = json_of(second)

    names = ("default_workspace", "scenario", "seed", "clock", "callbacks", "store")
    assert ([own[name] for name in names], [other[name] for name in names], own.keys() == other.keys()) == (
        [own["url"], "default", 7, "real", {}, "postgres"],
        [own["url"], None, None, None, None, "postgres"],
        True,
    )
    assert own["replica"] != other["replica"]
