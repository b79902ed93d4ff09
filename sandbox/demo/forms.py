"""Learns what in a provider's sample is a number, a text and a sender: by sending it once and looking at the message.

That is done in a workspace of its own, which is ended again. What a provider refuses is not used.
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from sandbox.client import AsyncClient, Message, Provider
from sandbox.demo.sample_requests import Change, SampleRequest, Wire, names, sample_requests
from sandbox.demo.texts import BRANDS

NUMBER = re.compile(r"\d{7,15}", re.ASCII)

Send = Callable[[Wire], Awaitable[int]]  # sends a request and returns its number in the journal; 0 without a reply
Keys = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Form:
    """A request that a provider takes, and what in it can be changed.

    `numbers` are the recipients as the sandbox shows them. `texts` has each text of the sample, and what stands for the
    code in it: the text itself where it is a code alone, None where any text will do. `sender` is None where it must
    stay as it is.
    """

    blank: SampleRequest
    numbers: tuple[str, ...]
    texts: Mapping[str, str | None]
    sender: str | None = None

    @property
    def of_codes(self) -> bool:
        """Whether it is for one-time codes alone."""
        marked = any(mark is not None for mark in self.texts.values())
        return marked or self.blank.operation.otp or "otp" in names(self.blank.values)

    def written(
        self,
        keys: Keys,
        *,
        number: Callable[[int, str], str],
        text: Callable[[str, str | None], str],
        sender: str,
    ) -> Wire:
        """Return the request: `number` makes that of the recipient in a place, `text` the text in place of another."""

        def renumber(match: re.Match[str]) -> str:
            places = [place for place, each in enumerate(self.numbers) if each.endswith(match[0])]
            return number(places[0], match[0]) if places else match[0]

        def change(name: str, value: str) -> str:
            if name in keys:
                return keys[name]
            if value in self.texts:
                return text(value, self.texts[value])
            return sender if value == self.sender else NUMBER.sub(renumber, value)

        return self.blank.written(change)


async def learn(client: AsyncClient, providers: Sequence[Provider], send: Send) -> list[Form]:
    """Return the forms of the providers that a server has."""
    made = await client.make_workspace(scenario="default", clock="frozen", targets={})
    try:
        probe = client.workspace(made.id)
        found = [
            await _learn(blank, probe, send, made.keys[provider.name])
            for provider in providers
            for blank in sample_requests(provider)
        ]
    finally:
        await client.delete_workspace(made.id)
    return [form for form in found if form is not None]


async def _learn(blank: SampleRequest, probe: AsyncClient, send: Send, keys: Keys) -> Form | None:
    leaves: list[str] = []

    def keep(name: str, value: str) -> str:
        leaves.append(value)
        return keys.get(name, value)

    messages = await _sent(blank, keep, probe, send)
    numbers = tuple(dict.fromkeys(each.to for each in messages))
    texts = {leaf: mark for each in messages for leaf, mark in _texts(each, leaves)}
    if not numbers or not texts:
        return None
    form = Form(blank, numbers, texts)
    senders = {each.sender for each in messages} & set(leaves)
    if len(senders) != 1:
        return form
    sender = senders.pop()
    changed = await _sent(
        blank, lambda name, value: keys.get(name, BRANDS[0] if value == sender else value), probe, send
    )
    return replace(form, sender=sender) if changed and all(each.sender == BRANDS[0] for each in changed) else form


async def _sent(blank: SampleRequest, change: Change, probe: AsyncClient, send: Send) -> list[Message]:
    """Return the messages that came of a request; none where it was refused."""
    number = await send(blank.written(change))
    return [await probe.message(each) for each in (await probe.request(number)).messages] if number else []


def _texts(message: Message, leaves: Sequence[str]) -> list[tuple[str, str | None]]:
    """Return the fields that became the text of a message, and what stands for the code in each."""
    if message.text in leaves:
        return [(message.text, message.text if message.text.isdecimal() else None)]
    if message.code is None or message.code == message.text:
        return []
    pattern = re.escape(message.text).replace(re.escape(message.code), "(.+)", 1)
    return [(leaf, match[1]) for leaf in leaves if (match := re.fullmatch(pattern, leaf))]
