"""What a person is told of predictions: a line a picture, a line a video."""

from collections import Counter


def summary(entry):
    """Says in a few words what an entry of `predictions.json` holds: "road 53 %, sky 30 %", or "2 dog, 1 cat"."""
    if "shares" in entry:
        shares = sorted(entry["shares"].items(), key=lambda pair: -pair[1])[:3]
        return ", ".join(f"{name} {100 * share:.0f} %" for name, share in shares if share)
    if "objects" in entry:
        counts = Counter(found["class"] for found in entry["objects"])
        return ", ".join(f"{count} {name}" for name, count in counts.most_common()) or "nothing"
    return f"{len(entry['points'])} points" if entry["points"] else "nothing"


class Lines:
    """Gathers entries as they come, a row a picture or a video.

    Attributes:
        rows: lists of the picture, what was found, and the file to look at; no more than `most`.
        count: pictures and videos, those without a row among them.

    Args:
        most: rows that are kept.
    """

    def __init__(self, most):
        self.most, self.rows, self.count = most, [], 0
        self.video, self.frames, self.seen = None, 0, Counter()

    def add(self, entry):
        """Adds an entry of `predictions.json`."""
        result = next((entry[kind] for kind in ("overlay", "classes", "labels") if kind in entry), "")
        if "frame" not in entry:
            self.video = None
            self.put([entry["picture"], summary(entry), result])
            return
        if entry["frame"] == 0 or self.video is None:
            self.video, self.frames, self.seen = entry["picture"], 0, Counter()
            self.put([entry["picture"], "", result])
        self.frames += 1
        names = {one["class"] for one in entry.get("objects", ())}
        self.seen.update(names | {name for name, share in entry.get("shares", {}).items() if share})
        if self.count <= self.most:
            found = ", ".join(f"{name} in {count:,}" for name, count in self.seen.most_common(5))
            self.rows[-1][1] = f"{self.frames:,} frames" + (f": {found}" if found else "")

    def put(self, row):
        """Adds a row, where there are fewer than `most`."""
        self.count += 1
        if len(self.rows) < self.most:
            self.rows.append(row)
