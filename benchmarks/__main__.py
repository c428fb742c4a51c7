"""Speed and memory, measured as ratios in one run and written to `benchmarks/results/`.

`make bench` runs all; `python -m benchmarks arithmetic pipeline` only those named.
"""

import importlib
import json
import sys
from datetime import date
from pathlib import Path

from recipes.cli.quiet import import_frameworks

BENCHMARKS = (
    "arithmetic",
    "weights",
    "fcn_training",
    "tiny_yolo_v2",
    "sliding_window",
    "rcnn_inference",
    "rcnn_geometry",
    "rcnn_training",
    "pipeline",
    "mask_pipeline",
    "data",
    "prediction",
    "video",
    "evaluation",
    "mean_shapes",
    "commands",
    "soak",
)
RESULTS = Path(__file__).parent / "results"


def main(names):
    import_frameworks()
    from recipes.report import hardware
    from recipes.report.tables import show
    from zoo.files import replace_text

    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        sys.exit(f"error: no benchmark {unknown[0]!r}: choose among {', '.join(BENCHMARKS)}")
    for name in names or BENCHMARKS:
        rows = importlib.import_module(f"benchmarks.{name}").run()
        show(name, ["figure", "value", "target"], [[r["figure"], r["value"], r.get("target", "")] for r in rows])
        record = {"date": date.today().isoformat(), "hardware": hardware.describe(), "rows": rows}
        RESULTS.mkdir(exist_ok=True)
        replace_text(RESULTS / f"{name}.json", json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
