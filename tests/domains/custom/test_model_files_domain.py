"""ONNX and PyTorch files as a domain, run by their frameworks, and brought into TensorFlow; PyTorch is the oracle."""

import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

pytest.importorskip("onnx2keras", reason="needs the extra onnx")
sys.modules.setdefault("triton", None)  # As `torch_files.import_torch` says.
torch = pytest.importorskip("torch", reason="needs the extra torch")

from latent_xlate.domains.custom import graph_conversion  # noqa: E402
from latent_xlate.domains.custom.model_files_domain import ModelFilesDomain, open_file  # noqa: E402
from latent_xlate.domains.custom.saved_model_domain import SavedModelDomain  # noqa: E402
from latent_xlate.domains.domain import Domain  # noqa: E402
from tests.support import torch_networks as nets  # noqa: E402
from tests.support.tolerances import assert_close  # noqa: E402

X = np.random.default_rng(0).random((5, 8, 8, 3), np.float32)
Z = np.random.default_rng(1).normal(size=(5, 4)).astype(np.float32)
KINDS = {"decoder": nets.Decoder, "encoder": nets.Encoder, "classifier": nets.Judge}
OUTPUTS = {"decoder": ["x"], "encoder": ["z_logvar", "z_mean"], "classifier": ["logits"]}
OPTIONS = {
    "onnx": {},  # The names of the outputs say what they are.
    "pt2": {"mu_output": "1", "sigma_output": "0"},
    "pt": {"mu_output": "1", "sigma_output": "0", "latent_shape": (4,)},
}

WITHOUT_FRAMEWORKS = """
import sys
import numpy as np

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "onnx", "onnxruntime", "onnx2keras"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Missing())
import latent_xlate as lx
domain = lx.load_domain(sys.argv[1])
print(float(domain.decode(np.ones([3, 4], np.float32)).numpy().sum()))
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("networks")
    made = {}
    for name, kind in KINDS.items():
        made["onnx", name] = nets.onnx(kind, folder / f"{name}.onnx", OUTPUTS[name], beside=name == "decoder")
        made["pt2", name] = nets.exported(kind, folder / f"{name}.pt2")
        made["pt", name] = nets.scripted(kind, folder / f"{name}.pt")
    return made


def domain_of(files, ending):
    paths = {name: files[ending, name] for name in KINDS}
    return ModelFilesDomain.of("faces", **paths, value_range=(-1, 1), sigma_kind="log_variance", **OPTIONS[ending])


def check_against_torch(domain):
    given = (2 * X - 1).transpose(0, 3, 1, 2)
    log_variance, mean = nets.call(nets.Encoder, given)
    mu, sigma = domain.encode(tf.constant(X))
    assert_close(mu, mean, rtol=1e-4, atol=1e-5)
    assert_close(sigma, np.exp(log_variance / 2), rtol=1e-4, atol=1e-5)
    made = (nets.call(nets.Decoder, Z)[0].transpose(0, 2, 3, 1) + 1) / 2
    assert domain.data_shape == (8, 8, 3)
    assert_close(domain.decode(tf.constant(Z)), made, rtol=1e-4, atol=1e-5)
    assert_close(domain.classify(tf.constant(X)), nets.call(nets.Judge, given)[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("ending", OPTIONS)
def test_files_are_run_by_their_framework_and_saved_with_the_domain(files, ending, tmp_path):
    domain = domain_of(files, ending)
    assert not domain.in_graph and domain.latent_dim == 4
    check_against_torch(domain)
    domain.save(tmp_path / "faces")
    check_against_torch(Domain.load(tmp_path / "faces"))


@pytest.mark.parametrize("ending", ["onnx", "pt2"])
@pytest.mark.long
def test_networks_come_into_the_graph_and_need_no_framework_there(files, ending, tmp_path, capfd):
    domain = graph_conversion.in_graph_if_possible(domain_of(files, ending))
    assert "The networks are brought into TensorFlow" in capfd.readouterr().err
    assert isinstance(domain, SavedModelDomain)
    check_against_torch(domain)
    domain.save(tmp_path / "faces")
    printed = subprocess.run(
        [sys.executable, "-c", WITHOUT_FRAMEWORKS, tmp_path / "faces"], check=True, capture_output=True
    )
    ones = np.ones([3, 4], np.float32)
    assert float(printed.stdout) == pytest.approx(float(domain.decode(tf.constant(ones)).numpy().sum()), rel=1e-5)


def test_what_cannot_be_converted_stays_and_the_reason_is_said(files, tmp_path, capsys):
    script = domain_of(files, "pt")
    assert graph_conversion.in_graph_if_possible(script) is script
    assert "decoder.pt is TorchScript: write it by torch.export.save" in capsys.readouterr().err
    fixed = ModelFilesDomain.of("fixed", nets.exported(nets.Decoder, tmp_path / "d.pt2", any_batch=False))
    assert graph_conversion.in_graph_if_possible(fixed) is fixed
    assert "d.pt2 takes batches of 2 alone: export it with any batch" in capsys.readouterr().err


def test_a_conversion_that_computes_something_else_is_refused(tmp_path):
    domain = ModelFilesDomain.of("square", nets.exported(nets.SquareDecoder, tmp_path / "d.pt2"), value_range=(-1, 1))
    with pytest.raises(graph_conversion.ConversionError, match="decode gives numbers that differ by"):
        graph_conversion.in_graph(domain)


@pytest.mark.parametrize("ending", ["onnx", "pt2"])
def test_networks_of_one_batch_size_take_any_number(ending, tmp_path):
    path = tmp_path / f"decoder.{ending}"
    write = nets.exported if ending == "pt2" else lambda *args, **kwargs: nets.onnx(*args, ["x"], **kwargs)
    file = open_file(write(nets.Decoder, path, any_batch=False))
    assert file.batch_size == 2
    for count in (1, 2, 5):
        assert_close(file(Z[:count]), nets.call(nets.Decoder, Z[:count])[0], rtol=1e-4, atol=1e-5)


def test_damaged_and_unsuitable_files_are_refused(files, tmp_path):
    torch.save(nets.network(nets.Decoder).state_dict(), tmp_path / "weights.pt")
    with pytest.raises(ValueError, match="weights.pt is damaged, or no TorchScript .*: weights alone do not say"):
        open_file(tmp_path / "weights.pt")
    for ending in ("onnx", "pt2", "pt"):
        damaged = tmp_path / f"damaged.{ending}"
        damaged.write_bytes(files[ending, "encoder"].read_bytes()[:500])
        with pytest.raises(ValueError, match=f"damaged.{ending} is damaged, or no"):
            open_file(damaged)
    with pytest.raises(ValueError, match="There is no file .*missing.onnx"):
        open_file(tmp_path / "missing.onnx")
    with pytest.raises(ValueError, match="decoder.h5 ends in .h5; networks are read from .onnx, .pt2, .pt files"):
        open_file("decoder.h5")
    with pytest.raises(ValueError, match="does not say which latents it takes: give --latent_shape"):
        ModelFilesDomain.of("faces", files["pt", "decoder"])
    with pytest.raises(ValueError, match="Unknown output of encode 'mean'.*Known: output_0, output_1"):
        ModelFilesDomain.of("faces", files["pt2", "decoder"], files["pt2", "encoder"], mu_output="mean")
    with pytest.raises(ValueError, match="value_range is 1,-1; it must be two numbers, the lower one first"):
        ModelFilesDomain.of("faces", files["pt2", "decoder"], value_range=(1, -1))
