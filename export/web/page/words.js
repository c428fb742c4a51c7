/** Words for tasks and sizes. */

/** By task: what the model finds, and whether it has scores. */
export const tasks = {
  segmentation: { words: "A class for every pixel" },
  localization: { words: "One object and its box", scored: true },
  points: { words: "The points of one object", scored: true },
  detection: { words: "Objects and their boxes", scored: true },
  instance_segmentation: { words: "Objects, their boxes and masks", scored: true },
  keypoints: { words: "Objects, their boxes and points", scored: true },
  masks_and_keypoints: { words: "Objects, their boxes, masks and points", scored: true },
};

/** Writes a number of bytes. */
export function megabytes(bytes) {
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(0)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
