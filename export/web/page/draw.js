/** A picture and what was found in it, drawn on a canvas as our reports draw it. */

import { paste } from "./found.js";

const TINT = 0.4; // of masks
const INK = "#222222";
const PAPER = "#ffffff";

/**
 * Draws a picture, the class of each pixel where it has them, and objects.
 *
 * @param canvas of the size that is shown, in the screen's own pixels.
 * @param scene `{ bitmap, height, width, classes, objects }`, all in the picture's pixels.
 * @param style `{ colours, classNames, skeleton, opacity }`, the last of the colours of classes.
 * @param ratio pixels of the screen a CSS pixel.
 */
export function draw(canvas, { bitmap, height, width, classes, objects }, style, ratio) {
  const context = canvas.getContext("2d");
  const scale = canvas.width / width;
  const stroke = Math.max(1, Math.round(2 * ratio));
  context.imageSmoothingEnabled = scale < 3; // few pixels are shown as they are
  context.imageSmoothingQuality = "high";
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  const onTop = objects.toReversed(); // the best last
  if (classes) layer(context, tinted(classes, height, width, style), 0, 0, scale);
  const rim = Math.max(1, Math.round(Math.max(height, width) / 250));
  for (const { mask, box, label } of onTop) {
    if (!mask) continue;
    const part = paste(mask, box, height, width);
    if (part.width && part.height) layer(context, shape(part, colourOf(style, label), rim), part.x, part.y, scale);
  }
  const boxed = onTop.filter(({ box }) => box);
  for (const { box, label } of boxed) {
    const [x1, y1, x2, y2] = box.map((side) => Math.round(side * scale)); // crisp lines
    context.strokeStyle = colourOf(style, label);
    context.lineWidth = stroke;
    context.strokeRect(x1 + stroke / 2, y1 + stroke / 2, Math.max(1, x2 - x1 - stroke), Math.max(1, y2 - y1 - stroke));
  }
  for (const { box, label, score } of boxed) {
    const words = `${style.classNames[label] ?? label} ${score.toFixed(2)}`;
    tab(context, box[0] * scale, box[1] * scale, words, colourOf(style, label), 13 * ratio);
  }
  for (const { points } of onTop) if (points) skeleton(context, points, style, scale, stroke);
}

/** Returns the colour of a class, point or limb. */
export function colourOf({ colours }, index) {
  return colours[index % colours.length];
}

/** Draws pixels of a part of the picture at its place. */
function layer(context, { width, height, pixels }, x, y, scale) {
  const part = new OffscreenCanvas(width, height);
  const bytes = new Uint8ClampedArray(pixels.buffer);
  part.getContext("2d").putImageData(new ImageData(bytes, width, height), 0, 0);
  context.drawImage(part, x * scale, y * scale, width * scale, height * scale);
}

/** Returns the pixels of the classes' colours. */
function tinted({ data }, height, width, { colours, opacity }) {
  const known = Uint32Array.from(colours, (colour) => pixelOf(colour, opacity)); // of 255 classes at most
  const pixels = new Uint32Array(height * width);
  for (let i = 0; i < data.length; i++) pixels[i] = known[data[i]];
  return { width, height, pixels };
}

/** Returns the pixels of a mask: tinted, with a rim of full colour within it. */
function shape({ width, height, inside }, colour, rim) {
  const pixels = new Uint32Array(height * width);
  const within = (y, x) => y < 0 || x < 0 || y >= height || x >= width || inside[y * width + x];
  const tint = pixelOf(colour, TINT);
  const full = pixelOf(colour, 1);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!inside[y * width + x]) continue;
      const deep = within(y - rim, x) && within(y + rim, x) && within(y, x - rim) && within(y, x + rim);
      pixels[y * width + x] = deep ? tint : full;
    }
  }
  return { width, height, pixels };
}

/** Returns a pixel as canvases keep it: red, green, blue, opacity. */
function pixelOf(colour, opacity) {
  return new Uint32Array(Uint8Array.of(...rgb(colour), Math.round(255 * opacity)).buffer)[0];
}

/** Writes words on a ground of colour, above a place, or below it at the top of the picture. */
function tab(context, x, y, words, colour, size) {
  context.font = `600 ${size}px system-ui, sans-serif`;
  const width = context.measureText(words).width + 0.8 * size;
  const height = 1.5 * size;
  const left = Math.min(Math.max(0, x), Math.max(0, context.canvas.width - width));
  const top = Math.max(0, y - height);
  context.fillStyle = colour;
  context.fillRect(left, top, width, height);
  const [red, green, blue] = rgb(colour);
  context.fillStyle = 0.299 * red + 0.587 * green + 0.114 * blue > 128 ? INK : PAPER;
  context.textBaseline = "middle";
  context.fillText(words, left + 0.4 * size, top + height / 2);
}

/** Draws the limbs between seen points, each in the colour of its place in the skeleton, and the points over them. */
function skeleton(context, points, style, scale, stroke) {
  context.lineWidth = stroke;
  context.lineCap = "round";
  style.skeleton.forEach(([start, end], i) => {
    if (!points[start]?.seen || !points[end]?.seen) return;
    context.strokeStyle = colourOf(style, i);
    context.beginPath();
    context.moveTo(points[start].x * scale, points[start].y * scale);
    context.lineTo(points[end].x * scale, points[end].y * scale);
    context.stroke();
  });
  points.forEach(({ x, y, seen }, i) => {
    if (!seen) return;
    context.beginPath();
    context.arc(x * scale, y * scale, 1.75 * stroke, 0, 2 * Math.PI);
    context.fillStyle = colourOf(style, i);
    context.fill();
    context.lineWidth = stroke / 2;
    context.strokeStyle = PAPER;
    context.stroke();
  });
}

function rgb(colour) {
  return [1, 3, 5].map((start) => parseInt(colour.slice(start, start + 2), 16));
}
