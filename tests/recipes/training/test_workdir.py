import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from recipes.report import run
from recipes.training.workdir import Workdir
from zoo import InputError
from zoo.files import replace_file, replace_text

DEAD = 2**22 + 1
"""No process has this number."""


def test_interrupted_write_leaves_the_previous_file_whole(tmp_path):
    target = tmp_path / "model.keras"
    replace_text(target, "whole")

    def half(temporary):
        temporary.write_text("ha")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replace_file(target, half)
    assert target.read_text() == "whole"
    assert list(tmp_path.iterdir()) == [target]


def test_folder_in_use(tmp_path):
    (tmp_path / "run").mkdir()
    Workdir(tmp_path / "run")  # an empty folder will do
    (tmp_path / "run" / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="holds a run; continue it with --resume"):
        Workdir(tmp_path / "run")
    with pytest.raises(InputError, match="there is no run to resume"):
        Workdir(tmp_path / "run", resume=True)


def test_what_a_kill_left_before_the_first_file_is_no_run(tmp_path):
    (tmp_path / f".recipe.partial-{DEAD}.json").write_text("{")
    Workdir(tmp_path)
    assert not list(tmp_path.iterdir())
    for name in (f".recipe.partial-{DEAD}.json", "notes.txt"):
        (tmp_path / name).write_text("mine")
    with pytest.raises(InputError, match="holds a run"):
        Workdir(tmp_path)
    assert len(list(tmp_path.iterdir())) == 2  # another process may be writing there


def test_unwritable(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="file/run: cannot be written"):
        Workdir(tmp_path / "file" / "run")


def test_last_epoch_ignores_what_a_kill_left(tmp_path):
    workdir = Workdir(tmp_path)
    assert workdir.last_epoch() == 0
    partial = f".epoch-0013.partial-{DEAD}.weights.h5"
    for name in ("epoch-0003.weights.h5", "epoch-0012.weights.h5", partial, "recipe.json"):
        (tmp_path / name).write_text("{}")
    assert workdir.last_epoch() == 12
    Workdir(tmp_path, resume=True)
    assert not (tmp_path / partial).exists()
    (tmp_path / "epoch-0011-step-000040.weights.h5").write_text("")
    assert workdir.checkpoints() == [(3, 0), (11, 40), (12, 0)]
    workdir.keep_checkpoints(11, 40)  # those after it are not of its line
    assert workdir.checkpoints() == [(3, 0), (11, 40)]


def test_what_another_process_is_writing_is_left_alone(tmp_path):
    (tmp_path / "recipe.json").write_text("{}")
    theirs, ours = (tmp_path / f".model.partial-{number}.keras" for number in (os.getppid(), os.getpid()))
    theirs.write_text(""), ours.write_text("")
    Workdir(tmp_path, resume=True)
    assert theirs.exists() and not ours.exists()


def test_one_process_trains_in_a_folder(tmp_path):
    workdir, holding = Workdir(tmp_path), "import sys; from recipes.training.workdir import Workdir\n"
    holding += "with Workdir(sys.argv[1]).training(): print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", holding, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(InputError, match=f"process {other.pid} trains in this folder"), workdir.training():
            pass
        other.kill()
        other.wait()
        with workdir.training(), workdir.changing():
            assert set(tmp_path.iterdir()) == set(workdir.locks)
    Workdir(tmp_path)  # what is left of a lock is no run


def test_two_changes_at_once_are_both_kept(tmp_path):
    (tmp_path / "artifacts").mkdir()
    for name in run.MEASURED:
        (tmp_path / name).write_text("{}")
    results = {f"{i}.onnx": SimpleNamespace(to_dict=lambda i=i: {"p50_ms": i}) for i in range(40)}
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda one: run.keep(tmp_path / "artifacts" / one[0], "benchmark", one[1]), results.items()))
    assert run.measurements(Workdir(tmp_path, resume=True)).keys() == results.keys()


def test_damaged_files_are_named(tmp_path):
    workdir = Workdir(tmp_path)
    for damage in ("{", "[]", '{"builder": "unet"}'):
        workdir.recipe.write_text(damage)
        with pytest.raises(InputError, match=r"recipe.json: is damaged \(.*\); mend it, or begin another run"):
            workdir.read_recipe()
    workdir.history.write_text('{"epoch": 1}\n{"epo')
    assert workdir.read_history(1) == [{"epoch": 1}]
    with pytest.raises(InputError, match="history.jsonl: is damaged; mend or remove it"):
        workdir.read_history(2)
