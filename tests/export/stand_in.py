"""A stand-in for ONNX Runtime's Java library, with the signatures that its documentation states.

Its session writes what it is given to `given.bin` and answers with two objects of the labels `one` and `two`.
Source: ONNX Runtime, Java API, package ai.onnxruntime.
"""

SOURCES = {
    "OnnxJavaType": "public enum OnnxJavaType { UINT8 }",
    "OrtException": "public class OrtException extends Exception {}",
    "OnnxValue": "public interface OnnxValue { Object getValue() throws OrtException; }",
    "OnnxModelMetadata": """
        public final class OnnxModelMetadata {
            public java.util.Map<String, String> getCustomMetadata() {
                return java.util.Map.of("labels", "one\\ntwo");
            }
        }""",
    "OnnxTensor": """
        public class OnnxTensor implements OnnxValue, AutoCloseable {
            final Object value;
            OnnxTensor(Object value) { this.value = value; }
            public static OnnxTensor createTensor(
                    OrtEnvironment env, java.nio.ByteBuffer data, long[] shape, OnnxJavaType type)
                    throws OrtException {
                byte[] bytes = new byte[data.remaining()];
                if (!data.isDirect() || bytes.length != shape[0] * shape[1] * shape[2] * shape[3])
                    throw new IllegalArgumentException("not a direct buffer of this shape");
                data.get(bytes);
                return new OnnxTensor(bytes);
            }
            public Object getValue() { return value; }
            public void close() {}
        }""",
    "OrtEnvironment": """
        public class OrtEnvironment {
            public static OrtEnvironment getEnvironment() { return new OrtEnvironment(); }
            public OrtSession createSession(String modelPath) throws OrtException { return new OrtSession(); }
        }""",
    "OrtSession": """
        import java.nio.file.Files;
        import java.nio.file.Path;
        import java.util.Map;
        import java.util.Optional;

        public class OrtSession implements AutoCloseable {
            public OnnxModelMetadata getMetadata() throws OrtException { return new OnnxModelMetadata(); }
            public Result run(Map<String, ? extends OnnxTensor> inputs) throws OrtException {
                try {
                    Files.write(Path.of("given.bin"), (byte[]) inputs.get("image").getValue());
                } catch (java.io.IOException error) {
                    throw new IllegalStateException(error);
                }
                return new Result();
            }
            public void close() {}
            public static class Result implements AutoCloseable {
                final Map<String, Object> values = Map.of(
                    "boxes", new float[][][] {{{1, 2, 3.25f, 4}, {5, 6, 7, 8}, {0, 0, 0, 0}}},
                    "scores", new float[][] {{0.9f, 0.5f, 0}},
                    "labels", new int[][] {{1, 0, -1}}, "count", new int[] {2});
                public Optional<OnnxValue> get(String key) { return Optional.of(new OnnxTensor(values.get(key))); }
                public void close() {}
            }
        }""",
}


def write(folder):
    """Writes the library's sources under a folder; returns their paths."""
    files = []
    for name, text in SOURCES.items():
        file = folder / "ai" / "onnxruntime" / f"{name}.java"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"package ai.onnxruntime;\n{text}\n", encoding="utf-8")
        files.append(file)
    return files
