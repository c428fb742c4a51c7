/** What stands beside the picture: the model's card, the time, and what was found. */

import { colourOf } from "./draw.js";
import { sharesIn } from "./found.js";
import { megabytes, tasks } from "./words.js";

export const at = (id) => document.getElementById(id);

/** Fills in what is known before a picture is: what the card says, and the runtime. */
export function describe({ title, card, model, runtime: { name, version, licence } }) {
  const { words, scored } = tasks[card.task];
  const [batch, height, width] = card.inputs[0].shape;
  const points = card.outputs.find((output) => output.name === "points" || output.name === "keypoints");
  document.title = title;
  at("title").textContent = title;
  at("subtitle").textContent = `${words}, in this browser`;
  at("slider").textContent = scored ? "Least score" : "Opacity";
  at("footer").textContent = `Pictures stay on this machine. Runs on ${name} ${version}, ${licence}.`;
  const rows = {
    file: model,
    format: `${card.format === "onnx" ? "ONNX" : "LiteRT"}, ${card.quantize ?? "float32"}`,
    size: megabytes(card.size),
    frame: `${width} × ${height}, ${card.attributes.resizing ?? "letterbox"}`,
    ...(batch > 1 && { batch: `${batch} a call` }),
    ...(points && { points: points.shape.at(-2) }),
    ...(card.class_names.length && { classes: card.class_names.length }),
    made: card.created.slice(0, 10),
    sha256: card.sha256.slice(0, 12),
  };
  const row = ([term, value]) => element("div", {}, element("dt", {}, term), element("dd", {}, value));
  at("model").replaceChildren(...Object.entries(rows).map(row));
}

/** Writes the milliseconds of the steps of a prediction. */
export function time({ fit, network, back }) {
  for (const [id, value] of Object.entries({ time: fit + network + back, fit, network, back })) {
    at(id).textContent = value.toFixed(value < 100 ? 1 : 0);
  }
}

/** Lists the objects that were found, or the classes and their shares of the picture. */
export function list(objects, { classes }, style) {
  const name = (label) => style.classNames[label] ?? `class ${label}`;
  const percent = (share) => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
  let items, heading;
  if (classes) {
    items = sharesIn(classes).map(([label, share]) => item(colourOf(style, label), name(label), percent(share)));
    heading = "Share of the picture";
  } else {
    const words = ({ label, points }) => (label === undefined ? `${points.length} points` : name(label));
    items = objects.map((one) => item(colourOf(style, one.label ?? 0), words(one), one.score.toFixed(2)));
    heading = objects.length ? `Found: ${objects.length}` : "Nothing found";
  }
  at("count").textContent = heading;
  at("found").replaceChildren(...items);
  at("canvas").setAttribute("aria-label", `${heading}. ${items.map((one) => one.textContent).join(", ")}`);
}

function item(colour, name, value) {
  const swatch = element("span", { className: "swatch" });
  swatch.style.background = colour;
  const words = element("span", { className: "name" }, `${name} `);
  return element("li", {}, swatch, words, element("span", { className: "number" }, value));
}

/** Returns a new element. */
export function element(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}
