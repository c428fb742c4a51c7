"""How far the outputs of two models are apart, tallied over many pictures."""

import numpy as np


def tally(differences, references, candidates, picture=0):
    """Adds the outputs of two models on a picture, dicts of arrays, to the differences by name."""
    for name, reference in references.items():
        differences.setdefault(name, difference_of(reference)).update(reference, candidates[name], picture)


def difference_of(array):
    """Returns an empty tally for outputs of the array's kind."""
    return FloatDifference() if np.issubdtype(array.dtype, np.floating) else IntegerDifference()


class FloatDifference:
    """Largest and mean difference of a float output over all pictures, and what 99 % of them stay below.

    Attributes:
        counts: how many differences lie in each eighth of an octave, from 2^-64 to 2^64; the first are smaller.
        place: where the largest stands, in words.
    """

    octaves, steps = 64, 8

    def __init__(self):
        self.largest = self.total = self.signed = self.scale = 0.0
        self.counts = np.zeros(2 * self.octaves * self.steps + 1, np.int64)
        self.place = ""

    def update(self, reference, candidate, picture=0):
        """Adds the values of the picture of that number."""
        signed = candidate.astype(np.float64) - reference
        difference = np.abs(signed)
        most = difference.max(initial=0.0)
        if not (most <= self.largest or np.isnan(self.largest)):  # a NaN is beyond all, and stays
            self.largest = most
            index = np.unravel_index(np.argmax(difference), difference.shape)
            self.place = f"picture #{picture}, at {list(map(int, index))}"
        self.scale = max(self.scale, float(np.abs(reference).max(initial=0.0)))
        self.total += difference.sum()
        self.signed += signed.sum()
        with np.errstate(divide="ignore"):
            place = np.floor(self.steps * (np.log2(difference) + self.octaves)) + 1
        place = np.clip(np.nan_to_num(place, nan=np.inf), 0, len(self.counts) - 1).astype(int)
        self.counts += np.bincount(np.ravel(place), minlength=len(self.counts))

    def result(self):
        """Returns the differences by name."""
        count = self.counts.sum()
        place = int(np.searchsorted(np.cumsum(self.counts), 0.99 * count))
        most = np.minimum(self.largest, 2.0 ** (place / self.steps - self.octaves)) if place else 0.0
        return {
            "max_abs": float(self.largest),
            "mean_abs": float(self.total / max(count, 1)),
            "shift": float(self.signed / max(count, 1)),
            "max_relative": float(self.largest / max(1.0, self.scale)),
            "p99_relative": float(most / max(1.0, self.scale)),
        }


class IntegerDifference:
    """Fraction of different values of an integer output over all pictures.

    Attributes:
        place: where the first different one stands, in words.
    """

    def __init__(self):
        self.different = self.count = 0
        self.place = ""

    def update(self, reference, candidate, picture=0):
        """Adds the values of the picture of that number."""
        differs = np.asarray(reference != candidate)
        if differs.any() and not self.place:
            self.place = f"picture #{picture}, at {np.argwhere(differs)[0].tolist()}"
        self.different += int(differs.sum())
        self.count += differs.size

    def result(self):
        """Returns the fraction by name."""
        return {"different": self.different / max(self.count, 1)}
