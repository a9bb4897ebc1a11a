"""The bridging VAE: one VAE over the latents of several domains (paper, section 3, supplement B.1)."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import tensorflow as tf

from latent_xlate import KERAS_PACKAGE, checks, losses
from latent_xlate.bridge.bridge import Bridge
from latent_xlate.bridge.classification import classification
from latent_xlate.bridge.label_terms import Batch, LabelTerms
from latent_xlate.distribution import global_batch
from latent_xlate.layers import GatedMixing, relu_stack
from latent_xlate.randomness import replica_normal, step_seed

CLASSIFIERS = ("linear", "frozen")
RECONSTRUCTIONS = (*losses.REDUCTIONS, "precision")


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class BridgingVAE(Bridge):
    """A VAE whose encoder and decoder are shared by all domains and told which one they work for.

    Training minimises, over domains d (paper, section 3),

        sum_d (L_d^ELBO) + beta_swd L^SWD + beta_cls sum_d L_d^Cls

    where L_d^ELBO is the squared error of the latent plus beta_kl times the KL divergence, L^SWD
    the sliced Wasserstein distance between the domains' samples of the shared latent, and L_d^Cls
    the cross entropy of a classifier of the shared latent. Terms of weight zero are left out.

    All domains go through the network as one stacked batch. Where their latents differ in size, a
    linear adapter per domain brings them to one width and back; where they agree there is none and
    the model is the paper's.

    Under a `tf.distribute` strategy the SWD is that of the global batch: the shared latents are
    gathered across replicas, so that any number of replicas computes the loss of a single device.

    Example:
        bridge = BridgingVAE(latent_dims=[100, 100], num_classes=10)
        bridge.compile(optimizer=FusedAdam(1e-3))
        bridge.fit(dataset)  # of (((mu, sigma), (mu, sigma)), (labels, labels)), as `train_step` takes it
        z_fashion = bridge.translate(z_digit, source=0, target=1)
    """

    def __init__(
        self,
        latent_dims: Sequence[int],
        num_classes: int = 10,
        shared_dim: int = 8,
        hidden_units: Sequence[int] = (512, 512, 512, 512),
        beta_kl: float = 0.05,
        beta_swd: float = 1.0,
        beta_cls: float = 0.05,
        reconstruction: str = "mean",
        swd_order: float = 2.0,
        num_projections: int = 64,
        orthogonal_projections: bool = False,
        conditional: bool = True,
        gated_mixing: bool = True,
        classifier: str = "linear",
        seed: int = 0,
        label_terms: LabelTerms | None = None,
        **kwargs,
    ):
        """Makes the model; variables come with `build`.

        Args:
            latent_dims: Size of each domain's latent, two domains or more.
            num_classes: Classes that the shared latent is told apart by.
            shared_dim: Size of the shared latent.
            hidden_units: Widths of the encoder's layers, and of the decoder's.
            beta_kl: Weight of the KL divergence (summed over dimensions, mean over the batch).
            beta_swd: Weight of the sliced Wasserstein distance.
            beta_cls: Weight of the classification.
            reconstruction: "mean" or "sum" of the squared error over a latent's dimensions, or
                "precision", see `losses.precision_weighted_error`.
            swd_order: p of the Wasserstein distance; the paper's is 2, its authors' code used 1.
            num_projections: Fresh random directions a step.
            orthogonal_projections: Draws them as orthonormal bases.
            conditional: Whether encoder and decoder are told the domain (one-hot).
            gated_mixing: Whether encoder and decoder end in gated mixing layers; else in affine maps of
                their hidden features, which the paper found worse.
            classifier: "linear" and trained, as in the paper, or "frozen", a gated mixing layer left
                at its random initial weights, as in the authors' code.
            seed: Of the noise and directions of training.
            label_terms: What is added to the loss of `train_step` and `test_step`; not saved with the model.
            **kwargs: Passed to `keras.Model`.

        Raises:
            ValueError: Fewer than two domains, or an unknown `reconstruction` or `classifier`.
        """
        super().__init__(**kwargs)
        if len(latent_dims) < 2:
            raise ValueError(f"A bridge needs two domains or more, not {len(latent_dims)}.")
        checks.known(reconstruction, RECONSTRUCTIONS, "reconstruction")
        checks.known(classifier, CLASSIFIERS, "classifier")
        self.latent_dims = tuple(latent_dims)
        self.num_classes = num_classes
        self.shared_dim = shared_dim
        self.hidden_units = tuple(hidden_units)
        self.beta_kl, self.beta_swd, self.beta_cls = beta_kl, beta_swd, beta_cls
        self.reconstruction = reconstruction
        self.swd_order = swd_order
        self.num_projections = num_projections
        self.orthogonal_projections = orthogonal_projections
        self.conditional = conditional
        self.gated_mixing = gated_mixing
        self.classifier_kind = classifier
        self.seed = seed
        self.label_terms = label_terms
        self._width = max(self.latent_dims)
        policy = self.dtype_policy

        def adapters(name, to_width):
            if len(set(self.latent_dims)) == 1:
                return []
            return [
                keras.layers.Dense(self._width if to_width else size, dtype=policy, name=f"{name}_{i}")
                for i, size in enumerate(self.latent_dims)
            ]

        last_layer = GatedMixing if gated_mixing else keras.layers.Dense
        self.input_adapters = adapters("input_adapter", True)
        self.encoder_hidden = relu_stack(self.hidden_units, "encoder_hidden", policy)
        self.encoder_mixing = last_layer(2 * shared_dim, dtype=policy, name="encoder_mixing")
        self.decoder_hidden = relu_stack(self.hidden_units, "decoder_hidden", policy)
        self.decoder_mixing = last_layer(self._width, dtype=policy, name="decoder_mixing")
        self.output_adapters = adapters("output_adapter", False)
        if classifier == "linear":
            self.classifier = keras.layers.Dense(num_classes, dtype=policy, name="classifier")
        else:
            self.classifier = GatedMixing(num_classes, dtype=policy, name="classifier")
        # The constructor's argument would not reach the layers inside a gated mixing layer.
        self.classifier.trainable = classifier == "linear" and beta_cls > 0
        names = ["loss", "reconstruction", "kl", "swd", "classification", *(label_terms.betas if label_terms else ())]
        self.trackers = {name: keras.metrics.Mean(name=name) for name in names}

    @property
    def num_domains(self) -> int:
        """How many domains are bridged."""
        return len(self.latent_dims)

    def build(self, input_shape=None):
        label = self.num_domains if self.conditional else 0
        shared, width, last = self.shared_dim + label, self._width + label, self.hidden_units[-1]
        for adapter, size in zip(self.input_adapters, self.latent_dims, strict=False):
            adapter.build((None, size))
        self.encoder_hidden.build((None, width))
        self.encoder_mixing.build([(None, width), (None, last)] if self.gated_mixing else (None, last))
        self.decoder_hidden.build((None, shared))
        self.decoder_mixing.build([(None, shared), (None, last)] if self.gated_mixing else (None, last))
        for adapter in self.output_adapters:
            adapter.build((None, self._width))
        z_shape = (None, self.shared_dim)
        self.classifier.build(z_shape if self.classifier_kind == "linear" else [z_shape, z_shape])
        self.built = True

    # ---- Use ----------------------------------------------------------------------------------

    def encode(self, z: tf.Tensor, domain: int) -> tuple[tf.Tensor, tf.Tensor]:
        """Posterior of the shared latent.

        Args:
            z: A domain's latents, [batch, latent_dims[domain]].
            domain: Its index.

        Returns:
            mu and sigma of q(z'|z, D), float32 [batch, shared_dim].
        """
        if self.input_adapters:
            z = self.input_adapters[domain](z)
        return self._encode(z, self._label(domain, tf.shape(z)[0]))

    def decode(self, z_shared: tf.Tensor, domain: int) -> tf.Tensor:
        """Mean latents of a domain.

        Args:
            z_shared: Shared latents, [batch, shared_dim].
            domain: Index of the domain to decode to.

        Returns:
            float32 [batch, latent_dims[domain]].
        """
        z = self._decode(z_shared, self._label(domain, tf.shape(z_shared)[0]))
        return tf.cast(self.output_adapters[domain](z), tf.float32) if self.output_adapters else z

    def translate(self, z: tf.Tensor, source: int, target: int, noise: tf.Tensor | None = None) -> tf.Tensor:
        """Translates latents of one domain into another's.

        Args:
            z: [batch, latent_dims[source]].
            source: Index of the domain of `z`.
            target: Index of the domain to translate to; the source's own reconstructs.
            noise: Standard normal, [batch, shared_dim], to sample the shared latent; None for its mean.

        Returns:
            float32 [batch, latent_dims[target]].
        """
        mu, sigma = self.encode(z, source)
        return self.decode(mu if noise is None else mu + sigma * noise, target)

    def classify(self, z_shared: tf.Tensor) -> tf.Tensor:
        """Class logits, float32 [batch, num_classes], of shared latents [batch, shared_dim]."""
        inputs = z_shared if self.classifier_kind == "linear" else [z_shared, z_shared]
        return tf.cast(self.classifier(inputs), tf.float32)

    def call(self, inputs):
        """Reconstructs each domain's latents from the mean of the shared latent.

        Args:
            inputs: One [batch, latent_dim] for each domain.

        Returns:
            The reconstructions, alike.
        """
        return [self.translate(z, domain, domain) for domain, z in enumerate(inputs)]

    def _label(self, domain, batch):
        return tf.fill([batch], domain)

    def _with_label(self, x, domains):
        if not self.conditional:
            return x
        x = tf.cast(x, self.compute_dtype)
        return tf.concat([x, tf.one_hot(domains, self.num_domains, dtype=x.dtype)], axis=-1)

    def _encode(self, z, domains):
        z = self._with_label(z, domains)
        mu, raw_sigma = tf.split(self._network(z, self.encoder_hidden, self.encoder_mixing), 2, axis=-1)
        return mu, tf.nn.softplus(raw_sigma)

    def _decode(self, z_shared, domains):
        return self._network(self._with_label(z_shared, domains), self.decoder_hidden, self.decoder_mixing)

    def _network(self, x, hidden, mixing):
        h = hidden(x)
        return tf.cast(mixing([x, h]) if self.gated_mixing else mixing(h), tf.float32)

    # ---- Training -----------------------------------------------------------------------------

    @property
    def metrics(self):
        return list(self.trackers.values())

    def _terms(self, posteriors, labels, weights, noise, projections, step=None):
        """The loss and its terms on this replica's part of the batch.

        Args:
            posteriors: (mu, sigma), each [batch, latent_dim], for each domain.
            labels: int [num_domains, batch], -1 where unlabelled.
            weights: What labels weigh, float32 [num_domains, batch]; None for 1 each.
            noise: That of each domain's z, [batch, latent_dim], and that of z', [num_domains, batch, shared_dim].
            projections: [shared_dim, num_projections].
            step: Integer scalar; None in evaluation.

        Returns:
            Name to scalar, for the trackers; and the replica's share of the loss, which added up over
            the replicas is the loss of the global batch.
        """
        z_noise, shared_noise = noise
        batch = tf.shape(labels)[1]
        domains = tf.repeat(tf.range(self.num_domains), batch)
        z = [mu + sigma * eps for (mu, sigma), eps in zip(posteriors, z_noise, strict=True)]
        adapted = [adapter(x) for adapter, x in zip(self.input_adapters, z, strict=True)] if self.input_adapters else z
        mu, sigma = self._by_domain(self._encode, tf.concat(adapted, axis=0), domains)
        z_shared = mu + sigma * tf.reshape(shared_noise, tf.shape(mu))
        by_domain = tf.reshape(z_shared, [self.num_domains, -1, self.shared_dim])
        decoded = tf.split(self._by_domain(self._decode, z_shared, domains), self.num_domains)
        if self.output_adapters:
            decoded = [
                tf.cast(adapter(x), tf.float32) for adapter, x in zip(self.output_adapters, decoded, strict=True)
            ]

        replicas = self.distribute_strategy.num_replicas_in_sync
        terms = {
            "reconstruction": tf.add_n(
                [
                    self._reconstruction_error(x, y, posterior)
                    for x, y, posterior in zip(z, decoded, posteriors, strict=True)
                ]
            )
        }
        loss = terms["reconstruction"] / replicas
        if self.beta_kl:
            terms["kl"] = tf.reduce_mean(losses.gaussian_kl(mu, sigma)) * self.num_domains
            loss += self.beta_kl * terms["kl"] / replicas
        if self.beta_swd:
            terms["swd"] = losses.all_pairs_swd(global_batch(by_domain), projections, self.swd_order)
            loss += self.beta_swd * terms["swd"] / replicas
        if self.beta_cls:
            terms["classification"], share = classification(self.classify(z_shared), labels, weights)
            loss += self.beta_cls * share
        if self.label_terms is not None:
            more, share = self.label_terms(self, Batch(posteriors, by_domain, labels, weights, projections, step))
            terms |= more
            loss += share
        return terms | {"loss": loss * replicas}, loss

    def _by_domain(self, network, *stacked):
        """A network's output for a stacked batch.

        On a CPU a product of this size keeps but one core busy, so in float32 the domains go through
        side by side; in bfloat16 the products are so short that it does not pay.
        """
        if self.compute_dtype != "float32" or tf.config.list_physical_devices("GPU"):
            return network(*stacked)
        parts = [network(*rows) for rows in zip(*(tf.split(x, self.num_domains) for x in stacked), strict=True)]
        return tf.nest.map_structure(lambda *rows: tf.concat(rows, axis=0), *parts)

    def _reconstruction_error(self, z, decoded, posterior):
        if self.reconstruction != "precision":
            return tf.reduce_mean(losses.squared_error(z, decoded, self.reconstruction))
        mu, sigma = posterior
        return tf.reduce_mean(losses.precision_weighted_error(mu, sigma, decoded))

    def _noise(self, batch, step):
        z_noise = [
            replica_normal((batch, size), step_seed(self.seed, step, 2 + domain))
            for domain, size in enumerate(self.latent_dims)
        ]
        return z_noise, replica_normal(
            (self.num_domains, batch, self.shared_dim), step_seed(self.seed, step, 0), axis=1
        )

    def _projections(self, step):
        seed = step_seed(self.seed, step, 1)
        return losses.random_projections(self.shared_dim, self.num_projections, seed, self.orthogonal_projections)

    def _track(self, terms):
        for name, value in terms.items():
            self.trackers[name].update_state(value)
        return {name: self.trackers[name].result() for name in terms}

    def train_step(self, data):
        """One step.

        Args:
            data: (posteriors, labels) or (posteriors, labels, weights), each with one entry a domain:
                (mu, sigma), float32 [batch, latent_dim], of which z is sampled anew at each step; integers
                [batch], -1 where unlabelled; and what each label weighs, float32 [batch], 1 unless given.
        """
        posteriors, labels, weights = _unpack(data)
        step = self.optimizer.iterations
        noise, projections = self._noise(tf.shape(labels)[1], step), self._projections(step)
        with tf.GradientTape() as tape:
            terms, loss = self._terms(posteriors, labels, weights, noise, projections, step)
            scaled = self.optimizer.scale_loss(loss)
        self.optimizer.apply(tape.gradient(scaled, self.trainable_variables), self.trainable_variables)
        return self._track(terms)

    def test_step(self, data):
        """The same terms, with the noise and directions of the seed."""
        posteriors, labels, weights = _unpack(data)
        terms, _ = self._terms(posteriors, labels, weights, self._noise(tf.shape(labels)[1], 0), self._projections(0))
        return self._track(terms)

    def get_config(self):
        return super().get_config() | {
            "latent_dims": self.latent_dims,
            "num_classes": self.num_classes,
            "shared_dim": self.shared_dim,
            "hidden_units": self.hidden_units,
            "beta_kl": self.beta_kl,
            "beta_swd": self.beta_swd,
            "beta_cls": self.beta_cls,
            "reconstruction": self.reconstruction,
            "swd_order": self.swd_order,
            "num_projections": self.num_projections,
            "orthogonal_projections": self.orthogonal_projections,
            "conditional": self.conditional,
            "gated_mixing": self.gated_mixing,
            "classifier": self.classifier_kind,
            "seed": self.seed,
        }


def _unpack(data):
    posteriors, labels, weights = keras.utils.unpack_x_y_sample_weight(data)
    return posteriors, tf.stack(labels), None if weights is None else tf.stack(weights)
