import pytest

from latent_xlate.benchmarks.remote import RemoteFunction

ADDER = "tests.support.adder:adder"


def test_the_function_lives_in_the_child_from_call_to_call_and_its_prints_are_no_answers():
    with RemoteFunction(ADDER, start=5) as add:
        assert [add(1), add(2)] == [6, 8]


def test_files_in_the_current_folder_are_not_imported(monkeypatch, tmp_path):
    (tmp_path / "random.py").write_text("raise SystemExit('Imported.')")
    monkeypatch.chdir(tmp_path)
    with RemoteFunction(ADDER, start=5) as add:
        assert add(1) == 6


def test_an_error_in_the_child_is_told():
    with RemoteFunction(ADDER, start="five") as add, pytest.raises(RuntimeError, match="must be str|can only concat"):
        add(1)


def test_a_function_that_cannot_be_made_is_told():
    with RemoteFunction("tests.evaluation.no_such:adder") as add, pytest.raises(RuntimeError, match="no_such"):
        add(1)
