/** An .onnx file in ONNX Runtime Web. */

const FILES = {
  wasm: ["ort.wasm.min.mjs", "ort-wasm-simd-threaded"],
  webgpu: ["ort.jspi.min.mjs", "ort-wasm-simd-threaded.jspi"],
};

/**
 * Opens a model.
 *
 * @param model its bytes.
 * @param folder URL of the runtime's files.
 * @param accelerator "wasm" or "webgpu".
 * @returns function of the bytes and dimensions of a batch to a promise of its outputs by name.
 */
export async function open(model, folder, accelerator) {
  const [module, binary] = FILES[accelerator];
  const ort = await import(new URL(module, folder));
  // More threads need headers that a static page does not have.
  ort.env.wasm.numThreads = globalThis.crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency) : 1;
  ort.env.wasm.wasmPaths = Object.fromEntries(
    ["mjs", "wasm"].map((suffix) => [suffix, new URL(`${binary}.${suffix}`, folder).href]),
  );
  ort.env.logLevel = "error";
  const session = await ort.InferenceSession.create(model, {
    executionProviders: accelerator === "webgpu" ? ["webgpu", "wasm"] : ["wasm"],
  });
  return (images, dims) => session.run({ image: new ort.Tensor("uint8", images, dims) });
}
