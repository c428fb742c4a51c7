/** The page: pictures in by file, drop, camera or sample; what the model says of them out. */

import { draw } from "./draw.js";
import { objectsIn, sharesIn } from "./found.js";
import { megabytes, tasks } from "./words.js";

const at = (id) => document.getElementById(id);
const page = await (await fetch("page.json")).json();
const { card } = page;
const style = {
  colours: page.colours,
  classNames: card.class_names,
  skeleton: card.attributes.skeleton ?? [],
};
const task = tasks[card.task];
const state = { scene: null, prediction: null, stream: null };
const waiting = new Map(); // numbers of questions to the worker
let worker;
let asked = 0;

describe();
await run().catch(failed);

/** Fills in what the card says. */
function describe() {
  const [batch, height, width] = card.inputs[0].shape;
  const points = card.outputs.find(({ name }) => name === "points" || name === "keypoints");
  const form = card.format === "onnx" ? "ONNX" : "LiteRT";
  document.title = page.title;
  at("title").textContent = page.title;
  at("subtitle").textContent = `${task.words}, in this browser`;
  const rows = {
    file: page.model,
    format: `${form}, ${card.quantize ?? "float32"}`,
    size: megabytes(card.size),
    frame: `${width} × ${height}, ${card.attributes.resizing ?? "letterbox"}`,
    ...(batch > 1 && { batch: `${batch} a call` }),
    ...(points && { points: points.shape.at(-2) }),
    ...(card.class_names.length && { classes: card.class_names.length }),
    made: card.created.slice(0, 10),
    sha256: card.sha256.slice(0, 12),
  };
  at("model").replaceChildren(...Object.entries(rows).map(([name, value]) => row(name, value)));
  at("slider").textContent = task.scored ? "Least score" : "Opacity";
  const { name, version, licence } = page.runtime;
  at("footer").textContent = `Pictures stay on this machine. Runs on ${name} ${version}, ${licence}.`;
  at("samples").replaceChildren(...page.samples.map(thumbnail));
}

/** Opens the model on the fastest accelerator that takes it. */
async function run() {
  const model = await download(page.model);
  const known = await accelerators();
  const labels = { webgpu: "WebGPU", wasm: "WebAssembly" };
  at("accelerator").replaceChildren(...known.map((name) => new Option(labels[name], name)));
  at("accelerator").onchange = () => {
    stop();
    open(model, at("accelerator").value).then(predictAgain).catch(failed);
  };
  await open(model, known[0]);
  at("choose").disabled = at("camera").disabled = false;
  at("choose").onclick = () => at("file").click();
  at("file").onchange = () => {
    take(at("file").files[0]);
    at("file").value = ""; // the same one may be chosen again
  };
  at("camera").onclick = () => (state.stream ? stop() : film());
  at("slid").oninput = show;
  new ResizeObserver(show).observe(at("view"));
  document.documentElement.dataset.state = "ready";
}

/** Starts the model in a worker of its own; falls back to WebAssembly. */
async function open(model, accelerator) {
  say("starting the model …");
  worker?.terminate();
  worker = new Worker("worker.js");
  worker.onmessage = ({ data: { id, failed, ...answer } }) => {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (failed) reject(new Error(failed));
    else resolve(answer);
  };
  try {
    await ask({ open: { card, model, accelerator } });
  } catch (error) {
    if (accelerator === "wasm") throw error;
    console.warn(`WebGPU: ${error.message}`);
    return open(model, "wasm");
  }
  at("accelerator").value = accelerator;
  say("");
}

/** Sends the worker a message; returns a promise of its answer. */
function ask(message, transfer = []) {
  return new Promise((resolve, reject) => {
    waiting.set(++asked, { resolve, reject });
    worker.postMessage({ id: asked, ...message }, transfer);
  });
}

/** Loads a file of the page, with its progress. */
async function download(name) {
  const answer = await fetch(name);
  if (!answer.ok) throw new Error(`${name}: ${answer.status} ${answer.statusText}`);
  const parts = [];
  let bytes = 0;
  for await (const part of chunks(answer.body.getReader())) {
    parts.push(part);
    bytes += part.length;
    say(`loading the model, ${megabytes(bytes)} of ${megabytes(card.size)}`);
  }
  return new Blob(parts).arrayBuffer();
}

async function* chunks(reader) {
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) yield value;
}

/** Returns what the browser has, the faster first. */
async function accelerators() {
  // The runtimes' builds with WebGPU wait for it by JSPI.
  const adapter = "Suspending" in WebAssembly && (await navigator.gpu?.requestAdapter().catch(() => null));
  if (!adapter) return ["wasm"];
  return adapter.info?.isFallbackAdapter ? ["wasm", "webgpu"] : ["webgpu", "wasm"]; // without a GPU it is slow
}

/** Predicts a picture file. */
async function take(file) {
  stop();
  try {
    const bitmap = await createImageBitmap(file, { colorSpaceConversion: "none" });
    await predict(bitmap);
  } catch (error) {
    failed(error.name === "InvalidStateError" ? new Error(`${file.name}: is no picture that this browser reads`) : error);
  }
}

/** Predicts a bitmap and shows it. */
async function predict(bitmap) {
  const { height, width } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  if (!state.stream) say("predicting …");
  const { prediction, ms } = await ask({ picture: { height, width, data } }, [data.buffer]);
  Object.assign(state, { scene: { bitmap, height, width }, prediction, ms });
  show();
  say("");
}

async function predictAgain() {
  if (state.scene && !state.stream) await predict(state.scene.bitmap);
}

/** Shows the last prediction with the least score, or the opacity, of now. */
function show() {
  const { scene, prediction, ms } = state;
  if (!scene) return;
  const slid = Number(at("slid").value);
  at("value").textContent = slid.toFixed(2);
  const objects = objectsIn(prediction, card.task, slid);
  const canvas = at("canvas");
  canvas.hidden = false;
  at("empty").hidden = true;
  const most = Math.max(240, 0.72 * window.innerHeight);
  const shown = Math.min(at("view").clientWidth / scene.width, most / scene.height);
  const ratio = window.devicePixelRatio;
  canvas.style.width = `${scene.width * shown}px`;
  canvas.width = Math.round(scene.width * shown * ratio);
  canvas.height = Math.round(scene.height * shown * ratio);
  draw(canvas, { ...scene, classes: prediction.classes, objects }, { ...style, opacity: slid }, ratio);
  list(objects, prediction);
  const total = ms.fit + ms.network + ms.back;
  for (const [id, value] of Object.entries({ time: total, fit: ms.fit, network: ms.network, back: ms.back })) {
    at(id).textContent = value.toFixed(value < 100 ? 1 : 0);
  }
  window.zoo = { card, prediction, objects, ms }; // for those who want the numbers
  document.documentElement.dataset.state = "shown";
}

/** Lists what was found beside the picture. */
function list(objects, prediction) {
  const name = (label) => card.class_names[label] ?? `class ${label}`;
  const percent = (share) => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
  let items, heading;
  if (prediction.classes) {
    const shares = sharesIn(prediction.classes);
    items = shares.map(([label, share]) => item(style.colours[label], name(label), percent(share)));
    heading = "Share of the picture";
  } else {
    const words = ({ label, points }) => (label === undefined ? `${points.length} points` : name(label));
    const colour = ({ label }) => style.colours[label ?? 0];
    items = objects.map((object) => item(colour(object), words(object), object.score.toFixed(2)));
    heading = objects.length ? `Found: ${objects.length}` : "Nothing found";
  }
  at("count").textContent = heading;
  at("found").replaceChildren(...items);
  at("canvas").setAttribute("aria-label", `${heading}. ${items.map((one) => one.textContent).join(", ")}`);
}

function item(colour, name, value) {
  const [one, swatch, words, figure] = ["li", "span", "span", "span"].map((tag) => document.createElement(tag));
  swatch.className = "swatch";
  swatch.style.background = colour;
  words.className = "name";
  words.textContent = `${name} `;
  figure.className = "number";
  figure.textContent = value;
  one.append(swatch, words, figure);
  return one;
}

function row(name, value) {
  const [line, term, words] = ["div", "dt", "dd"].map((tag) => document.createElement(tag));
  term.textContent = name;
  words.textContent = value;
  line.append(term, words);
  return line;
}

function thumbnail(file, i) {
  const [button, picture] = ["button", "img"].map((tag) => document.createElement(tag));
  picture.src = file;
  picture.alt = button.title = `sample ${i + 1}`;
  button.append(picture);
  button.onclick = async () => take(await (await fetch(file)).blob());
  return button;
}

/** Predicts what the camera sees until it is stopped. */
async function film() {
  try {
    state.stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  } catch (error) {
    failed(new Error(`the camera cannot be used: ${error.message}`));
    return;
  }
  const { stream } = state;
  const video = Object.assign(document.createElement("video"), { srcObject: stream, muted: true, playsInline: true });
  at("camera").textContent = "Stop";
  try {
    await video.play();
    while (state.stream === stream) await predict(await createImageBitmap(video));
  } catch (error) {
    failed(error);
    stop();
  }
}

function stop() {
  state.stream?.getTracks().forEach((track) => track.stop());
  state.stream = null;
  at("camera").textContent = "Camera";
}

const stage = at("stage");
stage.ondragover = (event) => {
  event.preventDefault();
  stage.classList.add("over");
};
stage.ondragleave = () => stage.classList.remove("over");
stage.ondrop = (event) => {
  event.preventDefault();
  stage.classList.remove("over");
  if (event.dataTransfer.files.length) take(event.dataTransfer.files[0]);
};

function say(words) {
  at("status").textContent = words;
  at("status").classList.remove("failed");
}

function failed(error) {
  at("status").textContent = error.message;
  at("status").classList.add("failed");
  document.documentElement.dataset.state = "failed";
}
