import json

import numpy as np
import pytest

from latent_xlate.benchmarks import wavegan_speed
from latent_xlate.domains.speech.wavegan_generator import WaveGANGenerator


@pytest.mark.parametrize("half_rate", [False, True])
def test_the_peer_in_pytorch_makes_the_same_sounds(half_rate, tmp_path):
    torch = pytest.importorskip("torch")
    from latent_xlate.benchmarks.wavegan_torch import Generator

    config = {"latent_dim": 5, "dim": 2, "half_rate": half_rate}
    weights = wavegan_speed.write_weights(tmp_path / "weights.npz", config)
    generator = WaveGANGenerator(**config)
    generator.build()
    with np.load(weights) as arrays:
        for number, layer in enumerate([generator.z_project, *generator.upconvs, generator.waveform]):
            layer.set_weights([arrays[f"{number}_kernel"], arrays[f"{number}_bias"]])
    z = np.random.default_rng(0).uniform(-1, 1, (3, 5)).astype(np.float32)
    expected = generator(z)[..., 0].numpy()
    with torch.inference_mode():
        ours = Generator(weights, half_rate)(torch.from_numpy(z)).numpy()
    np.testing.assert_allclose(ours, expected, atol=1e-5 * np.abs(expected).max())


@pytest.mark.slow
def test_every_contender_makes_sound(monkeypatch, capsys):
    monkeypatch.setattr(wavegan_speed, "SIZES", {"tiny": {"latent_dim": 3, "dim": 1, "half_rate": True}})
    results = wavegan_speed.benchmark(seconds=0.01, rounds=1)
    assert results.keys() == {"tiny"} and results["tiny"].keys() == {"1", "64"}
    for rates in results["tiny"].values():
        assert "latent_xlate" in rates and min(rates.values()) > 0
    assert json.loads(json.dumps(results)) == results
    assert "times real time" in capsys.readouterr().out
