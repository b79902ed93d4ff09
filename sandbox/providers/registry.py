"""Finds the providers: each spec names behaviours, or a module with functions; both together are a pack."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import import_module
from os.path import realpath
from pathlib import Path
from traceback import extract_tb

from sandbox.core.errors import FileMistake, SpecError
from sandbox.core.message import Channel
from sandbox.formats.json_text import ValuePath
from sandbox.formats.yaml_files import is_readable, shipped
from sandbox.providers.base import Provider
from sandbox.providers.behaviours.build import build_provider
from sandbox.providers.behaviours.credential import Credential, repeat_key
from sandbox.specs.compile import compile_spec, operations_of
from sandbox.specs.document import refused
from sandbox.specs.spec import ProviderSpec, Route
from sandbox.specs.types import PathProblem, show


@dataclass(frozen=True)
class Pack:
    """A provider's spec, its functions, and the file of its document; each operation of the spec has a function."""

    spec: ProviderSpec
    provider: Provider
    file: Path

    @cached_property
    def channels(self) -> Mapping[str, Channel]:
        """The channels of its messages by key, those of messages from phones too."""
        of_phones = (each.channel for each in self.provider.inbound.values())
        return {**self.spec.channels, **{each.key: each for each in of_phones}}


Registry = Mapping[str, Pack]


def discover(folders: Iterable[Path], files: Iterable[Path] = ()) -> Registry:
    """Return the providers of all specs (`*.yaml`) in some folders, by name; `files` are further documents to check.

    Shipped documents are compiled without a check, as a test checks them, unless they are among `files`.

    Raises:
        SpecError: a folder or spec cannot be read, a module cannot be imported, or spec and module do not match; it
            has the mistakes of all specs.

    """
    found: dict[str, Pack] = {}
    mistakes: list[FileMistake] = []
    given = {realpath(each): each for each in files}
    paths: dict[str, Path] = {}
    for folder in folders:
        if folder.is_dir():
            paths |= {realpath(each): each for each in documents_in(folder)}
        else:
            mistakes.append(FileMistake("no such folder of specs", str(folder)))
    for real, path in {**paths, **given}.items():
        try:
            pack = _pack(path, checked=real in given or path.parent != shipped("specs"))
            taken = [*_repeated(pack.spec), *_taken(pack.spec, found)]
            if taken:
                raise refused(path, taken)
        except SpecError as error:
            mistakes += error.mistakes
        else:
            found[pack.spec.name] = pack
    if mistakes:
        raise SpecError(mistakes)
    return dict(sorted(found.items()))


def documents_in(folder: Path) -> list[Path]:
    """Return the documents in a folder; hidden files are the locks of editors and the like."""
    return sorted(each for each in folder.glob("*.yaml") if not each.name.startswith(".") and is_readable(each))


def _pack(path: Path, *, checked: bool) -> Pack:
    spec = compile_spec(path, checked=checked)
    functions = _load_functions(spec, path) if spec.module else None
    built = build_provider(spec, functions)
    mistakes = [*built.found, *_missing_functions(spec, built.provider, functions)]
    if checked:
        from sandbox.specs.path_check import check_places  # noqa: PLC0415 - it loads jsonschema, which takes 100 ms

        mistakes += check_places(spec.document, built.places)
    if mistakes:
        raise refused(path, mistakes)
    return Pack(_with_credential(spec, built.credential), built.provider, path)


def _with_credential(spec: ProviderSpec, credential: Credential | None) -> ProviderSpec:
    """Return a spec with the names of the values of its credential, unless the document lists them itself."""
    listed = spec.document["x-sandbox"].get("credentials")
    if credential is None:
        return spec if listed or spec.module else replace(spec, credentials=())
    ways = repeat_key(credential.ways)
    fields = tuple(dict.fromkeys(name for way in ways for part in way for name in part.fields))
    return replace(spec, credentials=spec.credentials if listed else fields, authentication=ways)


def _load_functions(spec: ProviderSpec, path: Path) -> Provider:
    """Return the functions of the module that a document names."""
    module = ("x-sandbox", "module")
    try:
        provider = import_module(spec.module).PROVIDER
    except Exception as error:  # noqa: BLE001 - a module of the user's own may raise anything
        problem = f"{spec.module}: {_reason(error)}{_where_to_look(spec.module, error, path.parent)}"
        raise refused(path, [PathProblem(module, problem)]) from None
    if not isinstance(provider, Provider):
        what = f"{spec.module}: PROVIDER is not a sandbox.provider.Provider"
        raise refused(path, [PathProblem(module, what)])
    return provider


def _missing_functions(spec: ProviderSpec, provider: Provider, functions: Provider | None) -> Iterator[PathProblem]:
    """Yield a mistake for each operation without a function, and each function without an operation."""
    module = ("x-sandbox", "module")
    for name in sorted(set(spec.operations) - set(provider.operations)):
        if functions is None:
            steps = _place_of(spec, name)[:-1]
            right = "add x-sandbox with send, message, messages, balance, code.check or reply"
            yield PathProblem(steps, f"{name} does not say what it does; {right}")
        else:
            yield PathProblem(_place_of(spec, name), f"{name} has no function in {spec.module}")
    if functions is None:
        return
    for name, function in sorted(functions.operations.items()):
        if name in spec.operations and not callable(function):
            what = f"{name} is {show(function)} in {spec.module}, not a function"
            yield PathProblem(_place_of(spec, name), what)
    for name in sorted(set(functions.operations) - set(spec.operations)):
        yield PathProblem(module, f"{spec.module} has a function for {name}, which is not an x-operation here")
    if functions.name != spec.name:
        what = f"'{spec.name}' is named '{functions.name}' in {spec.module}"
        yield PathProblem(("x-sandbox", "provider"), what)


def _taken(spec: ProviderSpec, found: Registry) -> Iterator[PathProblem]:
    """Yield a mistake if another spec has the name of this one, and for each route that another serves already."""
    if spec.name in found:
        problem = f"another spec already serves the provider '{spec.name}'"
        yield PathProblem(("x-sandbox", "provider"), problem)
        return
    owners = {(route.method, _shape(route)): name for name, pack in found.items() for route in pack.spec.routes}
    for route in spec.routes:
        owner = owners.get((route.method, _shape(route)))
        if owner is not None:
            place = ("paths", route.template, route.method.lower())
            yield PathProblem(place, f"the provider '{owner}' already serves this method and path")


def _repeated(spec: ProviderSpec) -> Iterator[PathProblem]:
    """Yield a mistake for each method and path that differ from earlier ones in the names of parameters alone."""
    seen: dict[tuple[str, str], str] = {}
    for route in spec.routes:
        first = seen.setdefault((route.method, _shape(route)), route.template)
        if first != route.template:
            problem = f"{route.method} {first} is the same path; only one of them can be served"
            yield PathProblem(("paths", route.template, route.method.lower()), problem)


def _shape(route: Route) -> str:
    """Return the path of a route without the names of its parameters, which make no difference to a request."""
    return re.sub(r"\{\w+\}", "{}", route.template)


def _where_to_look(module: str, error: Exception, folder: Path) -> str:
    """Return what makes Python find a provider's module, if it does not."""
    if not isinstance(error, ModuleNotFoundError) or error.name != module.partition(".")[0]:
        return ""
    name = module.replace(".", "/")
    beside = any((folder / each).exists() for each in (f"{name}.py", f"{name}/__init__.py"))
    where = str(folder) if beside else f"the folder that contains {name}.py"
    return f"; install it, or set PYTHONPATH to {where}"


def _reason(error: Exception) -> str:
    """Return why a module cannot be imported, with the line that failed."""
    if isinstance(error, SyntaxError):
        return f"{error.msg}, line {error.lineno} of {error.filename}"
    if isinstance(error, ImportError | AttributeError):
        return str(error)
    steps = extract_tb(error.__traceback__)
    return f"{type(error).__name__}: {error}" + (f", line {steps[-1].lineno} of {steps[-1].filename}" if steps else "")


def _place_of(spec: ProviderSpec, operation: str) -> ValuePath:
    """Return the path in a document at which it names an operation."""
    calls = operations_of(spec.document)
    method, template = next((each[:2] for each in calls if each[2]["x-operation"] == operation), ("", ""))
    return ("paths", template, method.lower(), "x-operation")
