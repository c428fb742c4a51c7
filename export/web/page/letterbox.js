/** Pictures of any size into a model's frame, and places in the frame back into the picture. */

import { resize, rounded, rowsOf } from "./resize.js";

const PADDING = 114; // grey, as in zoo.constants

/**
 * Scales the whole picture into a frame.
 *
 * @param picture `{ height, width, data }`, three bytes RGB a pixel.
 * @param size `[height, width]` of the frame.
 * @param resizing "letterbox", which keeps the aspect and centres the picture on grey, or "stretch".
 * @returns `{ frame, placement }`: a picture of that size, and where in it the given one lies.
 */
export function fit(picture, [height, width], resizing = "letterbox") {
  const size = { pictureHeight: picture.height, pictureWidth: picture.width, frameHeight: height, frameWidth: width };
  if (resizing === "stretch") {
    return { frame: resize(picture, height, width), placement: { ...size, top: 0, left: 0, height, width } };
  }
  const { fround } = Math; // sides may fall on half a pixel, which float32 rounds as Python does
  const factor = Math.min(fround(height / picture.height), fround(width / picture.width));
  const filled = (side, most) => Math.min(Math.max(rounded(fround(side * factor)), 1), most);
  const tall = filled(picture.height, height);
  const wide = filled(picture.width, width);
  const top = Math.floor((height - tall + 1) / 2);
  const left = Math.floor((width - wide + 1) / 2);
  const inside = resize(picture, tall, wide, 2 * tall < picture.height || 2 * wide < picture.width);
  const frame = { height, width, data: new Uint8Array(3 * height * width).fill(PADDING) };
  for (let y = 0; y < tall; y++) {
    frame.data.set(inside.data.subarray(3 * y * wide, 3 * (y + 1) * wide), 3 * ((top + y) * width + left));
  }
  return { frame, placement: { ...size, top, left, height: tall, width: wide } };
}

/** Brings x, y of every `step` numbers back to the picture, cut at its border; what else stands there stays. */
export function pointsBack(points, placement, step = 2) {
  const { top, left, height, width, pictureHeight, pictureWidth } = placement;
  const moved = Float32Array.from(points);
  for (let i = 0; i < moved.length; i += step) {
    moved[i] = within(((points[i] - left) * pictureWidth) / width, 0, pictureWidth);
    moved[i + 1] = within(((points[i + 1] - top) * pictureHeight) / height, 0, pictureHeight);
  }
  return moved;
}

/**
 * Reads masks anew where the picture's border cuts their boxes, each over what is left of its box.
 *
 * @param masks floats, `size` x `size` of each box.
 * @param boxes x1, y1, x2, y2 of each in the frame.
 */
export function masksBack(masks, boxes, size, placement) {
  const { top, left, height, width } = placement;
  const read = Float32Array.from(masks);
  for (let i = 0; 4 * i < boxes.length; i++) {
    const [x1, y1, x2, y2] = boxes.subarray(4 * i, 4 * i + 4);
    if (!(x1 < x2 && y1 < y2)) continue;
    const mask = read.subarray(i * size * size, (i + 1) * size * size);
    readAnew(mask, size, 1, size, [x1, x2], [within(x1, left, left + width), within(x2, left, left + width)]);
    readAnew(mask, size, size, 1, [y1, y2], [within(y1, top, top + height), within(y2, top, top + height)]);
  }
  return read;
}

/** Reads the lines of a mask, of cells `step` apart and of lines `next` apart, from `first` to `last`, in place. */
function readAnew(mask, size, step, next, [start, end], [first, last]) {
  if (start === first && end === last) return;
  const line = new Float32Array(size);
  for (let j = 0; j < size; j++) {
    for (let i = 0; i < size; i++) line[i] = mask[j * next + i * step];
    for (let i = 0; i < size; i++) {
      const place = first + ((i + 0.5) * (last - first)) / size;
      const cell = within(((place - start) * size) / (end - start) - 0.5, 0, size - 1);
      const low = Math.floor(cell);
      const above = line[Math.min(low + 1, size - 1)];
      mask[j * next + i * step] = line[low] + (above - line[low]) * (cell - low);
    }
  }
}

/**
 * Yields the rows of a map of the frame in the picture: the padding is cut off, the rest scaled back.
 *
 * @param data floats, `channels` a pixel of the frame.
 */
export function mapBack(data, channels, placement) {
  const { top, left, height, width, frameWidth, pictureHeight, pictureWidth } = placement;
  const inside = new Float32Array(height * width * channels);
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * frameWidth + left) * channels;
    inside.set(data.subarray(from, from + width * channels), y * width * channels);
  }
  return rowsOf({ height, width, channels, data: inside }, pictureHeight, pictureWidth);
}

function within(value, least, most) {
  return Math.min(Math.max(value, least), most);
}
