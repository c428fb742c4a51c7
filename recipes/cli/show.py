"""What each verb of the command line prints, as tables."""

import zoo
from export.exporter import QUANTIZE
from export.verify import NEARBY
from recipes.data.sources import SOURCES
from recipes.deploy.predict import summary as found_in
from recipes.report.tables import megabytes, percent, show, summary
from recipes.training import recipe as recipes
from zoo.weights.published import PUBLISHED, folder

RECALLS = ("0.5", "0.7")


def description(found):
    """Prints the `recipes.data.Description` of a source."""
    sizes = [" x ".join(map(str, size)) for size in (found.smallest, found.median, found.largest)]
    show(
        found.spec,
        ["pictures", "with problems", "smallest", "median", "largest"],
        [[found.count, len(found.problems), *sizes]],
    )
    if found.pixels:
        total = sum(found.pixels) + found.void
        rows = zip(found.classes, found.pixels, found.pictures, strict=True)
        rows = [[name, percent(pixels, total), pictures] for name, pixels, pictures in rows]
        show("pixels", ["class", "share of pixels", "in pictures"], [*rows, ["void", percent(found.void, total), ""]])
    if found.objects:
        show("objects", ["class", "objects"], zip(found.object_classes, found.objects, strict=True))
    if found.points:
        show("points", ["point", "marked"], zip(found.point_names, found.points, strict=True))
    for title, faults in (("problems", found.problems), ("used in part", found.warnings)):
        if faults:
            show(title, ["file", "what is wrong"], [[fault.file, fault.message] for fault in faults])


def proposals(spec, found):
    """Prints what `evaluation.proposals.compare` found: average recall (AR) of a tenth and all, recall (R) by IoU."""
    counts = found[0]["counts"]
    few = counts.index(max(1, counts[-1] // 10))
    rows = []
    for one in found:
        recalls = [
            one["average_recall"][few],
            one["average_recall"][-1],
            *(one["recall"][iou][-1] for iou in RECALLS),
        ]
        repeated = list(one["repeatability"].values())
        rows.append(
            [
                one["method"],
                f"{one['proposals']:.0f}",
                *(f"{value:.3f}" for value in recalls),
                f"{sum(repeated) / len(repeated):.3f}" if repeated else "–",
                f"{one['seconds']:.1f} s",
            ]
        )
    figures = [*(f"AR@{counts[i]}" for i in (few, -1)), *(f"R@{iou}" for iou in RECALLS)]
    columns = ["method", "found", *figures, "repeat", "time"]
    show(f"proposals on {spec}, {found[0]['pictures']} pictures, {found[0]['objects']} objects", columns, rows)


def predictions(output, entries, skipped):
    """Prints what `recipes.deploy.predict.predict` found."""
    rows = [[entry["picture"], found_in(entry), entry["overlay"]] for entry in entries]
    show(f"predictions in {output}", ["picture", "found", "overlay"], rows)
    if skipped:
        show("skipped", ["picture"], [[line] for line in skipped])


def artifact(made):
    """Prints the card of an `export.Artifact`."""
    largest = max(o["max_abs"] for o in made.parity["outputs"].values() if "max_abs" in o)
    agreement = made.parity["agreement"]
    show(
        str(made.path),
        ["format", "quantize", "size", "largest difference", "same predictions", "a call", "operators"],
        [
            [
                made.format,
                made.quantize or "none",
                megabytes(made.size),
                f"{largest:.2g}",
                "–" if agreement is None else percent(agreement),
                f"{made.latency['p50_ms']:.1f} ms",
                sum(made.operators.values()),
            ]
        ],
    )


def verification(path, found):
    """Prints an `export.Verification`."""
    show(
        f"{path} against Keras, {found.examples} pictures",
        ["output", "max difference", "mean difference", "max relative", "99 % below"],
        [
            [name, *(f"{o[key]:.2g}" for key in ("max_abs", "mean_abs", "max_relative", "p99_relative"))]
            for name, o in found.outputs.items()
            if "max_abs" in o
        ],
    )
    rows = [
        [f"{name}: Keras on pictures moved by {NEARBY:g}, 99 % below", f"{o['p99_nearby']:.2g}"]
        for name, o in found.outputs.items()
        if "p99_nearby" in o
    ]
    if found.agreement is not None:
        rows.append(["same predictions", percent(found.agreement)])
    rows += [[name.replace("_", " "), f"{value:.4f}"] for name, value in found.figures.items()]
    if found.metric:
        rows += [
            [f"{found.metric} of Keras", f"{found.keras_metric:.4f}"],
            [f"{found.metric} of the artifact", f"{found.artifact_metric:.4f}"],
        ]
    show("", ["figure", "value"], rows)


def benchmarks(runs, found):
    """Prints `export.Benchmark`s."""
    rows = [
        [
            b.path,
            f"{b.p50_ms:.1f}",
            f"{b.p95_ms:.1f}",
            b.threads or "all",
            megabytes(b.peak_memory),
            megabytes(b.size),
        ]
        for b in found
    ]
    show(f"{runs} calls each", ["artifact", "p50 ms", "p95 ms", "threads", "peak memory", "file"], rows)


def comparison(found):
    """Prints what `recipes.evaluation.comparison.compare` found: a row for each runtime of each network."""
    rows = []
    for one in found["networks"]:
        first = [one["name"], f"{one['miou']:.4f}", f"{one['parameters']:,}"]
        for runtime, cost in one["runtimes"].items():
            memory, size = (f"{cost[key] / 1e6:.1f}" for key in ("peak_memory", "size"))
            rows.append([*first, runtime, f"{cost['p50_ms']:.1f}", memory, size])
            first = ["", "", ""]
    budget = found["budget"]
    show(
        f"{budget['val_data']}: {budget['epochs']} epochs of {budget['data']}, {found['hardware']}, {found['date']}",
        ["network", "mIoU", "parameters", "runtime", "ms", "memory MB", "file MB"],
        rows,
    )
    print("ms: what a picture takes; memory: the peak of a process that predicts")


def demo(keras, artifacts):
    """Prints the rows of `recipes.demo.demo`."""
    rows = [["Keras model", f"{keras['miou']:.4f}", "", "", "", megabytes(keras["size"])]]
    for row in artifacts:
        figures = [f"{row['miou']:.4f}", percent(row["agreement"]), f"{row['p50_ms']:.1f} ms"]
        rows.append([row["name"], *figures, megabytes(row["peak_memory"]), megabytes(row["size"])])
    show(
        "A U-Net, trained here and shipped four ways",
        ["", "mIoU", "same classes as Keras", "a picture takes", "memory", "file"],
        rows,
    )


def catalogue():
    """Prints what there is: recipes, models with what trains them, sources, and forms of artifacts."""
    rows = []
    for name in recipes.RECIPES:
        chosen = recipes.load(name)
        rows.append([name, chosen.builder, " x ".join(map(str, chosen.picture_size)), chosen.epochs, chosen.data])
    show("recipes", ["recipe", "model", "picture size", "epochs", "data"], rows)
    models = [[name, summary(zoo.BUILDERS[name]), "\n".join(recipes.training(name))] for name in zoo.list_models()]
    show("models", ["model", "", "zoo train"], models)
    print(f"sources: {', '.join(SOURCES)}")
    forms = [[format, ", ".join(form or "none" for form in known)] for format, known in QUANTIZE.items()]
    show("artifacts", ["format", "quantize"], forms)


def weights():
    """Prints the weights that others published."""
    rows = [
        [entry.name, entry.model, entry.figure, entry.licence, "yes" if entry.cached.is_file() else "no"]
        for entry in PUBLISHED
    ]
    show("published weights", ["name", "model", "reported", "licence", "fetched"], rows)
    print(f"folder: {folder()}")
