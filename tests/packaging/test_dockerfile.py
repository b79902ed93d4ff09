from tests.packaging.dockerfile import ROOT, instructions


def steps(word: str) -> list[tuple[int, str]]:
    return [(each.stage, each.rest) for each in instructions() if each.word == word]


def test_the_image_is_built_in_one_stage_and_served_from_another() -> None:
    assert steps("FROM") == [(0, "python:3.13-slim AS build"), (1, "python:3.13-slim")]


def test_the_image_serves_everywhere_inside_as_a_user_without_rights() -> None:
    assert (steps("USER"), steps("ENTRYPOINT"), steps("CMD"), 'SANDBOX_HOST="0.0.0.0"' in steps("ENV")[0][1]) == (
        [(1, "sandbox")],
        [(1, '["sms-sandbox"]')],
        [(1, '["serve"]')],
        True,
    )


def test_the_image_is_healthy_when_the_command_ready_says_so() -> None:
    assert [rest.partition("CMD ")[2] for _, rest in steps("HEALTHCHECK")] == ['["sms-sandbox", "ready"]']


def test_the_image_is_built_from_no_more_than_it_copies() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    let_in = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    copied = {name for stage, rest in steps("COPY") if stage == 0 for name in rest.split()[:-1]}

    assert ("*" in ignored, let_in) == (True, copied)
