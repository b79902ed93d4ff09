"""A provider of one's own whose operation is a Python function: its document and its module."""

from pathlib import Path

FOLDER = Path(__file__).parents[1] / "data" / "functions"
DOCUMENT, MODULE = ((FOLDER / name).read_text(encoding="utf-8") for name in ("acme.yaml", "acme_module.txt"))
