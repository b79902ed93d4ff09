"""Helps to write a provider: a document to begin with, and documents made from API descriptions.

`starter` has the first, `importing` the second. `reading` reads a description; `swagger2` and `postman` turn it into
OpenAPI 3; `calls` and `schemas` take its operations and schemas; `proposals`, `places`, `facts` and `names` guess what
they mean; `behaviours`, `bodies`, `channels` and `failures` write what the sandbox does; `document` puts
it together; `yaml_text` writes it down.
"""

from sandbox.authoring.importing import Imported, import_provider
from sandbox.authoring.reading import ImportRefusedError
from sandbox.authoring.starter import NameRefusedError, check_name, write_starter

__all__ = ["ImportRefusedError", "Imported", "NameRefusedError", "check_name", "import_provider", "write_starter"]
