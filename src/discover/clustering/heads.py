"""Cluster heads: window vectors to assignments, several heads side by side."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# Shape letters: B windows, D width, M hidden width, H heads, C clusters.

__all__ = ["ClusterHeads"]


class ClusterHeads(nn.Module):
    """H independent heads, linear or with one hidden layer, computed in one product.

    Inputs are unit vectors minus the mean of the training windows, scaled to length 1 again: embeddings
    of one home share a large common part, and cosines without it separate windows better.
    """

    mean: Tensor

    def __init__(
        self, mean: Tensor, n_heads: int, n_clusters: int, *, hidden_dim: int = 0, temperature: float = 0.1
    ) -> None:
        """Weights are drawn from the global generator; seed it before.

        Args:
            mean: Mean of the training windows' unit vectors, shape (D,).
            n_heads: H.
            n_clusters: C.
            hidden_dim: M; 0 for linear heads.
            temperature: Divides the logits.
        """
        super().__init__()
        self.temperature = temperature
        self.register_buffer("mean", mean.clone())
        dim, width = len(mean), hidden_dim or len(mean)
        self.hidden = nn.Parameter(torch.randn(n_heads, dim, hidden_dim) * dim**-0.5) if hidden_dim else None
        self.hidden_bias = nn.Parameter(torch.zeros(n_heads, 1, hidden_dim)) if hidden_dim else None
        self.weight = nn.Parameter(torch.randn(n_heads, width, n_clusters) * width**-0.5)
        self.bias = nn.Parameter(torch.zeros(n_heads, n_clusters))

    @property
    def n_heads(self) -> int:
        """H."""
        return int(self.weight.shape[0])

    def prepare(self, vectors_BD: Tensor) -> Tensor:
        """Centred unit vectors, (B, D)."""
        return F.normalize(F.normalize(vectors_BD, dim=1) - self.mean, dim=1)

    def forward(self, prepared_BD: Tensor) -> Tensor:
        """Logits of prepared vectors, (B, H, C)."""
        n_heads, width, n_clusters = self.weight.shape
        if self.hidden is None or self.hidden_bias is None:
            flat = prepared_BD @ self.weight.transpose(0, 1).reshape(width, n_heads * n_clusters)
            logits = flat.view(-1, n_heads, n_clusters)
        else:
            inner = F.gelu(torch.matmul(prepared_BD, self.hidden) + self.hidden_bias)
            logits = torch.matmul(inner, self.weight).transpose(0, 1)
        return (logits + self.bias) / self.temperature

    def one(self, head: int) -> "ClusterHeads":
        """A copy with a single head."""
        hidden = 0 if self.hidden is None else int(self.hidden.shape[2])
        single = ClusterHeads(
            self.mean, 1, int(self.weight.shape[2]), hidden_dim=hidden, temperature=self.temperature
        )
        values = {
            name: value if name == "mean" else value[head : head + 1]
            for name, value in self.state_dict().items()
        }
        single.load_state_dict(values)
        return single
