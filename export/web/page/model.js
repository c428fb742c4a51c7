/** The model in a worker of its own, and what it is made of: its file, and what the browser computes with. */

export class Model {
  #worker = new Worker("worker.js");
  #waiting = new Map(); // by the numbers of questions
  #asked = 0;

  constructor() {
    this.#worker.onmessage = ({ data: { id, failed, ...answer } }) => {
      const { resolve, reject } = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (failed) reject(new Error(failed));
      else resolve(answer);
    };
    this.#worker.onerror = ({ message }) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(message ?? "worker.js cannot be loaded"));
    };
  }

  /** Starts a model on "wasm" or "webgpu", which gives way to the former where it fails. */
  static async open(card, bytes, accelerator) {
    const model = new Model();
    try {
      await model.#ask({ open: { card, model: bytes, accelerator } });
      model.accelerator = accelerator;
      return model;
    } catch (error) {
      model.close();
      if (accelerator === "wasm") throw error;
      console.warn(`WebGPU: ${error.message}`);
      return Model.open(card, bytes, "wasm");
    }
  }

  /** Predicts an ImageBitmap; returns a promise of `{ prediction, ms }`. */
  predict(bitmap) {
    const { height, width } = bitmap;
    const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
    context.drawImage(bitmap, 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    return this.#ask({ picture: { height, width, data } }, [data.buffer]);
  }

  close() {
    this.#worker.terminate();
  }

  #ask(message, transfer = []) {
    return new Promise((resolve, reject) => {
      this.#waiting.set(++this.#asked, { resolve, reject });
      this.#worker.postMessage({ id: this.#asked, ...message }, transfer);
    });
  }
}

/** Loads a file of the page; `progress` is called with the bytes that are there. */
export async function download(name, progress) {
  const answer = await fetch(name);
  if (!answer.ok) throw new Error(`${name}: ${answer.status} ${answer.statusText}`);
  const reader = answer.body.getReader();
  const parts = [];
  let bytes = 0;
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
    parts.push(value);
    bytes += value.length;
    progress(bytes);
  }
  return new Blob(parts).arrayBuffer();
}

/** Returns what the browser computes with, the fastest first. */
export async function accelerators() {
  // The runtimes' builds with WebGPU wait for it by JSPI.
  const adapter = "Suspending" in WebAssembly && (await navigator.gpu?.requestAdapter().catch(() => null));
  if (!adapter) return ["wasm"];
  return adapter.info?.isFallbackAdapter ? ["wasm", "webgpu"] : ["webgpu", "wasm"]; // without a GPU it is slow
}
