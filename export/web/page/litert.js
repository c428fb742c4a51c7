/** A .tflite file in LiteRT.js. */

/** Opens a model, as `open` of onnx.js; within a worker that is no module, as LiteRT.js loads scripts. */
export async function open(model, folder, accelerator) {
  const litert = await import(new URL("litert.js", folder));
  litert.unloadLiteRt(); // that of another accelerator
  self.Module = { locateFile: (name) => new URL(name, folder).href }; // or they would be sought beside the worker
  await litert.loadLiteRt(folder.href, { jspi: accelerator === "webgpu" });
  const compiled = await litert.loadAndCompile(model, { accelerator });
  return async (images, dims) => {
    const input = new litert.Tensor(images, dims);
    const tensors = await compiled.run({ image: input });
    input.delete();
    const outputs = {};
    for (const [name, tensor] of Object.entries(tensors)) {
      outputs[name] = { dims: tensor.type.layout.dimensions, data: (await tensor.data()).slice() };
      tensor.delete();
    }
    return outputs;
  };
}
