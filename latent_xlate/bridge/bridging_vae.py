"""The bridging VAE: one VAE over the latents of several domains (paper, section 3, supplement B.1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from latent_xlate import KERAS_PACKAGE, losses
from latent_xlate.bridge.bridge import Bridge, Carried, Transported
from latent_xlate.bridge.bridge_config import BridgeModelConfig
from latent_xlate.bridge.classification import classification
from latent_xlate.bridge.label_terms import Batch, LabelTerms
from latent_xlate.bridge.residual_transport import ResidualTransport
from latent_xlate.bridge.transport import Transport
from latent_xlate.distribution import global_batch
from latent_xlate.layers import GatedMixing, ScaledDense, relu_stack
from latent_xlate.randomness import replica_normal, step_seed

Posteriors = Sequence[tuple[tf.Tensor, tf.Tensor]]
"""For each domain (mu, sigma) of its latents, float32 [batch, latent_dim] each."""

Noise = tuple[list[tf.Tensor], tf.Tensor]
"""Standard normal: for each domain's z, [batch, latent_dim]; and for z_shared, [num_domains, batch, shared_dim]."""


WIDEST = 4_096
"""Most numbers of a latent that pass through the network as they are."""

NARROWED = 1_024
"""Width to which adapters bring larger ones, so that the cost grows linearly with their size."""


@keras.saving.register_keras_serializable(package=KERAS_PACKAGE)
class BridgingVAE(Bridge):
    """A VAE whose encoder and decoder are shared by all domains and conditioned on the domain.

    Training minimises, over domains d (paper, section 3),

        sum_d (L_d^ELBO) + beta_swd L^SWD + beta_cls sum_d L_d^Cls

    where L_d^ELBO is the squared error of the latent plus beta_kl times the KL divergence, L^SWD is the sliced
    Wasserstein distance between the domains' samples of the shared latent, and L_d^Cls is the cross entropy of a
    classifier of the shared latent. Terms of weight zero are left out.

    All domains pass through the network as one stacked batch. Where their latents differ in size, or are larger than
    `WIDEST`, a linear adapter per domain maps them to one width and back; else there is none, and the model is the
    paper's.

    Under a `tf.distribute` strategy the SWD is that of the global batch: the shared latents are gathered across
    replicas, so that any number of replicas computes the loss of a single device.

    Attributes:
        config: The hyperparameters.
        num_classes: Number of classes of the classifier.
        num_measured: Number of leading coordinates of all domains' latents that transport leaves as they are.
        residual_certainty: A translation has a residual if with it the bridge itself would give it its class with this
            probability at least.
        label_terms: Further terms of the loss in `train_step` and `test_step`, or None; not saved with the model.

    Example:
        bridge = BridgingVAE(latent_dims=[100, 100], num_classes=10)
        bridge.compile(optimizer=FusedAdam(1e-3))
        bridge.fit(dataset)  # of (((mu, sigma), (mu, sigma)), (labels, labels)), see `train_step`
        z_fashion = bridge.translate(z_digit, source=0, target=1)
    """

    def __init__(
        self,
        latent_dims: Sequence[int],
        num_classes: int = 10,
        *,
        seed: int = 0,
        label_terms: LabelTerms | None = None,
        transport_points: int = 0,
        transport_aligned: bool = False,
        residual_axes: int = 0,
        residual_certainty: float = 0.0,
        num_measured: int = 0,
        **kwargs: Any,
    ) -> None:
        """Makes the model; `build` makes its variables.

        Args:
            latent_dims: Size of each domain's latent, two domains or more.
            num_classes: Number of classes of the classifier.
            seed: Seed of the noise and of the directions in training.
            label_terms: As the attribute.
            transport_points: Points of each class and domain in the transport between shared latents; 0 for none.
            transport_aligned: Whether it is aligned (see `Transport`).
            residual_axes: Axes along which transport takes residuals along (see `ResidualTransport`); 0 for not at all.
            residual_certainty: As the attribute.
            num_measured: As the attribute.
            **kwargs: Fields of `BridgeModelConfig`, whose defaults are the paper's; and what `keras.Model` takes.

        Raises:
            ValueError: Fewer than two domains, or a hyperparameter out of its range.
        """
        config = BridgeModelConfig.taken_from(kwargs)
        super().__init__(**kwargs)
        if len(latent_dims) < 2:
            raise ValueError(f"A bridge needs two domains or more, not {len(latent_dims)}.")
        self.latent_dims = tuple(latent_dims)
        self.num_classes = num_classes
        self.config = config
        self.shared_dim = config.shared_dim
        self.seed = seed
        self.num_measured = num_measured
        self.label_terms = label_terms
        largest = max(self.latent_dims)
        self._width = largest if largest <= WIDEST else NARROWED
        self._make_layers()
        sizes = self.num_domains, num_classes, config.shared_dim, transport_points
        self.transport_maps = Transport(*sizes, transport_aligned, name="transport_maps") if transport_points else None
        self.residual_certainty = residual_certainty
        self.residual_maps = (
            ResidualTransport(self.latent_dims, num_classes, residual_axes, name="residual_maps")
            if residual_axes
            else None
        )
        names = ["loss", "reconstruction", "kl", "swd", "classification", *(label_terms.betas if label_terms else ())]
        self.trackers = {name: keras.metrics.Mean(name=name) for name in names}

    def _make_layers(self) -> None:
        config, policy = self.config, self.dtype_policy
        last_layer = GatedMixing if config.gated_mixing else keras.layers.Dense
        self.input_adapters = self._adapters("input_adapter", self.latent_dims, [self._width] * self.num_domains)
        self.encoder_hidden = relu_stack(config.hidden_units, "encoder_hidden", policy)
        self.encoder_mixing = last_layer(2 * config.shared_dim, dtype=policy, name="encoder_mixing")
        self.decoder_hidden = relu_stack(config.hidden_units, "decoder_hidden", policy)
        self.decoder_mixing = last_layer(self._width, dtype=policy, name="decoder_mixing")
        self.output_adapters = self._adapters("output_adapter", [self._width] * self.num_domains, self.latent_dims)
        classifier = keras.layers.Dense if self._has_linear_classifier else GatedMixing
        self.classifier = classifier(self.num_classes, dtype=policy, name="classifier")
        # The constructor's argument would not reach the layers inside a gated mixing layer.
        self.classifier.trainable = self._has_linear_classifier and config.beta_cls > 0

    def _adapters(self, name: str, sizes: Sequence[int], widths: Sequence[int]) -> list[keras.layers.Layer]:
        """A linear layer for each domain; none where all latents have the network's width."""
        if set(self.latent_dims) == {self._width}:
            return []
        adapters = []
        for index, (size, width) in enumerate(zip(sizes, widths, strict=True)):
            options = {"dtype": self.dtype_policy, "name": f"{name}_{index}"}
            if size > WIDEST:
                adapters.append(ScaledDense(width, NARROWED / size, **options))
            else:
                adapters.append(keras.layers.Dense(width, **options))
        return adapters

    @property
    def _has_linear_classifier(self) -> bool:
        return self.config.classifier == "linear"

    @property
    def num_domains(self) -> int:
        """Number of domains."""
        return len(self.latent_dims)

    def build(self, input_shape: Any = None) -> None:
        gated_mixing = self.config.gated_mixing
        label = self.num_domains if self.config.conditional else 0
        shared, width, last = self.shared_dim + label, self._width + label, self.config.hidden_units[-1]
        for adapter, size in zip(self.input_adapters, self.latent_dims, strict=False):
            adapter.build((None, size))
        self.encoder_hidden.build((None, width))
        self.encoder_mixing.build([(None, width), (None, last)] if gated_mixing else (None, last))
        self.decoder_hidden.build((None, shared))
        self.decoder_mixing.build([(None, shared), (None, last)] if gated_mixing else (None, last))
        for adapter in self.output_adapters:
            adapter.build((None, self._width))
        z_shape = (None, self.shared_dim)
        self.classifier.build(z_shape if self._has_linear_classifier else [z_shape, z_shape])
        if self.transport_maps is not None:
            self.transport_maps.build()
        if self.residual_maps is not None:
            self.residual_maps.build()
        self.built = True

    # ---- Use ----------------------------------------------------------------------------------

    def encode(self, z: tf.Tensor, domain: int) -> tuple[tf.Tensor, tf.Tensor]:
        """Posterior of the shared latent.

        Args:
            z: A domain's latents, [batch, latent_dims[domain]].
            domain: Index of the domain.

        Returns:
            mu and sigma of q(z_shared | z, domain), float32 [batch, shared_dim].
        """
        if self.input_adapters:
            z = self.input_adapters[domain](z)
        return self._encode(z, self._label(domain, tf.shape(z)[0]))

    def decode(self, z_shared: Transported, domain: int) -> tf.Tensor:
        """Decodes shared latents to the mean latents of a domain.

        Args:
            z_shared: Shared latents, [batch, shared_dim], or what `transport` made of them.
            domain: Index of the domain to decode to.

        Returns:
            float32 [batch, latent_dims[domain]].
        """
        if isinstance(z_shared, Carried):
            return self._decode_carried(z_shared, domain)
        z = self._decode(z_shared, self._label(domain, tf.shape(z_shared)[0]))
        return tf.cast(self.output_adapters[domain](z), tf.float32) if self.output_adapters else z

    def _decode_carried(self, carried: Carried, domain: int) -> tf.Tensor:
        z = self.decode(carried.z_shared, domain)
        if not isinstance(carried.residual, tuple):
            classes = tf.argmax(self.classify(carried.z_shared), axis=-1)
            detailed = z + carried.residual
            seen = tf.nn.softmax(self.classify(self.encode(detailed, domain)[0]))
            certain = tf.gather(seen, classes, batch_dims=1) >= self.residual_certainty
            z = tf.where(certain[:, tf.newaxis], detailed, z)
        if not isinstance(carried.encoded, tuple):
            measured = self.decode(carried.encoded, domain)[:, : self.num_measured]
            z = tf.concat([measured, z[:, self.num_measured :]], axis=1)
        return z

    def left_out(self, z: tf.Tensor, mu: tf.Tensor, domain: int) -> tf.Tensor | tuple[()]:
        """As in `Bridge`: what latents are more than their reconstruction, along the axes of `ResidualTransport`."""
        if self.residual_maps is None:
            return ()
        return self.residual_maps.whiten(z - self.decode(mu, domain), tf.argmax(self.classify(mu), axis=-1), domain)

    def transport(
        self, z_shared: tf.Tensor, source: int, target: int, left_out: tf.Tensor | tuple[()] = ()
    ) -> Transported:
        """Carries shared latents to where those of another domain lie, if the model has the maps (see `Transport`).

        The class of a latent is the one that `classify` finds most probable. Where a latent is carried to lie those of
        other instances, whose colours, say, are not its own. A model that keeps measured coordinates therefore needs
        it as it was, too.

        Args:
            z_shared: Shared latents, [batch, shared_dim].
            source: Index of the domain that they were encoded from.
            target: Index of the domain that they are decoded to.
            left_out: What `left_out` returned for the latents; () to translate without residuals.

        Returns:
            What `decode` takes, with the latents as they were for any two domains if `num_measured` is not 0.
        """
        if self.transport_maps is None:
            return z_shared
        maps, residual = self.residual_maps if not isinstance(left_out, tuple) else None, ()
        if source == target:
            carried = z_shared
            if maps:  # Of the same structure as between domains, so that a target has one graph for all sources.
                residual = tf.zeros([tf.shape(z_shared)[0], self.latent_dims[target]])
        else:
            classes = tf.argmax(self.classify(z_shared), axis=-1)
            carried = self.transport_maps.carry(z_shared, classes, source, target)
            if maps:
                known = self.transport_maps.knows(classes, source, target)
                residual = tf.where(known, maps.restore(left_out, classes, target), 0.0)
        if not maps and not self.num_measured:
            return carried
        return Carried(carried, z_shared if self.num_measured else (), residual)

    def classify(self, z_shared: tf.Tensor) -> tf.Tensor:
        """Class logits, float32 [batch, num_classes], of shared latents [batch, shared_dim]."""
        inputs = z_shared if self._has_linear_classifier else [z_shared, z_shared]
        return tf.cast(self.classifier(inputs), tf.float32)

    def call(self, inputs: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        """Reconstructs each domain's latents from the mean of the shared latent.

        Args:
            inputs: For each domain latents, [batch, latent_dim].

        Returns:
            For each domain their reconstructions, float32 [batch, latent_dim].
        """
        return [self.translate(z, domain, domain) for domain, z in enumerate(inputs)]

    def _label(self, domain: int, batch: tf.Tensor) -> tf.Tensor:
        return tf.fill([batch], domain)

    def _with_label(self, x: tf.Tensor, domains: tf.Tensor) -> tf.Tensor:
        if not self.config.conditional:
            return x
        x = tf.cast(x, self.compute_dtype)
        return tf.concat([x, tf.one_hot(domains, self.num_domains, dtype=x.dtype)], axis=-1)

    def _encode(self, z: tf.Tensor, domains: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        z = self._with_label(z, domains)
        mu, raw_sigma = tf.split(self._network(z, self.encoder_hidden, self.encoder_mixing), 2, axis=-1)
        return mu, tf.nn.softplus(raw_sigma)

    def _decode(self, z_shared: tf.Tensor, domains: tf.Tensor) -> tf.Tensor:
        return self._network(self._with_label(z_shared, domains), self.decoder_hidden, self.decoder_mixing)

    def _network(self, x: tf.Tensor, hidden: keras.Model, mixing: keras.layers.Layer) -> tf.Tensor:
        h = hidden(x)
        return tf.cast(mixing([x, h]) if self.config.gated_mixing else mixing(h), tf.float32)

    # ---- Training -----------------------------------------------------------------------------

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return list(self.trackers.values())

    def _terms(
        self,
        posteriors: Posteriors,
        labels: tf.Tensor,
        sample_weights: tf.Tensor | None,
        noise: Noise,
        projections: tf.Tensor,
        step: tf.Tensor | None = None,
    ) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        """The loss and its terms on this replica's part of the batch.

        Args:
            posteriors: (mu, sigma) for each domain, [batch, latent_dim] each.
            labels: int [num_domains, batch], -1 where unlabelled.
            sample_weights: Weights of the labels, float32 [num_domains, batch]; None for 1.
            noise: That of z and of z_shared.
            projections: [shared_dim, num_projections].
            step: Integer scalar; None in evaluation.

        Returns:
            The terms by name, scalars; and the replica's share of the loss, which summed over the replicas is the
            loss of the global batch.
        """
        config = self.config
        z, mu, sigma, z_shared, decoded = self._forward(posteriors, noise)
        by_domain = tf.reshape(z_shared, [self.num_domains, -1, self.shared_dim])
        replicas = self.distribute_strategy.num_replicas_in_sync
        errors = map(self._reconstruction_error, z, decoded, posteriors)
        terms = {"reconstruction": tf.add_n(list(errors))}
        loss = terms["reconstruction"] / replicas
        if config.beta_kl:
            terms["kl"] = tf.reduce_mean(losses.gaussian_kl(mu, sigma)) * self.num_domains
            loss += config.beta_kl * terms["kl"] / replicas
        if config.beta_swd:
            terms["swd"] = losses.all_pairs_swd(global_batch(by_domain), projections, config.swd_order)
            loss += config.beta_swd * terms["swd"] / replicas
        if config.beta_cls:
            terms["classification"], share = classification(self.classify(z_shared), labels, sample_weights)
            loss += config.beta_cls * share
        if self.label_terms is not None:
            means, directions = [mean for mean, _ in posteriors], self._z_projections(step)
            batch = Batch(by_domain, labels, sample_weights, projections, means, directions, config.swd_order, step)
            label_terms, share = self.label_terms(self, batch)
            terms |= label_terms
            loss += share
        return terms | {"loss": loss * replicas}, loss

    def _forward(
        self, posteriors: Posteriors, noise: Noise
    ) -> tuple[list[tf.Tensor], tf.Tensor, tf.Tensor, tf.Tensor, list[tf.Tensor]]:
        """Samples latents and passes them through encoder and decoder.

        Returns:
            z of each domain; mu, sigma and z_shared, [num_domains * batch, shared_dim]; and each domain's decoded z.
        """
        z_noise, shared_noise = noise
        batch = tf.shape(posteriors[0][0])[0]
        domains = tf.repeat(tf.range(self.num_domains), batch)
        z = [mu + sigma * eps for (mu, sigma), eps in zip(posteriors, z_noise, strict=True)]
        adapted = [adapter(x) for adapter, x in zip(self.input_adapters, z, strict=True)] if self.input_adapters else z
        mu, sigma = self._by_domain(self._encode, tf.concat(adapted, axis=0), domains)
        z_shared = mu + sigma * tf.reshape(shared_noise, tf.shape(mu))
        decoded = tf.split(self._by_domain(self._decode, z_shared, domains), self.num_domains)
        if self.output_adapters:
            decoded = [
                tf.cast(adapter(x), tf.float32) for adapter, x in zip(self.output_adapters, decoded, strict=True)
            ]
        return z, mu, sigma, z_shared, decoded

    def _by_domain(self, network: Callable[..., Any], *stacked: tf.Tensor) -> Any:
        """A network's output for a stacked batch.

        On a CPU a product of this size occupies only one core, so in float32 the domains go through the network side
        by side; in bfloat16 the products are so short that this does not pay.
        """
        if self.compute_dtype != "float32" or tf.config.list_physical_devices("GPU"):
            return network(*stacked)
        parts = [network(*rows) for rows in zip(*(tf.split(x, self.num_domains) for x in stacked), strict=True)]
        return tf.nest.map_structure(lambda *rows: tf.concat(rows, axis=0), *parts)

    def _reconstruction_error(
        self, z: tf.Tensor, decoded: tf.Tensor, posterior: tuple[tf.Tensor, tf.Tensor]
    ) -> tf.Tensor:
        if self.config.reconstruction != "precision":
            return tf.reduce_mean(losses.squared_error(z, decoded, self.config.reconstruction))
        mu, sigma = posterior
        return tf.reduce_mean(losses.precision_weighted_error(mu, sigma, decoded))

    def _noise(self, batch: int | tf.Tensor, step: int | tf.Tensor) -> Noise:
        z_noise = [
            replica_normal((batch, size), step_seed(self.seed, step, 2 + domain))
            for domain, size in enumerate(self.latent_dims)
        ]
        return z_noise, replica_normal(
            (self.num_domains, batch, self.shared_dim), step_seed(self.seed, step, 0), axis=1
        )

    def _projections(self, step: int | tf.Tensor) -> tf.Tensor:
        seed, config = step_seed(self.seed, step, 1), self.config
        return losses.random_projections(self.shared_dim, config.num_projections, seed, config.orthogonal_projections)

    def _z_projections(self, step: int | tf.Tensor | None) -> list[tf.Tensor]:
        """Directions in each domain's space of latents."""
        config, first = self.config, 2 + self.num_domains
        seeds = [step_seed(self.seed, 0 if step is None else step, first + index) for index in range(self.num_domains)]
        return [
            losses.random_projections(size, config.num_projections, seed)
            for size, seed in zip(self.latent_dims, seeds, strict=True)
        ]

    def _track(self, terms: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        for name, value in terms.items():
            self.trackers[name].update_state(value)
        return {name: self.trackers[name].result() for name in terms}

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """One step.

        Args:
            data: (posteriors, labels) or (posteriors, labels, sample_weights), each with one entry a domain:
                (mu, sigma), float32 [batch, latent_dim], from which z is sampled anew at each step; integers [batch],
                -1 where unlabelled; and the weight of each label, float32 [batch], 1 unless given.

        Returns:
            The loss and its terms by name, running means since `reset_metrics`.
        """
        posteriors, labels, sample_weights = _unpack(data)
        step = self.optimizer.iterations
        noise, projections = self._noise(tf.shape(labels)[1], step), self._projections(step)
        with tf.GradientTape() as tape:
            terms, loss = self._terms(posteriors, labels, sample_weights, noise, projections, step)
            scaled = self.optimizer.scale_loss(loss)
        self.optimizer.apply(tape.gradient(scaled, self.trainable_variables), self.trainable_variables)
        return self._track(terms)

    def test_step(self, data: Any) -> dict[str, tf.Tensor]:
        """The loss and its terms as in `train_step`, with the noise and directions of step 0, without an update."""
        posteriors, labels, sample_weights = _unpack(data)
        noise, projections = self._noise(tf.shape(labels)[1], 0), self._projections(0)
        return self._track(self._terms(posteriors, labels, sample_weights, noise, projections)[0])

    def get_config(self) -> dict[str, Any]:
        maps, residual_maps = self.transport_maps, self.residual_maps
        of_transport = {
            "transport_points": maps.num_points if maps else 0,
            "transport_aligned": maps.aligned if maps else False,
            "residual_axes": residual_maps.num_axes if residual_maps else 0,
            "residual_certainty": self.residual_certainty,
            "num_measured": self.num_measured,
        }
        return super().get_config() | {
            "latent_dims": self.latent_dims,
            "num_classes": self.num_classes,
            **self.config.to_dict(),
            "seed": self.seed,
            **{name: value for name, value in of_transport.items() if value},
        }


def _unpack(data: Any) -> tuple[Posteriors, tf.Tensor, tf.Tensor | None]:
    posteriors, labels, sample_weights = keras.utils.unpack_x_y_sample_weight(data)
    return posteriors, tf.stack(labels), None if sample_weights is None else tf.stack(sample_weights)
