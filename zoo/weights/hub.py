"""Models on the Hugging Face Hub: "hf://USER/REPOSITORY" as Keras saves them there, or with "/FILE" one file."""

import re
from dataclasses import dataclass
from pathlib import Path

from zoo.errors import InputError

NAME = re.compile(r"hf://([\w.-]+/[\w.-]+)(?:/([\w./-]+))?")
FORM = "hf://USER/REPOSITORY or hf://USER/REPOSITORY/FILE"


@dataclass(frozen=True)
class OnHub:
    """What lies there.

    Attributes:
        name: as it is given.
        repository: "USER/REPOSITORY".
        file: a file in it, `None` for the model that `model.save("hf://USER/REPOSITORY")` wrote.
    """

    name: str
    repository: str
    file: str | None

    whole = True

    def fetched_file(self):
        """Returns the path of the file, which `huggingface_hub` fetches and keeps."""
        import huggingface_hub

        try:
            return Path(huggingface_hub.hf_hub_download(self.repository, self.file))
        except Exception as error:  # of which it has types for every case, and passes on those of others
            raise self.lacking(error) from error

    def lacking(self, error):
        """Returns the error of what cannot be had."""
        why = " ".join(str(error).split())[:200] or type(error).__name__
        return InputError(f"{self.name} cannot be fetched ({why}): fetch it elsewhere and give the file")

    def located(self):
        """Returns the path of the file that predicts, `None` where Keras opens the repository itself."""
        return self.fetched_file() if self.file else None

    def weights(self):
        """Returns the path of the file with the weights."""
        if self.file is None:
            raise InputError(
                f"{self.name} is a repository: name the file of weights in it, as in {self.name}/model.keras"
            )
        return self.fetched_file()

    def load(self):
        """Opens the `keras.Model`."""
        from zoo.weights import models

        if self.file:
            return models.read(self.fetched_file())
        import huggingface_hub  # noqa: F401  (so that its lack is told as ours)
        import keras

        try:
            return keras.saving.load_model(self.name, compile=False)
        except Exception as error:
            raise self.lacking(error) from error

    def fetch(self):
        """Fetches the file, or the model."""
        self.fetched_file() if self.file else self.load()


def find(name):
    """Returns the `OnHub` of a name that begins with "hf://".

    Raises:
        InputError: if it is none.
    """
    found = NAME.fullmatch(str(name))
    if not found:
        raise InputError(f"{name}: a model on the hub is {FORM}")
    return OnHub(str(name), *found.groups())
