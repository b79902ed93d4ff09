"""Finds the packs: each spec names its module, and nothing else names either."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from sandbox.core.errors import SpecError
from sandbox.files import shipped
from sandbox.provider import Provider
from sandbox.specs.compiling import check_schemas, compile_spec
from sandbox.specs.spec import ProviderSpec


@dataclass(frozen=True, slots=True)
class Pack:
    """A provider's spec and its functions, known to fit each other."""

    spec: ProviderSpec
    provider: Provider


Packs = Mapping[str, Pack]


def discover(folders: Iterable[Path]) -> Packs:
    """Return the packs of all specs (`*.yaml`) in some folders, by provider name.

    Raises:
        SpecError: a folder or spec cannot be read, its module cannot be imported, or spec and module do not fit.

    """
    found: dict[str, Pack] = {}
    for folder in folders:
        if not folder.is_dir():
            message = f"{folder}: no such folder of specs"
            raise SpecError(message)
        for path in sorted(folder.glob("*.yaml")):
            pack = _pack(path)
            if pack.spec.name in found:
                message = f"{path}: another spec already serves the provider '{pack.spec.name}'"
                raise SpecError(message)
            found[pack.spec.name] = pack
    return dict(sorted(found.items()))


def _pack(path: Path) -> Pack:
    spec = compile_spec(path)
    if path.parent != shipped("specs"):
        check_schemas(spec.document, str(path))
    try:
        provider = import_module(spec.module).PROVIDER
    except (ImportError, AttributeError) as error:
        message = f"{path}: x-sandbox.module: {spec.module}: {error}"
        raise SpecError(message) from None
    for missing in sorted(set(spec.operations) - set(provider.operations)):
        message = f"{path}: {missing} has no function in {spec.module}"
        raise SpecError(message)
    for extra in sorted(set(provider.operations) - set(spec.operations)):
        message = f"{path}: {spec.module} has a function for {extra}, which is no x-operation here"
        raise SpecError(message)
    return Pack(spec, provider)
