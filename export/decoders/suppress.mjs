// From boxes with a score a class to detections: non-maximum suppression, class by class. No dependencies.

const CANDIDATES = 5000 // the best pairs of box and class that are looked at

function overlap(a, b) {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0])
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1])
  const common = Math.max(width, 0) * Math.max(height, 0)
  const both = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - common
  return common / Math.max(both, 1e-12)
}

/**
 * Keeps of the boxes of one class that overlap the best one, and of all classes the best ones.
 *
 * @param {{box: number[], score: number, label: number}[]} pairs of box (x1, y1, x2, y2 in pixels) and class (from 0)
 * @param {{score_threshold: number, iou_threshold: number, max_detections: number}} card the card's `decoder`: pairs
 *   with this score or less are dropped, those that overlap a better one of their class by more than this, and all
 *   beyond so many
 * @returns those that stay, by falling score
 */
export function suppress(pairs, { score_threshold, iou_threshold, max_detections }) {
  const best = pairs.filter((one) => one.score > score_threshold).sort((a, b) => b.score - a.score)
  const kept = []
  for (const one of best.slice(0, CANDIDATES)) {
    if (kept.length === max_detections) break
    const beaten = kept.some((better) => better.label === one.label && overlap(better.box, one.box) > iou_threshold)
    if (!beaten) kept.push(one)
  }
  return kept
}
