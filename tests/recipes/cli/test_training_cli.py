"""`zoo train` of a model without a recipe, and `zoo tune`."""

import json

import pytest

from recipes.training.recipe import Recipe
from recipes.training.workdir import Workdir

SMALL = "--set=arguments.width=0.0625", "--set=arguments.depth=1", "--set=picture_size=32x48", "--set=batch_size=2"


def test_the_recipe_of_a_model_is_printed_and_nothing_trained(zoo, toy, tmp_path):
    words = "train", "unet", "--data", toy.data, "--val-data", toy.val_data, *SMALL
    code, out, _ = zoo(*words, "--print")
    printed = " ".join(out.split())
    assert code == 0 and "recipe of unet" in out and "batch_size 2 given" in printed
    assert "learning_rate" in out and "0.001 for 4 pictures a step, here 2" in printed
    assert not list(tmp_path.glob("runs"))
    code, out, _ = zoo("train", "unet_shapes", "--print", "--set=epochs=3")
    assert code == 0 and "epochs 3 given" in " ".join(out.split())
    code, _, err = zoo(*words, "--print", "--set=epoch=3")
    assert (code, err.count("\n")) == (2, 1) and "there is no field 'epoch'" in err


def test_unknown_words_are_one_line(zoo, toy, tmp_path):
    (tmp_path / "file").touch()
    for words, message in (
        (["train", "mask_rcnn"], "unknown recipe or model 'mask_rcnn', nearest are mask_rcnn_"),
        (["train", "unet"], "unet is a model without data of its own"),
        (["train", "fcn_finetune"], "fcn_finetune has no data of its own: name some, --data SOURCE; --print shows"),
        (["tune", "fcn_finetune"], "fcn_finetune has no data of its own: name some, --data SOURCE"),
        (["train", "unet_shapes", "--beside", tmp_path], "is no run's folder, its curves cannot be shown; name one"),
        (["train", "unet_shapes", "--log", "email"], "--log is one of wandb, mlflow, received 'email'"),
        (["train", "unet_shapes", "--set=patience=0"], "patience is 1 or more, received 0"),
        (["tune", "unet_shapes", "--workdir", "file/x"], "error: file/x: cannot be made (Not a directory)"),
        (["tune", "unet_shapes", "--search", "rate"], "--search takes field=low:high"),
    ):
        code, _, err = zoo(*words)
        assert (code, err.count("\n")) == (2, 1) and message in err


@pytest.mark.full
def test_a_model_is_trained_from_a_run_with_that_beside_and_goes_on(zoo, toy, trained):
    words = ["train", "unet", "--workdir", "fine", *SMALL, "--set=epochs=1"]
    data = ["--data", toy.data, "--val-data", toy.val_data]
    code, out, _ = zoo(
        *words, *data, "--weights", trained.path, "--beside", trained.path, "--set=arguments.batch_norm=1"
    )
    assert code == 0 and "neck" in out and "heads 2 of 2" in out
    run = Workdir("fine", resume=True)
    assert Recipe.from_json(run.recipe.read_text()).start == str(trained.path)
    report = run.report.read_text()
    assert f">{trained.path.name}<" in report  # its curve's name in the legend
    words[-1] = "--set=epochs=2"
    code, out, err = zoo(*words, "--resume")
    assert code == 0 and len(run.read_history(None)) == 2


@pytest.mark.full
def test_a_search_is_printed_drawn_and_goes_on(zoo, toy):
    words = ["tune", "unet", "--data", toy.data, "--val-data", toy.val_data, *SMALL, "--set=epochs=1"]
    words += ["--workdir", "search", "--search", "learning_rate=1e-3:1e-1:log"]
    code, out, _ = zoo(*words, "--trials", 1)
    assert code == 0 and "best:   --set learning_rate=" in out and "search/trials.png" in out
    code, out, _ = zoo(*words, "--trials", 2)
    assert code == 0 and "trial-0001" in out
    with open("search/trials.json") as file:
        assert len(json.load(file)) == 2
