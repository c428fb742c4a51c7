"""The report of a run: one HTML file that stands alone."""

from recipes.report.page import write
from recipes.report.samples import Sample

__all__ = ["Sample", "write"]
