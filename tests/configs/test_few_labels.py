import pytest

from latent_xlate.bridge.bridge_config import BridgeConfig
from latent_xlate.configs import few_labels
from latent_xlate.latents.sources import latent_kinds


@pytest.mark.parametrize("pair", few_labels.PAIRS)
@pytest.mark.parametrize(("ending", "kind"), [("", "dataset"), ("_faithful", "dataset"), ("_quick", "shipped")])
def test_ten_labels_a_class_are_of_instances_that_no_judge_has_labelled(pair, ending, kind):
    config = few_labels.get_config(pair + ending)
    BridgeConfig.of(config)
    assert config.labels_per_class == 10
    assert latent_kinds(config.latents, len(config.domains)) == [kind] * 2


def test_unknown_pair_is_refused():
    with pytest.raises(ValueError, match="Unknown pair of domains 'mnist_mnits'. Did you mean 'mnist_mnist"):
        few_labels.get_config("mnist_mnits")
