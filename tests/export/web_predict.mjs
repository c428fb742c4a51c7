// Predicts pictures with the modules of a page: node web_predict.mjs PAGE, pictures in and predictions out as JSON.

import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const page = pathToFileURL(`${path.resolve(process.argv[2])}/`);
const { Predictor } = await import(new URL("predict.js", page));
const { open } = await import(new URL("onnx.js", page));
const { mapBack } = await import(new URL("letterbox.js", page));

const { card, model } = JSON.parse(fs.readFileSync(new URL("page.json", page)));
const run = await open(fs.readFileSync(new URL(model, page)), new URL("runtime/", page), "wasm");
const predictor = new Predictor(card, run);

const found = [];
for (const { height, width, data } of JSON.parse(fs.readFileSync(0))) {
  const picture = { height, width, data: Uint8Array.from(data) };
  const { prediction, ms } = await predictor.predict(picture);
  if (card.task === "segmentation") prediction.logits = await logits(picture);
  for (const array of Object.values(prediction)) array.data = Array.from(array.data);
  found.push({ prediction, ms });
}
console.log(JSON.stringify(found));

/** Returns the logits in the picture, which the page itself never holds as a whole. */
async function logits(picture) {
  const { outputs, placement } = await predictor.inFrame(picture);
  const channels = outputs.logits.dims[2];
  const rows = [];
  for (const row of mapBack(outputs.logits.data, channels, placement)) rows.push(...row);
  return { dims: [picture.height, picture.width, channels], data: rows };
}
