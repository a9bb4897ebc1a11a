from latent_xlate.benchmarks import label_speed
from latent_xlate.domains import pretrained
from latent_xlate.few_labels import label_propagation
from latent_xlate.few_labels.propagation_methods import METHODS
from tests.support import small_domains


def test_each_method_labels_as_many_points_as_asked_for_more_than_ship(tmp_path, monkeypatch, capsys):
    small_domains.write_domains(tmp_path, monkeypatch)
    sizes = []
    propagate = label_propagation.propagate

    def counted(graph, labels, *args, **kwargs):
        sizes.append((graph.shape[0], (labels >= 0).sum()))
        return propagate(graph, labels, *args, **kwargs)

    monkeypatch.setattr(label_propagation, "propagate", counted)
    assert "mnist" in pretrained.list_domains()
    results = label_speed.benchmark(500)
    assert sizes == [(500, 100)] * len(METHODS)
    assert results["num_points"] == 500
    assert list(results["methods"]) == list(METHODS)
    assert capsys.readouterr().out == label_speed.table(results) + "\n"
