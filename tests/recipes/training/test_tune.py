import json
from dataclasses import replace

import pytest

from recipes.report.trials import draw_trials
from recipes.training import tune as module
from recipes.training.tune import Search, rows_of, search_of, tune
from recipes.training.workdir import Workdir
from zoo import InputError


def test_searches_are_read():
    assert search_of("learning_rate=1e-5:1e-2:log") == Search("learning_rate", (), 1e-5, 1e-2, True)
    assert search_of("batch_size=2:8") == Search("batch_size", (), 2, 8)
    assert isinstance(search_of("augment.colour=0:0.5").low, float)
    assert search_of("optimizer=sgd,adamw") == Search("optimizer", ("sgd", "adamw"))
    for wrong in ("learning_rate", "learning_rate=", "x=1:2:3", "x=a:b"):
        with pytest.raises(InputError, match="--search takes field=low:high, field=low:high:log or field=one,other"):
            search_of(wrong)
    for wrong in ("x=2:1", "x=0:1:log"):
        with pytest.raises(InputError, match="low is less than high, and of log more than 0"):
            search_of(wrong)


@pytest.fixture
def recipe(toy):
    return replace(toy, epochs=3, class_weights=None, ema=None)


@pytest.fixture
def pretended(monkeypatch):
    """A training of no time: the figure is that of the rate, the third run is killed before its second epoch."""
    kills = [2]

    def train(recipe, folder, resume=False, skip_bad=False, callbacks=()):
        run = Workdir(folder, resume=resume)
        run.recipe.write_text(recipe.to_json())
        run.model.write_text("model")
        rows = run.read_history(None)
        for callback in callbacks:
            callback.set_model(callback)
        for epoch in range(len(rows), recipe.epochs):
            if kills and kills[0] == int(run.path.name[-4:]) and epoch == 1:
                kills.pop()
                raise KeyboardInterrupt
            rows.append({"epoch": epoch + 1, "val_miou": 1 - abs(recipe.learning_rate - 0.03) + 0.001 * epoch})
            run.write_history(rows)
            run.weights(epoch + 1).write_text("checkpoint")
            for callback in callbacks:
                callback.on_epoch_end(epoch, rows[-1])
            if any(getattr(callback, "stop_training", False) for callback in callbacks):
                break
        return run

    monkeypatch.setattr(module, "train", train)


SEARCHES = [search_of("learning_rate=1e-3:1e-1:log"), search_of("optimizer=sgd,adamw")]


def test_a_killed_search_goes_on_where_it_was(recipe, pretended, tmp_path):
    folder = tmp_path / "search"
    with pytest.raises(KeyboardInterrupt):
        tune(recipe, folder, 8, SEARCHES)
    assert len(Workdir(folder / "trial-0002", resume=True).read_history(None)) == 1
    study = tune(recipe, folder, 8, SEARCHES)
    rows = rows_of(study)
    assert len(rows) == 8 == len({row["folder"] for row in rows})
    assert json.loads((folder / "trials.json").read_text()) == rows
    done = [row for row in rows if row["state"] == "complete"]
    assert [row["value"] for row in done] == sorted((row["value"] for row in done), reverse=True)
    assert any(row["state"] == "pruned" for row in rows)
    assert len(Workdir(folder / "trial-0002", resume=True).read_history(None)) == 3
    assert [path.parent.name for path in folder.glob("*/model.keras")] == [rows[0]["folder"]]
    assert not list(folder.glob("*/*.weights.h5"))
    assert len(rows_of(tune(recipe, folder, 8, SEARCHES))) == 8  # nothing is left to do
    draw_trials(folder / "trials.png", rows, "miou")
    assert (folder / "trials.png").stat().st_size > 5000


def test_other_settings_and_wrong_fields_are_one_line(recipe, pretended, tmp_path):
    with pytest.raises(InputError, match="there is no field 'rate'"):
        tune(recipe, tmp_path / "a", 1, [search_of("rate=1:2")])
    with pytest.raises(InputError, match="optimizer is one of sgd, adam, adamw, received 'lion'"):
        tune(recipe, tmp_path / "a", 1, [search_of("optimizer=sgd,lion")])
    assert not (tmp_path / "a").exists()
    tune(recipe, tmp_path / "a", 1, SEARCHES)
    with pytest.raises(InputError, match="holds a search for another recipe or other fields; name another --workdir"):
        tune(replace(recipe, seed=3), tmp_path / "a", 2, SEARCHES)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "notes.txt").touch()
    with pytest.raises(InputError, match="is not empty and holds no search"):
        tune(recipe, tmp_path / "b", 1, SEARCHES)


@pytest.mark.full
def test_trials_are_trained(recipe, tmp_path):
    """Two real ones, of which the second diverges and does not end the search."""
    study = tune(replace(recipe, epochs=1), tmp_path / "search", 2, [search_of("learning_rate=0.01,1e30")])
    assert {row["state"] for row in rows_of(study)} <= {"complete", "pruned"} and len(rows_of(study)) == 2
