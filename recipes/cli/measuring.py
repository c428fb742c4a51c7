"""Verbs that measure: `zoo evaluate`, `proposals`."""

from pathlib import Path
from typing import Annotated

import typer

from recipes.cli.app import (
    SPECS,
    Crf,
    Data,
    Flip,
    Json,
    Model,
    Overlap,
    Scales,
    SkipBad,
    Tile,
    load,
    numbers,
    verb,
    write_json,
)
from recipes.report.tables import show, show_scores

RECALLS = ("0.5", "0.7")


@verb("zoo evaluate runs/demo/model.keras --data shapes:test --json scores.json", frameworks=True)
def evaluate(
    model: Model,
    data: Data = "shapes:val",
    proposals: Annotated[
        str | None, typer.Option(help="Segment region by region, as DeconvNet: a method of zoo.proposals.")
    ] = None,
    tile: Tile = None,
    overlap: Overlap = None,
    flip: Flip = False,
    scales: Scales = None,
    crf: Crf = False,
    json_file: Json = None,
    skip_bad: SkipBad = False,
):
    """Measures a model or an artifact on a source."""
    from recipes.data import open_source
    from recipes.data.damage import damage_named
    from recipes.evaluation.evaluate import evaluate
    from recipes.evaluation.ways import through
    from recipes.training.known import known_to, usable_again

    ways = {"tile": tile, "overlap": overlap, "flip": flip, "scales": numbers(scales, "--scales")}
    predictor = through(load(model), proposals=proposals, crf=crf, **ways)
    source, _ = usable_again(open_source(data).of_task(predictor.task), known_to(model), skip_bad)
    with damage_named(source):
        scores = evaluate(predictor, source)
    show_scores(f"{model} on {data}", scores)
    write_json(json_file, scores)


@verb("zoo proposals voc:bccd:val --method edge_boxes --method uniform --pictures 20", frameworks=True)
def proposals(
    source: Annotated[str, typer.Argument(help=SPECS)],
    method: Annotated[
        list[str] | None, typer.Option(help="A method of zoo.proposals; give it again for another. All by default.")
    ] = None,
    count: Annotated[int, typer.Option(help="Proposals a picture.")] = 1000,
    pictures: Annotated[int | None, typer.Option(help="Only the first so many pictures.")] = None,
    repeated: Annotated[int, typer.Option(help="Pictures whose repeatability is measured, 8 searches on each.")] = 2,
    output: Annotated[Path, typer.Option(help="Folder for proposals.png and proposals.json.")] = Path("proposals"),
    processes: Annotated[int | None, typer.Option(help="Processes at work; one a core if not given.")] = None,
    skip_bad: SkipBad = False,
    json_file: Json = None,
):
    """Compares methods of region proposals: recall, average recall, time and repeatability, as table and curves."""
    from recipes.data import open_source, usable
    from recipes.evaluation.proposals import compare

    opened = usable(open_source(source), skip_bad)
    found = compare(
        opened, output, methods=method, count=count, pictures=pictures, repeated=repeated, processes=processes
    )
    show_proposals(opened.spec, found)
    print(f"curves: {output / 'proposals.png'}\nfigures: {output / 'proposals.json'}")
    write_json(json_file, found)


def show_proposals(spec, found):
    """Prints what `evaluation.proposals.compare` found: average recall (AR) of a tenth and all, recall (R) by IoU."""
    counts = found[0]["counts"]
    few = counts.index(max(1, counts[-1] // 10))
    rows = []
    for one in found:
        recalls = [one["average_recall"][few], one["average_recall"][-1], *(one["recall"][r][-1] for r in RECALLS)]
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
