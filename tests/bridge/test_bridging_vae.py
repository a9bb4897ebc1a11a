import keras
import numpy as np
import pytest
import tensorflow as tf

from latent_xlate import training
from latent_xlate.bridge import bridging_vae
from latent_xlate.bridge.bridging_vae import BridgingVAE
from latent_xlate.latents.batches import make_batches
from latent_xlate.optimizer import FusedAdam
from tests.support import synthetic, tiny
from tests.support.model_checks import check_mirrored, check_mixed_precision, check_saving, flat, op_types
from tests.support.tolerances import approx, assert_close

VARIANTS = {
    "paper": {},
    "sum": {"reconstruction": "sum"},
    "precision": {"reconstruction": "precision"},
    "order_1": {"swd_order": 1.0},
    "order_3": {"swd_order": 3.0, "num_projections": 5, "orthogonal_projections": True},
    "unconditional": {"conditional": False},
    "dense": {"gated_mixing": False},
    "frozen": {"classifier": "frozen"},
    "adapters": {"latent_dims": (6, 4)},
    "three_domains": {"latent_dims": (6, 6, 6)},
    "all_at_once": {"latent_dims": (5, 6, 4), "classifier": "frozen", "conditional": False},
}


def bridge(**kwargs):
    """One whose biases are not zero."""
    model = tiny.bridge(**({"num_classes": 4, "beta_kl": 0.3, "beta_swd": 0.7, "beta_cls": 0.2} | kwargs))
    generator = np.random.default_rng(1)
    model.set_weights([w + 0.1 * generator.normal(size=w.shape) for w in model.get_weights()])
    return model


def batch(latent_dims=(6, 6), size=8, seed=0, unlabelled=True):
    """(posteriors, labels) with unlabelled rows, another number of them in each domain."""
    generator = np.random.default_rng(seed)
    posteriors, labels = [], []
    for domain, dim in enumerate(latent_dims):
        mu, sigma = generator.normal(size=(size, dim)), generator.uniform(0.1, 1, size=(size, dim))
        posteriors.append((tf.constant(mu, tf.float32), tf.constant(sigma, tf.float32)))
        classes = generator.integers(4, size=size)
        if unlabelled:
            classes[: 2 * domain + 1] = -1
        labels.append(tf.constant(classes, tf.int32))
    return tuple(posteriors), tuple(labels)


def dense(x, layer):
    kernel, bias = layer.get_weights()
    return x @ kernel.astype(np.float64) + bias


def gated_mixing(z, h, layer):
    change, gates = np.split(dense(h, layer.change_and_gates), 2, axis=-1)
    gates = 1 / (1 + np.exp(-gates))
    return (1 - gates) * dense(z, layer.mixed) + gates * change


def shared_network(z, domain, model, hidden, mixing):
    if model.config.conditional:
        z = np.concatenate([z, np.tile(np.eye(model.num_domains)[domain], (len(z), 1))], axis=1)
    h = z
    for layer in hidden.layers:
        h = np.maximum(dense(h, layer), 0)
    return gated_mixing(z, h, mixing) if model.config.gated_mixing else dense(h, mixing)


def encode(z, domain, model):
    if model.input_adapters:
        z = dense(z, model.input_adapters[domain])
    mu, raw_sigma = np.split(shared_network(z, domain, model, model.encoder_hidden, model.encoder_mixing), 2, axis=1)
    return mu, np.log1p(np.exp(raw_sigma))


def decode(z_shared, domain, model):
    z = shared_network(z_shared, domain, model, model.decoder_hidden, model.decoder_mixing)
    return dense(z, model.output_adapters[domain]) if model.output_adapters else z


def expected_terms(model, posteriors, labels, noise, projections):
    """The loss of the paper's section 3, written out domain by domain in numpy."""
    z_noise, shared_noise = noise
    reduce = np.sum if model.config.reconstruction == "sum" else np.mean
    terms = dict.fromkeys(("reconstruction", "kl", "swd", "classification"), 0.0)
    samples = []
    for domain, ((mu, sigma), classes) in enumerate(zip(posteriors, labels, strict=True)):
        z = mu.numpy() + sigma.numpy() * z_noise[domain].numpy()
        mu_shared, sigma_shared = encode(z, domain, model)
        z_shared = mu_shared + sigma_shared * shared_noise[domain].numpy()
        samples.append(np.sort(z_shared @ projections.numpy(), axis=0))
        decoded = decode(z_shared, domain, model)
        error = (decoded - z) ** 2
        if model.config.reconstruction == "precision":
            precision = 1 / sigma.numpy() ** 2
            error = (decoded - mu.numpy()) ** 2 * precision / precision.mean(axis=1, keepdims=True)
        terms["reconstruction"] += np.mean(reduce(error, axis=1))
        kl = 0.5 * (mu_shared**2 + sigma_shared**2 - 1) - np.log(sigma_shared)
        terms["kl"] += np.mean(np.sum(kl, axis=1))
        linear = model.config.classifier == "linear"
        logits = dense(z_shared, model.classifier) if linear else gated_mixing(z_shared, z_shared, model.classifier)
        classes = classes.numpy()
        entropy = np.log(np.sum(np.exp(logits), axis=1)) - logits[np.arange(len(classes)), np.maximum(classes, 0)]
        if (classes >= 0).any():
            terms["classification"] += np.mean(entropy[classes >= 0])
    pairs = [(i, j) for i in range(len(samples)) for j in range(i)]
    terms["swd"] = sum(np.mean(np.abs(samples[i] - samples[j]) ** model.config.swd_order) for i, j in pairs)
    terms["swd"] /= len(samples) - 1
    betas = {
        "reconstruction": 1.0,
        "kl": model.config.beta_kl,
        "swd": model.config.beta_swd,
        "classification": model.config.beta_cls,
    }
    return terms | {"loss": sum(betas[name] * value for name, value in terms.items())}


@pytest.mark.parametrize("variant", VARIANTS)
def test_loss_is_that_of_the_paper(variant):
    model = bridge(**VARIANTS[variant])
    posteriors, labels = batch(model.latent_dims)
    terms = {name: float(value) for name, value in model.test_step((posteriors, labels)).items()}
    expected = expected_terms(model, posteriors, labels, model._noise(8, 0), model._projections(0))
    assert terms.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(terms[name], value, rtol=2e-5, err_msg=name)


def test_labels_weigh_what_they_are_said_to():
    model = bridge()
    posteriors, labels = batch(model.latent_dims)
    labels = tuple(tf.constant([0, 1, 2, 0, 1, 2, 0, 1]) for _ in labels)

    def classification(*labels_and_weights):
        model.reset_metrics()
        return float(model.test_step((posteriors, *labels_and_weights))["classification"])

    def weights(*first):
        return tuple(tf.constant([*first, *[1.0] * (8 - len(first))]) for _ in labels)

    hidden = tuple(tf.constant([-1, -1, 2, 0, 1, 2, 0, 1]) for _ in labels)
    assert classification(labels, weights()) == approx(classification(labels))
    assert classification(labels, weights(0.0, 0.0)) == approx(classification(hidden))
    # A weight of three is as good as three instances: the mean of what each weighs.
    alone = [classification(tuple(tf.where(tf.range(8) == i, of, -1) for of in labels)) for i in range(8)]
    assert classification(labels, weights(3.0, 0.5)) == approx(np.average(alone, weights=[3, 0.5] + [1] * 6))


@pytest.mark.parametrize("variant", ["paper", "unconditional", "dense", "all_at_once"])
def test_translation_is_encoder_then_decoder(variant):
    model = bridge(**VARIANTS[variant])
    posteriors, _ = batch(model.latent_dims)
    z, noise = posteriors[0][0], np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32)
    mu, sigma = encode(z.numpy(), 0, model)
    assert_close(model.encode(z, 0)[0], mu, rtol=1e-4, atol=1e-5)
    assert_close(model.encode(z, 0)[1], sigma, rtol=1e-4, atol=1e-5)
    assert_close(model.translate(z, 0, 1), decode(mu, 1, model), rtol=1e-4, atol=1e-5)
    sampled = decode(mu + sigma * noise, 1, model)
    assert_close(model.translate(z, 0, 1, noise), sampled, rtol=1e-4, atol=1e-5)


def test_unconditional_bridge_does_not_know_the_domain():
    z = batch()[0][0][0]
    unconditional, conditional = bridge(conditional=False), bridge()
    np.testing.assert_array_equal(unconditional.translate(z, 0, 0), unconditional.translate(z, 1, 1))
    assert not np.allclose(conditional.translate(z, 0, 0), conditional.translate(z, 0, 1))
    assert not np.allclose(conditional.encode(z, 0)[0], conditional.encode(z, 1)[0])


def test_large_latents_are_narrowed_by_adapters_whose_cost_is_linear_in_their_size(monkeypatch, tmp_path):
    monkeypatch.setattr(bridging_vae, "WIDEST", 5)
    monkeypatch.setattr(bridging_vae, "NARROWED", 3)
    counts = [tiny.bridge((size, size)).count_params() for size in (6, 12, 18)]
    assert counts[2] - counts[1] == counts[1] - counts[0]
    model = tiny.bridge((6, 4))
    assert [adapter.units for adapter in model.input_adapters] == [3, 3]
    assert [adapter.units for adapter in model.output_adapters] == [6, 4]
    assert model.translate(tf.ones([2, 6]), 0, 1).shape == (2, 4)
    assert not tiny.bridge((5, 5)).input_adapters


@pytest.mark.parametrize(("latent_dims", "adapters"), [((6, 6), 0), ((6, 4), 2), ((6, 6, 6), 0), ((6, 6, 4), 3)])
def test_adapters_exist_only_where_sizes_differ(latent_dims, adapters):
    model = bridge(latent_dims=latent_dims)
    assert len(model.input_adapters) == len(model.output_adapters) == adapters
    paths = [variable.path for variable in model.variables if "adapter" in variable.path]
    assert len(paths) == 4 * adapters


def test_bridge_of_the_paper_has_its_number_of_parameters():
    # MNIST-Fashion: latents of 100, shared latent of 8, 4x512, one-hot labels of two domains.
    model = BridgingVAE((100, 100), 10)
    model.build()

    def affine(n, m):
        return n * m + m

    hidden = 3 * affine(512, 512)
    encoder = affine(102, 512) + hidden + affine(102, 16) + affine(512, 32)
    decoder = affine(10, 512) + hidden + affine(10, 100) + affine(512, 200)
    assert model.count_params() == encoder + decoder + affine(8, 10)


@pytest.mark.parametrize(
    ("beta", "term", "op"),
    [
        ("beta_kl", "kl", "Log"),
        ("beta_swd", "swd", "TopKV2"),
        ("beta_cls", "classification", "SparseSoftmaxCrossEntropyWithLogits"),
    ],
)
def test_terms_of_weight_zero_are_not_computed(beta, term, op):
    model, without = bridge(), bridge(**{beta: 0.0})
    data = batch()
    assert op in op_types(model.test_step, data)
    assert op not in op_types(without.test_step, data)
    assert term not in without.test_step(data)


@pytest.mark.filterwarnings("error:Gradients do not exist")
def test_a_term_of_weight_zero_cannot_spoil_the_loss():
    # sigma underflows to 0, of which the KL divergence is infinite, and the classifier's weights are NaN.
    model = bridge(beta_kl=0.0, beta_cls=0.0)
    kernel, bias = model.encoder_mixing.mixed.get_weights()
    bias[model.shared_dim :] = -1e4
    model.encoder_mixing.mixed.set_weights([kernel, bias])
    model.classifier.set_weights([np.full_like(w, np.nan) for w in model.classifier.get_weights()])
    model.compile(optimizer=FusedAdam(1e-3))
    assert np.isfinite(float(model.train_step(batch())["loss"]))
    trained = [v for v in model.trainable_variables if "classifier" not in v.path]
    assert all(np.isfinite(variable.numpy()).all() for variable in trained)
    assert np.isinf(float(bridge_with_weights_of(model, beta_kl=0.1, beta_cls=0.0).test_step(batch())["kl"]))


def bridge_with_weights_of(model, **kwargs):
    other = bridge(**kwargs)
    other.set_weights(model.get_weights())
    return other


def test_unlabelled_rows_contribute_nothing_to_the_classification():
    model = bridge(beta_swd=0.0, beta_kl=0.0)
    posteriors, labels = batch()
    # Rows 0 to 2 are unlabelled in the second domain, row 0 in the first: other data there, the same term.
    changed = tuple((tf.concat([-mu[:1], mu[1:]], axis=0), sigma) for mu, sigma in posteriors)
    before, after = model.test_step((posteriors, labels)), None
    before = {name: float(value) for name, value in before.items()}
    model.reset_metrics()
    after = {name: float(value) for name, value in model.test_step((changed, labels)).items()}
    assert after["classification"] == approx(before["classification"], rel=1e-6)
    assert abs(after["reconstruction"] - before["reconstruction"]) > 1e-3


def test_domain_without_any_label_contributes_no_classification():
    model = bridge()
    posteriors, labels = batch(unlabelled=False)
    alone = expected_terms(
        model, posteriors, (labels[0], -tf.ones_like(labels[1])), model._noise(8, 0), model._projections(0)
    )
    terms = model.test_step((posteriors, (labels[0], -tf.ones_like(labels[1]))))
    assert_close(terms["classification"], alone["classification"], rtol=1e-5)
    model.reset_metrics()
    none = tuple(-tf.ones_like(row) for row in labels)
    assert float(model.test_step((posteriors, none))["classification"]) == 0


@pytest.mark.parametrize("kind", ["linear", "frozen"])
def test_only_the_linear_classifier_is_trained(kind):
    model = bridge(classifier=kind)
    model.compile(optimizer=FusedAdam(1e-2))
    before = model.get_weights()
    model.train_step(batch())
    changed = {
        variable.path.split("/")[1]
        for variable, weight in zip(model.weights, before, strict=True)
        if not np.array_equal(variable.numpy(), weight)
    }
    networks = {"encoder_hidden", "encoder_mixing", "decoder_hidden", "decoder_mixing"}
    assert changed == networks | ({"classifier"} if kind == "linear" else set())


def test_each_step_has_noise_of_its_own_that_the_seed_decides():
    def losses(seed):
        model = bridge(seed=seed)
        model.compile(optimizer=keras.optimizers.SGD(0.0))
        steps = []
        for _ in range(3):
            model.reset_metrics()
            steps.append(float(model.train_step(batch())["loss"]))
        return steps

    first = losses(0)
    assert len(set(first)) == 3
    assert losses(0) == first
    assert not set(losses(1)) & set(first)


@pytest.mark.parametrize(
    ("variant", "dtype"), [("paper", None), ("dense", None), ("all_at_once", None), ("paper", "mixed_bfloat16")]
)
@pytest.mark.long
def test_bridge_saves_and_loads(variant, dtype, tmp_path):
    model = bridge(**VARIANTS[variant], dtype=dtype)
    check_saving(model, [mu.numpy() for mu, _ in batch(model.latent_dims)[0]], tmp_path)


def test_loaded_bridge_has_the_same_loss_and_keeps_its_classifier_frozen(tmp_path):
    model = bridge(**VARIANTS["all_at_once"])
    model.save(tmp_path / "bridge.keras")
    again = keras.saving.load_model(tmp_path / "bridge.keras")
    data = batch(model.latent_dims)
    assert float(again.test_step(data)["loss"]) == float(model.test_step(data)["loss"])
    assert len(again.trainable_variables) == len(model.trainable_variables) < len(model.variables)


@pytest.mark.parametrize("variant", ["paper", "all_at_once"])
def test_bridge_in_mixed_precision(variant):
    posteriors, _ = batch(VARIANTS[variant].get("latent_dims", (6, 6)))

    def use(model):
        z = [mu for mu, _ in posteriors]
        return [*model(z), *model.encode(z[0], 0), model.translate(z[0], 0, 1), model.classify(z[0][:, :3])]

    check_mixed_precision(lambda policy: bridge(**VARIANTS[variant], dtype=policy), use, tolerance=0.05)


def test_loss_in_mixed_precision_is_close_and_float32():
    exact, mixed = bridge(), bridge(dtype="mixed_bfloat16")
    mixed.compile(optimizer=FusedAdam(1e-3))
    terms = mixed.train_step(batch())
    assert terms["loss"].dtype == tf.float32
    exact.compile(optimizer=FusedAdam(1e-3))
    np.testing.assert_allclose(terms["loss"], exact.train_step(batch())["loss"], rtol=0.02)


@pytest.mark.long
def test_two_replicas_train_as_one_device_does():
    # The SWD is of the global batch, and unlabelled rows lie mostly on the second replica.
    options = {"latent_dims": (6, 4), "hidden_units": (16,)}
    pool = batch(options["latent_dims"], size=80, unlabelled=False)

    def make_batch(positions):
        posteriors, labels = tf.nest.map_structure(lambda x: tf.gather(x, positions % 80), pool)
        unlabelled = [positions % 16 > 9 - 2 * domain for domain in range(len(labels))]
        return posteriors, tuple(tf.where(mask, -1, x) for mask, x in zip(unlabelled, labels, strict=True))

    check_mirrored(lambda: bridge(**options), make_batch)


@pytest.mark.long
def test_fit_takes_a_dataset_and_builds_the_model():
    model = BridgingVAE((6, 4), 4, shared_dim=3, hidden_units=(16, 16))
    model.compile(optimizer=FusedAdam(1e-2))
    data = tf.data.Dataset.from_tensors(batch((6, 4)))
    history = model.fit(data.repeat(20), epochs=3, verbose=0, validation_data=data).history
    for name in ("loss", "val_loss"):
        assert history[name][0] > history[name][1] > history[name][2]
    assert history["val_loss"][2] == approx(float(bridge_loss(model, data)), rel=1e-5)


def bridge_loss(model, data):
    model.reset_metrics()
    return model.test_step(next(iter(data)))["loss"]


def test_training_reduces_the_loss_and_aligns_the_classes():
    domains = [synthetic.latents(6, seed=1), synthetic.latents(5, seed=2)]
    keras.utils.set_random_seed(0)
    model = BridgingVAE((6, 5), synthetic.NUM_CLASSES, shared_dim=4, hidden_units=(32, 32), beta_kl=0.02, beta_cls=0.5)
    model.build()
    model.compile(optimizer=FusedAdam(3e-3), jit_compile=False)
    logs = []
    training.train(
        model,
        make_batches(domains, synthetic.NUM_CLASSES, "balanced", 0),
        num_steps=500,
        batch_size=32,
        steps_per_log=50,
        on_log=lambda step, values: logs.append(values) or {},
    )
    assert logs[-1]["loss"] < 0.4 * logs[0]["loss"]
    for source, target in ((0, 1), (1, 0)):
        translated = model.translate(domains[source].mu, source, target).numpy()
        correct = synthetic.nearest_class(translated, domains[target]) == domains[source].labels
        assert correct.mean() > 0.95


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"latent_dims": (6,)}, "two domains or more, not 1"),
        ({"latent_dims": (6, 6), "reconstruction": "means"}, "Did you mean 'mean'"),
        ({"latent_dims": (6, 6), "classifier": "froze"}, "Did you mean 'frozen'"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        BridgingVAE(**arguments)


def test_call_reconstructs_every_domain():
    model = bridge(latent_dims=(6, 4))
    z = [mu for mu, _ in batch((6, 4))[0]]
    for domain, output in enumerate(flat(model(z))):
        assert_close(output, model.translate(z[domain], domain, domain), rtol=1e-6)
