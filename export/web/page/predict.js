/** A picture through a model: into its frame, through the network, and what it predicts there back into the picture. */

import { fit, mapBack, masksBack, pointsBack } from "./letterbox.js";

/**
 * A model in its runtime.
 *
 * Arrays are `{ dims, data }`, the first value of the last dimension first.
 */
export class Predictor {
  /**
   * @param card what the artifact says of itself.
   * @param run function of the bytes of a batch of frames to a promise of its outputs by name.
   */
  constructor(card, run) {
    [this.batch, ...this.size] = [card.inputs[0].shape[0] ?? 1, ...card.inputs[0].shape.slice(1, 3)];
    this.resizing = card.attributes.resizing ?? "letterbox";
    this.run = run;
  }

  /** Runs the network on `{ height, width, data }`; returns `{ outputs, placement, ms }`, the outputs in the frame. */
  async inFrame(picture) {
    const started = performance.now();
    const { frame, placement } = fit(picture, this.size, this.resizing);
    const images = new Uint8Array(this.batch * frame.data.length);
    for (let i = 0; i < this.batch; i++) images.set(frame.data, i * frame.data.length);
    const fitted = performance.now();
    const outputs = first(await this.run(images, [this.batch, ...this.size, 3]));
    const ms = { fit: fitted - started, network: performance.now() - fitted };
    return { outputs, placement, ms };
  }

  /** Predicts a picture; returns `{ prediction, ms }`, with boxes, points and classes in its own pixels. */
  async predict(picture) {
    const { outputs, placement, ms } = await this.inFrame(picture);
    const started = performance.now();
    const prediction = inPicture(outputs, placement);
    return { prediction, ms: { ...ms, back: performance.now() - started } };
  }
}

/** Returns a batch's outputs of its first picture. */
function first(outputs) {
  const one = ([name, { dims, data }]) => {
    const [batch, ...rest] = Array.from(dims, Number);
    return [name, { dims: rest, data: data.slice(0, data.length / batch) }];
  };
  return Object.fromEntries(Object.entries(outputs).map(one));
}

/** Brings one picture's outputs from the model's frame to the picture; of logits it makes the picture's classes. */
export function inPicture(outputs, placement) {
  const placed = { ...outputs };
  const moved = (name, step) => ({ ...outputs[name], data: pointsBack(outputs[name].data, placement, step) });
  for (const name of ["boxes", "box", "points"]) if (name in outputs) placed[name] = moved(name, 2);
  if (outputs.keypoints) placed.keypoints = moved("keypoints", 3);
  if (outputs.masks) {
    const { dims, data } = outputs.masks;
    placed.masks = { dims, data: masksBack(data, outputs.boxes.data, dims[1], placement) };
  }
  if (outputs.logits) {
    placed.classes = classesOf(outputs.logits, placement);
    delete placed.logits; // of a photograph they would fill the memory
  }
  return placed;
}

/** Returns for each pixel of the picture the class of the highest logit. */
function classesOf({ dims: [height, width, channels], data }, placement) {
  const { frameHeight, frameWidth, pictureHeight, pictureWidth } = placement;
  if (height !== frameHeight || width !== frameWidth) {
    throw new Error(`the model maps ${frameHeight}x${frameWidth} pixels to ${height}x${width}, not the whole picture`);
  }
  const classes = new Uint8Array(pictureHeight * pictureWidth);
  let pixel = 0;
  for (const row of mapBack(data, channels, placement)) {
    for (let start = 0; start < row.length; start += channels) {
      let largest = 0;
      for (let c = 1; c < channels; c++) if (row[start + c] > row[start + largest]) largest = c;
      classes[pixel++] = largest;
    }
  }
  return { dims: [pictureHeight, pictureWidth], data: classes };
}
