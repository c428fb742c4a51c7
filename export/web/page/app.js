/** The page: pictures in by file, drop, paste, camera and sample; what the model says of them out. */

import { draw } from "./draw.js";
import { objectsIn } from "./found.js";
import { Model, accelerators, download } from "./model.js";
import { at, describe, element, list, time } from "./panel.js";
import { megabytes } from "./words.js";

const page = await (await fetch("page.json")).json();
const { card, colours } = page;
const style = { colours, classNames: card.class_names, skeleton: card.attributes.skeleton ?? [] };
let model, shown, stream; // `shown` is `{ bitmap, prediction, ms }`, `stream` the camera's
let turn = 0; // the number of what was asked for last: whatever an earlier one still brings is not shown

document.ondragover = (event) => event.preventDefault(); // or the browser would leave the page for the picture
document.ondrop = (event) => event.preventDefault();
describe(page);
await start().catch(failed);

/** Loads the model and opens the page for pictures. */
async function start() {
  const progress = (bytes) => say(`loading the model, ${megabytes(bytes)} of ${megabytes(card.size)}`);
  const bytes = await download(page.model, progress);
  const known = await accelerators();
  const labels = { webgpu: "WebGPU", wasm: "WebAssembly" };
  at("accelerator").replaceChildren(...known.map((name) => new Option(labels[name], name)));
  await open(bytes, known[0]);
  at("accelerator").onchange = async () => {
    const own = stop();
    try {
      await open(bytes, at("accelerator").value);
      if (shown) await predict(shown.bitmap, own);
    } catch (error) {
      failed(error, own);
    }
  };
  at("choose").disabled = at("camera").disabled = false;
  at("choose").onclick = () => at("file").click();
  at("file").onchange = () => {
    take(at("file").files);
    at("file").value = ""; // the same one may be chosen again
  };
  at("camera").onclick = () => (stream ? stop() : film());
  at("slid").oninput = show;
  at("samples").replaceChildren(...page.samples.map(thumbnail));
  document.onpaste = (event) => take(event.clipboardData.files);
  dropsOn(at("stage"));
  new ResizeObserver(show).observe(at("view"));
  document.documentElement.dataset.state = "ready";
}

async function open(bytes, accelerator) {
  say("starting the model …");
  model?.close();
  model = await Model.open(card, bytes, accelerator);
  at("accelerator").value = model.accelerator;
  say("");
}

/** Takes picture files that are dropped on an element. */
function dropsOn(stage) {
  const over = (is) => () => stage.classList.toggle("over", is);
  stage.ondragenter = stage.ondragover = over(true);
  stage.ondragleave = over(false);
  stage.ondrop = (event) => {
    over(false)();
    take(event.dataTransfer.files);
  };
}

/** Returns the button of a sample. */
function thumbnail(file, i) {
  const name = `sample ${i + 1}`;
  const onclick = async () => take([new File([await (await fetch(file)).blob()], name)]);
  return element("button", { title: name, onclick }, element("img", { src: file, alt: name }));
}

/** Predicts the first of some files. */
async function take([file]) {
  if (!file) return;
  const own = stop();
  try {
    await predict(await createImageBitmap(file, { colorSpaceConversion: "none" }), own);
  } catch (error) {
    const unreadable = error.name === "InvalidStateError";
    failed(unreadable ? new Error(`${file.name}: is no picture that this browser reads`) : error, own);
  }
}

/** Predicts what the camera sees until it is stopped. */
async function film() {
  const own = stop();
  let given;
  try {
    if (!navigator.mediaDevices) throw new Error("browsers give it to https and localhost only");
    given = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  } catch (error) {
    failed(new Error(`the camera cannot be used: ${error.message}`), own);
    return;
  }
  if (own !== turn) {
    end(given);
    return;
  }
  stream = given;
  const video = element("video", { srcObject: stream, muted: true, playsInline: true });
  at("camera").textContent = "Stop";
  try {
    await video.play();
    while (own === turn) await predict(await createImageBitmap(video), own);
  } catch (error) {
    if (own === turn) failed(error, stop());
  }
}

/** Ends the camera and whatever is under way; returns the number of the turn that begins. */
function stop() {
  if (stream) end(stream);
  stream = null;
  at("camera").textContent = "Camera";
  say("");
  return ++turn;
}

function end(stream) {
  stream.getTracks().forEach((track) => track.stop());
}

/** Predicts a bitmap and shows it if its turn has not ended meanwhile. */
async function predict(bitmap, own) {
  if (!stream && own === turn) say("predicting …");
  const found = await model.predict(bitmap);
  if (own !== turn) return;
  if (shown && shown.bitmap !== bitmap) shown.bitmap.close();
  shown = { bitmap, ...found };
  show();
  say("");
}

/** Shows the last prediction with the least score, or the opacity, of now. */
function show() {
  if (!shown) return;
  const { bitmap, prediction, ms } = shown;
  const { height, width } = bitmap;
  const slid = Number(at("slid").value);
  const objects = objectsIn(prediction, card.task, slid);
  const canvas = at("canvas");
  at("value").textContent = slid.toFixed(2);
  at("empty").hidden = true;
  canvas.hidden = false;
  const ratio = window.devicePixelRatio;
  const scale = Math.min(at("view").clientWidth / width, Math.max(240, 0.72 * window.innerHeight) / height);
  canvas.style.width = `${width * scale}px`;
  canvas.width = Math.max(1, Math.round(width * scale * ratio));
  canvas.height = Math.max(1, Math.round(height * scale * ratio));
  const scene = { bitmap, height, width, classes: prediction.classes, objects };
  draw(canvas, scene, { ...style, opacity: slid }, ratio);
  list(objects, prediction, style);
  time(ms);
  window.zoo = { card, prediction, objects, ms }; // for those who want the numbers
  document.documentElement.dataset.state = "shown";
}

function say(words) {
  at("status").textContent = words;
  at("status").classList.remove("failed");
}

function failed(error, own = turn) {
  if (own !== turn) return;
  at("status").textContent = error.message;
  at("status").classList.add("failed");
  document.documentElement.dataset.state = "failed";
}
