"""Mutual information between images and latents, estimated with the aggregate posterior of the test set."""

from __future__ import annotations

import torch

Tensor = torch.Tensor

_SAMPLES_PER_BLOCK = 512


def mutual_information(
    mean: Tensor, log_variance: Tensor, noise: Tensor, *, weights: Tensor | None = None, every: int = 1
) -> Tensor:
    """Return I(X; Z) of a Gaussian encoder over a set of images.

    Monte-Carlo estimate E[log q(z|x) − log q(z)] with q(z) the mean of q(z|x') over *all* images, so that
    no minibatch weighting enters. It is at most the entropy of the images, log(n_images) for equal weights,
    which it reaches when every image is told apart: an encoder of pixel noise has a larger true value.

    Parameters
    ----------
    mean, log_variance : Tensor, shape (n_images, n_latents)
    noise : Tensor, shape (n_images, n_latents)
        Standard normal; makes one latent sample per image.
    weights : Tensor, shape (n_images,), optional
        Probability of each image; equal without it.
    every : int, default 1
        Average over the samples of every such image only; the aggregate keeps all images.

    Returns
    -------
    Tensor of float64, shape ()
        Nats per image.

    References
    ----------
    Hoffman and Johnson, *ELBO surgery* (2016): rate = I(X; Z) + KL(q(z) ‖ p(z)).

    Examples
    --------
    Four codes far apart carry log 4 nats:

    >>> mean = torch.tensor([[-30.0], [-10.0], [10.0], [30.0]])
    >>> mutual_information(mean, torch.zeros(4, 1), torch.zeros(4, 1)).round(decimals=4)
    tensor(1.3863, dtype=torch.float64)
    """
    mean, log_variance, noise = mean.double(), log_variance.double(), noise.double()
    precision = torch.exp(-log_variance)
    # log q(z|x) up to a constant that cancels, as one product of features of z with features of x.
    encoder = torch.cat(
        [-0.5 * precision, mean * precision, -0.5 * (mean.square() * precision + log_variance).sum(1, True)],
        1,
    )
    sampled = slice(None, None, every)
    z = (mean + torch.exp(0.5 * log_variance) * noise)[sampled]
    features = torch.cat([z.square(), z, torch.ones_like(z[:, :1])], 1)
    own = (features * encoder[sampled]).sum(1)
    probabilities = torch.full_like(mean[:, 0], 1.0 / len(mean)) if weights is None else weights.double()
    log_prior = probabilities.log()
    blocks = [
        torch.logsumexp(block @ encoder.T + log_prior, 1) for block in features.split(_SAMPLES_PER_BLOCK)
    ]
    share = probabilities[sampled] / probabilities[sampled].sum()
    return (share * (own - torch.cat(blocks))).sum()
