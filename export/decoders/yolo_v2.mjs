// Decodes the raw grid of YOLO v2, Tiny YOLO v2 and the grid detector. No dependencies.

import { suppress } from './suppress.mjs'

const LARGEST_LOG_RATIO = 4.135166556742356 // of a box's side to its anchor's, so that exp() stays finite

const sigmoid = (value) => 0.5 * (1 + Math.tanh(0.5 * value))
const clamp = (value, highest) => Math.min(Math.max(value, 0), highest)

/**
 * Turns one picture's grid into detections: see `suppress`.
 *
 * Of each anchor of a cell it says tx, ty, tw, th, the logit of there being an object, and C logits of classes.
 *
 * @param {Float32Array} grid of rows x columns x A * (5 + C) numbers
 * @param {number} rows of cells
 * @param {number} columns of cells
 * @param {object} card the card's `decoder`: image_size (height, width in pixels, where boxes end), anchors (pairs of
 *   width and height in cells), stride (height, width of a cell in pixels), num_classes, and what `suppress` needs
 * Source: Redmon & Farhadi 2017, arXiv:1612.08242, section 2, "Direct location prediction".
 */
export function decode(grid, rows, columns, card) {
  const { image_size, anchors, stride, num_classes } = card
  const pairs = []
  let start = 0
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      for (const anchor of anchors) {
        const [tx, ty, tw, th, object] = grid.subarray(start, start + 5)
        const x = (sigmoid(tx) + column) * stride[1]
        const y = (sigmoid(ty) + row) * stride[0]
        const w = (Math.exp(Math.min(tw, LARGEST_LOG_RATIO)) * anchor[0] * stride[1]) / 2
        const h = (Math.exp(Math.min(th, LARGEST_LOG_RATIO)) * anchor[1] * stride[0]) / 2
        const [bottom, right] = image_size
        const box = [clamp(x - w, right), clamp(y - h, bottom), clamp(x + w, right), clamp(y + h, bottom)]
        const logits = grid.subarray(start + 5, start + 5 + num_classes)
        const highest = Math.max(...logits)
        const powers = Array.from(logits, (logit) => Math.exp(logit - highest))
        const sum = powers.reduce((a, b) => a + b)
        powers.forEach((power, label) => pairs.push({ box, score: (sigmoid(object) * power) / sum, label }))
        start += 5 + num_classes
      }
    }
  }
  return suppress(pairs, card)
}
