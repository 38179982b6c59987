"""dynamax and pomegranate, set up at their best: compiled, batched, 64-bit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from scangait.model.hmm import HMM


def _stacked(hmms: list[HMM]) -> tuple[np.ndarray, ...]:
    return tuple(
        np.stack([getattr(hmm, name) for hmm in hmms]) for name in ("start", "transition", "means", "variances")
    )


def dynamax_score(x: np.ndarray, hmms: list[HMM]) -> Callable[[], np.ndarray]:
    """Log-likelihoods (S, M) of sequences of equal length x (S, T, D): one compiled call."""
    import jax
    import jax.numpy as jnp
    from dynamax.hidden_markov_model import hmm_filter

    jax.config.update("jax_enable_x64", True)

    def one(start: jax.Array, chain: jax.Array, means: jax.Array, variances: jax.Array, seen: jax.Array) -> jax.Array:
        return hmm_filter(start, chain, _log_density(jnp, seen, means, variances)).marginal_loglik

    every = jax.jit(jax.vmap(jax.vmap(one, (0, 0, 0, 0, None)), (None, None, None, None, 0)))
    given = [jnp.asarray(part) for part in (*_stacked(hmms), x)]
    return lambda: np.asarray(every(*given))


def dynamax_expect(x: np.ndarray, hmms: list[HMM]) -> Callable[[], object]:
    """E-step of sequences of equal length x (S, T, D), each with its own model: beliefs, transitions and moments."""
    import jax
    import jax.numpy as jnp
    from dynamax.hidden_markov_model import hmm_two_filter_smoother

    jax.config.update("jax_enable_x64", True)

    def one(start: jax.Array, chain: jax.Array, means: jax.Array, variances: jax.Array, seen: jax.Array) -> tuple:
        found = hmm_two_filter_smoother(start, chain, _log_density(jnp, seen, means, variances))
        belief = found.smoothed_probs
        moments = (belief.sum(0), belief.T @ seen, belief.T @ seen**2)
        return found.marginal_loglik, belief[0], found.trans_probs, *moments

    every = jax.jit(jax.vmap(one))
    given = [jnp.asarray(part) for part in (*_stacked(hmms), x)]
    return lambda: jax.block_until_ready(every(*given))


def _log_density(jnp: object, seen: object, means: object, variances: object) -> object:
    """Gaussian log-densities (T, K) of (T, D)."""
    off = seen[:, None, :] - means
    return -0.5 * (off**2 / variances + jnp.log(2 * np.pi * variances)).sum(-1)


def pomegranate_score(x: np.ndarray, hmms: list[HMM]) -> Callable[[], np.ndarray] | None:
    """Log-likelihoods (S, M) of sequences of equal length x (S, T, D), in batches; None if not installed."""
    try:
        import torch
        from pomegranate.distributions import Normal
        from pomegranate.hmm import DenseHMM
    except ImportError:
        return None
    torch.set_num_threads(1)
    peers = []
    for hmm in hmms:
        laws = [Normal(m.tolist(), v.tolist(), "diag") for m, v in zip(hmm.means, hmm.variances, strict=True)]
        ends = [1e-9] * len(laws)
        peers.append(DenseHMM(laws, edges=hmm.transition.tolist(), starts=hmm.start.tolist(), ends=ends))
    given = torch.tensor(x, dtype=torch.float32)

    def call() -> np.ndarray:
        with torch.no_grad():
            return np.stack([peer.log_probability(given).numpy() for peer in peers], axis=1)

    return call
