"""Loading, first and later calls of an artifact are timed in a fresh process, on noise or on pictures."""

import numpy as np
import pytest

import export
from export.benchmark import measure
from zoo.errors import InputError


def test_benchmark_measures_in_a_fresh_process(exported, pictures):
    given = [pictures[0], np.zeros((50, 90, 3), np.uint8), pictures[1]]
    result = export.benchmark(exported("tflite").path, runs=4, warmup=1, threads=1, pictures=given, profile=True)
    assert 0 < result.p50_ms <= result.p95_ms and result.load_ms > 0 and result.first_ms > 0
    assert result.size == exported("tflite").size and result.image_size == [32, 48]
    assert (result.runs, result.pictures, result.operators) == (4, "3 pictures", None)
    assert 10e6 < result.peak_memory < 400e6  # LiteRT and NumPy alone; TensorFlow would take more


def test_benchmark_refuses(exported, model, tmp_path):
    path = exported("tflite").path
    model.save(tmp_path / "toy.keras")
    with pytest.raises(InputError, match="export it first"):
        export.benchmark(tmp_path / "toy.keras")
    with pytest.raises(InputError, match="1 or more"):
        export.benchmark(path, runs=0)
    with pytest.raises(InputError, match="seconds must be more than 0, received 0"):
        export.benchmark(path, seconds=0)
    with pytest.raises(InputError, match="no pictures to time"):
        export.benchmark(path, pictures=[])
    with pytest.raises(InputError, match=r"pictures are uint8 \(height, width, 3\) RGB, received float64"):
        export.benchmark(path, pictures=[np.zeros((4, 4, 3))])
    broken = tmp_path / "broken.tflite"
    broken.write_bytes(b"nothing")
    with pytest.raises(InputError, match="cut short"):
        export.benchmark(broken)


def test_seconds_end_it(exported):
    found = measure(exported("onnx").path, runs=10**9, warmup=2, threads=1, seconds=0.2)
    assert 1 <= found["runs"] < 10**6
    assert measure(exported("onnx").path, runs=50, warmup=10**9, threads=1, seconds=1e-9)["runs"] == 1


@pytest.mark.parametrize("file", [("onnx", None, 1), ("saved_model", None, None)], ids=str)
def test_time_by_operator(exported, file):
    operators = measure(exported(*file).path, runs=3, warmup=1, threads=None, profile=True)["operators"]
    kinds = " ".join(operators)
    assert "Conv" in kinds and "Concat" in kinds and all(ms > 0 for ms in operators.values())
    assert list(operators.values()) == sorted(operators.values(), reverse=True)


def test_any_size_is_timed_on_pictures_of_their_own(model, tmp_path, pictures):
    path = tmp_path / "toy.onnx"
    export.export(model, path, image_size=(None, None), batch_size=3)
    given = tmp_path / "pictures.npz"
    np.savez(given, pictures[0], np.zeros((64, 20, 3), np.uint8))
    found = measure(path, runs=4, warmup=0, threads=1, pictures=str(given))
    assert found["image_size"] == (32, 48) and found["batch_size"] == 3 and found["runs"] == 4
    assert measure(path, runs=1, warmup=0, threads=1)["image_size"] == (256, 320)
