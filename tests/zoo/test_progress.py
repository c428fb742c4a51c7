from zoo.progress import track


def test_short_work_is_silent(capsys):
    assert list(track(range(5), "reading", 5)) == [0, 1, 2, 3, 4]
    assert capsys.readouterr() == ("", "")


def test_long_work_shows_a_bar_on_stderr(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")  # stderr counts as a terminal
    assert list(track(range(5), "reading", 5, patience=-1.0)) == [0, 1, 2, 3, 4]
    output = capsys.readouterr()
    assert output.out == "" and "reading" in output.err


def test_logs_stay_clean(capsys):
    assert list(track(range(5), "reading", 5, patience=-1.0)) == [0, 1, 2, 3, 4]
    assert capsys.readouterr() == ("", "")


def test_nothing_to_do(capsys):
    assert list(track([], "reading", 0)) == []
    assert capsys.readouterr() == ("", "")
