"""Where the names of `recipes.data` come from, written by `python -m website`."""

from recipes.data.augment import Augment as Augment
from recipes.data.batches import pipeline as pipeline
from recipes.data.description import Description as Description
from recipes.data.description import contact_sheet as contact_sheet
from recipes.data.description import describe as describe
from recipes.data.description import median_frequency as median_frequency
from recipes.data.sources import open_source as open_source
from recipes.data.sources.problems import Problem as Problem
from recipes.data.sources.problems import usable as usable
from recipes.data.sources.source import Source as Source
