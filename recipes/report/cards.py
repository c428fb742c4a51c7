"""An exported artifact as a card: its verdict and a few rows of what was measured."""

from pathlib import Path
from urllib.parse import quote

from recipes.report.words import counted, difference, file_size, number, percent


def verdict(artifact):
    """Returns "verified", "failed", "cannot tell" or "not verified" for the dict of an artifact."""
    comparison = _comparison(artifact)
    if not comparison:
        return "not verified"
    # Cards of earlier versions know only whether it passed.
    found = comparison.get("verdict", "passed" if comparison["passed"] else "failed")
    return "verified" if found == "passed" else found


def card(artifact):
    """Puts an artifact into words.

    Args:
        artifact: dict of `export.Artifact.to_dict()`, with the optional keys "verification", "benchmark" and "page":
            the dicts of `export.verify`, `export.benchmark` and `export.web.Page`. Without the first two the card
            shows the parity and latency that were measured while exporting.
    Returns:
        dict of `heading`, `file`, `page` (its address or `None`), `verdict`, `failures` (sentences), `rows` (pairs of
        words), `sha256` and `operators` (name and count, the most frequent first).
    """
    comparison = _comparison(artifact)
    return {
        "heading": " · ".join(filter(None, (artifact["format"], artifact["quantize"]))),
        "file": Path(artifact["path"]).name,
        "page": _address(artifact.get("page")),
        "verdict": verdict(artifact),
        "failures": [*comparison.get("failures", ()), *comparison.get("doubts", ())],
        "rows": [
            ("size", file_size(artifact["size"])),
            *((f"input {tensor['name']}", _shape(tensor)) for tensor in artifact["inputs"]),
            *_speed(artifact.get("benchmark") or artifact.get("latency") or {}),
            *_differences(comparison),
        ],
        "sha256": artifact["sha256"],
        "operators": sorted(artifact["operators"].items(), key=lambda item: -item[1]),
    }


def _address(page):
    """Returns the address of an artifact's page from the report."""
    return quote(f"{Path(page['folder']).as_posix()}/index.html") if page else None


def _comparison(artifact):
    return artifact.get("verification") or artifact.get("parity") or {}


def _shape(tensor):
    return f"{tensor['dtype']} {'×'.join('any' if n is None else str(n) for n in tensor['shape'])}"


def _speed(measured):
    """Yields rows of a benchmark, or of the shorter latency that the artifact's own card holds."""
    if "p95_ms" in measured:
        yield "latency p50 / p95", f"{number(measured['p50_ms'], 1)} / {number(measured['p95_ms'], 1)} ms"
        yield "threads", "chosen by runtime" if measured["threads"] is None else str(measured["threads"])
        yield "peak memory", file_size(measured["peak_memory"])
    elif measured:
        yield "latency p50", f"{number(measured['p50_ms'], 1)} ms"


def _differences(comparison):
    """Yields rows of a comparison with Keras."""
    for name, found in comparison.get("outputs", {}).items():
        if "max_abs" in found:
            yield f"{name}, max / mean diff.", f"{difference(found['max_abs'])} / {difference(found['mean_abs'])}"
        else:
            yield f"{name}, different", percent(found["different"])
    if comparison.get("agreement") is not None:
        yield "agreement", percent(comparison["agreement"])
    if comparison.get("metric") is not None:
        change = (number(comparison[f"{side}_metric"], 4) for side in ("keras", "artifact"))
        yield f"{comparison['metric']}, Keras → artifact", " → ".join(change)
    if comparison:
        yield "compared on", str(comparison.get("pictures") or counted(comparison["examples"], "picture"))
