// Decodes the raw grid of YOLO and Fast YOLO. No dependencies.

import { suppress } from './suppress.mjs'

const clamp = (value, highest) => Math.min(Math.max(value, 0), highest)

/**
 * Turns one picture's grid into detections: see `suppress`.
 *
 * Of each box of a cell it says x, y of its centre within the cell, the square roots of its width and height as shares
 * of the picture, and its confidence; after a cell's boxes C class probabilities.
 *
 * @param {Float32Array} grid of rows x columns x (num_boxes * 5 + C) numbers
 * @param {number} rows of cells
 * @param {number} columns of cells
 * @param {object} card the card's `decoder`: image_size (height, width in pixels), num_boxes, num_classes, and what
 *   `suppress` needs
 * Source: Redmon et al. 2016, arXiv:1506.02640, section 2.
 */
export function decode(grid, rows, columns, card) {
  const { image_size, num_boxes, num_classes } = card
  const [height, width] = image_size
  const pairs = []
  let start = 0
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const classes = start + 5 * num_boxes
      for (; start < classes; start += 5) {
        const x = (grid[start] + column) * (width / columns)
        const y = (grid[start + 1] + row) * (height / rows)
        const w = (grid[start + 2] ** 2 * width) / 2
        const h = (grid[start + 3] ** 2 * height) / 2
        const box = [clamp(x - w, width), clamp(y - h, height), clamp(x + w, width), clamp(y + h, height)]
        for (let label = 0; label < num_classes; label++) {
          pairs.push({ box, score: grid[start + 4] * grid[classes + label], label })
        }
      }
      start = classes + num_classes
    }
  }
  return suppress(pairs, card)
}
