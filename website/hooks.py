"""What MkDocs asks while it builds the site: pages that are made of tables, code and runs."""

import re
from pathlib import Path

import nbformat
from mkdocs.structure.files import File

import zoo
from recipes.cli.quiet import import_frameworks
from website import tutorials
from website.models import full_table, models

ROOT = Path(__file__).parents[1]
KEPT = ROOT / "build" / "tutorials"
BORROWED = {"contributing.md": "CONTRIBUTING.md", "security.md": "SECURITY.md", "changelog.md": "CHANGELOG.md"}
"""Pages of the site that are files of the house."""
TABLE = "<!-- the table of models.toml, on the site -->"


def on_config(config):
    """Names the models' pages in the navigation."""
    for entry in config.nav:
        if "Models" in entry:
            entry["Models"] += [{model.title: f"models/{model.slug}.md"} for model in models()]
    return config


def on_files(files, config):
    """Adds the pages that no file under docs/ holds."""
    for name, origin in BORROWED.items():
        text = (ROOT / origin).read_text(encoding="utf-8").replace("](docs/", "](")
        files.append(File.generated(config, name, content=text))
    import_frameworks()  # quietly, before what draws graphs does
    from website.graph import built, svg

    for model in models():
        files.append(File.generated(config, f"models/{model.slug}.md", content=model_page(model)))
        if model.builders:
            files.append(File.generated(config, f"models/{model.slug}.svg", content=svg(built(model.builders[0]))))
    for name in tutorials.NAMES:
        run_tutorial(name, files, config)
    return files


def run_tutorial(name, files, config):
    """Puts a tutorial as it ran in the place of its page, its pictures and the notebook beside it."""
    notebook = tutorials.ran(name, KEPT)
    text, pictures = tutorials.page(notebook, name)
    link = f"[Download as a notebook]({name}.ipynb)\n"
    made = {f"{name}.md": text + "\n" + link, f"{name}.ipynb": nbformat.writes(notebook), **pictures}
    for file, content in made.items():
        if known := files.get_file_from_path(f"tutorials/{file}"):
            files.remove(known)
        files.append(File.generated(config, f"tutorials/{file}", content=content))


def on_page_markdown(markdown, page, **_):
    """Puts the table of models where it belongs."""
    return markdown.replace(TABLE, full_table())


def model_page(model):
    """Returns the Markdown of a model's page."""
    parts = [f"# {model.title}", f"{model.origin}."]
    rows = [
        ("parameters", model.parameters),
        ("reported", model.reported),
        ("ours", model.conditions),
        ("builders", ", ".join(f"`zoo.{name}`" for name in model.builders) or "`zoo.weights.darknet.build`"),
        ("recipes", ", ".join(f"`zoo train {name}`" for name in model.recipes()) or "published weights"),
    ]
    parts.append("\n".join(f"- **{key}**: {value}" for key, value in rows))
    if model.builders:
        parts += [
            "## The graph",
            f"`zoo.{model.builders[0]}`, a box for the layers whose names begin alike; bows are connections that "
            "skip others.",
            f"![the graph of {model.title}]({model.slug}.svg)",
        ]
    if model.differences:
        parts.append("## What differs from the paper")
        parts += [f"### {heading}\n\n{section(heading)}" for heading in model.differences]
    if model.builders:
        parts.append("## In code")
        parts += [f"::: {path(name)}" for name in model.builders]
    return "\n\n".join(parts) + "\n"


def section(heading):
    """Returns what stands under a heading of docs/fidelity.md."""
    text = (ROOT / "docs" / "fidelity.md").read_text(encoding="utf-8")
    (found,) = re.findall(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return found.strip()


def path(builder):
    """Returns where a builder is defined, as in `zoo.segmentation.unet.unet`."""
    return f"zoo.{zoo.BUILDERS.modules[builder]}.{builder}"
