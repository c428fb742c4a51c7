/** What a prediction says: the objects above a score, their masks pixel by pixel, the share of each class. */

const SEEN = 2; // the least score, a logit, of an object's keypoint that is drawn

/**
 * Returns the objects of a prediction, the best first: each has a `score`, and as far as its task knows them `label`,
 * `box` (x1, y1, x2, y2), `mask` (`{ size, data }`, probabilities over the box) and `points` (x, y and whether seen).
 */
export function objectsIn(prediction, task, score) {
  if (task === "segmentation") return [];
  if (task === "localization" || task === "points") {
    const [sure] = prediction.score.data;
    if (!(sure >= score)) return [];
    if (task === "points") return [{ score: sure, points: triples(prediction.points.data, 2) }];
    const { data: probabilities } = prediction.probs;
    const label = probabilities.indexOf(Math.max(...probabilities));
    return [{ score: sure, label, box: Array.from(prediction.box.data) }];
  }
  const { boxes, scores, labels, masks, keypoints } = prediction;
  const found = [];
  for (let i = 0; i < labels.data.length; i++) {
    if (labels.data[i] < 0 || !(scores.data[i] >= score)) continue;
    const object = { score: scores.data[i], label: labels.data[i], box: Array.from(boxes.data.slice(4 * i, 4 * i + 4)) };
    if (masks) object.mask = { size: masks.dims[1], data: part(masks, i) };
    if (keypoints) object.points = triples(part(keypoints, i), 3);
    found.push(object);
  }
  return found;
}

function part({ data, dims }, i) {
  const size = data.length / dims[0];
  return data.slice(i * size, (i + 1) * size);
}

function triples(data, step) {
  return Array.from({ length: data.length / step }, (_, i) => {
    const [x, y, seen] = data.slice(i * step, (i + 1) * step);
    return { x, y, seen: step === 2 || seen >= SEEN };
  });
}

/**
 * Resamples the mask of a box into a picture: a grid of cells over the box, zeros around it, read bilinearly.
 *
 * @returns `{ x, y, width, height, inside }`: a part of the picture, and 1 where a pixel belongs to the object.
 */
export function paste({ size, data }, [x1, y1, x2, y2], pictureHeight, pictureWidth) {
  if (!(x2 > x1 && y2 > y1)) return { x: 0, y: 0, width: 0, height: 0, inside: new Uint8Array(0) };
  const rows = cells(y1, y2, size, pictureHeight);
  const columns = cells(x1, x2, size, pictureWidth);
  const cell = (y, x) => (y < 1 || x < 1 || y > size || x > size ? 0 : data[(y - 1) * size + x - 1]);
  const inside = new Uint8Array(rows.at.length * columns.at.length);
  rows.at.forEach(({ before: y, share: down }, i) => {
    columns.at.forEach(({ before: x, share: right }, j) => {
      const left = cell(y, x) * (1 - down) + cell(y + 1, x) * down;
      const other = cell(y, x + 1) * (1 - down) + cell(y + 1, x + 1) * down;
      inside[i * columns.at.length + j] = left * (1 - right) + other * right >= 0.5;
    });
  });
  return { x: columns.first, y: rows.first, width: columns.at.length, height: rows.at.length, inside };
}

/** Finds between which cells, a zero before them and one behind, the pixels lie that a row of cells reaches. */
function cells(start, stop, count, length) {
  const cell = (stop - start) / count;
  const first = Math.min(Math.max(Math.floor(start - cell), 0), length);
  const last = Math.min(Math.max(Math.ceil(stop + cell), 0), length);
  const at = [];
  for (let pixel = first; pixel < last; pixel++) {
    const place = Math.min(Math.max((pixel + 0.5 - start) / cell + 0.5, 0), count + 1);
    const before = Math.min(Math.floor(place), count);
    at.push({ before, share: place - before });
  }
  return { first, at };
}

/** Returns pairs of a class and its share of the picture's pixels, the largest first. */
export function sharesIn({ data }) {
  const counts = new Map();
  for (const label of data) counts.set(label, (counts.get(label) ?? 0) + 1);
  return [...counts].map(([label, count]) => [label, count / data.length]).sort((one, other) => other[1] - one[1]);
}
