// Runs steps of a page on their own: node web_steps.mjs PAGE, `{ fit, back, paste }` in and what they return out as JSON.

import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const page = pathToFileURL(`${path.resolve(process.argv[2])}/`);
const { fit } = await import(new URL("letterbox.js", page));
const { inPicture } = await import(new URL("predict.js", page));
const { paste, objectsIn } = await import(new URL("found.js", page));

const asked = JSON.parse(fs.readFileSync(0));
const listed = ({ data, ...rest }) => ({ ...rest, data: Array.from(data) });
const arrays = (outputs) => {
  const typed = ([name, { dims, data }]) => [name, { dims, data: Float32Array.from(data) }];
  return Object.fromEntries(Object.entries(outputs).map(typed));
};

const answer = {
  fit: asked.fit.map(({ picture, size, resizing }) => {
    const { frame, placement } = fit({ ...picture, data: Uint8Array.from(picture.data) }, size, resizing);
    return { frame: listed(frame), placement };
  }),
  back: asked.back.map(({ outputs, placement }) => {
    const placed = inPicture(arrays(outputs), placement);
    return Object.fromEntries(Object.entries(placed).map(([name, array]) => [name, listed(array)]));
  }),
  paste: asked.paste.map(({ size, data, box, height, width }) => {
    const { inside, ...place } = paste({ size, data }, box, height, width);
    return { ...place, inside: Array.from(inside) };
  }),
  found: asked.found.map(({ prediction, task, score }) => objectsIn(arrays(prediction), task, score)),
};
console.log(JSON.stringify(answer));
