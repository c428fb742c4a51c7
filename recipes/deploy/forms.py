"""Every form that a model can be shipped in, and one page that compares them."""

from pathlib import Path

from export import ConversionError, VerificationError
from export.ways import QUANTIZE
from recipes.deploy.ship import check_model, folder_of, ship
from recipes.report import forms
from zoo.errors import InputError


def ship_all(model, **options):
    """Exports a model to every format in every way to quantize, and writes `forms.html` beside it.

    What differs from Keras is kept, as `export.export` keeps it, and what cannot be made is listed with the reason:
    neither stops the others.

    Args:
        model: path of the .keras file, or a name as `zoo.load` takes it: the page then lies in the current folder.
        **options: those of `recipes.deploy.ship.ship` but output, format and quantize.
    Returns:
        `(artifacts, refused, page)`: list of `export.Artifact`, list of dicts of `format`, `quantize` and `why`, and
        the page's path.
    Raises:
        InputError: if there is no such file, or no form can be made (the message is the first one's).
    """
    check_model(model)
    artifacts, refused = [], []
    for format, ways in QUANTIZE.items():
        for quantize in ways:
            try:
                artifacts.append(ship(model, format=format, quantize=quantize, **options))
            except VerificationError as error:
                artifacts.append(error.artifact)
            except (InputError, ConversionError) as error:
                refused.append({"format": format, "quantize": quantize, "why": str(error)})
    if not artifacts:
        raise InputError(refused[0]["why"])
    page = folder_of(model) / "forms.html"
    forms.write(page, f"{Path(model).stem}: forms to ship it in", artifacts, refused)
    return artifacts, refused, page
