/**
 * Runs the model beside the page, which stays free. No module, as LiteRT.js wants `importScripts`.
 *
 * Takes `{ id, open: { card, model, accelerator } }`, answered by `{ id, opened: accelerator }`, then `{ id, picture }`,
 * answered by `{ id, prediction, ms }`; and `{ id, failed }`, a line, in the place of either.
 */

const RUNTIMES = { onnx: "./onnx.js", tflite: "./litert.js" };
let predictor;

async function open({ card, model, accelerator }) {
  const [{ Predictor }, runtime] = await Promise.all([import("./predict.js"), import(RUNTIMES[card.format])]);
  const run = await runtime.open(new Uint8Array(model), new URL("runtime/", self.location), accelerator);
  predictor = new Predictor(card, run);
  await predictor.predict({ height: 1, width: 1, data: new Uint8Array(3) }); // warms up, or fails now
  return { opened: accelerator };
}

async function predict({ height, width, data }) {
  const rgb = new Uint8Array(height * width * 3);
  for (let from = 0, to = 0; to < rgb.length; from += 4) {
    rgb[to++] = data[from];
    rgb[to++] = data[from + 1];
    rgb[to++] = data[from + 2];
  }
  return predictor.predict({ height, width, data: rgb });
}

self.onmessage = async ({ data: { id, ...asked } }) => {
  try {
    self.postMessage({ id, ...(asked.open ? await open(asked.open) : await predict(asked.picture)) });
  } catch (error) {
    self.postMessage({ id, failed: String(error?.message ?? error).split("\n")[0] });
  }
};
