/**
 * Resizing with OpenCV's arithmetic: bytes come out the same to the last bit, so that a model sees the same pixels in
 * a browser as in Python. Source: OpenCV 4, modules/imgproc/src/resize.cpp.
 *
 * A picture is `{ height, width, data }`, three bytes RGB a pixel, row by row.
 */

const CHANNELS = 3;
const ONE = 2048; // of the fixed-point weights of bytes

/** Returns the picture in `height` x `width` pixels: bilinearly between the centres of pixels, or by means of areas. */
export function resize(picture, height, width, byArea = false) {
  if (picture.height === height && picture.width === width) return picture;
  const halved = picture.height === 2 * height && picture.width === 2 * width;
  return { height, width, data: (byArea || halved ? means : between)(picture, height, width) };
}

/**
 * Yields the rows of a map of floats that is scaled to `height` x `width`, bilinearly; the same array each time.
 *
 * @param map `{ height, width, channels, data }`.
 */
export function* rowsOf(map, height, width) {
  const { channels, data } = map;
  const across = neighbours(map.width, width);
  const down = neighbours(map.height, height);
  const row = new Float32Array(width * channels);
  for (let y = 0; y < height; y++) {
    const above = down.low[y] * map.width * channels;
    const below = Math.min(down.low[y] + 1, map.height - 1) * map.width * channels;
    const dy = down.share[y];
    for (let x = 0; x < width; x++) {
      const left = across.low[x] * channels;
      const right = Math.min(across.low[x] + 1, map.width - 1) * channels;
      const dx = across.share[x];
      for (let c = 0; c < channels; c++) {
        const top = data[above + left + c] * (1 - dx) + data[above + right + c] * dx;
        const bottom = data[below + left + c] * (1 - dx) + data[below + right + c] * dx;
        row[x * channels + c] = top * (1 - dy) + bottom * dy;
      }
    }
    yield row;
  }
}

/** Finds for each of `to` places the pixel of `from` before it, and the share of the one after; none at the ends. */
function neighbours(from, to) {
  const found = placed(from, to);
  for (let i = 0; i < to; i++) {
    if (found.low[i] >= 0 && found.low[i] < from - 1) continue;
    found.low[i] = Math.min(Math.max(found.low[i], 0), from - 1);
    found.share[i] = 0;
  }
  return found;
}

/** As `neighbours`, but beyond the ends too. */
function placed(from, to) {
  const low = new Int32Array(to);
  const share = new Float32Array(to);
  const scale = 1 / (to / from);
  for (let i = 0; i < to; i++) {
    const place = Math.fround((i + 0.5) * scale - 0.5);
    low[i] = Math.floor(place);
    share[i] = place - low[i];
  }
  return { low, share };
}

/** Reads bytes between their centres. */
function between({ height, width, data }, rows, columns) {
  const across = inFixedPoint(neighbours(width, columns));
  const down = inFixedPoint(placed(height, rows));
  const made = new Uint8Array(rows * columns * CHANNELS);
  const kept = new Map(); // source rows, resized across
  const resizedRow = (y) => {
    const source = Math.min(Math.max(y, 0), height - 1);
    if (!kept.has(source)) kept.set(source, acrossRow(data, source * width * CHANNELS, width, across));
    return kept.get(source);
  };
  for (let y = 0; y < rows; y++) {
    for (const source of kept.keys()) if (source < down.low[y]) kept.delete(source);
    const above = resizedRow(down.low[y]);
    const below = resizedRow(down.low[y] + 1);
    const first = down.first[y];
    const second = down.second[y];
    const start = y * columns * CHANNELS;
    for (let x = 0; x < columns * CHANNELS; x++) {
      made[start + x] = (((first * (above[x] >> 4)) >> 16) + ((second * (below[x] >> 4)) >> 16) + 2) >> 2;
    }
  }
  return made;
}

function acrossRow(data, start, width, { low, first, second }) {
  const row = new Int32Array(low.length * CHANNELS);
  for (let x = 0; x < low.length; x++) {
    const left = start + low[x] * CHANNELS;
    const right = start + Math.min(low[x] + 1, width - 1) * CHANNELS;
    for (let c = 0; c < CHANNELS; c++) row[x * CHANNELS + c] = data[left + c] * first[x] + data[right + c] * second[x];
  }
  return row;
}

/** Returns places with the weights of their two neighbours in fixed point. */
function inFixedPoint({ low, share }) {
  const first = Int32Array.from(share, (part) => rounded(Math.fround(1 - part) * ONE));
  const second = Int32Array.from(share, (part) => rounded(part * ONE));
  return { low, first, second };
}

/** Rounds to the nearest whole number, halves to the even one. */
export function rounded(value) {
  const low = Math.floor(value);
  const rest = value - low;
  return rest > 0.5 || (rest === 0.5 && low % 2 !== 0) ? low + 1 : low;
}

/** Takes means over areas of bytes. */
function means(picture, rows, columns) {
  const tall = picture.height / rows;
  const wide = picture.width / columns;
  const whole = Number.isInteger(tall) && Number.isInteger(wide);
  return whole ? blocks(picture, rows, columns, tall, wide) : areas(picture, rows, columns);
}

/** Takes means of blocks of whole pixels. */
function blocks({ width, data }, rows, columns, tall, wide) {
  const made = new Uint8Array(rows * columns * CHANNELS);
  const share = Math.fround(1 / (tall * wide));
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      for (let c = 0; c < CHANNELS; c++) {
        let sum = 0;
        for (let i = 0; i < tall; i++) {
          const start = ((y * tall + i) * width + x * wide) * CHANNELS + c;
          for (let j = 0; j < wide; j++) sum += data[start + j * CHANNELS];
        }
        // Two by two are shifted, and round halves up.
        const mean = tall === 2 && wide === 2 ? (sum + 2) >> 2 : rounded(Math.fround(sum * share));
        made[(y * columns + x) * CHANNELS + c] = mean;
      }
    }
  }
  return made;
}

/** Takes means of areas that cut pixels, in float32. */
function areas({ height, width, data }, rows, columns) {
  const { fround } = Math;
  const across = covered(width, columns);
  const down = covered(height, rows);
  const made = new Uint8Array(rows * columns * CHANNELS);
  const sums = new Float32Array(columns * CHANNELS);
  for (let y = 0; y < rows; y++) {
    sums.fill(0);
    for (let i = down.begin[y]; i < down.begin[y + 1]; i++) {
      const start = down.at[i] * width;
      const part = down.share[i];
      for (let x = 0; x < columns; x++) {
        let red = 0;
        let green = 0;
        let blue = 0;
        for (let j = across.begin[x]; j < across.begin[x + 1]; j++) {
          const from = (start + across.at[j]) * CHANNELS;
          const share = across.share[j];
          red = fround(red + fround(data[from] * share));
          green = fround(green + fround(data[from + 1] * share));
          blue = fround(blue + fround(data[from + 2] * share));
        }
        sums[x * CHANNELS] += fround(red * part);
        sums[x * CHANNELS + 1] += fround(green * part);
        sums[x * CHANNELS + 2] += fround(blue * part);
      }
    }
    const start = y * columns * CHANNELS;
    for (let i = 0; i < sums.length; i++) made[start + i] = Math.min(rounded(sums[i]), 255);
  }
  return made;
}

/**
 * Finds for each of `to` places which pixels of `from` it covers, `at`, and their shares of it; those of place i are
 * numbers `begin[i]` to `begin[i + 1]`.
 */
function covered(from, to) {
  const scale = 1 / (to / from);
  const begin = [0];
  const at = [];
  const share = [];
  const add = (pixel, part) => {
    at.push(pixel);
    share.push(part);
  };
  for (let i = 0; i < to; i++) {
    const start = i * scale;
    const end = start + scale;
    const size = Math.min(scale, from - start);
    const last = Math.min(Math.floor(end), from - 1);
    const first = Math.min(Math.ceil(start), last);
    if (first - start > 1e-3) add(first - 1, (first - start) / size);
    for (let pixel = first; pixel < last; pixel++) add(pixel, 1 / size);
    if (end - last > 1e-3) add(last, Math.min(end - last, 1, size) / size);
    begin.push(at.length);
  }
  return { begin: Int32Array.from(begin), at: Int32Array.from(at), share: Float32Array.from(share) };
}
