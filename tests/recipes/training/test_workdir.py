import pytest

from recipes.data.files import replace_file, replace_text
from recipes.training.workdir import Workdir
from zoo import InputError


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
    (tmp_path / ".recipe.partial-7.json").write_text("{")
    Workdir(tmp_path)
    assert not list(tmp_path.iterdir())
    for name in (".recipe.partial-7.json", "notes.txt"):
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
    for name in ("epoch-0003.weights.h5", "epoch-0012.weights.h5", ".epoch-0013.partial-1.weights.h5", "recipe.json"):
        (tmp_path / name).write_text("{}")
    assert workdir.last_epoch() == 12
    Workdir(tmp_path, resume=True)
    assert not (tmp_path / ".epoch-0013.partial-1.weights.h5").exists()
    workdir.keep_only(12)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["epoch-0012.weights.h5", "recipe.json"]


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
