import re

from tests.packaging.dockerfile import ROOT, instructions


def steps(word: str) -> list[tuple[int, str]]:
    return [(each.stage, each.rest) for each in instructions() if each.word == word]


def test_the_image_is_built_in_one_stage_and_served_from_another() -> None:
    bases = [re.fullmatch(r"python:3\.13-slim@sha256:([0-9a-f]{64})( AS build)?", rest) for _, rest in steps("FROM")]

    digests = {base[1] for base in bases if base}

    assert ([base[2] for base in bases if base], len(digests)) == ([" AS build", None], 1)


def test_the_image_installs_locked_packages_and_our_own_wheel_alone() -> None:
    installs = [re.findall(r"pip install (.*)", rest)[0] for _, rest in steps("RUN") if "pip install" in rest]

    assert installs == [
        "--no-cache-dir --require-hashes -r requirements-build.txt",
        "--no-cache-dir --require-hashes -r requirements-image.txt",
        "--no-cache-dir --no-index --no-deps dist/*.whl",
    ]


def test_the_image_serves_everywhere_inside_as_a_user_without_rights() -> None:
    assert (steps("USER"), steps("ENTRYPOINT"), steps("CMD"), 'SANDBOX_HOST="0.0.0.0"' in steps("ENV")[0][1]) == (
        [(1, "sandbox")],
        [(1, '["sms-sandbox"]')],
        [(1, '["serve"]')],
        True,
    )


def test_the_user_of_the_image_may_write_the_folders_of_the_authority_and_the_store() -> None:
    owned = [re.findall(r"chown sandbox ([^&]*)", rest) for stage, rest in steps("RUN") if stage == 1]

    assert owned == [["/tls /data"]]


def test_the_image_has_every_folder_that_its_variables_name() -> None:
    named = set(re.findall(r'SANDBOX_\w+="(/\w+)"', steps("ENV")[0][1]))
    made = {folder for stage, rest in steps("RUN") if stage == 1 for folder in re.findall(r" (/\w+)", rest)}

    assert (named, named - made) == ({"/scenarios", "/specs", "/tls"}, set())


def test_the_image_is_healthy_when_the_command_ready_says_so() -> None:
    assert [rest.partition("CMD ")[2] for _, rest in steps("HEALTHCHECK")] == ['["sms-sandbox", "ready"]']


def test_the_image_is_built_from_no_more_than_it_copies() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    let_in = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    copied = {name for stage, rest in steps("COPY") if stage == 0 for name in rest.split()[:-1]}

    assert ("*" in ignored, let_in) == (True, copied)
