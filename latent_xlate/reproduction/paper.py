"""Numbers of the paper (Tian and Engel, 2019, https://arxiv.org/abs/1902.08261) that `evaluation.report` lacks."""

from __future__ import annotations

FID = {"Pix2Pix": 0.087, "CycleGAN": 0.361, "LatentCycleGAN": 0.081, "BridgingVAE": 0.004}
"""Table 1, MNIST to Fashion-MNIST, on features of the paper's own judge: the scale is not ours."""

LABELS_PER_CLASS: dict[int | None, float] = {0: 0.139, 1: 0.339, 10: 0.524, 100: 0.681, 1000: 0.898, None: 0.980}
"""Table 3, transfer accuracy from MNIST to MNIST by labels of each class; None means all of them, 6000."""

ABLATION = {"unconditional VAE": 0.149, "conditional VAE": 0.849, "conditional VAE + SWD": 0.980}
"""Table 4, transfer accuracy from MNIST to MNIST with all labels."""

TRAINING_TIME_RATIO = 200
"""Section 1, "by a factor of about 200". Section 5.4 has four days for the WaveGAN, half an hour for the bridge."""

CLASS_MAPPING = {
    "0": "T-shirt/top",
    "1": "Trouser",
    "2": "Pullover",
    "3": "Dress",
    "4": "Coat",
    "5": "Sandal",
    "6": "Shirt",
    "7": "Sneaker",
    "8": "Bag",
    "9": "Ankle boot",
}
"""Table 5, in the supplement: MNIST digits to Fashion-MNIST classes."""
