"""Does what a curl line says, without a shell."""

import shlex

from tests.browser.served import Answer, Served


async def run(server: Served, line: str) -> Answer:
    """Return the answer to the request of a line; its key, where it asks the environment for one, is `demo`."""
    words = iter(shlex.split(line.replace("\\\n", " ").replace("${SANDBOX_KEY:-demo}", "demo"))[1:])
    headers, body, url = {}, "", ""
    for word in words:
        if word == "-H":
            name, _, value = next(words).partition(": ")
            headers[name] = value
        elif word == "--data-raw":
            body = next(words)
        else:
            url = word
    return await server.ask("POST", url.removeprefix(server.url), body.encode(), headers)
