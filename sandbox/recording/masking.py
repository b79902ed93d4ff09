"""Masks requests, replies and callbacks before they are written.

A value is found by its name or place (of a credential, recipient, sender, person, text or code), by its shape (phone
numbers), or because it was found before: then it is replaced wherever it appears again, also inside of
other values and however it is encoded. Fixed words of the provider are kept, as a comparison needs them.
"""

import re
from base64 import b64encode
from collections.abc import Callable, Iterable
from typing import NamedTuple

from sandbox.core.code_detection import find_code
from sandbox.formats.phone_numbers import LONGEST, is_possible
from sandbox.providers.registry import Registry
from sandbox.recording.encoded_values import decode_base64, replace_encoded
from sandbox.recording.known_values import KnownValues
from sandbox.recording.rewriting import Leaf, Replacer, rewrite_body, rewrite_json, rewrite_pairs, rewrite_segment
from sandbox.recording.session import Body, Headers, RecordedReply, RecordedRequest, read_text
from sandbox.recording.stand_ins import NUMBER_TEXT, SHAPED_NUMBER, StandIns, is_time
from sandbox.recording.vocabulary import ACCOUNT_NAMES, ERROR_NAMES, PLAIN_NAME, TEXT_NAMES, Vocabulary

SHORTEST_NUMBER = 7  # digits of a number where one is expected
SHORT_NUMBER = 5  # digits of what a client writes where a number belongs
SHORTEST_CODE = 4
SHORTEST_SECRET = 6  # characters of one that a provider sends
CODE = re.compile(r"(?=.*\d)[A-Za-z0-9][A-Za-z0-9 -]{2,14}", re.ASCII)
SEPARATORS = re.compile(r"([,;\s]+)")
BETWEEN_NUMBERS = re.compile(r"([,;|\n\t]\s*)")
# Headers whose values are of HTTP itself.
PLAIN_HEADERS = frozenset(
    {
        *("accept", "accept-charset", "accept-encoding", "accept-language", "cache-control", "connection"),
        *("content-encoding", "content-length", "content-type", "date", "expires", "host", "keep-alive", "age", "etag"),
        *("last-modified", "server", "transfer-encoding", "user-agent", "vary", "strict-transport-security"),
    }
)
COOKIE = re.compile(r"(?P<name>[^=;\s]+)=(?P<value>[^;]*)")
SCHEME = re.compile(
    r"(?P<prefix>(?:(?:basic|bearer|digest|token|key|apikey|api-key|accesskey|app|jwt)[ :=] *)?)(?P<key>.*)",
    re.DOTALL | re.IGNORECASE,
)
USER_INFO = re.compile(r"(?<=://)(?P<user>[^/\s:@]+)(?P<colon>:?)(?P<password>[^/\s@]*)(?=@)")
# In a sentence of the recorder: URLs, what is quoted, and what has a digit.
VALUE = re.compile(r"""[a-z]+://\S+|(?<!\w)'[^']*'(?!\w)|"[^"]*"|[\w+]*\d[\w-]*""")
SALT_LENGTH = 32  # characters of the salt of a session
CONTENT = ("numbers", "senders", "names", "texts", "codes")  # what is masked beside credentials
DEEPEST = 3  # levels of values inside of values


class Side(NamedTuple):
    """What a part of an exchange is: of the client, or of the provider; `reads`: it shows messages sent earlier."""

    is_client: bool
    reads: bool = False


CLIENT, CALLBACK = Side(is_client=True), Side(is_client=False, reads=True)
Member = Callable[[str], str]


class Masker:
    """Masks what one session writes."""

    def __init__(self, packs: Registry, salt: str, *, keep_content: bool = False) -> None:
        """Prepare stand-ins; `salt` is random. With `keep_content`, credentials alone are replaced."""
        self._stand_ins = StandIns(salt)
        self.known = KnownValues()
        self._vocabularies = {name: Vocabulary.of(pack) for name, pack in packs.items()}
        self.keeps_content = keep_content
        self._stand_ins.text("é 38761930305")  # loads what the first request need not wait for
        self.masked = ("credentials", *(() if keep_content else CONTENT))

    def request(
        self, provider: str, sent: RecordedRequest, body: bytes, *, template: str = "", side: Side = CLIENT
    ) -> RecordedRequest:
        """Return a request as it may be written. `sent` is without its body; `template` is the path in the document."""
        part = _Part(self, self._vocabularies[provider], side)
        # A path may repeat what the credential, the body and the query name; other headers may repeat all of these.
        part.learn_credentials(sent.headers)
        text = part.body(body, sent.headers)
        query = rewrite_pairs(sent.query, part.replacer) if sent.query else ""
        path = part.path(sent.path, template)
        return RecordedRequest(sent.method, path, query, part.headers(sent.headers), text)

    def reply(self, provider: str, reply: RecordedReply, body: bytes, *, reads: bool) -> RecordedReply:
        """Return a reply as it may be written; `reads`: its operation shows messages that were sent earlier."""
        part = _Part(self, self._vocabularies[provider], Side(is_client=False, reads=reads))
        return RecordedReply(reply.status, part.headers(reply.headers), part.body(body, reply.headers))

    def sentence(self, provider: str, text: str) -> str:
        """Return a sentence of the recorder as it may be written: its words stay, whatever was seen."""
        return VALUE.sub(lambda value: self.value(provider, value[0]), text)

    def value(self, provider: str, text: str) -> str:
        """Return a value of which nothing is known but itself, as it may be written."""
        return _Part(self, self._vocabularies[provider], CALLBACK).free(text)

    # What follows is for the parts of a request, a reply or a callback.

    def secret(self, value: str) -> str:
        """Return the stand-in of a credential, which is known from now on."""
        if not value:
            return value
        found = self.known.find(value) or self.known.find_cut(value)
        if found is None:
            found = self._stand_ins.secret(value)
            self.known.add_secret(value, found)
        return found

    def number(self, value: str, vocabulary: Vocabulary) -> str:
        """Return the stand-in of a phone number, which is known from now on."""
        found = self._stand_ins.number(value, vocabulary.home)
        before, after = _core(value), _core(found)
        if len(before) >= SHORTEST_NUMBER:
            self.known.add(before, after)
            home = vocabulary.home
            if (
                home is not None
                and len(before) == home.national + len(home.country)
                and before.startswith(home.country)
            ):
                self.known.add(before.removeprefix(home.country), after.removeprefix(home.country))
        return found

    def text(self, value: str, vocabulary: Vocabulary) -> str:
        """Return the stand-in of a text; it and a code in it are known from now on."""
        found = self._stand_ins.text(value, vocabulary.home)
        if not value.isdecimal() or len(value) >= SHORTEST_CODE:
            self.known.add(value, found)
        code = find_code(value)
        if code is not None and code != value:
            self.known.add(code, self._stand_ins.text(code))
        return found

    def shaped(self, text: str, vocabulary: Vocabulary) -> str:
        """Return a text with everything that looks like a phone number replaced."""

        def replace(match: re.Match[str]) -> str:
            digits = _core(match[0])
            is_number = match[0].startswith("+") or (is_possible(digits) and not is_time(digits))
            return self.number(match[0], vocabulary) if is_number else match[0]

        return SHAPED_NUMBER.sub(replace, text)


class _Part:
    """Masks one part of a session: a request, a reply or a callback."""

    def __init__(self, masker: Masker, vocabulary: Vocabulary, side: Side) -> None:
        self._masker = masker
        self._vocabulary = vocabulary
        self._side = side
        self._depth = 0
        self.replacer = Replacer(self.leaf, self.name, self.free)

    def path(self, path: str, template: str) -> str:
        """Return a path; a parameter of its template counts as a value of that name."""
        segments, named = path.split("/"), template.split("/")
        if len(segments) != len(named):
            named = [""] * len(segments)
        return "/".join(self._segment(raw, name) for raw, name in zip(segments, named, strict=True))

    def _segment(self, raw: str, named: str) -> str:
        if raw == named:
            return raw
        if named.startswith("{") and named.endswith("}"):
            return rewrite_segment(raw, lambda value: self.leaf(Leaf(named[1:-1], value)))
        return rewrite_segment(raw, self.free)

    def body(self, body: bytes, headers: Headers) -> Body:
        """Return a body as text; one that cannot be read cannot be masked, and is not written."""
        found, kind = read_text(body, headers)
        return found._replace(text=rewrite_body(found.text, kind, self.replacer)) if found.text else found

    def headers(self, headers: Headers) -> Headers:
        """Return headers."""
        return tuple((name, self._header(name.lower(), value)) for name, value in headers)

    def learn_credentials(self, headers: Headers) -> None:
        """Make the credentials in headers known."""
        for name, value in headers:
            if name.lower() in self._vocabulary.secrets:
                self._credential(value)

    def _header(self, name: str, value: str) -> str:
        if name in {"cookie", "set-cookie"}:
            return COOKIE.sub(lambda pair: self._cookie(pair, name), value)
        if name in self._vocabulary.secrets:
            return self._credential(value)
        if name in PLAIN_HEADERS:
            return value
        return self.leaf(Leaf(name, value)) if self._side.is_client else self.free(value)

    def _cookie(self, pair: re.Match[str], header: str) -> str:
        is_attribute = header == "set-cookie" and pair.start() > 0
        return pair[0] if is_attribute else f"{pair['name']}={self._masker.secret(pair['value'])}"

    def _credential(self, value: str) -> str:
        """Return a header's credential; a scheme or prefix before it stays."""
        found = SCHEME.fullmatch(value)
        if found is None:
            return self._masker.secret(value)
        prefix, key = found["prefix"], found["key"]
        if prefix.strip().lower() == "basic":
            plain = decode_base64(key)
            if plain is not None:
                pair = ":".join(map(self._masker.secret, plain.split(":", 1)))
                return prefix + b64encode(pair.encode()).decode()
        return prefix + self._masker.secret(key)

    def name(self, name: str) -> str:
        """Return the name of a member or parameter; one that is a value is replaced as such."""
        return self.free(name) if any(map(str.isdecimal, name)) else name

    def leaf(self, leaf: Leaf) -> str:
        """Return what takes the place of a value."""
        name, value, words = leaf.name.lower(), leaf.value, self._vocabulary
        if not value:
            return value
        if name in words.secrets and (self._side.is_client or self._is_secret(leaf)):
            return self._masker.secret(value)
        if self._masker.keeps_content:
            return self.free(value)
        if not self._side.is_client and value in words.fixed:
            return value
        return self._content(leaf, name)

    def _is_secret(self, leaf: Leaf) -> bool:
        """Return whether a provider's value with the name of a credential is one: `key` may also name a parameter."""
        if leaf.value in self._vocabulary.fixed:
            return False
        return leaf.name.lower() in ACCOUNT_NAMES or (not leaf.is_number and len(leaf.value) >= SHORTEST_SECRET)

    def _content(self, leaf: Leaf, name: str) -> str:
        """Return what takes the place of a value that is no credential, by its name in lower case."""
        value, words = leaf.value, self._vocabulary
        if name in words.recipients:
            return self._numbers(value)
        if name in words.senders or self._is_name(name, leaf.beside):
            return self._sender(value)
        if self._is_text(name, leaf.beside) and not leaf.is_number:
            return self._inside(value) or self._masker.text(value, words)
        if self._is_code(leaf):
            return self._masker.text(value, words)
        return self.free(value)

    def _numbers(self, value: str) -> str:
        """Return a number, or several with signs between."""
        between = BETWEEN_NUMBERS if sum(map(str.isdecimal, value)) <= LONGEST else SEPARATORS
        pieces = between.split(value)
        return "".join(each if place % 2 else self._number(each) for place, each in enumerate(pieces))

    def _number(self, value: str) -> str:
        size = sum(map(str.isdecimal, value))
        if NUMBER_TEXT.fullmatch(value.strip()) and value.isascii():
            if size >= (SHORT_NUMBER if self._side.is_client else SHORTEST_NUMBER):
                return self._masker.number(value, self._vocabulary)
            return value
        return self._masker.text(value, self._vocabulary) if self._side.is_client else self.free(value)

    def _sender(self, value: str) -> str:
        if any(map(str.isalpha, value)):
            return value if value in self._vocabulary.fixed else self._masker.text(value, self._vocabulary)
        return self._number(value) if sum(map(str.isdecimal, value)) >= SHORTEST_NUMBER else value

    def _is_name(self, name: str, beside: frozenset[str]) -> bool:
        """Return whether a value names a person, a company or a brand: in a reply, `name` may be that of an error."""
        if name not in self._vocabulary.names:
            return False
        return self._side.is_client or name != PLAIN_NAME or ERROR_NAMES.isdisjoint(map(str.lower, beside))

    def _is_text(self, name: str, beside: frozenset[str]) -> bool:
        """Return whether a value is a text: in a reply, `message` may be the provider's own sentence."""
        if name not in self._vocabulary.texts:
            return False
        return self._side.is_client or name in TEXT_NAMES or (self._side.reads and self._is_record(beside))

    def _is_record(self, beside: Iterable[str]) -> bool:
        return any(each.lower() in self._vocabulary.recipients for each in beside)

    def _is_code(self, leaf: Leaf) -> bool:
        if leaf.name.lower() not in self._vocabulary.codes or not CODE.fullmatch(leaf.value):
            return False
        if leaf.value in self._vocabulary.fixed:
            return False
        name = leaf.name.lower()
        return self._side.is_client or name != "code" or (self._side.reads and self._is_record(leaf.beside))

    def free(self, value: str) -> str:
        """Return a value of which nothing is known but itself."""
        if value in self._vocabulary.fixed:
            return value
        if "@" in value and "://" in value:
            value = USER_INFO.sub(self._user_info, value)
        return self._masker.known.find(value) or self._inside(value) or self._masker.known.replace(value, self._unknown)

    def _user_info(self, match: re.Match[str]) -> str:
        mask = self._masker.secret
        return mask(match["user"]) + match["colon"] + mask(match["password"])

    def _inside(self, value: str) -> str | None:
        """Return a value that is itself JSON, or a URL with a query; None if it is neither."""
        if self._depth >= DEEPEST:
            return None
        self._depth += 1
        try:
            if value[:1] in ("{", "[") and value[-1:] in ("}", "]"):
                return rewrite_json(value, self.replacer)
            head, sign, query = value.partition("?")
            if sign and "://" in head and not re.search(r"\s", value):
                return self._masker.known.replace(head, self._unknown) + sign + rewrite_pairs(query, self.replacer)
        finally:
            self._depth -= 1
        return None

    def _unknown(self, text: str) -> str:
        """Return a text without known values: encoded ones and numbers in it are replaced."""
        if self._depth < DEEPEST and not text.isspace():
            self._depth += 1
            text = replace_encoded(text, self.free)
            self._depth -= 1
        return text if self._masker.keeps_content else self._masker.shaped(text, self._vocabulary)


def _core(number: str) -> str:
    """Return the digits of a number without 00."""
    return "".join(filter(str.isdecimal, number)).removeprefix("00")
