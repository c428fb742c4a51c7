"""Sources of annotated pictures, and the pipeline that turns them into batches.

Importing this package loads no framework: a module is loaded when something of it is first used.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "augment": ("Augment",),
        "batches": ("pipeline",),
        "description": ("Description", "contact_sheet", "describe", "median_frequency"),
        "sources": ("open_source",),
        "sources.problems": ("Problem", "usable"),
        "sources.source": ("Source",),
    },
)
