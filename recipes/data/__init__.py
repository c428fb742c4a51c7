"""Sources of annotated pictures, and the pipeline that turns them into batches."""

from recipes.data.augment import Augment
from recipes.data.batches import pipeline
from recipes.data.description import Description, contact_sheet, describe, median_frequency
from recipes.data.sources import open_source
from recipes.data.sources.source import Problem, Source

__all__ = [
    "Augment",
    "Description",
    "Problem",
    "Source",
    "contact_sheet",
    "describe",
    "median_frequency",
    "open_source",
    "pipeline",
]
