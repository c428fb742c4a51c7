"""`python -m website` writes anew what follows from code and tables: README's table of models, and stubs."""

import re

from recipes.cli.quiet import import_frameworks
from website import stubs
from website.models import DOCS, short_table
from zoo.files import replace_text

if __name__ == "__main__":
    import_frameworks()
    readme = DOCS.parent / "README.md"
    text = readme.read_text(encoding="utf-8")
    replace_text(readme, re.sub(r"(?:^\|.*\n)+", lambda _: short_table(), text, flags=re.MULTILINE))
    for package in stubs.PACKAGES:
        replace_text(stubs.file_of(package), stubs.stub(package))
